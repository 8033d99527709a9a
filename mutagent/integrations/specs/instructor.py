"""Instructor 1.4 to 1.x: a call that asks again until the answer fits is a chain around the requests that it makes.

Which client makes them does not matter: each request is a span of that client's integration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mutagent.capture.plain import as_list, class_attribute, fields_of, instance_dict, is_exactly, is_kind, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import chat
from mutagent.integrations.shapes.request import text_of
from mutagent.integrations.spec import Integration, Request, Response, Target

_CLIENT = ("instructor.v2.core.client", "instructor.core.client", "instructor.client")
_POSITIONAL = {
    "create": ("response_model", "messages", "max_retries"),
    "create_partial": ("response_model", "messages", "max_retries"),
    "create_iterable": ("messages", "response_model", "max_retries"),
    "create_with_completion": ("messages", "response_model", "max_retries"),
}


def _name_of(response_model: Any) -> str | None:
    """The model's name; ``list[User]`` and the like go by the name of what they hold."""
    if is_kind(response_model, type):
        return text_of(class_attribute(type(response_model), "__name__").__get__(response_model))
    held = (instance_dict(response_model) or {}).get("__args__")
    return _name_of(held[0]) if type(held) is tuple and held else None


def request(given: dict[str, Any], instance: Any) -> Request:
    """What is asked, and the model that the answer must fit."""
    name = _name_of(given.get("response_model"))
    default = (instance_dict(instance) or {}).get("default_model")
    facts = {
        "mutagent.instructor.response_model": name,
        "mutagent.instructor.mode": Snapshot().take(read(instance, "mode")),
        "mutagent.instructor.model": text_of(given.get("model")) or text_of(default),
        "mutagent.instructor.max_retries": given.get("max_retries"),
    }
    return Request(
        name="instructor" if name is None else f"instructor {name}",
        input=chat.messages(given.get("messages"), Snapshot()),
        attributes={key: value for key, value in facts.items() if is_exactly(value, str, int)},
    )


def _plain(answer: Any) -> Any:
    """A validated model as its fields; what Instructor attaches to it is no part of the answer."""
    if is_exactly(answer, str, int, float, bool, list, dict):
        return answer
    fields = {name: value for name, value in fields_of(answer).items() if not name.startswith("_")}
    return fields or answer


def response(answer: Any) -> Response:
    """The validated model, alone or with the completion that it was made of."""
    validated = answer[0] if type(answer) is tuple and answer else answer
    return Response(output={"raw": Snapshot().take(_plain(validated))})


def latest(answer: Any) -> Response:
    """The last part of a model, where all are given at once."""
    parts = as_list(answer)
    return response(parts[-1] if parts else answer)


class LatestPart:
    """Folds a model that is streamed in parts: each holds all before it."""

    def __init__(self) -> None:
        self.latest: Any = None

    def feed(self, part: Any) -> None:
        """Take the model as far as it has come."""
        self.latest = part

    def response(self) -> Response:
        """The model so far."""
        return Response() if self.latest is None else response(self.latest)


class AllItems:
    """Folds models that are streamed one after the other."""

    def __init__(self) -> None:
        self.budget = Snapshot()
        self.items: list[Any] = []

    def feed(self, item: Any) -> None:
        """Take one model."""
        self.items.append(self.budget.take(_plain(item)))

    def response(self) -> Response:
        """The models so far."""
        return Response(output={"raw": self.items})


def _error(error: BaseException) -> Mapping[str, Any]:
    attempts = (instance_dict(error) or {}).get("n_attempts")
    return {"mutagent.attempts": attempts} if type(attempts) is int else {}


def _target(path: str, positional: tuple[str, ...]) -> Target:
    partial = path.endswith(".create_partial")
    return Target(
        _CLIENT, path, "chain", "invoke_workflow", request, latest if partial else response,
        LatestPart if partial else AllItems, positional,
    )  # fmt: skip


INSTRUCTOR = Integration(
    name="instructor",
    distribution="instructor",
    versions=">=1.4,<2",
    pieces=tuple(
        _target(f"{cls}.{method}", positional)
        for cls in ("Instructor", "AsyncInstructor")
        for method, positional in _POSITIONAL.items()
    ),
    traces="`create`, `create_with_completion`, `create_partial`, `create_iterable`: a chain around the attempts",
    leaves="clients from `instructor.patch()`, of which each attempt is traced",
    error=_error,
    carries=True,
)
