"""Calls that LiteLLM tries more than once: its retries are one span, tries of several deployments one each."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from mutagent.demo.provider import Failure, Reply, Rule

litellm = pytest.importorskip("litellm")

# What it does about its own models and its own logging, and not about us.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Accessing the 'model_.*fields'", "ignore::pytest.PytestUnraisableExceptionWarning"
)

HELLO = [{"role": "user", "content": "Say hello."}]
LATER = Failure(503, "Later.", headers={"retry-after-ms": "1"})
TOKENS = {"input": 4, "output": 6, "total": 10}


def shown(captured: Any) -> list[tuple[Any, ...]]:
    """Each span by its parent's name, its own, its status and its tokens, in the order they began."""
    names = {span["spanId"]: span["name"] for span in captured.spans}
    spans = sorted(captured.spans, key=lambda span: span["startTime"])
    return [(names.get(span.get("parentSpanId")), span["name"], span["status"], span.get("tokens")) for span in spans]


def done(call: Any) -> Any:
    """What a call gave, sync or async; a stream is read to its end."""
    if not inspect.iscoroutine(call):
        return list(call) if hasattr(type(call), "__next__") else call

    async def wait() -> Any:
        result = await call
        return [chunk async for chunk in result] if hasattr(type(result), "__anext__") else result

    return asyncio.run(wait())


@pytest.fixture
def options(serve):
    """Arguments that lead to a stand-in provider which fails so many times first."""

    def options(failures: int = 0) -> dict[str, Any]:
        rules = [Rule(Reply(failure=LATER), times=failures)] if failures else []
        return {"api_base": serve(*rules).openai_url, "api_key": "key-of-the-test"}

    return options


def router(options: dict[str, Any], **settings: Any) -> Any:
    """A router with a deployment for each of two groups."""
    groups = {"group": "openai/model-1", "other": "openai/model-2"}
    deployments = [
        {"model_name": name, "litellm_params": {"model": model, **options}} for name, model in groups.items()
    ]
    return litellm.Router(model_list=deployments, **settings)


each_way = pytest.mark.parametrize("prefix", ["", "a"], ids=["sync", "async"])


@each_way
def test_retries_are_one_span(prefix, options, captured):
    call = getattr(litellm, prefix + "completion")
    done(call("openai/model-1", HELLO, num_retries=2, max_retries=0, **options(failures=1)))
    assert shown(captured) == [(None, "chat model-1", "ok", TOKENS)]


@each_way
def test_fallbacks_are_a_chain_of_calls(prefix, options, captured):
    call = getattr(litellm, prefix + "completion")
    done(call("openai/model-1", HELLO, fallbacks=["openai/model-2"], max_retries=0, **options(failures=1)))
    assert shown(captured) == [
        (None, "fallbacks openai/model-1", "ok", None),
        ("fallbacks openai/model-1", "chat model-1", "error", None),
        ("fallbacks openai/model-1", "chat model-2", "ok", TOKENS),
    ]


@each_way
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_router_is_a_chain_of_calls(prefix, stream, options, captured):
    routed = router(options(failures=1), num_retries=0, fallbacks=[{"group": ["other"]}])
    more = {"stream_options": {"include_usage": True}, "stream": True} if stream else {}
    done(getattr(routed, prefix + "completion")("group", HELLO, max_retries=0, **more))
    assert shown(captured) == [
        (None, "router group", "ok", None),
        ("router group", "chat model-1", "error", None),
        ("router group", "chat model-2", "ok", TOKENS),
    ]
    outer = max(captured.spans, key=lambda span: "parentSpanId" not in span)
    assert outer["kind"] == "chain"
    assert outer["output"] == {"messages": [{"role": "assistant", "content": "You said: Say hello."}]}
    calls = [span["attributes"].get("mutagent.litellm.model_group") for span in captured.spans if span is not outer]
    assert calls == ["group", "other"]


@each_way
def test_a_routers_embedding_is_a_chain_of_one_call(prefix, options, captured):
    done(getattr(router(options()), prefix + "embedding")(model="group", input=["a"]))
    assert [row[:3] for row in shown(captured)] == [
        (None, "router group", "ok"),
        ("router group", "embeddings model-1", "ok"),
    ]


@each_way
def test_a_response_that_is_made_of_a_completion_is_one_span(prefix, serve, captured):
    call = getattr(litellm, prefix + "responses", None) or pytest.skip("this LiteLLM has no Responses API")
    url = serve().anthropic_url
    done(call(model="anthropic/model-1", input="Say hello.", api_base=url, api_key="key-of-the-test"))
    assert shown(captured) == [(None, "chat model-1", "ok", TOKENS)]
    assert captured.spans[0]["provider"] == "anthropic"


@each_way
def test_the_function_of_the_module_is_traced_as_the_packages_is(prefix, options, captured):
    done(getattr(litellm.main, prefix + "completion")("openai/model-1", HELLO, **options()))
    assert shown(captured) == [(None, "chat model-1", "ok", TOKENS)]


def test_a_broken_connection_is_an_error_of_the_provider_that_was_chosen(captured):
    with pytest.raises((litellm.InternalServerError, litellm.APIConnectionError)):
        litellm.completion("openai/model-1", HELLO, api_base="http://127.0.0.1:9", api_key="k", max_retries=0)
    assert [(span["status"], span["provider"]) for span in captured.spans] == [("error", "openai")]
