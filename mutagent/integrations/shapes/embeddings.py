"""Embeddings in OpenAI's shape, and requests whose one content is a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mutagent.capture.plain import as_list, get, get_list, is_kind
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.request import text_input
from mutagent.integrations.spec import Request, Response

# Vectors travel as base64 of 32-bit floats; a raw response has them so.
_FLOAT_BYTES = 4


def request_of(provider: str, field: str = "input") -> Callable[[dict[str, Any], Any], Request]:
    """Reads what is asked of one text, or several, in the argument ``field``; of ``provider`` unless the base URL
    names another."""

    def request(given: dict[str, Any], instance: Any) -> Request:
        return asked(given, instance, text_input(given.get(field), given.get("suffix")), provider=provider)

    return request


def counted(vectors: Any) -> dict[str, Any]:
    """Vectors as an output object: how many, and how long they are; the vectors themselves are not recorded.

    Args:
        vectors: a list of lists of numbers, of base64 or of arrays; or an array (of numpy, of torch).
    """
    sizes = _sizes(vectors)
    if sizes is not None:
        count = sizes[0] if len(sizes) > 1 or sizes == (0,) else 1
        return {"raw": {"embeddings": count, "dimensions": sizes[-1]} if count else {"embeddings": 0}}
    found = as_list(vectors)
    output: dict[str, Any] = {"embeddings": len(found)}
    vector = found[0] if found else None
    if type(vector) is list:
        output["dimensions"] = len(vector)
    elif type(vector) is str:
        output["dimensions"] = (len(vector) * 3 // 4 - vector.count("=", -2)) // _FLOAT_BYTES
    elif sizes := _sizes(vector):
        output["dimensions"] = sizes[-1]
    return {"raw": output}


def _sizes(array: Any) -> tuple[int, ...] | None:
    # Asked of what a library has made. Of a tensor on a GPU it is known without waiting for its numbers.
    shape = getattr(array, "shape", None)
    return shape if shape is not None and is_kind(shape, tuple) and len(shape) else None


def response(answer: Any) -> Response:
    """A whole answer."""
    return Response(
        model=get(answer, "model"),
        output=counted([get(item, "embedding") for item in get_list(answer, "data")]),
        usage=chat.usage(get(answer, "usage")),
        attributes=chat.facts(answer),
    )
