"""A support agent of a small shop, on the real OpenAI and Anthropic clients. It has never heard of tracing.

It plans with tools, searches the shop's help pages by embeddings, files the ticket with two calls at the same time (one
fails, and the agent copes) and streams its answer. Keys and base URLs come from the environment, as for any program:
OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL.
"""

import asyncio
import json
from collections.abc import Callable

from anthropic import Anthropic
from openai import AsyncOpenAI, OpenAI, RateLimitError

QUESTION = "My order A-1042 was due on Monday. Where is it, and can I still send it back?"

ORDERS = {"A-1042": {"item": "hiking boots", "status": "held at the depot in Leeds", "expected": "Thursday"}}

HELP_PAGES = [
    "Returns: send an order back within 30 days of its arrival, free of charge.",
    "Gift cards: a gift card is valid for three years and can be used for several orders.",
    "Sizes: boots run small, so take half a size more than usual.",
]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]},
        },
    }
    for name, description, argument in [
        ("look_up_order", "The state of an order.", "order_id"),
        ("search_help", "The help page that fits a question best.", "query"),
    ]
]


def look_up_order(order_id: str) -> dict[str, str]:
    return ORDERS.get(order_id, {"status": "unknown"})


def search_help(query: str) -> str:
    embedded = OpenAI().embeddings.create(model="text-embedding-3-small", input=[query, *HELP_PAGES]).data
    wanted, *pages = [item.embedding for item in embedded]
    scores = [sum(a * b for a, b in zip(wanted, page, strict=True)) for page in pages]
    return HELP_PAGES[scores.index(max(scores))]


FUNCTIONS: dict[str, Callable[..., object]] = {"look_up_order": look_up_order, "search_help": search_help}


def find_facts(question: str) -> str:
    """Let the model call tools until it has what it needs."""
    client = OpenAI()
    messages = [{"role": "system", "content": "Collect the facts for a support answer."}]
    messages.append({"role": "user", "content": question})
    while True:
        completion = client.chat.completions.create(model="gpt-5-mini", messages=messages, tools=TOOLS)
        message = completion.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return str(message.content)
        for call in message.tool_calls:
            result = use_tool(call.function.name, json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})


def use_tool(name: str, arguments: dict[str, str]) -> object:
    print(f"  agent calls {name}({', '.join(arguments.values())})")
    return FUNCTIONS[name](**arguments)


async def file_ticket(question: str) -> None:
    """Judge the customer's mood and find a title for the ticket, both at once."""
    async with AsyncOpenAI(max_retries=0) as client:
        mood, title = await asyncio.gather(
            ask(client, "gpt-5-nano", f"One word for the mood of: {question}"),
            ask(client, "gpt-4.1", f"A title of three words for: {question}"),
            return_exceptions=True,
        )
    if isinstance(title, RateLimitError):
        print(f"  (no title for the ticket: {title.code})")
        title = question[:23]
    print(f"  ticket: {title!r}, mood: {mood}")


async def ask(client: AsyncOpenAI, model: str, prompt: str) -> str:
    completion = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    return str(completion.choices[0].message.content)


def answer(question: str, facts: str) -> None:
    """Stream the answer to the customer."""
    print("Agent:    ", end="")
    prompt = f"Facts: {facts}\nAnswer the customer: {question}"
    with Anthropic().messages.stream(
        model="claude-sonnet-5", max_tokens=300, messages=[{"role": "user", "content": prompt}]
    ) as stream:
        for text in stream.text_stream:
            print(text, end="", flush=True)
    print()


def main() -> None:
    print(f"Customer: {QUESTION}")
    facts = find_facts(QUESTION)
    asyncio.run(file_ticket(QUESTION))
    answer(QUESTION, facts)


if __name__ == "__main__":
    main()
