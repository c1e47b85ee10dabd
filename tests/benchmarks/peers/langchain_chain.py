"""LangChain: FAISS store with HuggingFaceEmbeddings, and the plain transformers reader."""

import warnings
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.peer import Answer, run

MAX_TOKENS = 30
"""Tokens of an answer."""


def index(passages: list[str], store: Path, encoder: Path) -> None:
    """Embed the passages and write the FAISS store to the disk."""
    from langchain_community.vectorstores import FAISS

    FAISS.from_texts(passages, _embeddings(encoder)).save_local(str(store))


def load(store: Path, encoder: Path, reader: Path, hits: int) -> Answer:
    """Similarity search, then every passage read by itself, as tutorials show."""
    import torch
    from langchain_community.vectorstores import FAISS
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    # The store was written by this benchmark a moment ago; LangChain keeps it as a pickle.
    faiss = FAISS.load_local(str(store), _embeddings(encoder), allow_dangerous_deserialization=True)
    tokenizer = AutoTokenizer.from_pretrained(reader)
    model = AutoModelForQuestionAnswering.from_pretrained(reader).eval()

    def answer(question: str) -> str | None:
        best_score, best = float("-inf"), None
        for found in faiss.similarity_search(question, k=hits):
            passage = found.page_content
            inputs = tokenizer(
                question,
                passage,
                truncation="only_second",
                max_length=384,
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            offsets = inputs.pop("offset_mapping")[0]
            with torch.inference_mode():
                outputs = model(**inputs)
            inside = torch.tensor([sequence_id == 1 for sequence_id in inputs.sequence_ids(0)])
            starts = outputs.start_logits[0].masked_fill(~inside, float("-inf"))
            ends = outputs.end_logits[0].masked_fill(~inside, float("-inf"))
            spans = torch.triu(starts[:, None] + ends[None, :])
            spans = torch.where(_allowed(len(starts)), spans, float("-inf"))
            at = int(spans.argmax())
            first, last = divmod(at, len(starts))
            if float(spans[first, last]) > best_score:
                best_score = float(spans[first, last])
                best = passage[int(offsets[first, 0]) : int(offsets[last, 1])]
        return best

    return answer


def _allowed(tokens: int) -> Any:
    """``(tokens, tokens)``, whether a span may begin and end there."""
    import torch

    every = torch.ones(tokens, tokens, dtype=torch.bool)
    return torch.triu(every) & ~torch.triu(every, MAX_TOKENS)


def _embeddings(encoder: Path) -> Any:
    from langchain_community.embeddings import HuggingFaceEmbeddings

    with warnings.catch_warnings():
        # It has moved to a package that cannot be installed beside huggingface-hub 2.
        warnings.simplefilter("ignore")
        return HuggingFaceEmbeddings(
            model_name=str(encoder), encode_kwargs={"normalize_embeddings": True}
        )


if __name__ == "__main__":
    run(index, load)
