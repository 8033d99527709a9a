"""Sentence Transformers, 2.7 to 6.x: reranking with a cross-encoder, and embeddings. The models run in this process."""

from __future__ import annotations

from typing import Any

from mutagent.capture.plain import as_list, get, get_path, read
from mutagent.capture.snapshot import Snapshot
from mutagent.integrations.shapes import embeddings, rerank
from mutagent.integrations.shapes.request import parameters, text_input, text_of
from mutagent.integrations.spec import Integration, Request, Response, Target

# What bears on the result or on its cost; the rest is how it is computed and in which form it comes.
_PARAMETERS = frozenset(
    {"top_k", "return_documents", "apply_softmax", "prompt_name", "task", "batch_size", "output_value", "precision",
     "normalize_embeddings", "truncate_dim"}
)  # fmt: skip
# The newest place of a class first; they moved in 5.4.
_MODULES = {
    "CrossEncoder": ("cross_encoder.model", "cross_encoder.CrossEncoder"),
    "SentenceTransformer": ("sentence_transformer.model", "SentenceTransformer"),
    "SparseEncoder": ("sparse_encoder.model", "sparse_encoder.SparseEncoder"),
    "MultiVectorEncoder": ("multi_vector_encoder.model",),
}
# As the argument is called, and as it was before 5.4.
_INPUTS = ("inputs", "sentences")


def _request(given: dict[str, Any], instance: Any, found: dict[str, Any], attributes: dict[str, Any]) -> Request:
    return Request(
        model=model_name(instance),
        provider="sentence_transformers",
        input=found,
        parameters=parameters({name: value for name, value in given.items() if name in _PARAMETERS}),
        attributes=attributes,
    )


def model_name(instance: Any) -> str | None:
    """The name or the path that a model was loaded by: its first module's, or its own before 4.0."""
    for holder in (read(get(instance, "_modules"), "0"), instance):
        for name in ("model", "auto_model"):
            model = get(holder, name)
            if model is None:
                model = read(get(holder, "_modules"), name)
            found = text_of(get_path(model, "config", "_name_or_path"))
            if found:
                return found
    # One that is no transformer, as where each word has a vector of its own.
    return text_of(get_path(instance, "model_card_data", "base_model"))


def rank_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be ranked, and for which query."""
    return rerank.with_number(_request(given, instance, *rerank.asked(given.get("query"), given.get("documents"))))


def rank_response(answer: Any, asked: Request) -> Response:
    """The documents in their new order."""
    results = [
        {
            "index": get(result, "corpus_id"),
            "document": get(result, "text"),
            "relevance_score": numbers(get(result, "score")),
        }
        for result in as_list(answer)
    ]
    return Response(output=rerank.ranked(results, asked))


def predict_request(given: dict[str, Any], instance: Any) -> Request:
    """Pairs to be scored: those of one query are its documents."""
    inputs = _inputs(given)
    pairs = [as_list(pair) for pair in as_list(inputs)]
    if pairs and not any(pairs):
        pairs = [as_list(inputs)]
    query = pairs[0][0] if pairs and pairs[0] else None
    if type(query) is str and all(len(pair) == 2 and type(pair[0]) is str and pair[0] == query for pair in pairs):
        return _request(given, instance, *rerank.asked(query, [pair[1] for pair in pairs]))
    return _request(given, instance, {"raw": Snapshot().take(inputs)}, {})


def predict_response(answer: Any, asked: Request) -> Response:
    """A score for each pair, in the order of the pairs; several for each, where the model tells classes apart."""
    scores = numbers(answer)
    each = scores if type(scores) is list else [scores]
    if read(asked.input, "documents") is None or not all(type(score) is float for score in each):
        return Response(output={"raw": Snapshot().take(scores)})
    results = [{"index": index, "relevance_score": score} for index, score in enumerate(each)]
    return Response(output=rerank.ranked(results, asked))


def numbers(value: Any) -> Any:
    """Scores as floats and lists of floats; None for those on a GPU, as to read them the program would have to wait."""
    if type(value) is list:
        return [numbers(item) for item in value]
    if _device(value) not in (None, "cpu"):
        return None
    return value.tolist() if hasattr(value, "tolist") else value


def _device(value: Any) -> Any:
    # A tensor has an object for it, numpy's arrays have a text.
    device = getattr(value, "device", None)
    return getattr(device, "type", device)


def encode_request(given: dict[str, Any], instance: Any) -> Request:
    """What is to be embedded."""
    return _request(given, instance, text_input(_inputs(given)), {})


def encode_response(answer: Any, asked: Request) -> Response:
    """How many vectors came; where each token has one, they count as one for each text."""
    return Response(output=embeddings.counted(answer if read(asked.input, "text") is None else [answer]))


def _inputs(given: dict[str, Any]) -> Any:
    return next((given[name] for name in _INPUTS if name in given), None)


def _at(cls: str) -> tuple[str, ...]:
    return tuple(f"sentence_transformers.{module}" for module in _MODULES[cls])


SENTENCE_TRANSFORMERS = Integration(
    name="sentence-transformers",
    distribution="sentence-transformers",
    versions=">=2.7,<7",
    pieces=(
        Target(
            _at("CrossEncoder"), "CrossEncoder.rank", "rerank", "rerank", rank_request, response_to=rank_response,
            parameters=("query", "documents", "top_k", "return_documents"),
        ),
        Target(
            _at("CrossEncoder"), "CrossEncoder.predict", "rerank", "rerank", predict_request,
            response_to=predict_response, parameters=("inputs",), inner=True,
        ),
        *(
            Target(
                _at(cls), f"{cls}.encode", "llm.embedding", "embeddings", encode_request, response_to=encode_response,
                parameters=("inputs", "prompt_name"),
            )
            for cls in ("SentenceTransformer", "SparseEncoder", "MultiVectorEncoder")
        ),
    ),
    traces="`CrossEncoder`'s `rank` and `predict`; `encode`, `encode_query` and `encode_document` of "
    "`SentenceTransformer`, `SparseEncoder` and `MultiVectorEncoder`",
    leaves="training; `encode_multi_process` before 5.0; scores that are on a GPU still, which a program must wait for",
)  # fmt: skip
