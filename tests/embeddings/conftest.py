"""What the tests of indexing share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.index.index import Index
from tests.builders import HashingEncoder


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder of short documents, which a test may change."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"Report {number} tells of aid.\n\nAnd of grain.")
    return folder


@pytest.fixture
def index(tmp_path: Path, hashing: HashingEncoder) -> Iterator[Index]:
    """An empty index of ``hashing``, whose counts begin at zero."""
    opened = Index.open_or_create(tmp_path / "index", hashing)
    hashing.calls = 0
    hashing.texts.clear()
    yield opened
    opened.close()
