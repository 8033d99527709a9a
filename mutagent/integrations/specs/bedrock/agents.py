"""Agents and flows that run at Bedrock, agents on AgentCore, and guardrails applied by themselves."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, read_list, read_path, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.spec import Request, Response
from mutagent.integrations.specs.bedrock import client as bedrock
from mutagent.integrations.specs.bedrock.knowledge import documents


def agent_request(given: dict[str, Any], client: Any) -> Request:
    """What an agent is asked; one that is described in the call has a model and instructions of its own."""
    asked = given["api_params"]
    identity = read_str(asked, "agentId") or read_str(asked, "agentName")
    text = Snapshot().take(asked.get("inputText"))
    results = read_path(asked, "sessionState", "returnControlInvocationResults")
    found = Request(
        input=bedrock.text_output(text or "", raw=Snapshot().take(results)),
        parameters=bedrock.parameters({name: asked.get(name) for name in ("enableTrace", "endSession", "memoryId")}),
        attributes=bedrock.named(
            gen_ai__agent__id=asked.get("agentId"),
            gen_ai__agent__name=asked.get("agentName"),
            gen_ai__agent__version=asked.get("agentAliasId"),
            gen_ai__conversation__id=asked.get("sessionId"),
            gen_ai__system_instructions=asked.get("instruction"),
        ),
        name=f"invoke_agent {identity}" if identity else None,
        streamed=True,
    )
    return bedrock.addressed(found, client, asked.get("foundationModel"))


class AgentEvents:
    """Folds the events of an agent's answer: text with its sources, what control returns for, the trace's counts."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.documents: list[Any] = []
        self.calls: list[Any] = []
        self.model: Any = None
        self.counts: dict[str, int] = {}
        self.steps: list[Any] = []
        self.budget = Snapshot()
        self.trace_budget = Snapshot(bedrock.TRACE_BYTES)

    def feed(self, event: Any) -> None:
        """Take one event."""
        chunk, trace = get(event, "chunk"), get_path(event, "trace", "trace")
        data = get(chunk, "bytes")
        if type(data) is bytes:
            self.texts.append(data.decode("utf-8", "replace"))
        for citation in as_list(get_path(chunk, "attribution", "citations")):
            self.documents += documents(get_list(citation, "retrievedReferences"), self.budget)
        control = get(event, "returnControl")
        for wanted in get_list(control, "invocationInputs"):
            self.calls.append({"id": get(control, "invocationId"), **_call(wanted, self.budget)})
        if type(trace) is dict:
            self.feed_trace(trace)

    def feed_trace(self, trace: dict[str, Any]) -> None:
        """Take one step of an agent that was asked to tell how it thinks."""
        if self.trace_budget.bytes_left > 0:
            self.steps.append(self.trace_budget.take(trace))
        for step in trace.values():
            self.model = get_path(step, "modelInvocationInput", "foundationModel") or self.model
            used = get_path(step, "modelInvocationOutput", "metadata", "usage")
            for name in ("inputTokens", "outputTokens"):
                if type(get(used, name)) is int:
                    self.counts[name] = self.counts.get(name, 0) + used[name]

    def response(self) -> Response:
        """The answer so far."""
        text = self.budget.take("".join(self.texts))
        return Response(
            model=self.model if type(self.model) is str else None,
            output=bedrock.with_trace(
                bedrock.text_output(text, toolCalls=self.calls, documents=self.documents), self.steps
            ),
            usage=bedrock.usage(self.counts),
        )


def _call(wanted: Any, budget: Snapshot) -> dict[str, Any]:
    function = get(wanted, "functionInvocationInput")
    api = get(wanted, "apiInvocationInput")
    name = get(function, "function") or f"{get(api, 'httpMethod')} {get(api, 'apiPath')}"
    given = {get(one, "name"): get(one, "value") for one in get_list(function or api, "parameters")}
    return {"name": name, "arguments": budget.take(given)}


