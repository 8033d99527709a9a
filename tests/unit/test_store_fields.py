"""Fields of stored rows may hold anything that JSON can."""

from __future__ import annotations

from mutagent.store.fields import number


def test_a_number_beyond_every_float_is_no_number():
    assert number({"a": 10**400}, "a") is None
    assert number({"a": 1.5}, "a") == 1.5
