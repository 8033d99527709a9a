"""The stand-in provider, asked by the real clients, the oldest supported and the newest alike."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

anthropic = pytest.importorskip("anthropic")
openai = pytest.importorskip("openai")

from pydantic import BaseModel  # noqa: E402

from mutagent.demo.provider import Failure, Provider, Reply, Rule, Script, ToolCall  # noqa: E402

needs_responses = pytest.mark.skipif(not hasattr(openai.OpenAI, "responses"), reason="openai before Responses")
needs_thinking = pytest.mark.skipif(not hasattr(anthropic.types, "ThinkingBlock"), reason="anthropic before thinking")

HI = [{"role": "user", "content": "Say hello to Ada."}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
CITIES = [ToolCall("weather", {"city": "Oslo"}), ToolCall("weather", {"city": "Rome"})]
QUOTA = Failure(429, "Out of quota.", "insufficient_quota", "insufficient_quota", {"x-should-retry": "false"})


class City(BaseModel):
    name: str
    people: int


@pytest.fixture
def serve():
    """Start a provider for a script; all are closed at the end."""
    providers = []

    def start(*rules):
        provider = Provider(Script(rules)).start()
        providers.append(provider)
        return provider

    yield start
    for provider in providers:
        provider.close()


def openai_client(provider):
    return openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=0)


def chat(provider, **request):
    with openai_client(provider) as client:
        return client.chat.completions.create(model="gpt-5-mini", messages=HI, **request)


def chat_chunks(provider, **request):
    with openai_client(provider) as client:
        return list(client.chat.completions.create(model="gpt-5-mini", messages=HI, stream=True, **request))


def message(provider, **request):
    with anthropic.Anthropic(base_url=provider.anthropic_url, api_key="k", max_retries=0) as client:
        return client.messages.create(model="claude-sonnet-5", max_tokens=64, messages=HI, **request)


def streamed_message(provider, **request):
    with (
        anthropic.Anthropic(base_url=provider.anthropic_url, api_key="k", max_retries=0) as client,
        client.messages.stream(model="claude-sonnet-5", max_tokens=64, messages=HI, **request) as stream,
    ):
        return "".join(stream.text_stream), stream.get_final_message()


def test_request_that_no_rule_fits_is_echoed(serve):
    assert chat(serve()).choices[0].message.content == "You said: Say hello to Ada."


def test_chat_usage_counts_cached_and_reasoning_tokens_inside_the_totals(serve):
    rule = Rule(Reply("Hello, Ada.", thinking="Be polite.", cached_tokens=100))
    usage = chat(serve(rule)).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (106, 7, 113)
    details = usage.model_dump()
    assert details["prompt_tokens_details"]["cached_tokens"] == 100
    assert details["completion_tokens_details"]["reasoning_tokens"] == 3


def test_chat_stream_carries_the_same_reply_and_usage_as_the_whole_answer(serve):
    provider = serve(Rule(Reply("Hello, Ada. How are you?")))
    *chunks, last = chat_chunks(provider, stream_options={"include_usage": True})
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert (text, chunks[-1].choices[0].finish_reason) == ("Hello, Ada. How are you?", "stop")
    assert last.choices == []
    assert last.usage == chat(provider).usage


def test_chat_stream_tells_no_usage_unless_asked(serve):
    assert [chunk.usage for chunk in chat_chunks(serve(Rule(Reply("a b"))))] == [None] * 4


def test_chat_gives_parallel_tool_calls_whole_and_in_fragments(serve):
    provider = serve(Rule(Reply(tools=CITIES), tool="weather"))
    choice = chat(provider, tools=CHAT_TOOLS).choices[0]
    whole = [(call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert whole == [("weather", '{"city": "Oslo"}'), ("weather", '{"city": "Rome"}')]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    with openai_client(provider) as client:
        manager = client.beta.chat.completions.stream(model="gpt-5-mini", messages=HI, tools=CHAT_TOOLS)
        with manager as stream:
            streamed = stream.get_final_completion().choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in streamed] == whole


def test_chat_gives_as_many_choices_as_asked_for(serve):
    completion = chat(serve(Rule(Reply("Hi", truncated=True))), n=2)
    assert [(choice.index, choice.finish_reason) for choice in completion.choices] == [(0, "length"), (1, "length")]


def test_default_reply_follows_the_schema_asked_for(serve):
    provider = serve()
    with openai_client(provider) as client:
        parsed = client.beta.chat.completions.parse(model="gpt-5-mini", messages=HI, response_format=City)
    assert parsed.choices[0].message.parsed == City(name="text", people=1)


def test_default_reply_calls_the_tool_that_is_required(serve):
    call = chat(serve(), tools=CHAT_TOOLS, tool_choice="required").choices[0].message.tool_calls[0]
    assert (call.function.name, call.function.arguments) == ("weather", '{"city": "text"}')


def test_raw_response_carries_the_request_id(serve):
    with openai_client(serve()) as client:
        raw = client.chat.completions.with_raw_response.create(model="gpt-5-mini", messages=HI)
    assert raw.headers["x-request-id"] == raw.parse().id.replace("chatcmpl-", "req_")


def test_embeddings_are_the_same_as_base64_and_as_numbers(serve):
    with openai_client(serve()) as client:
        packed = client.embeddings.create(model="text-embedding-3-small", input=["red boots", "blue"])
        plain = client.embeddings.create(model="text-embedding-3-small", input="red boots", encoding_format="float")
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)
    assert [(len(item.embedding), item.index) for item in packed.data] == [(256, 0), (256, 1)]
    assert (packed.usage.prompt_tokens, plain.usage.prompt_tokens) == (3, 2)


def test_legacy_completion_comes_whole_and_streamed(serve):
    provider = serve(Rule(Reply("One two three."), endpoint="completions"))
    with openai_client(provider) as client:
        whole = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Count.")
        chunks = list(client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Count.", stream=True))
    assert (whole.choices[0].text, whole.usage.total_tokens) == ("One two three.", 6)
    assert "".join(chunk.choices[0].text for chunk in chunks) == "One two three."


def test_rules_used_up_give_way_to_the_next(serve):
    provider = serve(Rule(Reply("first"), times=1), Rule(Reply("second"), contains="Ada"))
    assert [chat(provider).choices[0].message.content for _ in range(3)] == ["first", "second", "second"]


def test_openai_error_has_status_code_type_and_request_id(serve):
    with pytest.raises(openai.RateLimitError) as caught:
        chat(serve(Rule(Reply(failure=QUOTA))))
    error = caught.value
    assert (error.status_code, error.code, error.type) == (429, "insufficient_quota", "insufficient_quota")
    assert error.request_id.startswith("req_")


def test_client_retries_an_overloaded_provider(serve):
    overloaded = Failure(503, "Overloaded", "server_error", headers={"retry-after-ms": "1"})
    provider = serve(Rule(Reply(failure=overloaded), times=1), Rule(Reply("ok")))
    with openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=1) as client:
        completion = client.chat.completions.create(model="gpt-5-mini", messages=HI)
    assert (completion.choices[0].message.content, len(provider.journal)) == ("ok", 2)


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/nothing", 404), ("/v1/messages/nothing", 404), ("/v1/messages", 400)]
)
def test_request_that_makes_no_sense_gets_a_provider_error(serve, path, status):
    request = urllib.request.Request(serve().url + path, b"[]", {"content-type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as error:
        assert error.code == status
        assert "message" in json.load(error)["error"]


def test_message_usage_leaves_cached_tokens_out_of_the_input(serve):
    reply = Reply("Hello, Ada.", thinking="Be polite.", cached_tokens=100, cache_creation_tokens=20)
    answer = message(serve(Rule(reply, endpoint="messages")))
    usage = answer.usage
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert (usage.input_tokens, usage.output_tokens) == (6, 7)
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (100, 20)


def test_message_stream_builds_the_same_message_as_the_whole_answer(serve):
    tool = {"name": "weather", "input_schema": WEATHER}
    provider = serve(Rule(Reply("Let me look.", tools=CITIES), tool="weather"))
    whole = message(provider, tools=[tool])
    text, streamed = streamed_message(provider, tools=[tool])
    assert (text, streamed.stop_reason) == ("Let me look.", "tool_use")
    assert [block.type for block in streamed.content] == ["text", "tool_use", "tool_use"]
    assert [block.input for block in streamed.content[1:]] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert streamed.usage.output_tokens == whole.usage.output_tokens


@needs_thinking
def test_message_stream_carries_thinking_and_its_signature(serve):
    provider = serve(Rule(Reply("Yes.", thinking="Two cities.")))
    whole = message(provider)
    text, streamed = streamed_message(provider)
    assert (text, streamed.content[0].thinking, len(streamed.content)) == ("Yes.", "Two cities.", 2)
    assert len(streamed.content[0].signature) == len(whole.content[0].signature) > 0


def test_tool_results_count_as_the_tools_turn(serve):
    provider = serve(Rule(Reply("done"), role="tool", contains="sunny"))
    turn = [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "sunny"}]}]
    with anthropic.Anthropic(base_url=provider.anthropic_url, api_key="k") as client:
        answer = client.messages.create(model="claude-sonnet-5", max_tokens=64, messages=turn)
    assert answer.content[0].text == "done"


def test_anthropic_error_has_status_and_type(serve):
    overloaded = Failure(529, "Overloaded", "overloaded_error")
    with pytest.raises(anthropic.APIStatusError) as caught:
        message(serve(Rule(Reply(failure=overloaded))))
    body = caught.value.body
    assert (caught.value.status_code, body["error"]) == (529, {"type": "overloaded_error", "message": "Overloaded"})
    assert body["request_id"].startswith("req_")


def test_async_clients_get_the_same_answers(serve):
    provider = serve(Rule(Reply("Hello, Ada.")))

    async def ask():
        async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k") as client:
            whole = await client.chat.completions.create(model="m", messages=HI)
            stream = await client.chat.completions.create(model="m", messages=HI, stream=True)
            chunks = [chunk.choices[0].delta.content or "" async for chunk in stream]
        async with anthropic.AsyncAnthropic(base_url=provider.anthropic_url, api_key="k") as client:
            manager = client.messages.stream(model="m", max_tokens=9, messages=HI)
            async with manager as stream:
                texts = [text async for text in stream.text_stream]
        return whole.choices[0].message.content, "".join(chunks), "".join(texts)

    assert asyncio.run(ask()) == ("Hello, Ada.",) * 3


@needs_responses
def test_response_stream_has_the_full_sequence_of_events(serve):
    provider = serve(Rule(Reply("Hi", thinking="Hm", tools=CITIES[:1])))
    with openai_client(provider) as client:
        events = list(client.responses.create(model="gpt-5", input="Hello", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type.removeprefix("response.") for event in events] == [
        *("created", "in_progress", "output_item.added", "reasoning_summary_part.added"),
        *("reasoning_summary_text.delta", "reasoning_summary_text.done", "reasoning_summary_part.done"),
        *("output_item.done", "output_item.added", "content_part.added", "output_text.delta", "output_text.done"),
        *("content_part.done", "output_item.done", "output_item.added", "function_call_arguments.delta"),
        *("function_call_arguments.delta", "function_call_arguments.done", "output_item.done", "completed"),
    ]


@needs_responses
def test_response_is_the_same_created_streamed_and_retrieved(serve):
    provider = serve(Rule(Reply("Hi Ada", thinking="Hm", cached_tokens=5, truncated=True)))
    with openai_client(provider) as client:
        created = client.responses.create(model="gpt-5", input=HI, instructions="Be kind.")
        retrieved = client.responses.retrieve(created.id)
        with client.responses.stream(model="gpt-5", input=HI, instructions="Be kind.") as stream:
            streamed = list(stream)[-1].response
    assert retrieved == created
    assert (created.status, created.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (created.output_text, streamed.output_text) == ("Hi Ada", "Hi Ada")
    assert streamed.usage == created.usage
    assert created.usage.model_dump(exclude_unset=True) == {
        "input_tokens": 14,
        "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 17,
    }


@needs_responses
def test_response_can_be_parsed_and_calls_tools(serve):
    provider = serve(Rule(Reply(tools=CITIES), tool="weather"))
    with openai_client(provider) as client:
        parsed = client.responses.parse(model="gpt-5", input="Hello", text_format=City)
        tool = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}
        called = client.responses.create(model="gpt-5", input="Hello", tools=[tool])
    assert parsed.output_parsed == City(name="text", people=1)
    assert [item.arguments for item in called.output] == ['{"city": "Oslo"}', '{"city": "Rome"}']


def test_journal_keeps_path_headers_and_body(serve):
    provider = serve()
    chat(provider, temperature=0)
    request = provider.journal[0]
    assert (request.method, request.path, request.headers["authorization"]) == (
        "POST",
        "/v1/chat/completions",
        "Bearer k",
    )
    assert request.body == {"model": "gpt-5-mini", "messages": HI, "temperature": 0}


def test_answers_are_the_same_in_each_run_and_their_ids_differ_within_one(serve):
    runs = []
    for _ in range(2):
        provider = serve()
        runs.append([chat(provider).model_dump() for _ in range(2)])
    assert runs[0] == runs[1]
    assert runs[0][0]["id"] != runs[0][1]["id"]


def test_close_ends_kept_alive_connections_and_all_threads():
    before = threading.active_count()
    with Provider() as provider, openai_client(provider) as client:
        client.chat.completions.create(model="gpt-5-mini", messages=HI)
        assert threading.active_count() > before
        provider.close()
        assert threading.active_count() == before


def test_provider_can_be_a_process_of_its_own():
    command = [sys.executable, "-W", "error", "-m", "mutagent.demo.provider", "--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            with openai.OpenAI(base_url=f"{url}/v1", api_key="k") as client:
                completion = client.chat.completions.create(model="other", messages=HI)
        finally:
            process.terminate()
    assert completion.choices[0].message.content == "You said: Say hello to Ada."
