"""Token counts: how they are read, and those that OpenAI's surfaces beside chat completions tell.

Those are Responses, images, audio and Realtime.
"""

from __future__ import annotations

from typing import Any

from mutagent.capture.kinds import kind_of
from mutagent.capture.plain import fields_of, instance_dict, whole
from mutagent.capture.snapshot import flat_copy
from mutagent.integrations.spec import Usage

_NONE: dict[str, Any] = {}


def counts_of(raw: Any) -> dict[str, Any]:
    """The provider's own object as a dict of ours: copied once, as the span keeps it, and then read by its names."""
    fields = fields_of(raw)
    kind = kind_of(type(raw))
    known = kind.plain or kind.is_model or kind.declared is not None
    return flat_copy(fields if known else _public(fields))


def _public(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an object that is neither a dict nor a model: a snapshot has none of those within it."""
    return {
        name: value if (inside := instance_dict(value)) is None or kind_of(type(value)).is_model else _numbers(inside)
        for name, value in list(fields.items())
        if type(name) is str and not name.startswith("_")
    }


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: count for name, count in list(fields.items()) if type(count) is int or type(count) is float}


def part(counts: dict[str, Any], name: str) -> dict[str, Any]:
    """The counts within counts, such as ``prompt_tokens_details``; empty where there are none."""
    found = counts.get(name)
    return found if type(found) is dict else _NONE


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
    return Usage(
        input=whole(counts.get("input_tokens")),
        output=whole(counts.get("output_tokens")),
        total=whole(counts.get("total_tokens")),
        cache_read=whole(asked.get("cached_tokens")),
        cache_creation=whole(asked.get("cache_write_tokens")),
        reasoning=whole(given.get("reasoning_tokens")),
        input_audio=whole(asked.get("audio_tokens")),
        output_audio=whole(given.get("audio_tokens")),
        raw=counts,
    )
