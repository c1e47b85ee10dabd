"""What all tests share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from qa import QuestionAnswerer, Settings
from tests.builders import HashingEncoder

DOCS = Path(__file__).parent.parent / "docs"

DOCUMENTS = sum(path.is_file() for path in DOCS.rglob("*"))
"""Documents that the bot answers from out of the box."""

TEXT = "The bridge was opened in 1901. It was closed in 1950."

# The machine may be busy: how long one example takes says nothing about the code.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("suite")


@pytest.fixture
def hashing() -> HashingEncoder:
    """A fast encoder that knows no meaning."""
    return HashingEncoder()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that other users can reach, unlike ``tmp_path``."""
    folder = Path(tempfile.mkdtemp(prefix="chapter-and-verse-")).resolve()
    folder.chmod(0o755)
    yield folder
    for inside, _, _ in os.walk(folder):
        Path(inside).chmod(0o755)
    shutil.rmtree(folder)


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
