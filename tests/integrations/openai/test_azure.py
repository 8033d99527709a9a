"""Azure's clients are the same resources under another client class."""

from __future__ import annotations

import pytest

from tests.integrations.contract.program import answers_tell_request_id, every_way, seen
from tests.integrations.openai.cases import CHAT, CHAT_SPAN, CHAT_STREAM_SPAN
from tests.integrations.spans import with_attributes, without

openai = pytest.importorskip("openai")


def azure(span):
    return with_attributes({**span, "provider": "azure.ai.openai"}, gen_ai__provider__name="azure.ai.openai")


@every_way
def test_an_azure_call_is_one_whole_span(way, serve, captured):
    provider = serve()

    async def program():
        cls = getattr(openai, f"{way.prefix}AzureOpenAI")
        client = cls(azure_endpoint=provider.url, api_version="2024-10-21", api_key="key-of-the-test", max_retries=0)
        await way.call(client.chat.completions.create, **CHAT.arguments)
        await way.rest(await way.call(client.chat.completions.create, **CHAT.arguments, stream=True))
        await way.close(client)

    way.run(program())
    assert provider.journal[0].path.startswith("/openai/deployments/model-1/chat/completions")
    whole = CHAT_SPAN if answers_tell_request_id("openai") else without(CHAT_SPAN, "mutagent.request_id")
    assert seen(captured) == [azure(whole), azure(CHAT_STREAM_SPAN)]
