"""Images: generated, edited, varied. They are recorded as placeholders, never as pixels."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, get_list
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.asked import asked
from mutagent.integrations.shapes.chat import facts
from mutagent.integrations.shapes.tokens import usage
from mutagent.integrations.shapes.uploads import upload
from mutagent.integrations.spec import Request, Response, Target

_IMAGES = ("openai.resources.images",)
_TOLD = ("background", "output_format", "quality", "size")


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be drawn, and after which images."""
    budget = Snapshot()
    prompt = budget.take(given.get("prompt"))
    image_or_images = given.get("image")
    images = image_or_images if type(image_or_images) is list else [image_or_images]
    found = [upload(image, "image") for image in images if image is not None]
    if given.get("mask") is not None:
        found.append(upload(given["mask"], "mask"))
    text = [] if prompt is None else [{"type": "text", "text": prompt}]
    asks = asked(given, instance, {"messages": [{"role": "user", "content": [*text, *found] if found else prompt}]})
    asks.attributes["gen_ai.output.type"] = "image"
    return asks


def response(answer: Any) -> Response:
    """The images of a whole answer."""
    budget = Snapshot()
    output_format = get(answer, "output_format")
    return _response(answer, [image(item, output_format, budget) for item in get_list(answer, "data")])


def _response(answer: Any, images: list[Any]) -> Response:
    attributes = facts(answer)
    for name in _TOLD:
        value = get(answer, name)
        if type(value) is str:
            attributes[f"mutagent.response.{name}"] = value
    if get(answer, "svg_usage") is not None:
        attributes["mutagent.usage.svg"] = Snapshot(1_024, 100).take(get(answer, "svg_usage"))
    output = {"messages": [{"role": "assistant", "content": images}]} if images else None
    return Response(output=output, usage=usage(get(answer, "usage")), attributes=attributes)


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


class ImageEvents:
    """Folds the events of a streamed image: of those that come before it is done, only the latest is kept."""

    def __init__(self) -> None:
        self.partial: Any = None
        self.final: Any = None
        self.images: list[Any] = []
        self.partials = 0

    def feed(self, event: Any) -> None:
        """Take one event."""
        kind = get(event, "type")
        if type(kind) is not str:
            return
        if kind.endswith(".partial_image"):
            self.partial = event
            self.partials += 1
        elif kind.endswith(".completed"):
            self.partial, self.final = None, event
            self.images.append(image(event, get(event, "output_format"), Snapshot()))

    def response(self) -> Response:
        """The images so far, an unfinished one included."""
        unfinished = []
        if self.partial is not None:
            unfinished = [{**image(self.partial, get(self.partial, "output_format"), Snapshot()), "partial": True}]
        found = _response(self.final if self.final is not None else self.partial, [*self.images, *unfinished])
        if self.partials:
            found.attributes["mutagent.response.partial_images"] = self.partials
        return found


TARGETS = tuple(
    Target(_IMAGES, f"{cls}.{method}", "llm.completion", "generate_content", request, response, ImageEvents)
    for cls in ("Images", "AsyncImages")
    for method in ("generate", "edit", "create_variation")
)
