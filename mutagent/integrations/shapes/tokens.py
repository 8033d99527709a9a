"""Token counts as OpenAI's surfaces beside chat completions tell them: Responses, images, audio, Realtime."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import get, whole
from mutagent.integrations.spec import Usage


def usage(raw: Any) -> Usage | None:
    """Token counts: input includes cached and cache-written tokens here, output includes reasoning.

    What is billed by the second, or in another way, has no counts; the provider's own object says what it was.
    """
    if raw is None:
        return None
    # Audio and Realtime say "input_token_details", the others "input_tokens_details".
    asked = get(raw, "input_tokens_details") or get(raw, "input_token_details")
    given = get(raw, "output_tokens_details") or get(raw, "output_token_details")
    return Usage(
        input=whole(get(raw, "input_tokens")),
        output=whole(get(raw, "output_tokens")),
        total=whole(get(raw, "total_tokens")),
        cache_read=whole(get(asked, "cached_tokens")),
        cache_creation=whole(get(asked, "cache_write_tokens")),
        reasoning=whole(get(given, "reasoning_tokens")),
        input_audio=whole(get(asked, "audio_tokens")),
        output_audio=whole(get(given, "audio_tokens")),
        raw=raw,
    )
