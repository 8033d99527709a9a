"""Each fault, as the real clients meet it."""

import json

import pytest

anthropic = pytest.importorskip("anthropic")
openai = pytest.importorskip("openai")

from mutagent.demo.provider import Reply, Rule, Script  # noqa: E402
from tests.servers.faults import Fault, FaultyProvider, faulty  # noqa: E402

HI = [{"role": "user", "content": "Hi"}]


def provider_with(fault):
    return FaultyProvider(Script([Rule(faulty("one two three", fault))]))


def stream_chat(provider, received, **options):
    """Put each piece of text into ``received`` as it arrives; raises what the client raises."""
    options = {"max_retries": 0, **options}
    with (
        openai.OpenAI(base_url=provider.openai_url, api_key="k", **options) as client,
        client.chat.completions.create(model="m", messages=HI, stream=True) as stream,
    ):
        for chunk in stream:
            received.append(chunk.choices[0].delta.content or "")


def stream_message(provider, received):
    with (
        anthropic.Anthropic(base_url=provider.anthropic_url, api_key="k", max_retries=0) as client,
        client.messages.create(model="m", max_tokens=9, messages=HI, stream=True) as stream,
    ):
        for event in stream:
            received.append(event.type)


def ask_chat(provider, **options):
    with openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=0, **options) as client:
        return client.chat.completions.create(model="m", messages=HI)


@pytest.mark.parametrize("kind", ["close", "cut"])
def test_connection_lost_in_a_stream_raises_after_what_had_arrived(kind):
    received = []
    # Versions differ in what they raise: httpx's own error, or the client's.
    with provider_with(Fault(kind, after=3)) as provider, pytest.raises(Exception, match=r"peer closed|Connection"):
        stream_chat(provider, received)
    assert received == ["", "one ", "two "]


def test_truncated_stream_ends_without_error_and_without_its_end():
    received = []
    with provider_with(Fault("truncate", after=2)) as provider:
        stream_chat(provider, received)
    assert received == ["", "one "]


def test_error_event_in_a_chat_stream_raises_api_error():
    received = []
    with provider_with(Fault("error", after=2)) as provider, pytest.raises(openai.APIError, match="Overloaded"):
        stream_chat(provider, received)
    assert received == ["", "one "]


def test_error_event_in_a_message_stream_raises_status_error():
    received = []
    with (
        provider_with(Fault("error", after=2)) as provider,
        pytest.raises(anthropic.APIStatusError, match="overloaded"),
    ):
        stream_message(provider, received)
    assert received == ["message_start", "content_block_start"]


@pytest.mark.skipif(not hasattr(openai.OpenAI, "responses"), reason="openai before Responses")
def test_error_event_in_a_response_stream_is_an_event():
    with (
        provider_with(Fault("error", after=2)) as provider,
        openai.OpenAI(base_url=provider.openai_url, api_key="k") as client,
    ):
        *_, last = client.responses.create(model="m", input="Hi", stream=True)
    assert (last.type, last.code, last.message) == ("error", "overloaded", "Overloaded")


def test_garbage_in_a_stream_raises_the_clients_json_error():
    received = []
    with provider_with(Fault("garbage", after=1)) as provider, pytest.raises(json.JSONDecodeError):
        stream_chat(provider, received)
    assert received == [""]


def test_hang_before_the_answer_and_within_a_stream_meets_the_clients_deadline():
    received = []
    with provider_with(Fault("hang")) as provider, pytest.raises(openai.APITimeoutError):
        ask_chat(provider, timeout=0.2)
    with provider_with(Fault("hang", after=2)) as provider, pytest.raises(Exception, match=r"(?i)timed? ?out"):
        stream_chat(provider, received, timeout=1)
    assert received == ["", "one "]


@pytest.mark.parametrize("fault", [Fault("close"), Fault("cut")], ids=lambda fault: fault.kind)
def test_connection_lost_before_or_within_a_body_is_a_connection_error(fault):
    with provider_with(fault) as provider, pytest.raises(openai.APIConnectionError):
        ask_chat(provider)


def test_garbage_body_is_an_error_of_the_client():
    with (
        provider_with(Fault("garbage")) as provider,
        pytest.raises(Exception, match=r"(?i)expecting property name|json"),
    ):
        ask_chat(provider)


def test_reply_without_a_fault_is_sent_as_ever():
    with FaultyProvider(Script([Rule(Reply("fine"))])) as provider:
        assert ask_chat(provider).choices[0].message.content == "fine"
