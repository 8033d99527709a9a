"""Integrations: what is traced of each library, as data (``specs/``), and the one engine that traces it."""
