"""Functions that the client calls by itself: each request and each function under one span, and only there."""

# No annotations from the future: older versions of the client can't read those of a function that are text.
import pytest

from mutagent.testing import capture
from mutagent.tracing import SpanOptions, end_span, get_current_span, start_span
from tests.integrations.google.gemini import answering, at_least, calls, counts, every_way, quiet, run, says

genai = pytest.importorskip("google.genai")
from google.genai import types  # noqa: E402 - only where it is installed

pytestmark = quiet
MODEL = "gemini-1"
CALL = says(calls("weather", city="Paris"), **counts(5, 2))
ANSWER = says("Sunny.", **counts(9, 1))
every_method = pytest.mark.parametrize("method", ["generate_content", "send_message"])
whole_or_streamed = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
SEEN: list[str] = []


def weather(city: str) -> str:
    """Tells the weather."""
    SEEN.append(get_current_span().name)
    return f"sunny in {city}"


def failing(city: str) -> str:
    raise ValueError("no such city")


failing.__name__ = "weather"


async def asks(way, client, method, streamed, **config):
    """What one call gives, read to its end."""
    suffix = "_stream" if streamed else ""
    arguments = {"config": types.GenerateContentConfig(**config)} if config else {}
    if method == "send_message":
        chat = client.chats.create(model=MODEL)
        found = await way.call(getattr(chat, method + suffix), message="Weather?", **arguments)
    else:
        found = await way.call(getattr(client.models, method + suffix), model=MODEL, contents="Weather?", **arguments)
    return await way.rest(found) if streamed else found


def answers(streamed, *bodies):
    return answering(*([body] if streamed else body for body in bodies))


@every_way
@every_method
@whole_or_streamed
def test_each_request_and_each_function_is_a_span_under_one(way, method, streamed, captured):
    SEEN.clear()
    with answers(streamed, CALL, ANSWER) as server:
        run(way, server, lambda client: asks(way, client, method, streamed, tools=[weather]))
    name = f"{method} {MODEL}"
    assert captured.tree() == [[name, [["chat gemini-1", []], ["weather", []], ["chat gemini-1", []]]]]
    (root,) = captured.children(None)
    first, tool, second = captured.children(root)
    assert SEEN == ["weather"]
    assert [span["kind"] for span in (root, first, tool, second)] == ["chain", "llm.chat", "tool", "llm.chat"]
    assert first["output"]["messages"][0]["toolCalls"] == [
        {"id": None, "name": "weather", "arguments": {"city": "Paris"}}
    ]
    assert (tool["input"], tool["output"]) == ({"raw": {"city": "Paris"}}, {"text": "sunny in Paris"})
    assert tool["attributes"]["gen_ai.tool.name"] == "weather"
    assert second["input"]["messages"][-1]["content"] == {"result": "sunny in Paris"}
    assert root["input"]["messages"][-1] == {"role": "user", "content": "Weather?"}
    assert root["output"]["messages"][-1]["content"] == "Sunny."
    assert "tokens" not in root
    assert [first["tokens"]["total"], second["tokens"]["total"]] == [7, 10]
    assert {span["attributes"]["gen_ai.operation.name"] for span in captured.spans} == {
        "chat", "execute_tool", "invoke_workflow",
    }  # fmt: skip
    assert first["attributes"]["gen_ai.tool.definitions"] == [
        {"type": "function", "name": "weather", "description": "Tells the weather."}
    ]


@every_way
@every_method
@whole_or_streamed
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"tools": [weather], "automatic_function_calling": {"disable": True}},
        {"tools": [types.Tool(google_search=types.GoogleSearch())]},
    ],
    ids=["plain", "disabled", "declared"],
)
def test_without_them_there_is_one_span(way, method, streamed, config, captured):
    with answers(streamed, ANSWER) as server:
        run(way, server, lambda client: asks(way, client, method, streamed, **config))
    assert captured.tree() == [["chat gemini-1", []]]
    assert captured.spans[0]["tokens"] == {"input": 9, "output": 1, "total": 10}
    assert captured.spans[0]["output"]["messages"] == [{"role": "assistant", "content": "Sunny."}]


@every_way
def test_a_function_that_fails_is_a_span_that_failed(way, captured):
    with answering(CALL, ANSWER) as server:
        run(way, server, lambda client: asks(way, client, "generate_content", False, tools=[failing]))
    tool = captured.spans[1]
    assert (tool["kind"], tool["status"]) == ("tool", "error")
    assert "no such city" in tool["error"]
    assert tool["attributes"]["error.type"] == "google.genai.errors.FunctionInvocationError"
    assert captured.spans[-1]["status"] == "ok"


@every_way
@whole_or_streamed
def test_an_error_of_the_provider_in_the_loop_fails_what_is_open(way, streamed, captured):
    refused = (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "That cannot be."}})
    call = [CALL] if streamed else CALL
    with answering(call, refused) as server, pytest.raises(genai.errors.ClientError, match="That cannot be"):
        run(way, server, lambda client: asks(way, client, "generate_content", streamed, tools=[weather]))
    (root,) = captured.children(None)
    _, _, second = captured.children(root)
    for span in (second, root):
        assert span["status"] == "error"
        assert span["attributes"]["mutagent.error.code"] == "INVALID_ARGUMENT"
        assert span["attributes"]["http.response.status_code"] == 400


@pytest.mark.skipif(not at_least(1, 20), reason="this client calls no coroutine functions")
@every_way
def test_an_async_function(way, captured):
    if way.name == "sync":
        pytest.skip("an async function needs an async client")

    async def look(city: str) -> str:
        """Looks."""
        return f"foggy in {city}"

    with answering(says(calls("look", city="Paris")), ANSWER) as server:
        run(way, server, lambda client: asks(way, client, "generate_content", False, tools=[look]))
    assert captured.spans[1]["output"] == {"text": "foggy in Paris"}


@every_way
def test_a_span_of_the_programs_in_a_function_stands_under_it(way, captured):
    def look(city: str) -> str:
        end_span(start_span(SpanOptions(kind="custom", name="inside")))
        return city

    with answering(says(calls("look", city="Paris")), ANSWER) as server:
        run(way, server, lambda client: asks(way, client, "generate_content", False, tools=[look]))
    assert captured.tree()[0][1][1] == ["look", [["inside", []]]]


@every_way
@whole_or_streamed
def test_what_is_sampled_out_is_sampled_out_as_a_whole(way, streamed, auto_mode):
    with capture(sample_rate=0.0) as captured, answers(streamed, CALL, ANSWER) as server:
        run(way, server, lambda client: asks(way, client, "generate_content", streamed, tools=[weather]))
        run(way, server, lambda client: asks(way, client, "send_message", streamed))
    assert captured.spans == []
