"""Azure's clients are the same resources under another client class."""

from __future__ import annotations

import pytest

from tests.integrations.contract.program import every_way, seen
from tests.integrations.openai.cases import CHAT, CHAT_SPAN, CHAT_STREAM_SPAN
from tests.integrations.spans import with_attributes

openai = pytest.importorskip("openai")


def azure(span):
    return with_attributes({**span, "provider": "azure.ai.openai"}, gen_ai__provider__name="azure.ai.openai")


@every_way
def test_an_azure_call_is_one_whole_span(way, serve, captured):
    provider = serve()

    async def program():
        cls = getattr(openai, f"{way.parts['Async']}AzureOpenAI")
        client = cls(azure_endpoint=provider.url, api_version="2024-10-21", api_key="key-of-the-test", max_retries=0)
        await way.call(client.chat.completions.create, **CHAT.arguments)
        await way.rest(await way.call(client.chat.completions.create, **CHAT.arguments, stream=True))
        await way.close(client)

    way.run(program())
    assert provider.journal[0].path.startswith("/openai/deployments/model-1/chat/completions")
    assert seen(captured) == [azure(CHAT.here(CHAT_SPAN)), azure(CHAT_STREAM_SPAN)]
