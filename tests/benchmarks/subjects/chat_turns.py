"""Real client calls, each once as the library has it and once as the tracer has made it, in turns on one thread.

The two run in one process, over one connection and a moment apart: what the machine does to one it does to the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import thread_time
from typing import Any

from chat_calls import ASKED, TOOLS, switch_on
from serve import serve


def by_turns(resource: Any, read: Callable[[Any], Any], **arguments: Any) -> Callable[[int], list[float]]:
    """CPU seconds of this thread for ``count`` pairs of calls: without the tracer, with it, and so on."""
    traced = type(resource).create
    plain = traced.__wrapped__

    def seconds(create: Callable[..., Any]) -> float:
        begun = thread_time()
        read(create(resource, **arguments))
        return thread_time() - begun

    def case(count: int) -> list[float]:
        taken = []
        for number in range(count):
            if number % 2:
                taken += [seconds(plain), seconds(traced)]
            else:
                own = seconds(traced)
                taken += [seconds(plain), own]
        return taken

    return case


def main() -> None:
    """Serve the cases."""
    finish = switch_on()
    from anthropic import Anthropic
    from openai import OpenAI

    completions, messages = OpenAI(api_key="k").chat.completions, Anthropic(api_key="k").messages
    chat: dict[str, Any] = {"model": "gpt-4o", "messages": ASKED}
    message: dict[str, Any] = {"model": "claude", "max_tokens": 25, "messages": ASKED[1:]}
    streamed: dict[str, Any] = {"stream": True, "max_tokens": 20, "stream_options": {"include_usage": True}}
    serve({
        "openai": by_turns(completions, id, **chat),
        "openai tools": by_turns(completions, id, **chat, tools=TOOLS),
        "openai stream 20": by_turns(completions, list, **chat, **streamed),
        "anthropic": by_turns(messages, id, **message),
        "anthropic stream 20": by_turns(messages, list, **message, stream=True),
    }, finish)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
