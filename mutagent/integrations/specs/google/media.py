"""Embeddings, and pictures and films that are made or changed."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, read_str, whole
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Request, Response, Target, Usage
from mutagent.integrations.specs.google.fields import named, told
from mutagent.integrations.specs.google.generate import MODELS, asked
from mutagent.integrations.specs.google.parts import media

_IMAGE_METHODS = ("generate_images", "edit_image", "upscale_image", "recontext_image", "segment_image")
# Arguments that hold pictures and films, by name; `source` holds any of them, and the prompt.
_GIVEN = ("image", "video", "person_image", "scribble_image", "product_images", "reference_images")


def embeddings_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded."""
    contents = told(given.get("contents"), Snapshot())
    return asked(given, instance, {"text": contents} if type(contents) is str else {"raw": contents})


def embeddings_response(answer: Any) -> Response:
    """How many vectors came, and how long they are; the vectors themselves are not recorded."""
    found = get_list(answer, "embeddings")
    output: dict[str, Any] = {"embeddings": len(found)}
    values = get(found[0], "values") if found else None
    if type(values) is list:
        output["dimensions"] = len(values)
    return Response(output={"raw": output}, usage=_embeddings_usage(answer, found))


def _embeddings_usage(answer: Any, found: list[Any]) -> Usage | None:
    raw = get(answer, "usage_metadata")
    if raw is not None:
        return Usage(input=whole(get(raw, "prompt_token_count")), total=whole(get(raw, "total_token_count")),
                     raw=told(raw, Snapshot(4_096, 200)))  # fmt: skip
    counts = [whole(get_path(each, "statistics", "token_count")) for each in found]
    told_counts = [count for count in counts if count is not None]
    return Usage(input=sum(told_counts)) if told_counts else None


def pictures_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be shown, and after which pictures."""
    budget = Snapshot()
    # Vertex's newer methods take one object that holds the prompt and the pictures.
    fields = {**named(given.get("source")), **{name: value for name, value in given.items() if value is not None}}
    prompt = read_str(fields, "prompt")
    parts: list[Any] = [] if prompt is None else [{"type": "text", "text": budget.take(prompt)}]
    for name in _GIVEN:
        for each in as_list(fields.get(name)) or [fields.get(name)]:
            parts += [] if each is None else [_picture(each, budget)]
    lone = prompt is not None and len(parts) == 1
    found = asked(given, instance, {"messages": [{"role": "user", "content": parts[0]["text"] if lone else parts}]})
    if type(fields.get("upscale_factor")) is str:
        found.parameters["upscale_factor"] = fields["upscale_factor"]
    return found


def image_request(given: dict[str, Any], instance: Any) -> Request:
    """An image to be made or changed."""
    found = pictures_request(given, instance)
    found.attributes["gen_ai.output.type"] = "image"
    return found


def video_request(given: dict[str, Any], instance: Any) -> Request:
    """A video to be made."""
    found = pictures_request(given, instance)
    found.attributes["gen_ai.output.type"] = "video"
    return found


def _picture(value: Any, budget: Snapshot) -> dict[str, Any]:
    fields = named(value)
    # Wrapped once where it has a role in what is to be made.
    for name in ("reference_image", "product_image", "image"):
        if name in fields:
            fields = named(fields[name])
    data = next((fields[name] for name in ("image_bytes", "video_bytes") if name in fields), None)
    uri = next((fields[name] for name in ("gcs_uri", "uri") if name in fields), None)
    found = media(read_str(fields, "mime_type"), budget, data, uri)
    return {**found, "type": "video" if "video_bytes" in fields else "image"} if found["type"] == "file" else found


def images_response(answer: Any) -> Response:
    """The images that came, as placeholders, and why others did not."""
    budget = Snapshot()
    images: list[Any] = []
    reasons: list[str] = []
    for each in get_list(answer, "generated_images"):
        if named(get(each, "image")):
            words = read_str(each, "enhanced_prompt")
            revised = {"revised_prompt": budget.take(words)} if words else {}
            images.append({**_picture(get(each, "image"), budget), **revised})
        reason = read_str(each, "rai_filtered_reason")
        reasons += [] if reason is None else [reason]
    images += [_picture(get(each, "mask"), budget) for each in get_list(answer, "generated_masks") if get(each, "mask")]
    output = {"messages": [{"role": "assistant", "content": images}]} if images else None
    return Response(finish_reasons=reasons, output=output)


def video_response(answer: Any) -> Response:
    """The operation under which a video is being made."""
    name = read_str(answer, "name")
    return Response(id=name, output={"raw": {"operation": name, "done": get(answer, "done")}})


TARGETS = tuple(
    target
    for cls in ("Models", "AsyncModels")
    for target in (
        Target(MODELS, f"{cls}.embed_content", "llm.embedding", "embeddings", embeddings_request, embeddings_response),
        *(
            Target(MODELS, f"{cls}.{method}", "llm.completion", "generate_content", image_request, images_response)
            for method in _IMAGE_METHODS
        ),
        Target(MODELS, f"{cls}.generate_videos", "llm.completion", "generate_content", video_request, video_response),
    )
)
