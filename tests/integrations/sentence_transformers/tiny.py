"""Models of a few bytes, made here: BERT with one layer, of random weights, and a vocabulary of these tests' words."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

# A model goes by the path that it was loaded from.
DIRECTORY = Path(tempfile.gettempdir()) / f"mutagent-tiny-models-{os.getpid()}"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "what", "which", "is", "a", "the", "sun", "star", "rain"]


def path_of(name: str) -> str:
    """Where the model of this name is, which may not be made yet."""
    return str(DIRECTORY / name)


def reranker(name: str = "reranker", labels: int = 1, indifferent: bool = False) -> Any:
    """A cross-encoder; an ``indifferent`` one gives every pair the score 0.5."""
    from sentence_transformers import CrossEncoder
    from transformers import BertForSequenceClassification

    made = _made(name, BertForSequenceClassification, num_labels=labels)
    model = CrossEncoder(made, device="cpu", max_length=32)
    if indifferent:
        for parameter in model.model.classifier.parameters():
            parameter.data.zero_()
    return model


def embedder(cls: str = "SentenceTransformer", name: str = "embedder") -> Any:
    """A model that gives vectors of eight numbers, of one of the library's classes."""
    import sentence_transformers
    from transformers import BertForMaskedLM, BertModel

    made = _made(name, BertForMaskedLM if cls == "SparseEncoder" else BertModel)
    return getattr(sentence_transformers, cls)(made, device="cpu")


def _made(name: str, architecture: Any, **options: Any) -> str:
    from transformers.utils import logging

    # What is printed is compared with what is printed without us.
    logging.disable_progress_bar()
    path = path_of(name)
    if not os.path.exists(path):
        import torch
        from transformers import BertConfig, BertTokenizerFast

        atexit.register(shutil.rmtree, path, ignore_errors=True)
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
            max_position_embeddings=32, initializer_range=1.0, **options,
        )  # fmt: skip
        architecture(config).save_pretrained(path)
        vocabulary = Path(path, "vocab.txt")
        vocabulary.write_text("\n".join(WORDS))
        BertTokenizerFast(vocab_file=str(vocabulary), model_max_length=32).save_pretrained(path)
    return path
