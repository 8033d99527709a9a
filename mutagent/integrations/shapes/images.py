"""Images: generated, edited, varied. They are recorded as placeholders, never as pixels."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.spec import Request, Response

_TOLD = ("background", "output_format", "quality", "size")


def asks_for(
    given: dict[str, Any], instance: Any, shown: list[Any], but: tuple[str, ...] = (), provider: str = "openai"
) -> Request:
    """What is to be drawn.

    Args:
        given: the call's arguments by name.
        instance: the resource called on.
        shown: what is shown beside the prompt, as parts of a message.
        but: arguments that are in ``shown`` and no parameters.
        provider: who answers, unless the client's base URL names another.
    """
    prompt = Snapshot().take(given.get("prompt"))
    text = [] if prompt is None else [{"type": "text", "text": prompt}]
    content = [*text, *shown] if shown else prompt
    asks = asked(given, instance, {"messages": [{"role": "user", "content": content}]}, but, provider)
    asks.attributes["gen_ai.output.type"] = "image"
    return asks


def response(answer: Any) -> Response:
    """The images of a whole answer."""
    budget = Snapshot()
    output_format = get(answer, "output_format")
    return response_of(answer, [image(item, output_format, budget) for item in get_list(answer, "data")])


def response_of(answer: Any, images: list[Any]) -> Response:
    """What an answer says beside its images, which are read already."""
    attributes = facts(answer)
    for name in _TOLD:
        value = get(answer, name)
        if type(value) is str:
            attributes[f"mutagent.response.{name}"] = value
    if get(answer, "svg_usage") is not None:
        attributes["mutagent.usage.svg"] = Snapshot(1_024, 100).take(get(answer, "svg_usage"))
    output = {"messages": [{"role": "assistant", "content": images}]} if images else None
    return Response(
        model=get(answer, "model"),
        id=get(answer, "id"),
        output=output,
        usage=usage(get(answer, "usage")),
        attributes=attributes,
    )


def image(item: Any, output_format: Any, budget: Snapshot) -> dict[str, Any]:
    """What stands for one image: its size and digest, or where it can be fetched."""
    found: dict[str, Any] = {"type": "image"}
    data = budget.take(get(item, "b64_json"), "b64_json")
    if type(data) is dict:
        if type(output_format) is str:
            found["media_type"] = f"image/{output_format}"
        found.update(size=data["size"], digest=data["digest"])
    elif data is not None:
        found["b64_json"] = data
    for name in ("url", "revised_prompt"):
        value = get(item, name)
        if value is not None:
            found[name] = budget.take(value, name)
    return found
