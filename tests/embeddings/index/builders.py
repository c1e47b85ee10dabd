"""Builders: small indexes, and what is found in them."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.document import Document, DocumentBuilder
from embeddings.index.database import checksum
from embeddings.index.index import Index
from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.splitting import split
from tests.builders import HashingEncoder

ENCODER = HashingEncoder(dimension=8)


def document(text: str, title: str = "Aid report", heading: str = "Syria") -> Document:
    builder = DocumentBuilder(title)
    builder.start_page()
    builder.add("heading", heading, level=2)
    builder.add("paragraph", text)
    builder.start_page()
    builder.add("list", f"- {text}\n- more")
    return builder.build("a.pdf")


def put(store: Store, path: str, text: str, **settings: str) -> int:
    """Store one document under a path, in one transaction."""
    with store.transaction():
        return put_inside(store, path, text, **settings)


def put_inside(store: Store, path: str, text: str, **settings: str) -> int:
    built = document(text, **settings)
    passages = split(built, ENCODER.tokenize, 16)
    vectors = ENCODER.encode([passage.search_text for passage in passages])
    sha256 = checksum([text]).hex()
    folder = path.partition("/")[0]
    if folder not in store.folders():
        store.put_folder(folder, Path("/disk") / folder)
    id = store.document_id(sha256, "PDF")
    if id is None:
        id = store.put_document(sha256, "PDF", built, passages, vectors)
    store.put_source(Source(path, folder, len(text), 1, 2, 3, sha256, document=id))
    return id


def everything(store: Store) -> dict[str, Any]:
    """All that can be read."""
    ids = store.passage_ids()
    return {
        "header": store.header,
        "folders": store.folders(),
        "sources": store.sources(),
        "documents": store.documents(),
        "texts": {id: store.document(id) for id in store.documents()},
        "passages": store.passages(ids.tolist()),
        "vectors": [(found.tolist(), vectors.tolist()) for found, vectors in store.vectors(ids)],
        # Not the scores: SQLite itself does not check the lengths from which it computes them.
        "words": sorted(id for id, _ in store.search_words(["aid", "grain", "report"], 100)),
    }


WORDS = "aid grain train ship syria yemen steppe chair summit water bread salt".split()


def text(number: int) -> str:
    chosen = np.random.default_rng(number).choice(WORDS, 6)
    return f"Report {number}: {' '.join(chosen)}."


def add(index: Index, number: int) -> None:
    put(index.store, f"docs/{number}.pdf", text(number))


def drop(index: Index, number: int) -> None:
    with index.store.transaction():
        index.store.drop_source(f"docs/{number}.pdf")


def hits(
    index: Index, question: str = "grain for yemen", limit: int = 10
) -> list[tuple[int, float]]:
    with index.snapshot() as snapshot:
        return snapshot.search_vectors(ENCODER.vector(question), limit)


def brute_force(index: Index, question: str = "grain for yemen") -> dict[int, float]:
    """Score of each passage, from the store's vectors alone."""
    ids = index.store.passage_ids()
    vector = ENCODER.vector(question)
    return {
        int(id): float(row @ vector)
        for found, rows in index.store.vectors(ids)
        for id, row in zip(found, rows, strict=True)
    }


def check(index: Index, limit: int = 10) -> None:
    """Search finds what comparing every stored vector finds, scores equal."""
    scores = brute_force(index)
    found = hits(index, limit=limit)
    best = sorted(scores.values(), reverse=True)[:limit]
    assert np.allclose([score for _, score in found], best, atol=1e-5), found
    assert all(abs(scores[id] - score) < 1e-5 for id, score in found), found


def library(place: Path, *numbers: int) -> None:
    created = Index.open_or_create(place, ENCODER)
    for number in numbers:
        add(created, number)
    created.save_vectors()
    created.close()


def found(index: Index) -> set[str]:
    """Paths of what vectors find, and of what words find, which must be the same."""
    with index.snapshot() as snapshot:
        near = {id for id, _ in snapshot.search_vectors(ENCODER.vector("report"), 100)}
        assert near == {id for id, _ in snapshot.search_words(["report"], 100)}
        documents = [passage.document for passage in snapshot.passages(sorted(near))]
        return {
            path for document in snapshot.documents(documents).values() for path in document.paths
        }


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def truncated_by(share: float) -> Callable[[Path], None]:
    def truncate(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    truncate.__name__ = f"truncated_to_{share}"
    return truncate


AS_NOBODY = """
import encodings.ascii, os, sys
from pathlib import Path
from embeddings.errors import FolderError, IndexProblem
from embeddings import indexing
from embeddings.files.folder import walk
from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.index.store import Store
from tests.builders import PlainLoader
from tests.embeddings.index.builders import hits
from tests.builders import HashingEncoder
# The libraries may lie where only root can read.
os.setgid(65534); os.setuid(65534)
place = Path(sys.argv[1])
"""


def as_nobody(program: str, *arguments: object) -> str:
    """Standard output of a program run as the user ``nobody``, or skips the test."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can run a program as another user")
    command = [sys.executable, "-c", AS_NOBODY + textwrap.dedent(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
