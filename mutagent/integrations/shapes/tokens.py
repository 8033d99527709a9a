"""Token counts: how they are read, and those that OpenAI's surfaces beside chat completions tell.

Those are Responses, images, audio and Realtime.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.kinds import kind_of, kinds
from mutagent.capture.plain import fields_of, instance_dict, whole
from mutagent.capture.snapshot import flat_copy, max_bytes
from mutagent.integrations.spec import Usage

NOTHING: dict[str, Any] = {}
_WHOLE = frozenset({int, type(None)})
# What is short: of so many fields, and words of so many characters. With two levels of them, it stays below every
# budget that a snapshot of counts is given, 4 kB and 200 nodes.
_SHORT, _SHORT_WORD = 13, 16


def counts_of(raw: Any) -> dict[str, Any]:
    """The provider's own object as a dict of ours: copied once, as the span keeps it, and then read by its names."""
    copy = short_copy(raw)
    if copy is not None:
        return copy
    fields = fields_of(raw)
    kind = kind_of(type(raw))
    known = kind.plain or kind.is_model or kind.declared is not None
    copy = flat_copy(fields if known else _public(fields))
    return {name: item for name, item in copy.items() if item is not None}


def short_copy(value: Any, within: bool = False) -> dict[str, Any] | None:
    """What a snapshot of counts is, by a walk that knows nothing but counts; None where they hold anything else.

    A snapshot takes two and a half times as long, and that was half of what it took to read an answer. To ask for all
    types at once, by `map` and a set, takes fewer steps of the interpreter than this loop, and half as long again.
    """
    if type(value) is dict:
        fields = value
        for name in list(fields):
            if type(name) is not str:
                return None
    else:
        known = kinds.get(id(type(value))) or kind_of(type(value))
        if known.extra is None or known.is_unset:
            return None
        fields = fields_of(value, known)
    if len(fields) > _SHORT:
        return None
    told: dict[str, Any] = {}
    for name, item in fields.copy().items():
        if item is None:
            continue  # what a client's model has for a count that the provider did not send
        kind = type(item)
        if kind is str:
            if len(item) >= _SHORT_WORD or max_bytes() < 4_096:
                return None
        elif not (kind is int and not item >> 63) and kind is not bool and not (kind is float and item - item == 0.0):
            item = None if within else short_copy(item, True)
            if item is None:
                return None
        told[name] = item
    return told


def _public(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object that is neither a dict nor a model: a snapshot has none of those within it."""
    return {
        name: value if (inside := instance_dict(value)) is None or kind_of(type(value)).is_model else _numbers(inside)
        for name, value in list(fields.items())
        if type(name) is str and not name.startswith("_")
    }


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: count for name, count in list(fields.items()) if type(count) is int or type(count) is float}


def wholes(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """Several counts, each by :func:`whole`, of which there is nothing to say as a rule: they are ints, or missing."""
    return found if _WHOLE.issuperset(map(type, found)) else tuple(map(whole, found))


def part(counts: dict[str, Any], name: str) -> dict[str, Any]:
    """The counts within counts, such as ``prompt_tokens_details``; empty where there are none."""
    found = counts.get(name)
    return found if type(found) is dict else NOTHING


def usage(raw: Any) -> Usage | None:
    """Token counts: input includes cached and cache-written tokens here, output includes reasoning.

    What is billed by the second, or in another way, has no counts; the provider's own object says what it was.
    """
    if raw is None:
        return None
    counts = counts_of(raw)
    # Audio and Realtime say "input_token_details", the others "input_tokens_details".
    asked = part(counts, "input_tokens_details") or part(counts, "input_token_details")
    given = part(counts, "output_tokens_details") or part(counts, "output_token_details")
    prompt, completion, total, cached, written, reasoning, heard, spoken = wholes(
        (
            counts.get("input_tokens"),
            counts.get("output_tokens"),
            counts.get("total_tokens"),
            asked.get("cached_tokens"),
            asked.get("cache_write_tokens"),
            given.get("reasoning_tokens"),
            asked.get("audio_tokens"),
            given.get("audio_tokens"),
        )
    )
    return Usage(prompt, completion, total, cached, written, reasoning, heard, spoken, counts)
