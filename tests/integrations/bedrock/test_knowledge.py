"""Knowledge bases, agents, flows and guardrails through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integrations.bedrock.frames import chunk, event
from tests.integrations.bedrock.service import REQUEST_ID, Service, knows

UnknownServiceError = pytest.importorskip("botocore.exceptions").UnknownServiceError

MODEL_ARN = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
REFERENCE = {
    "content": {"text": "Bern is the capital."},
    "location": {"type": "S3", "s3Location": {"uri": "s3://b/k"}},
    "metadata": {"page": 3},
}
DOCUMENT = {
    "content": "Bern is the capital.",
    "metadata": {"location": REFERENCE["location"], "metadata": {"page": 3}},
}


def only(captured: Any, *attributes: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one span in brief, and some of its attributes."""
    (span,) = captured.spans
    brief = {name: span.get(name) for name in ("name", "kind", "status", "input", "output")}
    assert span["provider"] == "aws.bedrock"
    assert span["attributes"]["mutagent.request_id"] == REQUEST_ID
    return brief, {name: span["attributes"].get(name) for name in attributes}


def test_retrieve(service: Service, captured: Any) -> None:
    """The question, the documents and their scores."""
    service.says({"retrievalResults": [{**REFERENCE, "score": 0.7}]})
    service.client("bedrock-agent-runtime").retrieve(
        knowledgeBaseId="KB12345678", retrievalQuery={"text": "Capital?"},
        retrievalConfiguration={"vectorSearchConfiguration": {"numberOfResults": 1}},
    )  # fmt: skip
    names = ("gen_ai.operation.name", "gen_ai.retrieval.query.text", "gen_ai.data_source.id", "mutagent.retrieval.hits")
    assert only(captured, *names) == (
        {"name": "retrieval KB12345678", "kind": "retrieval", "status": "ok", "input": {"text": "Capital?"},
         "output": {"documents": [{**DOCUMENT, "score": 0.7}]}},
        dict(zip(names, ("retrieval", "Capital?", "KB12345678", 1), strict=True)),
    )  # fmt: skip


GENERATE = {
    "input": {"text": "Capital?"},
    "sessionId": "s-1",
    "retrieveAndGenerateConfiguration": {
        "type": "KNOWLEDGE_BASE",
        "knowledgeBaseConfiguration": {"knowledgeBaseId": "KB12345678", "modelArn": MODEL_ARN},
    },
}


def test_retrieve_and_generate(service: Service, captured: Any) -> None:
    """One request that searches and asks a model: what was said, and on what grounds."""
    service.says({
        "sessionId": "s-1", "output": {"text": "Bern."}, "guardrailAction": "NONE",
        "citations": [{"generatedResponsePart": {}, "retrievedReferences": [REFERENCE]}],
    })  # fmt: skip
    service.client("bedrock-agent-runtime").retrieve_and_generate(**GENERATE)
    names = ("gen_ai.request.model", "gen_ai.conversation.id", "aws.bedrock.knowledge_base.id")
    assert only(captured, *names) == (
        {"name": f"retrieve_and_generate {MODEL_ARN}", "kind": "chain", "status": "ok", "input": {"text": "Capital?"},
         "output": {"text": "Bern.", "documents": [DOCUMENT]}},
        dict(zip(names, (MODEL_ARN, "s-1", "KB12345678"), strict=True)),
    )  # fmt: skip


def test_retrieve_and_generate_as_a_stream(service: Service, captured: Any) -> None:
    """The same from its events."""
    client = service.client("bedrock-agent-runtime")
    if not hasattr(client, "retrieve_and_generate_stream"):
        pytest.skip("this boto3 has no retrieve_and_generate_stream")
    service.streams(
        event("output", {"text": "Be"}), event("output", {"text": "rn."}),
        event("citation", {"citation": {"retrievedReferences": [REFERENCE]}}),
    )  # fmt: skip
    list(client.retrieve_and_generate_stream(**GENERATE)["stream"])
    brief, found = only(captured, "mutagent.stream.outcome")
    assert (brief["output"], brief["kind"]) == ({"text": "Bern.", "documents": [DOCUMENT]}, "chain")
    assert found == {"mutagent.stream.outcome": "completed"}


def test_rerank(service: Service, captured: Any) -> None:
    """The same facts as of a reranker through InvokeModel."""
    client = service.client("bedrock-agent-runtime")
    if not hasattr(client, "rerank"):
        pytest.skip("this boto3 has no rerank")
    service.says({"results": [{"index": 1, "relevanceScore": 0.9}]})
    client.rerank(
        queries=[{"type": "TEXT", "textQuery": {"text": "q"}}],
        sources=[
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in ("a", "b")
        ],
        rerankingConfiguration={
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {"numberOfResults": 1, "modelConfiguration": {"modelArn": MODEL_ARN}},
        },
    )
    brief, found = only(captured, "mutagent.request.top_n")
    assert brief == {
        "name": f"rerank {MODEL_ARN}", "kind": "rerank", "status": "ok",
        "input": {"text": "q", "documents": [{"content": "a"}, {"content": "b"}]},
        "output": {"documents": [{"content": "b", "metadata": {"index": 1}, "score": 0.9}]},
    }  # fmt: skip
    assert found == {"mutagent.request.top_n": 1}


def thought(**step: Any) -> bytes:
    """One step of an agent's trace."""
    return event("trace", {"agentId": "AGENT12345", "trace": {"orchestrationTrace": step}})


