"""The smallest value that a JSON schema accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}
# A schema that contains itself would never end.
_DEPTH = 12


def example(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """A value that follows ``schema``; the same one each time.

    Args:
        schema: a JSON schema, as pydantic and the clients write them.
        root: the schema that ``$ref`` points into; ``schema`` itself by default.
        depth: how deep in the root this schema stands.
    """
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if depth > _DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("properties") is not None:
        return {name: example(part, root, depth + 1) for name, part in schema["properties"].items()}
    if schema.get("items"):
        return [example(schema["items"], root, depth + 1)]
    return _of_type(schema.get("type"))


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return _resolved(schema[choice][0], root)
    if "$ref" not in schema:
        return schema
    target: Any = root
    for name in schema["$ref"].removeprefix("#/").split("/"):
        target = target.get(name, {})
    return _resolved(target, root)


def _of_type(name: Any) -> Any:
    if isinstance(name, list):
        return _of_type(name[0])
    if name == "array":
        return []
    return _PLAIN.get(str(name), {})
