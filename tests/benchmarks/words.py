"""Words: the project's BM25, bm25s and Tantivy, over the same passages.

``python -m tests.benchmarks.words QUESTIONS --passages 100000``. The passages are recombined from
real sentences. A library must also index a changed document at once, so the time from a new
document to the first search that finds it is measured as well.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from embeddings.document import DocumentBuilder
from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.models.encoder import EncoderModel
from embeddings.passages import Passage
from embeddings.sentences import sentence_spans
from qa.cli.commands import OK, report_errors
from qa.evaluation.datasets import load_questions
from qa.text import search_terms
from tests.benchmarks.figures import formatted, percentile

QUESTIONS = 100
"""Questions whose search is timed."""

LIMIT = 50
"""Passages returned by each search."""

PASSAGES_PER_DOCUMENT = 100
"""Passages of a document."""


class Words(Protocol):
    """An index of words."""

    def add(self, documents: Sequence[Sequence[str]]) -> None:
        """Add documents, each a list of passages."""
        ...

    def search(self, question: str) -> int:
        """The number of passages found."""
        ...


class Ours:
    """FTS5's occurrences, scored in NumPy."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.create(folder / "words.sqlite", EncoderModel("none", "0" * 64, 256), 1)
        with self.store.transaction():
            self.store.put_folder("words", folder)
        self.count = 0

    def add(self, documents: Sequence[Sequence[str]]) -> None:
        """Add documents in one transaction."""
        with self.store.transaction():
            for passages in documents:
                builder = DocumentBuilder("")
                for text in passages:
                    builder.add("paragraph", text)
                document = builder.build("")
                found = [
                    Passage(block.start, block.end, document.text[block.start : block.end], "")
                    for block in document.blocks
                ]
                sha256 = f"{self.count:064x}"
                vectors = np.ones((len(found), 1), dtype=np.float32)
                id = self.store.put_document(sha256, "words", document, found, vectors)
                path = f"words/{self.count}"
                self.store.put_source(Source(path, "words", 0, 0, 0, 0, sha256, id))
                self.count += 1

    def search(self, question: str) -> int:
        """Search for the project's terms, with pairs of words."""
        return len(self.store.search_words(search_terms(question), LIMIT))


class Bm25s:
    """bm25s, which computes all scores when it indexes, and must index everything to add to it."""

    def __init__(self, folder: Path) -> None:
        self.passages: list[str] = []
        self.index: Any = None

    def add(self, documents: Sequence[Sequence[str]]) -> None:
        """Add documents: index everything."""
        import bm25s

        self.passages += [text for passages in documents for text in passages]
        tokens = bm25s.tokenize(self.passages, stopwords="en", show_progress=False)
        self.index = bm25s.BM25(k1=1.2, b=0.75)
        self.index.index(tokens, show_progress=False)

    def search(self, question: str) -> int:
        """Search for the question's words."""
        import bm25s

        tokens = bm25s.tokenize([question], stopwords="en", show_progress=False)
        found, _ = self.index.retrieve(tokens, k=LIMIT, show_progress=False)
        return len(found[0])


class Tantivy:
    """Tantivy, a search engine library like Lucene, in Rust."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
        (folder / "tantivy").mkdir()
        self.index = tantivy.Index(schema.build(), path=str(folder / "tantivy"))
        self.document = tantivy.Document

    def add(self, documents: Sequence[Sequence[str]]) -> None:
        """Add documents and commit."""
        writer = self.index.writer()
        for passages in documents:
            for text in passages:
                writer.add_document(self.document(text=text))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()

    def search(self, question: str) -> int:
        """Search for any of the question's words."""
        words = " ".join(word for word in search_terms(question) if " " not in word)
        query, _ = self.index.parse_query_lenient(words, ["text"])
        return len(self.index.searcher().search(query, LIMIT).hits)


SYSTEMS: dict[str, Callable[[Path], Words]] = {
    "FTS5 and NumPy, as here": Ours,
    "bm25s": Bm25s,
    "Tantivy": Tantivy,
}


def documents_of(contexts: Sequence[str], count: int) -> Iterator[list[str]]:
    """Documents of passages, each of half of the sentences of two contexts.

    >>> [len(document) for document in documents_of(["One. Two.", "Three."], 150)]
    [100, 50]
    """
    random = Random(0)
    sentences = [[text[a:b].strip() for a, b in sentence_spans(text)] for text in contexts]

    def half(of: Sequence[str]) -> list[str]:
        chosen = sorted(random.sample(range(len(of)), (len(of) + 1) // 2))
        return [of[number] for number in chosen]

    for start in range(0, count, PASSAGES_PER_DOCUMENT):
        yield [
            " ".join(half(random.choice(sentences)) + half(random.choice(sentences)))
            for _ in range(min(PASSAGES_PER_DOCUMENT, count - start))
        ]


def measure(
    words: Words, documents: Sequence[Sequence[str]], questions: Sequence[str]
) -> list[str]:
    """Time to index, to add a document and search it, and to search (p50 and p95)."""
    *most, last = documents
    started = time.perf_counter()
    words.add(most)
    indexed = time.perf_counter() - started
    words.search(questions[0])
    started = time.perf_counter()
    words.add([last])
    words.search(questions[0])
    changed = time.perf_counter() - started
    spent = []
    for question in questions[1:]:
        started = time.perf_counter()
        words.search(question)
        spent.append(time.perf_counter() - started)
    return [
        formatted(indexed, "s"),
        formatted(changed, "s"),
        formatted(percentile(spent, 50), "ms"),
        formatted(percentile(spent, 95), "ms"),
    ]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@click.option("--passages", type=click.IntRange(min=PASSAGES_PER_DOCUMENT * 2), default=100_000)
@click.option("--system", "chosen", multiple=True, type=click.Choice(list(SYSTEMS)))
@report_errors
def main(questions: Path, passages: int, chosen: Sequence[str]) -> int:
    """Measure word search over passages recombined from the contexts of QUESTIONS."""
    loaded = load_questions(questions)
    documents = list(documents_of(sorted({q.context for q in loaded}), passages))
    texts = Random(0).sample(sorted({q.text for q in loaded}), QUESTIONS + 1)
    table = Table(title=f"{passages:,} passages")
    for heading in ("", "indexed in", "a document added", "p50", "p95"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in chosen or SYSTEMS:
        with TemporaryDirectory() as folder:
            table.add_row(name, *measure(SYSTEMS[name](Path(folder)), documents, texts))
    Console().print(table)
    return OK


if __name__ == "__main__":
    main()
