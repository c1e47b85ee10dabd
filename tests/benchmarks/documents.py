"""Documents: a folder of articles, and large libraries of recombined passages."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
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

PASSAGES_PER_DOCUMENT = 100
"""Passages of each document of a large library."""

DOCUMENTS_PER_TRANSACTION = 50
"""Documents of a transaction; indexing commits each by itself, but is not measured here."""

NOISE = 0.6
"""Length of the noise added to the unit vector of a recombined passage. It moves the vector as far
as the real vectors of such passages are, to a cosine of about 0.86."""

FOLDER = "recombined"


@dataclass(frozen=True, slots=True)
class RealPassage:
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
    """Write a Markdown file for each title, its contexts as paragraphs; the number of contexts."""
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
    """The text of each passage that the encoder was given; the peers index exactly these."""
    index = Index.open(folder)
    try:
        stored = index.store.passages(index.store.passage_ids().tolist())
        return [passage.passage.search_text for passage in stored]
    finally:
        index.close()


def real_passages(folder: Path) -> tuple[EncoderModel, list[RealPassage]]:
    """The encoder of an index, and its passages with their vectors."""
    index = Index.open(folder)
    try:
        ids = index.store.passage_ids()
        vectors = {
            int(id): vector
            for batch, rows in index.store.vectors(ids)
            for id, vector in zip(batch, rows, strict=True)
        }
        found = [
            RealPassage(
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
    real: Sequence[RealPassage], count: int, seed: int = 0
) -> Iterator[tuple[str, str, Vectors]]:
    """Passages of real sentences, half from one passage and half from another.

    Args:
        real: To draw from; the first passage is each of them in turn, the second a random one.
        count: Number of passages.
        seed: Of the random numbers.

    Yields:
        The context, the text, and a prepared vector ``(dimension,)``: the mean of the two
        passages' vectors by the length of their parts, with noise, normalised.
    """
    rng = np.random.default_rng(seed)
    dimension = len(real[0].vector)
    for number in range(count):
        first, second = real[number % len(real)], real[int(rng.integers(len(real)))]
        start, end = _half(first.sentences, rng), _half(second.sentences, rng)
        mean = len(start) * first.vector + len(end) * second.vector
        noise = rng.standard_normal(dimension, dtype=np.float32)
        vector = mean / np.linalg.norm(mean) + NOISE * noise / np.linalg.norm(noise)
        yield first.context, f"{start} {end}", vector / np.linalg.norm(vector)


def _half(sentences: Sequence[str], rng: np.random.Generator) -> str:
    """Half of the sentences, rounded up, chosen at random, in their order."""
    chosen = rng.choice(len(sentences), (len(sentences) + 1) // 2, replace=False)
    return " ".join(sentences[number] for number in sorted(chosen))


def prepared_cosine(real: Sequence[RealPassage], encoder: Encoder, count: int = 200) -> float:
    """Mean cosine of the real vectors of recombined passages with the prepared ones before noise.

    Args:
        real: As for ``recombined``.
        encoder: Of their vectors.
        count: Passages compared.
    """
    passages = list(recombined(real, count))
    encoded = encoder.encode([f"{context}\n{text}" for context, text, _ in passages])
    prepared = np.stack([vector for _, _, vector in passages])
    # Noise of length n divides the cosine with any other vector by sqrt(1 + n²).
    return float((encoded * prepared).sum(axis=1).mean()) * float(np.sqrt(1 + NOISE**2))


def write_library(
    real: Sequence[RealPassage], model: EncoderModel, count: int, folder: Path
) -> None:
    """Write an index of recombined passages, with its FAISS file.

    Args:
        real: Passages to recombine.
        model: Of their vectors.
        count: Number of passages.
        folder: Empty folder of the new index.
    """
    store = Store.create(folder / STORE_FILE, model, len(real[0].vector))
    passages = recombined(real, count)
    with store.transaction():
        store.put_folder(FOLDER, folder)
    number = 0
    while number * PASSAGES_PER_DOCUMENT < count:
        with store.transaction():
            for _ in range(DOCUMENTS_PER_TRANSACTION):
                part = list(islice(passages, PASSAGES_PER_DOCUMENT))
                if part:
                    _put(store, number, part)
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
