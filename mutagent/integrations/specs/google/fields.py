"""What the client's models and dicts say, by the client's own names and without what was left out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from mutagent.capture.plain import fields_of, is_kind
from mutagent.capture.snapshot import Snapshot

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


@lru_cache(maxsize=512)
def _snake(name: str) -> str:
    return _CAPITAL.sub(r"_\1", name).lower()


def named(value: Any) -> dict[str, Any]:
    """What a model or a dict says, by the client's own names: dicts may use those of the JSON instead."""
    fields = fields_of(value)
    if is_kind(value, dict):
        fields = {_snake(name): item for name, item in fields.items() if type(name) is str}
    return {name: item for name, item in fields.items() if item is not None}


def told(value: Any, budget: Snapshot, field: str | None = None) -> Any:
    """A copy without the fields that are None: models have one for all that could have been said."""
    return _without_none(budget.take(value, field))


def _without_none(value: Any) -> Any:
    if type(value) is dict:
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if type(value) is list else value
