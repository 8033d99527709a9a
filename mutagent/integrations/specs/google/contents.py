"""Gemini's contents in wire form, as messages."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, fields_of, is_kind, read_list, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.specs.google.parts import Parts

_ROLES = {"model": "assistant"}


def messages(contents: Any, system: Any, budget: Snapshot) -> dict[str, Any]:
    """What a request says, as an input object, the system instruction first."""
    head = [] if system is None else [{"role": "system", "content": system}]
    found = budget.sequence(_grouped(contents), lambda group: _messages(group, budget))
    return {"messages": [*head, *(one for group in found for one in (group if type(group) is list else [group]))]}


def _grouped(contents: Any) -> list[Any]:
    """Contents as they are; loose parts beside each other are one content of the user's, as the client sends them."""
    groups: list[Any] = []
    is_list = is_kind(contents, list) or is_kind(contents, tuple)
    for item in as_list(contents) if is_list or contents is None else [contents]:
        if _is_content(item):
            groups.append(item)
        elif groups and type(groups[-1]) is _Loose:
            groups[-1].append(item)
        else:
            groups.append(_Loose([item]))
    return groups


class _Loose(list[Any]):
    """Parts without a content around them."""


def _is_content(item: Any) -> bool:
    fields = fields_of(item)
    return "parts" in fields or "role" in fields


def _messages(item: Any, budget: Snapshot) -> list[Any]:
    said = Parts(budget)
    for part in item if type(item) is _Loose else read_list(item, "parts"):
        said.add(part)
    role = "user" if type(item) is _Loose else read_str(item, "role") or "user"
    return said.messages(_ROLES.get(role, role))


def system_text(instruction: Any, budget: Snapshot) -> Any:
    """A system instruction: its text, or its parts where it is more than one."""
    said = Parts(budget)
    if instruction is not None:
        for item in as_list(instruction) or [instruction]:
            for part in read_list(item, "parts") if _is_content(item) else [item]:
                said.add(part)
    return said.content()
