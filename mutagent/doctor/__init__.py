"""``mutagent doctor``: what is traced here, what is not, why, and what to do about it."""
