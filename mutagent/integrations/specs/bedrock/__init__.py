"""Amazon Bedrock through botocore and aiobotocore: models, embeddings, knowledge bases, agents, flows, guardrails.

Every method of every AWS client goes through ``_make_api_call``, which is a private name that has stood for a decade.
"""

from __future__ import annotations

from typing import Any

from mutagent.integrations.spec import Close, Dispatch, Integration, Iteration, Modules, Target
from mutagent.integrations.specs.bedrock import agents, answers, chunks, converse, invoke, knowledge
from mutagent.integrations.specs.bedrock.client import error, metadata, streamed

_RUNTIME, _AGENTS, _AGENTCORE = "bedrock-runtime", "bedrock-agent-runtime", "bedrock-agentcore"
# What InvokeModel may be for → the span's kind and operation.
_INVOKED = {
    "chat": ("llm.chat", "chat"),
    "text": ("llm.completion", "text_completion"),
    "embedding": ("llm.embedding", "embeddings"),
    "rerank": ("rerank", "rerank"),
    "image": ("llm.completion", "generate_content"),
}


def _target(modules: Modules, path: str, kind: str, operation: str, request: Any, response: Any, **more: Any) -> Target:
    named = ("operation_name", "api_params")
    return Target(modules, path, kind, operation, request, response, parameters=named, **more)


def _targets(modules: Modules, path: str) -> dict[tuple[str, ...], Target]:
    """Each kind of call by service, operation and, for InvokeModel, what it is for."""

    def one(kind: str, operation: str, request: Any, response: Any = None, **more: Any) -> Target:
        return _target(modules, path, kind, operation, request, response, **more)

    def streams(kind: str, operation: str, request: Any, chunks: Any, at: str, beside: Any = metadata) -> Target:
        return one(kind, operation, request, chunks=chunks, stream_at=at, beside_stream=beside)

    agent = streams("agent", "invoke_agent", agents.agent_request, agents.AgentEvents, "completion", knowledge.beside)
    found: dict[tuple[str, ...], Target] = {
        (_RUNTIME, "Converse"): one("llm.chat", "chat", converse.request, converse.response),
        (_RUNTIME, "ConverseStream"): streams(
            "llm.chat", "chat", streamed(converse.request), converse.ConverseEvents, "stream"
        ),
        (_RUNTIME, "ApplyGuardrail"): one(
            "guardrail", "apply_guardrail", agents.guardrail_request, agents.guardrail_response
        ),
        (_AGENTS, "Retrieve"): one("retrieval", "retrieval", knowledge.retrieve_request, knowledge.retrieve_response),
        (_AGENTS, "Rerank"): one("rerank", "rerank", knowledge.rerank_request, response_to=knowledge.rerank_response),
        (_AGENTS, "RetrieveAndGenerate"): one(
            "chain", "retrieve_and_generate", knowledge.generate_request, knowledge.generate_response
        ),
        (_AGENTS, "RetrieveAndGenerateStream"): streams(
            "chain", "retrieve_and_generate", streamed(knowledge.generate_request), knowledge.AnsweredEvents, "stream",
            knowledge.beside,
        ),
        (_AGENTS, "InvokeAgent"): agent,
        (_AGENTS, "InvokeInlineAgent"): agent,
        (_AGENTS, "InvokeFlow"): streams(
            "chain", "invoke_workflow", agents.flow_request, agents.FlowEvents, "responseStream"
        ),
        (_AGENTCORE, "InvokeAgentRuntime"): one(
            "agent", "invoke_agent", agents.runtime_request, agents.runtime_response, body_at="response"
        ),
    }  # fmt: skip
    for use, (kind, operation) in _INVOKED.items():
        request = invoke.REQUESTS[use]
        read = answers.embedding_response if use == "embedding" else answers.response
        ranks = answers.rerank_response if use == "rerank" else None
        found[_RUNTIME, "InvokeModel", use] = one(kind, operation, request, read, response_to=ranks, body_at="body")
        found[_RUNTIME, "InvokeModelWithResponseStream", use] = streams(
            kind, operation, streamed(request), chunks.BodyChunks, "body"
        )
    return found


def _dispatch(modules: Modules, path: str) -> Dispatch:
    targets = _targets(modules, path)

    def choose(given: dict[str, Any], client: Any) -> Target | None:
        service = client.meta.service_model.service_name
        if not service.startswith("bedrock-"):
            return None
        operation = given["operation_name"]
        if operation.startswith("InvokeModel"):
            return targets.get((service, operation, invoke.kind_of(given["api_params"])))
        return targets.get((service, operation))

    return Dispatch(tuple(dict.fromkeys(targets.values())), choose)


BEDROCK = Integration(
    name="bedrock",
    distribution="botocore",
    versions=">=1.34.116,<2",
    pieces=(
        _dispatch(("botocore.client",), "BaseClient._make_api_call"),
        _dispatch(("aiobotocore.client",), "AioBaseClient._make_api_call"),
        Iteration(("botocore.eventstream",), "EventStream.__iter__"),
        Iteration(("aiobotocore.eventstream",), "AioEventStream.__aiter__"),
        Close(("botocore.eventstream",), "EventStream.close"),
    ),
    traces=(
        "`converse`, `invoke_model` with bodies of Anthropic, Amazon, Meta, Mistral, Cohere, AI21, DeepSeek, OpenAI "
        "(chat, text, embeddings, rerankers, images), their streams; `retrieve`, `retrieve_and_generate`, `rerank`, "
        "`invoke_agent`, `invoke_inline_agent`, `invoke_flow`, `invoke_agent_runtime`, `apply_guardrail`; aiobotocore"
    ),
    leaves="`invoke_model_with_bidirectional_stream`, `start_async_invoke`, `count_tokens`",
    error=error,
    iterator="_event_generator",
)