def used(tokens: int) -> bytes:
    """What one call of the model behind an agent cost."""
    return thought(modelInvocationOutput={"metadata": {"usage": {"inputTokens": tokens, "outputTokens": 2}}})


def test_an_agent(service: Service, captured: Any) -> None:
    """Its text, what it cites, and the tokens that its trace tells, summed up."""
    model = "anthropic.claude-3-haiku-20240307-v1:0"
    service.streams(
        thought(modelInvocationInput={"foundationModel": model}), used(5), used(7), chunk(b"Be"), chunk(b"rn.")
    )
    client = service.client("bedrock-agent-runtime")
    if not knows(client, "ModelInvocationInput", "foundationModel"):
        pytest.skip("this botocore knows of no model behind an agent")
    answer = client.invoke_agent(
        agentId="AGENT12345", agentAliasId="ALIAS12345", sessionId="s-1", inputText="Capital?", enableTrace=True
    )
    assert b"".join(one["chunk"]["bytes"] for one in answer["completion"] if "chunk" in one) == b"Bern."
    names = ("gen_ai.agent.id", "gen_ai.conversation.id", "mutagent.stream.outcome", "gen_ai.response.model")
    (span,) = captured.spans
    assert len(span["output"].pop("raw")["trace"]) == 3
    assert only(captured, *names) == (
        {"name": "invoke_agent AGENT12345", "kind": "agent", "status": "ok", "input": {"text": "Capital?"},
         "output": {"text": "Bern."}},
        dict(zip(names, ("AGENT12345", "s-1", "completed", model), strict=True)),
    )  # fmt: skip
    assert span["tokens"] == {"input": 12, "output": 4, "total": 16}


def test_an_agent_that_returns_control(service: Service, captured: Any) -> None:
    """What it wants to be called is a tool call."""
    wanted = {"actionGroup": "g", "function": "weather", "parameters": [{"name": "city", "value": "Bern"}]}
    control = {"invocationId": "i-1", "invocationInputs": [{"functionInvocationInput": wanted}]}
    service.streams(event("returnControl", control))
    answer = service.client("bedrock-agent-runtime").invoke_agent(
        agentId="AGENT12345", agentAliasId="ALIAS12345", sessionId="s-1", inputText="Weather?"
    )
    list(answer["completion"])
    brief, _ = only(captured)
    assert brief["output"] == {"toolCalls": [{"id": "i-1", "name": "weather", "arguments": {"city": "Bern"}}]}


def test_a_flow(service: Service, captured: Any) -> None:
    """What went in, what came out, and how it ended."""
    client = service.client("bedrock-agent-runtime")
    if not hasattr(client, "invoke_flow"):
        pytest.skip("this boto3 has no invoke_flow")
    service.streams(
        event("flowOutputEvent", {"nodeName": "out", "nodeType": "FlowOutputNode", "content": {"document": "Bern."}}),
        event("flowCompletionEvent", {"completionReason": "SUCCESS"}),
    )
    given = {"nodeName": "in", "nodeOutputName": "document", "content": {"document": "Capital?"}}
    answer = client.invoke_flow(flowIdentifier="FLOW123456", flowAliasIdentifier="ALIAS12345", inputs=[given])
    list(answer["responseStream"])
    assert only(captured, "gen_ai.response.finish_reasons") == (
        {"name": "invoke_workflow FLOW123456", "kind": "chain", "status": "ok", "input": {"text": "Capital?"},
         "output": {"text": "Bern."}},
        {"gen_ai.response.finish_reasons": ["SUCCESS"]},
    )  # fmt: skip


def test_a_guardrail(service: Service, captured: Any) -> None:
    """What was judged, the verdict, and what is to be said instead."""
    client = service.client()
    if not hasattr(client, "apply_guardrail"):
        pytest.skip("this boto3 has no apply_guardrail")
    service.says({"action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "No."}], "assessments": [{"a": {}}]})
    client.apply_guardrail(
        guardrailIdentifier="gr-1", guardrailVersion="1", source="INPUT", content=[{"text": {"text": "Bad"}}]
    )
    names = ("mutagent.guardrail.flagged", "gen_ai.response.finish_reasons", "aws.bedrock.guardrail.id")
    brief, found = only(captured, *names)
    assert (brief["name"], brief["kind"], brief["input"]) == ("apply_guardrail gr-1", "guardrail", {"text": "Bad"})
    assert brief["output"]["text"] == "No."
    assert found == dict(zip(names, (True, ["GUARDRAIL_INTERVENED"], "gr-1"), strict=True))


@pytest.mark.parametrize(
    ("data", "output"),
    [(b'{"answer": "Bern."}', {"raw": {"answer": "Bern."}}), (b"data: Bern.\n\n", {"text": "data: Bern.\n\n"})],
)
def test_an_agent_on_agentcore(service: Service, captured: Any, data: bytes, output: dict[str, Any]) -> None:
    """Its payload is of its own kind; its body is the program's to read."""
    try:
        client = service.client("bedrock-agentcore")
    except UnknownServiceError as error:
        pytest.skip(str(error))
    service.answers.append((200, {"content-type": "application/json"}, data))
    arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/mine-abcdefghij"
    answer = client.invoke_agent_runtime(agentRuntimeArn=arn, payload=json.dumps({"prompt": "Capital?"}))
    assert captured.spans == []
    assert answer["response"].read() == data
    brief, _ = only(captured)
    assert brief == {
        "name": "invoke_agent mine-abcdefghij", "kind": "agent", "status": "ok",
        "input": {"raw": {"prompt": "Capital?"}}, "output": output,
    }  # fmt: skip
