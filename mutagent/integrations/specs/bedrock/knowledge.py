"""Knowledge bases: Retrieve, Rerank, and RetrieveAndGenerate with its stream."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_list, get_path, read, read_filled, read_list, read_path, read_str
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import rerank
from mutagent.integrations.spec import Request, Response
from mutagent.integrations.specs.bedrock import client as bedrock


def retrieve_request(given: dict[str, Any], client: Any) -> Request:
    """What is searched for, and in which knowledge base."""
    asked = given["api_params"]
    base = read_str(asked, "knowledgeBaseId")
    query = Snapshot().take(read_path(asked, "retrievalQuery", "text"))
    found = Request(
        input={"text": query} if type(query) is str else {"raw": Snapshot().take(read(asked, "retrievalQuery"))},
        parameters=bedrock.parameters(
            {name: asked.get(name) for name in ("retrievalConfiguration", "nextToken", "guardrailConfiguration")}
        ),
        attributes={**_in(base), **bedrock.named(gen_ai__retrieval__query__text=query)},
        name=f"retrieval {base}" if base else None,
    )
    return bedrock.addressed(found, client)


def _in(base: Any) -> dict[str, Any]:
    return bedrock.named(gen_ai__data_source__id=base, aws__bedrock__knowledge_base__id=base)


def retrieve_response(answer: Any) -> Response:
    """What was found."""
    hits = get_list(answer, "retrievalResults")
    attributes = {**bedrock.metadata(answer), "mutagent.retrieval.hits": len(hits)}
    return Response(output={"documents": documents(hits, Snapshot())}, attributes=attributes)


def documents(references: list[Any], budget: Snapshot) -> list[Any]:
    """Retrieved references in wire form."""
    return budget.sequence(references, lambda reference: _document(reference, budget))


def _document(reference: Any, budget: Snapshot) -> dict[str, Any]:
    content = get(reference, "content")
    told = {name: get(reference, name) for name in ("location", "metadata")}
    plain = {
        "content": budget.take(get(content, "text") or content),
        "metadata": budget.take({name: value for name, value in told.items() if value}),
    }
    score = get(reference, "score")
    return plain if score is None else {**plain, "score": score}


def rerank_request(given: dict[str, Any], client: Any) -> Request:
    """Which documents are to be put in order, and for which question."""
    asked = given["api_params"]
    texts = [read_path(query, "textQuery", "text") for query in read_list(asked, "queries")]
    queries = [text for text in texts if text is not None]
    said, attributes = rerank.asked(queries[0] if len(queries) == 1 else queries, _sources(asked))
    how = read_path(asked, "rerankingConfiguration", "bedrockRerankingConfiguration")
    found = Request(
        input=said, attributes=attributes, parameters=bedrock.parameters({"top_n": read(how, "numberOfResults")})
    )
    return bedrock.addressed(found, client, read_path(how, "modelConfiguration", "modelArn"))


def _sources(asked: Any) -> list[Any]:
    """The documents of a call in the common shape."""
    inline = [read(source, "inlineDocumentSource") for source in read_list(asked, "sources")]
    texts = [(read_path(one, "textDocument", "text"), read(one, "jsonDocument")) for one in inline]
    return [document if text is None else text for text, document in texts]


def rerank_response(answer: Any, asked: Request) -> Response:
    """The documents in their new order."""
    results = [
        {"index": get(item, "index"), "relevance_score": get(item, "relevanceScore")}
        for item in get_list(answer, "results")
    ]
    return Response(output=rerank.ranked(results, asked), attributes=bedrock.metadata(answer))


def generate_request(given: dict[str, Any], client: Any) -> Request:
    """A question, and where its answer is to be found."""
    asked = given["api_params"]
    how = read(asked, "retrieveAndGenerateConfiguration")
    searched = read_filled(how, "knowledgeBaseConfiguration", "externalSourcesConfiguration")
    query = Snapshot().take(read_path(asked, "input", "text"))
    found = Request(
        input={"text": query},
        parameters=bedrock.parameters(
            read_path(searched, "generationConfiguration", "inferenceConfig", "textInferenceConfig")
        ),
        attributes={
            **_in(read(searched, "knowledgeBaseId")),
            **bedrock.named(
                gen_ai__retrieval__query__text=query,
                gen_ai__conversation__id=asked.get("sessionId"),
                aws__bedrock__guardrail__id=read_path(
                    searched, "generationConfiguration", "guardrailConfiguration", "guardrailId"
                ),
            ),
        },
    )
    return bedrock.addressed(found, client, read(searched, "modelArn"))


def generate_response(answer: Any) -> Response:
    """What was said, and on what grounds."""
    found = AnsweredEvents()
    found.feed({"output": get(answer, "output"), "guardrail": {"action": get(answer, "guardrailAction")}})
    for citation in get_list(answer, "citations"):
        found.feed({"citation": citation})
    told = found.response()
    told.attributes |= beside(answer)
    return told


def beside(answer: Any) -> dict[str, Any]:
    """What an answer says beside its stream: the conversation it belongs to, and its id."""
    session = get(answer, "sessionId")
    return {**bedrock.metadata(answer), **bedrock.named(gen_ai__conversation__id=session)}


class AnsweredEvents:
    """Folds the events of RetrieveAndGenerateStream into the answer that they amount to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.documents: list[Any] = []
        self.action: Any = None
        self.budget = Snapshot()

    def feed(self, event: Any) -> None:
        """Take one event."""
        text = get_path(event, "output", "text")
        if type(text) is str:
            self.texts.append(text)
        citation = get(event, "citation")
        references = get(citation, "retrievedReferences") or get_path(citation, "citation", "retrievedReferences")
        self.documents += documents(as_list(references), self.budget)
        self.action = get_path(event, "guardrail", "action") or self.action

    def response(self) -> Response:
        """The answer so far."""
        return Response(
            output=bedrock.text_output(self.budget.take("".join(self.texts)), documents=self.documents),
            attributes={
                "mutagent.retrieval.hits": len(self.documents),
                **bedrock.named(mutagent__response__guardrail_action=self.action),
            },
        )
