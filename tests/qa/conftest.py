"""The shipped documents, indexed once with the real encoder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import QuestionAnswerer, Settings

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
