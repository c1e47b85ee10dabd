"""What is asked and answered: a folder of articles, and large libraries of recombined passages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.document import DocumentBuilder
from embeddings.index.index import STORE_FILE, Index
from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.models.encoder import Encoder, EncoderModel, Vectors
from embeddings.passages import Passage
from embeddings.sentences import sentence_spans
from qa.evaluation.datasets import Question

DOCUMENT_PASSAGES = 100
"""Passages of each document of a large library."""

TRANSACTION_DOCUMENTS = 50
"""Documents committed at once; indexing commits each by itself, which is not measured there."""

NOISE = 0.6
"""Length of the noise that is added to the vector of a recombined passage, itself of length 1: it
takes the vector as far away as the real vectors of such passages lie, a cosine of some 0.86."""

FOLDER = "recombined"


@dataclass(frozen=True, slots=True)
class Real:
    """A passage as the project indexed it.

    Attributes:
        context: Title and headings.
        sentences: Of its text, in order.
        vector: ``(dimension,)`` float32, unit norm.
    """

    context: str
    sentences: tuple[str, ...]
    vector: Vectors


def write_articles(questions: Sequence[Question], folder: Path) -> int:
    """Write one Markdown file for each title, its contexts as paragraphs; how many contexts."""
    folder.mkdir(parents=True)
    articles: dict[str, dict[str, None]] = {}
    for question in questions:
        paragraph = " ".join(question.context.split())
        articles.setdefault(question.title or "Untitled", {})[paragraph] = None
    for number, (title, paragraphs) in enumerate(articles.items()):
        name = re.sub(r"\W+", "-", title).strip("-").lower()[:60]
        text = "\n\n".join([f"# {title}", *paragraphs])
        (folder / f"{number:04}-{name}.md").write_text(f"{text}\n", encoding="utf-8")
    return sum(map(len, articles.values()))


def passage_texts(folder: Path) -> list[str]:
    """What the encoder saw of each passage of an index: the peers are given exactly these."""
    index = Index.open(folder)
    try:
        stored = index.store.passages(index.store.passage_ids().tolist())
        return [one.passage.search_text for one in stored]
    finally:
        index.close()


def real_passages(folder: Path) -> tuple[EncoderModel, list[Real]]:
    """The passages of an index with their vectors, and the encoder that made them."""
    index = Index.open(folder)
    try:
        ids = index.store.passage_ids()
        vectors = {
            int(id): vector
            for batch, rows in index.store.vectors(ids)
            for id, vector in zip(batch, rows, strict=True)
        }
        found = [
            Real(
                passage.passage.context,
                tuple(
                    passage.passage.text[a:b].strip()
                    for a, b in sentence_spans(passage.passage.text)
                ),
                vectors[passage.id],
            )
            for passage in index.store.passages(ids.tolist())
        ]
        return index.encoder_model, found
    finally:
        index.close()


def recombined(
    real: Sequence[Real], count: int, seed: int = 0
) -> Iterator[tuple[str, str, Vectors]]:
    """Passages of real sentences, half of one passage and half of another one: so many of them.

    Args:
        real: To draw from; the first passage is each of them in turn, the second by chance.
        count: Passages wanted.
        seed: Of chance.

    Yields:
        The context, the text, and a prepared vector ``(dimension,)``: the mean of the two
        passages' vectors by the length of their parts, with noise, made a unit vector.
    """
    rng = np.random.default_rng(seed)
    dimension = len(real[0].vector)
    for at in range(count):
        one, other = real[at % len(real)], real[int(rng.integers(len(real)))]
        first, second = _half(one.sentences, rng), _half(other.sentences, rng)
        mean = len(first) * one.vector + len(second) * other.vector
        noise = rng.standard_normal(dimension, dtype=np.float32)
        vector = mean / np.linalg.norm(mean) + NOISE * noise / np.linalg.norm(noise)
        yield one.context, f"{first} {second}", vector / np.linalg.norm(vector)


def _half(sentences: Sequence[str], rng: np.random.Generator) -> str:
    """At least half of the sentences, chosen by chance, in their order."""
    chosen = rng.choice(len(sentences), (len(sentences) + 1) // 2, replace=False)
    return " ".join(sentences[at] for at in sorted(chosen))


def prepared_cosine(real: Sequence[Real], encoder: Encoder, count: int = 200) -> float:
    """Mean cosine of recombined passages' real vectors with the mean that theirs are made from.

    Args:
        real: As for ``recombined``.
        encoder: That made their vectors.
        count: Passages compared.
    """
    made = list(recombined(real, count))
    encoded = encoder.encode([f"{context}\n{text}" for context, text, _ in made])
    prepared = np.stack([vector for _, _, vector in made])
    # Noise of length n takes the cosine with anything else down by sqrt(1 + n²).
    return float((encoded * prepared).sum(axis=1).mean()) * float(np.sqrt(1 + NOISE**2))


def make_library(real: Sequence[Real], model: EncoderModel, count: int, folder: Path) -> None:
    """An index of recombined passages, in the project's own store, with its own FAISS file.

    Args:
        real: Passages to recombine.
        model: That made their vectors.
        count: Passages wanted.
        folder: Empty; the index is made there.
    """
    store = Store.create(folder / STORE_FILE, model, len(real[0].vector))
    passages = recombined(real, count)
    with store.transaction():
        store.put_folder(FOLDER, folder)
    number = 0
    while number * DOCUMENT_PASSAGES < count:
        with store.transaction():
            for _ in range(TRANSACTION_DOCUMENTS):
                some = [
                    passage for _, passage in zip(range(DOCUMENT_PASSAGES), passages, strict=False)
                ]
                if some:
                    _put(store, number, some)
                    number += 1
    index = Index(folder, store)
    index.save_vectors()
    index.close()


def _put(store: Store, number: int, passages: Sequence[tuple[str, str, Vectors]]) -> None:
    builder = DocumentBuilder(f"Collection {number}")
    for _, text, _ in passages:
        builder.add("paragraph", text)
    document = builder.build("")
    found = [
        Passage(block.start, block.end, document.text[block.start : block.end], context)
        for block, (context, _, _) in zip(document.blocks, passages, strict=True)
    ]
    vectors = np.stack([vector for _, _, vector in passages])
    sha256 = f"{number:064x}"
    id = store.put_document(sha256, "recombined", document, found, vectors)
    store.put_source(Source(f"{FOLDER}/{number}", FOLDER, 0, 0, 0, 0, sha256, id))
