"""Small files that once took gigabytes: what they cost the process that indexes them."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddings.errors import UnreadableFile
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.models.model_folder import token_starts
from embeddings.splitting import split
from tests.builders import WORD_TOKENIZER, HashingEncoder, word_starts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of memory")

MAX_BYTES = 250_000_000
"""That the parent may take for one of these files, the index's own among them."""

INDEX = """
    import sys
    from pathlib import Path
    from embeddings.indexing import open_and_index
    from tests.builders import HashingEncoder
    def peak():
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    encoder = HashingEncoder(dimension=8, max_tokens=256)
    folder, place = map(Path, sys.argv[1:])
    (folder / "small").mkdir()
    (folder / "small" / "a.txt").write_text("The bridge was opened in 1901.")
    open_and_index(folder / "small", place, encoder)[0].close()
    before = peak()
    index, report = open_and_index(folder, place, encoder)
    with index.snapshot() as snapshot:
        found = len(snapshot.search_words([sys.stdin.read()], 5))
    print(peak() - before, report.documents, report.passages, found)
"""


def below_a_huge_heading() -> str:
    return "# Zebra " + "x" * 1_000_000 + "\n\n" + "## Part\n\nShort.\n\n" * 20_000


def below_a_huge_title() -> str:
    return f"---\ntitle: Zebra {'y' * 1_000_000}\n---\n" + "## Part\n\nA zebra.\n\n" * 20_000


def in_one_paragraph() -> str:
    return "zebra " + "可能" * 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "passages"),
    [(below_a_huge_heading, 20_000), (below_a_huge_title, 20_000), (in_one_paragraph, 500)],
)
def test_small_file_takes_little_of_the_process_that_indexes(
    tmp_path: Path, make: Callable[[], str], passages: int
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(make())
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(INDEX), tmp_path / "docs", tmp_path / "index"],
        input="zebra",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    taken, documents, found, hits = map(int, done.stdout.split())
    assert documents == 2
    assert passages <= found < passages * 1.3
    assert hits, "the words of a heading too long to be repeated are not found"
    assert taken < MAX_BYTES, f"{taken:,} bytes"


def test_document_of_too_many_passages_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nB.\n\n" * 60)
    splitting = HashingEncoder().splitting
    with DocumentLoader(Limits(passages=59)) as loader:
        with pytest.raises(UnreadableFile, match="has more than 59 passages; split it"):
            loader.load_split(tmp_path / "a.md", splitting)
        assert len(loader.load(tmp_path / "a.md").blocks) == 120
    with DocumentLoader(Limits(passages=60)) as loader:
        assert len(loader.load_split(tmp_path / "a.md", splitting)[1]) == 60


def test_passages_are_those_that_splitting_here_gives(tmp_path: Path) -> None:
    text = "# Aïd 🚚\n\nFifty tons.\n\n## To Syria\n\n" + "It was sent. " * 90 + "\n\n### End\n"
    (tmp_path / "a.md").write_text(text)
    with DocumentLoader() as loader:
        document, passages = loader.load_split(tmp_path / "a.md", HashingEncoder().splitting)
        assert document == loader.load(tmp_path / "a.md")
    assert passages == split(document, word_starts, 64)
    assert [passage.headings for passage in passages[:2]] == [
        ("Aïd 🚚",),
        ("Aïd 🚚", "To Syria"),
    ]


def test_word_tokenizer_of_the_tests_is_the_one_in_python() -> None:
    text = "A  few words,\n\n可能 e\u0301 — “quoted”.\tEnd"
    assert token_starts(WORD_TOKENIZER)(text) == word_starts(text)
    assert token_starts(WORD_TOKENIZER)("") == []
