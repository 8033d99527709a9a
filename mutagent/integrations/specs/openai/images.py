"""Images: generated, edited, varied; streamed while they are drawn."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes.images import asks_for, image, response, response_of
from mutagent.integrations.shapes.uploads import upload
from mutagent.integrations.spec import Request, Response, Target

_IMAGES = ("openai.resources.images",)


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be drawn, and after which images."""
    image_or_images = given.get("image")
    images = image_or_images if type(image_or_images) is list else [image_or_images]
    found = [upload(image, "image") for image in images if image is not None]
    if given.get("mask") is not None:
        found.append(upload(given["mask"], "mask"))
    return asks_for(given, instance, found)


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
        found = response_of(self.final if self.final is not None else self.partial, [*self.images, *unfinished])
        if self.partials:
            found.attributes["mutagent.response.partial_images"] = self.partials
        return found


TARGETS = tuple(
    Target(_IMAGES, f"{cls}.{method}", "llm.completion", "generate_content", request, response, ImageEvents)
    for cls in ("Images", "AsyncImages")
    for method in ("generate", "edit", "create_variation")
)
