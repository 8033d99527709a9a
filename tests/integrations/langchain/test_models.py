"""One span for each model call: LangChain's, with what the model's client knows of it."""

from __future__ import annotations

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI, OpenAI
from pydantic import BaseModel

from mutagent.auto import hooks
from mutagent.demo.provider import Failure, Reply, Rule
from tests.integrations.langchain.counting import recorded_tokens
from tests.integrations.langchain.drawing import drawn
from tests.integrations.langchain.loop import http_clients, run
from tests.integrations.langchain.models import chat_model
from tests.integrations.spans import normal

HELLO = "Say hello."
HAS_RESPONSES = "use_responses_api" in ChatOpenAI.model_fields
needs_responses = pytest.mark.skipif(not HAS_RESPONSES, reason="this langchain-openai has no Responses API")


def openai_chat():
    return chat_model(stream_usage=True)


def openai_responses():
    return chat_model(use_responses_api=True)


def anthropic():
    return ChatAnthropic(model="claude-3-5-haiku-latest")


MODELS = [openai_chat, pytest.param(openai_responses, marks=needs_responses), anthropic]
WAYS = {
    "invoke": lambda model: model.invoke(HELLO),
    "stream": lambda model: list(model.stream(HELLO)),
    "ainvoke": lambda model: run(model.ainvoke(HELLO)),
    "astream": lambda model: run(_read(model)),
}


async def _read(model):
    return [chunk async for chunk in model.astream(HELLO)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", MODELS)
def test_a_call_is_one_span_with_the_clients_counts(serve_counted, captured, make, way):
    reply = Reply("Hello there.", cached_tokens=7, thinking="Greet." if make is not openai_chat else None)
    provider = serve_counted(Rule(reply))
    model = make()
    WAYS[way](model)
    if make is anthropic and way.startswith("a"):
        run(model._async_client.close())  # LangChain keeps it for ever
    (span,) = captured.spans
    assert span["kind"] == "llm.chat"
    assert recorded_tokens(captured) == provider.sent
    attributes = span["attributes"]
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 7
    assert attributes["gen_ai.response.id"]
    assert attributes["gen_ai.response.finish_reasons"]
    assert attributes["mutagent.request_id"].startswith("req_")
    assert attributes["server.address"] == "127.0.0.1"
    assert ("gen_ai.response.time_to_first_chunk" in attributes) is ("stream" in way)


def test_the_whole_span_of_a_chat_call(serve_counted, captured):
    provider = serve_counted()
    chat_model(temperature=0.5).invoke(HELLO)
    (span,) = captured.spans
    ((given, made),) = provider.sent
    whole = normal(span)
    assert whole["attributes"].pop("mutagent.usage.raw")["total_tokens"] == given + made
    assert whole["attributes"].pop("langchain.run_id")
    # What this version of langchain-openai sends beside what was asked for.
    assert whole["attributes"].pop("gen_ai.request.stream", False) is False
    assert whole == {
        "name": "chat gpt-4o-mini",
        "kind": "llm.chat",
        "status": "ok",
        "input": {"messages": [{"role": "user", "content": HELLO}]},
        "output": {"messages": [{"role": "assistant", "content": "You said: Say hello."}]},
        "model": "gpt-4o-mini",
        "provider": "openai",
        "tokens": {"input": given, "output": made, "total": given + made},
        **({"costUsd": whole["costUsd"]} if "costUsd" in whole else {}),
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.response.id": "chatcmpl-<ident>",
            "gen_ai.response.model": "gpt-4o-mini",
            "gen_ai.usage.cache_read.input_tokens": 0,
            "gen_ai.usage.input_tokens": given,
            "gen_ai.usage.output_tokens": made,
            "gen_ai.usage.reasoning.output_tokens": 0,
            "mutagent.request_id": "req_<ident>",
            "mutagent.usage.audio.input_tokens": 0,
            "mutagent.usage.audio.output_tokens": 0,
            "openai.response.service_tier": "default",
            "openai.response.system_fingerprint": "fp_standin",
            "server.address": "127.0.0.1",
            "server.port": "<port>",
        },
    }