def flow_request(given: dict[str, Any], client: Any) -> Request:
    """What a flow is given."""
    asked = given["api_params"]
    identity = read_str(asked, "flowIdentifier")
    contents = [read_path(one, "content", "document") for one in read_list(asked, "inputs")]
    found = Request(
        input=_one_or_all(contents),
        attributes=bedrock.named(gen_ai__workflow__name=identity, gen_ai__conversation__id=asked.get("executionId")),
        name=f"invoke_workflow {identity}" if identity else None,
        streamed=True,
    )
    return bedrock.addressed(found, client)


def _one_or_all(contents: list[Any]) -> dict[str, Any]:
    taken = Snapshot().take(contents[0] if len(contents) == 1 else contents)
    return {"text": taken} if type(taken) is str else {"raw": taken}


class FlowEvents:
    """Folds the events of a flow: what its nodes put out, and how it ended."""

    def __init__(self) -> None:
        self.contents: list[Any] = []
        self.reasons: list[str] = []
        self.budget = Snapshot()

    def feed(self, event: Any) -> None:
        """Take one event."""
        content = get_path(event, "flowOutputEvent", "content", "document")
        if content is not None:
            self.contents.append(self.budget.take(content))
        reason = get_path(event, "flowCompletionEvent", "completionReason")
        if type(reason) is str:
            self.reasons.append(reason)

    def response(self) -> Response:
        """What has come so far."""
        return Response(finish_reasons=self.reasons, output=_one_or_all(self.contents) if self.contents else None)


def runtime_request(given: dict[str, Any], client: Any) -> Request:
    """What an agent on AgentCore is sent: a payload of its own kind."""
    asked = given["api_params"]
    arn = read_str(asked, "agentRuntimeArn")
    payload = bedrock.json_of(asked.get("payload"))
    found = Request(
        input=_payload(asked.get("payload") if payload is None else payload),
        attributes=bedrock.named(
            gen_ai__agent__id=arn,
            gen_ai__agent__version=asked.get("qualifier"),
            gen_ai__conversation__id=asked.get("runtimeSessionId"),
        ),
        name=f"invoke_agent {arn.rpartition('/')[2]}" if arn else None,
    )
    return bedrock.addressed(found, client)


def runtime_response(answer: Any) -> Response:
    """What it sent back, as far as the program has read it."""
    data = get(answer, "response")
    body = bedrock.json_of(data)
    if body is None and type(data) is bytes:
        body = data.decode("utf-8", "replace")
    session = bedrock.named(gen_ai__conversation__id=get(answer, "runtimeSessionId"))
    return Response(output=_payload(body) if body else None, attributes={**bedrock.metadata(answer), **session})


def _payload(value: Any) -> dict[str, Any]:
    taken = Snapshot().take(value)
    return {"text": taken} if type(taken) is str else {"raw": taken}


def guardrail_request(given: dict[str, Any], client: Any) -> Request:
    """What is to be judged, and by which guardrail."""
    asked = given["api_params"]
    identity = read_str(asked, "guardrailIdentifier")
    texts = [read_path(block, "text", "text") for block in read_list(asked, "content")]
    plain = all(type(text) is str for text in texts)
    found = Request(
        input=_payload("\n".join(texts) if plain else asked.get("content")),
        parameters=bedrock.parameters(
            {name: asked.get(name) for name in ("source", "guardrailVersion", "outputScope")}
        ),
        attributes=bedrock.named(aws__bedrock__guardrail__id=identity),
        name=f"apply_guardrail {identity}" if identity else None,
    )
    return bedrock.addressed(found, client)


def guardrail_response(answer: Any) -> Response:
    """The verdict, what is to be said instead, and how it was found."""
    action = get(answer, "action")
    texts = [text for output in get_list(answer, "outputs") if type(text := get(output, "text")) is str]
    assessments = Snapshot().take(get_list(answer, "assessments"))
    return Response(
        finish_reasons=[action] if type(action) is str else [],
        output=bedrock.text_output(Snapshot().take("\n".join(texts)), raw={"assessments": assessments}),
        attributes={**bedrock.metadata(answer), "mutagent.guardrail.flagged": action == "GUARDRAIL_INTERVENED"},
    )
