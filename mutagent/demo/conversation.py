"""What the models say in the demonstration: the script of the agent in ``agent.py``."""

from __future__ import annotations

from mutagent.demo.script import Failure, Reply, Rule, Script, ToolCall

# Pauses are short, so that the demo is over at once, but long enough to tell the calls apart in the tree.
CONVERSATION = Script(
    [
        Rule(
            endpoint="chat",
            tool="look_up_order",
            role="user",
            reply=Reply(
                thinking="The customer names an order and asks about returns: I need its state and the help page.",
                tools=[
                    ToolCall("look_up_order", {"order_id": "A-1042"}),
                    ToolCall("search_help", {"query": "send an order back"}),
                ],
                delay=0.12,
            ),
        ),
        Rule(
            endpoint="chat",
            tool="look_up_order",
            role="tool",
            reply=Reply(
                "The boots of order A-1042 are held at the depot in Leeds and arrive on Thursday. "
                "Returns are free within 30 days of arrival.",
                cached_tokens=128,
                delay=0.15,
            ),
        ),
        Rule(
            endpoint="chat",
            model="gpt-4.1",
            reply=Reply(
                failure=Failure(
                    429,
                    "You exceeded your current quota, please check your plan and billing details.",
                    "insufficient_quota",
                    "insufficient_quota",
                ),
                delay=0.05,
            ),
        ),
        Rule(endpoint="chat", model="gpt-5-nano", reply=Reply("worried", delay=0.1)),
        Rule(endpoint="embeddings", reply=Reply(delay=0.03)),
        Rule(
            endpoint="messages",
            reply=Reply(
                "Your boots are on their way: the parcel is held at our depot in Leeds and should reach you on "
                "Thursday. And yes, you can send them back free of charge within 30 days of their arrival.",
                delay=0.1,
                chunk_delay=0.008,
            ),
        ),
    ]
)
