"""The shipped documents, indexed once with the real encoder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import QuestionAnswerer, Settings

TEXT = "The bridge was opened in 1901. It was closed in 1950."

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture(scope="session")
def docs_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an index of ``docs/``; not to be changed."""
    place = tmp_path_factory.mktemp("library") / "index"
    QuestionAnswerer.from_documents(DOCS, place).close()
    return place


@pytest.fixture(scope="session")
def answerer(docs_index: Path) -> Iterator[QuestionAnswerer]:
    with QuestionAnswerer.open(docs_index, Settings()) as opened:
        yield opened


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A folder with ``TEXT`` in one file, which a test may change."""
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "bridge.txt").write_text(TEXT)
    return folder