def test_langchains_own_counts_fill_in_where_the_client_is_not_patched(serve_counted, captured):
    hooks.uninstall(["openai", "anthropic"])
    provider = serve_counted(Rule(Reply("Hello there.", cached_tokens=7)))
    openai_chat().invoke(HELLO)
    list(openai_chat().stream(HELLO))
    anthropic().invoke(HELLO)
    assert recorded_tokens(captured) == sorted(provider.sent)
    for span in captured.spans:
        assert span["provider"] in ("openai", "anthropic")
        assert span["attributes"]["gen_ai.usage.cache_read.input_tokens"] == 7
        assert span["attributes"]["gen_ai.response.finish_reasons"] in (["stop"], ["end_turn"])
        assert span["output"]["messages"][0]["content"] == "Hello there."
    assert "gen_ai.response.time_to_first_chunk" in captured.spans[1]["attributes"]


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_left_early_keeps_what_had_arrived_and_where_it_came_from(serve_counted, captured, way):
    serve_counted(Rule(Reply("one two three four five")))

    async def read():
        stream = openai_chat().astream("count")
        async for chunk in stream:
            if chunk.content:
                break
        await stream.aclose()

    def read_in_turn():
        for chunk in openai_chat().stream("count"):
            if chunk.content:
                break

    run(read()) if way == "astream" else read_in_turn()
    (span,) = captured.spans
    assert span["status"] == "ok"
    assert span["output"] == {"messages": [{"role": "assistant", "content": "one "}]}
    assert span["attributes"]["mutagent.stream.outcome"] == "closed"
    assert span["attributes"]["mutagent.request_id"].startswith("req_")
    assert captured.open_spans() == []


def test_a_model_that_fails_says_why_once(serve_counted, captured):
    import openai

    serve_counted(Rule(Reply(failure=Failure(400, "No such thing.", code="unknown_thing"))))
    with pytest.raises(openai.BadRequestError):
        chat_model().invoke(HELLO)
    (span,) = captured.spans
    assert span["status"] == "error"
    # The class that the program sees: langchain-openai has its own below openai's.
    assert span["attributes"]["error.type"] in (
        "openai.BadRequestError",
        "langchain_openai.chat_models.base.OpenAIInvalidRequestError",
    )
    assert span["attributes"]["http.response.status_code"] == 400
    assert span["attributes"]["mutagent.error.code"] == "unknown_thing"
    assert len(span["events"]) == 1


def test_a_cancelled_call_ends_though_langchain_never_says_so(serve_counted, captured):
    import asyncio

    provider = serve_counted(Rule(Reply("too late", delay=30)))

    async def cancel():
        call = asyncio.ensure_future(chat_model().ainvoke(HELLO))
        while not provider.journal:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    run(cancel())
    (span,) = captured.spans
    assert (span["status"], span["attributes"]["error.type"]) == ("error", "asyncio.exceptions.CancelledError")
    assert captured.open_spans() == []


def test_calls_announced_together_are_told_apart(serve_counted, captured):
    provider = serve_counted()
    conversations = [[HumanMessage(word)] for word in ("a", "two words", "three words here")]
    chat_model().generate(conversations)
    run(chat_model().agenerate(conversations))
    assert drawn(captured) == "\n".join(["chat gpt-4o-mini [llm.chat]"] * 6)
    for span in captured.spans:
        asked = span["input"]["messages"][0]["content"]
        assert span["output"]["messages"][0]["content"] == f"You said: {asked}"
    assert recorded_tokens(captured) == sorted(provider.sent)


def test_structured_output_is_one_call(serve_counted, captured):
    class Joke(BaseModel):
        text: str

    provider = serve_counted()
    assert chat_model().with_structured_output(Joke).invoke("Tell one.").text
    assert anthropic().with_structured_output(Joke).invoke("Tell one.").text
    assert [span["kind"] for span in captured.spans].count("llm.chat") == 2
    assert recorded_tokens(captured) == sorted(provider.sent)


def test_a_text_model_is_a_completion(serve_counted, captured):
    provider = serve_counted()
    model = OpenAI(model="gpt-3.5-turbo-instruct", **http_clients())
    model.invoke(HELLO)
    model.generate(["a", "b"])
    one = "text_completion gpt-3.5-turbo-instruct [llm.completion]"
    assert drawn(captured) == "\n".join([one] * 3)
    # The two prompts went in one request: its tokens stand on one of the two spans.
    assert recorded_tokens(captured) == sorted(provider.sent)
    assert captured.spans[0]["input"] == {"text": HELLO}
    assert captured.spans[0]["output"] == {"text": "You said: Say hello."}


def test_a_model_with_a_name_of_its_own_keeps_it(serve_counted, captured):
    serve_counted()
    chat_model().with_config(run_name="grader").invoke(HELLO)
    (span,) = captured.spans
    assert (span["name"], span["model"]) == ("grader", "gpt-4o-mini")
