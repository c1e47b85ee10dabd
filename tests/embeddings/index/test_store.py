"""The store gives back what it was given, whole or not at all, and notices damage."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import Document, DocumentBuilder
from embeddings.errors import (
    IndexDamaged,
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    IndexNotWritable,
    IndexProblem,
)
from embeddings.index.database import FORMAT_VERSION, checksum
from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.passages import split
from tests.builders import HashingEncoder

ENCODER = HashingEncoder(dimension=8)
TABLES = ("header", "folder", "source", "document", "part", "section", "passage", "vector")


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
    made = document(text, **settings)
    passages = split(made, ENCODER.tokenize, 16)
    vectors = ENCODER.encode([passage.search_text for passage in passages])
    sha256 = checksum([text]).hex()
    folder = path.partition("/")[0]
    if folder not in store.folders():
        store.put_folder(folder, Path("/disk") / folder)
    id = store.document_id(sha256, "PDF")
    if id is None:
        id = store.put_document(sha256, "PDF", made, passages, vectors)
    store.put_source(Source(path, folder, len(text), 1, 2, 3, sha256, document=id))
    return id


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "library.sqlite"


@pytest.fixture
def store(place: Path) -> Store:
    return Store.create(place, ENCODER.model, 8)


@pytest.fixture
def filled(store: Store) -> Store:
    put(store, "docs/a/one.pdf", "Fifty tons of aid were sent to Syria by trains.")
    put(store, "docs/ab/two.pdf", "Grain was shipped to Yemen.", title="Zweiter Bericht")
    put(store, "docs/a.pdf", "Nothing running here.", title="Third")
    put(store, "more/a/copy.pdf", "Grain was shipped to Yemen.", title="Zweiter Bericht")
    with store.transaction():
        store.put_source(Source("docs/bad.pdf", "docs", 5, 1, 2, 3, "f00", problem="is empty"))
    return store


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.create(tmp_path_factory.mktemp("words") / "library.sqlite", ENCODER.model, 8)
    put(store, "docs/a.pdf", "Grain was shipped.")
    return store


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


def test_everything_comes_back_as_it_was_put(place: Path, store: Store) -> None:
    text = "Fifty tons — “aid” — café 日本語 🚚 were sent."
    made = document(text)
    passages = split(made, ENCODER.tokenize, 16)
    vectors = np.random.default_rng(0).random((len(passages), 8), dtype=np.float32)
    source = Source("docs/ü '\"\n<b>.pdf", "docs", 2**40, -1, 2**62, 3, "abc", document=1)
    with store.transaction():
        store.put_folder("docs", Path("/disk/docs"))
        id = store.put_document("abc", "PDF", made, passages, vectors)
        store.put_source(source)
    store.close()
    store = Store.open(place)
    assert id == 1
    assert store.document(1) == made
    assert [stored.passage for stored in store.passages_of(1)] == list(passages)
    assert {stored.document for stored in store.passages_of(1)} == {1}
    assert store.sources() == {source.path: source} == store.sources("docs")
    assert store.sources("other") == {}
    assert store.folders() == {"docs": Path("/disk/docs")}
    assert store.header.encoder == ENCODER.model
    assert store.header.dimension == 8
    facts = store.documents()[1]
    assert (facts.paths, facts.title, facts.sha256) == ((source.path,), "Aid report", "abc")
    assert facts.page_starts == made.page_starts
    assert facts.indexed_at.endswith("+00:00")
    ids = store.passage_ids()
    ((found, block),) = store.vectors(ids)
    assert found.tolist() == ids.tolist() and (block == vectors).all()
    start = made.text.index("“aid”")
    assert store.text(1, start, start + 5) == "“aid”"
    assert store.document_id("abc", "PDF") == 1
    assert store.document_id("abc", "web page") is None
    assert store.documents()[1].passages == len(passages)
    assert store.damage() == []


@given(texts=st.lists(st.text(min_size=1, max_size=300), max_size=5, unique=True))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    store = Store.create(tmp_path_factory.mktemp("any") / "library.sqlite", ENCODER.model, 8)
    made = {put(store, f"docs/{at}.pdf", text): text for at, text in enumerate(texts)}
    for id, text in made.items():
        assert store.document(id) == document(text)
        for stored in store.passages_of(id):
            start, end = stored.passage.start, stored.passage.end
            assert (
                store.text(id, start, end) == stored.passage.text == document(text).text[start:end]
            )
    assert store.damage() == []
    store.close()


def test_passages_come_in_the_order_asked_for(filled: Store) -> None:
    ids = filled.passage_ids().tolist()
    asked = [ids[2], 999, ids[0]]
    assert [stored.id for stored in filled.passages(asked)] == [ids[2], ids[0]]
    many = random.Random(1).choices(ids, k=3_000)
    assert [stored.id for stored in filled.passages(many)] == many


def test_same_content_at_two_paths_is_one_document(filled: Store) -> None:
    (facts,) = [facts for facts in filled.documents().values() if len(facts.paths) > 1]
    assert facts.paths == ("docs/ab/two.pdf", "more/a/copy.pdf")
    with filled.transaction():
        filled.drop_source("docs/ab/two.pdf")
    assert filled.documents()[facts.id].paths == ("more/a/copy.pdf",)
    with filled.transaction():
        filled.drop_source("more/a/copy.pdf")
    assert facts.id not in filled.documents()
    assert filled.search_words(["yemen"], 9) == []
    with pytest.raises(KeyError):
        filled.document(facts.id)
    assert filled.damage() == []


def test_removed_ids_are_never_given_again(filled: Store) -> None:
    ids, passages = set(filled.documents()), set(filled.passage_ids().tolist())
    with filled.transaction():
        for path in filled.sources():
            filled.drop_source(path)
    assert not filled.documents() and not len(filled.passage_ids())
    put(filled, "docs/new.pdf", "New.")
    assert not ids & set(filled.documents())
    assert not passages & set(filled.passage_ids().tolist())


def test_generation_grows_with_each_change_of_passages_only(filled: Store) -> None:
    before = filled.generation
    with filled.transaction():
        source = filled.sources()["docs/a.pdf"]
        filled.put_source(source)
    assert filled.generation == before
    with filled.transaction():
        filled.drop_source("docs/a.pdf")
    assert filled.generation > before


def test_vectors_that_do_not_fit_are_refused(store: Store) -> None:
    made = document("a")
    passages = split(made, ENCODER.tokenize, 16)
    for shape in [(len(passages) + 1, 8), (len(passages), 7)]:
        with pytest.raises(ValueError, match=r"expected vectors of shape \(1, 8\), got \("):
            store.put_document("a", "PDF", made, passages, np.zeros(shape, dtype=np.float32))


# Transactions


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_is_raised_nothing_of_the_transaction_stays(
    filled: Store, error: type[BaseException]
) -> None:
    before = everything(filled)
    with pytest.raises(error), filled.transaction():
        put_inside(filled, "docs/new.pdf", "A new one.")
        filled.drop_source("docs/a.pdf")
        raise error
    assert everything(filled) == before
    assert filled.damage() == []
    put(filled, "docs/new.pdf", "A new one.")
    assert "docs/new.pdf" in filled.sources()


class Interrupting:
    """A connection that is interrupted at one of its statements, or just behind it."""

    def __init__(self, connection: sqlite3.Connection, stop: int, behind: bool) -> None:
        self._connection = connection
        self._left = stop
        self._behind = behind
        self.last = ""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        self._left -= 1
        if self._left == 0:
            self.last = sql
        if self._left == 0 and not self._behind:
            raise KeyboardInterrupt
        cursor = self._connection.execute(sql, *values)
        if self._left == 0:
            raise KeyboardInterrupt
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@pytest.mark.parametrize("behind", [False, True])
def test_ctrl_c_at_any_statement_leaves_nothing_half_written(filled: Store, behind: bool) -> None:
    before = everything(filled)
    connection = filled._connection
    for stop in range(1, 100):
        interrupting = Interrupting(connection, stop, behind)
        filled._connection = interrupting  # type: ignore[assignment]  # stands in for it
        try:
            put(filled, "docs/new.pdf", "A new one.")
        except KeyboardInterrupt:
            if interrupting.last == "COMMIT" and behind:
                break
            filled._connection = connection
            assert everything(filled) == before, f"interrupted at {interrupting.last}"
        else:
            break
    filled._connection = connection
    assert stop >= 19
    assert "docs/new.pdf" in filled.sources()
    assert filled.damage() == []


def test_full_disk_is_said_and_leaves_nothing_half_written(filled: Store) -> None:
    before = everything(filled)
    pages = filled._connection.execute("PRAGMA page_count").fetchone()[0]
    filled._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(IndexNotWritable) as caught:
        put(filled, "docs/new.pdf", "A new one. " * 20_000)
    assert str(caught.value) == (
        f"The index at {filled.path.parent} cannot be written: the disk is full. "
        "Free some space and try again."
    )
    assert everything(filled) == before
    filled._connection.execute("PRAGMA max_page_count = 1000000")
    put(filled, "docs/new.pdf", "A new one. " * 20_000)
    assert filled.damage() == []


def test_transaction_inside_another_is_refused_and_ends_neither(filled: Store) -> None:
    with filled.snapshot():
        with pytest.raises(ValueError, match="expected no open transaction"), filled.snapshot():
            pass
        assert "docs/a.pdf" in filled.sources()
    with filled.transaction():
        filled.drop_source("docs/a.pdf")
        with pytest.raises(ValueError, match="expected no open"), filled.transaction():
            pass
    assert "docs/a.pdf" not in filled.sources()


def test_second_writer_is_told_that_the_index_is_in_use(filled: Store) -> None:
    other = Store.open(filled.path)
    other._connection.execute("PRAGMA busy_timeout = 10")
    with filled.transaction():
        filled.drop_source("docs/a.pdf")
        assert "docs/a.pdf" in other.sources()
        with pytest.raises(IndexLocked, match=r"is in use by another process\. Try again"):
            put(other, "docs/new.pdf", "A new one.")
    assert "docs/a.pdf" not in other.sources()


# Searching words


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["TRAIN"], ["docs/a/one.pdf"]),
        (["sending", "sends", "trained"], ["docs/a/one.pdf"]),
        (["run"], ["docs/a.pdf"]),
        (["ship"], ["docs/ab/two.pdf"]),
        (["zweiter"], ["docs/ab/two.pdf"]),
        (["absent"], []),
        ([], []),
        ([""], []),
        (["", "  ", "!?"], []),
    ],
)
def test_words_are_found_by_their_stems(
    filled: Store, terms: list[str], expected: list[str]
) -> None:
    assert found_paths(filled, terms) == expected


def found_paths(store: Store, terms: list[str], within: tuple[str, ...] = ()) -> list[str]:
    hits = store.search_words(terms, 100, within)
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert all(score > 0 for _, score in hits)
    passages = store.passages([id for id, _ in hits])
    documents = store.documents(passage.document for passage in passages)
    return sorted({documents[passage.document].paths[0] for passage in passages})


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ((), {"docs/a/one.pdf", "docs/ab/two.pdf", "docs/a.pdf"}),
        (("docs",), {"docs/a/one.pdf", "docs/ab/two.pdf", "docs/a.pdf"}),
        (("docs/a",), {"docs/a/one.pdf"}),
        (("docs/a.pdf",), {"docs/a.pdf"}),
        (("docs/ab", "docs/a"), {"docs/a/one.pdf", "docs/ab/two.pdf"}),
        (("more",), {"docs/ab/two.pdf"}),
        (("doc",), set()),
        (("docs/%",), set()),
        (("docs/a_",), set()),
        (("",), set()),
        (("' OR 1 --",), set()),
    ],
)
def test_search_stays_within_the_documents_and_folders_named(
    filled: Store, within: tuple[str, ...], expected: set[str]
) -> None:
    terms = ["more"]  # in the list of each document
    assert set(found_paths(filled, terms, within)) == expected
    passages = filled.passages(filled.passage_ids(within).tolist())
    documents = filled.documents(passage.document for passage in passages)
    assert {facts.paths[0] for facts in documents.values()} == expected


def test_search_within_thousands_of_documents(filled: Store) -> None:
    within = ["docs/a.pdf", *(f"docs/{at}.pdf" for at in range(5_000))]
    assert found_paths(filled, ["more"], tuple(within)) == ["docs/a.pdf"]
    assert len(filled.passage_ids(within)) > 0


HOSTILE_TERMS = [
    "AND", "OR", "NOT", "NEAR(", "NEAR(aid, 5)", '"', '""', "*", "ai*", "^aid", "-aid", "aid:",
    "context:aid", "{context}", "(", ")", "+", "'", "\\", "\0", "a\0b", ";", "--", "aid OR grain",
    "\udcff", "\ufffe", "e\u0301", "🚚", "%", "x" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("term", HOSTILE_TERMS)
def test_operators_in_words_are_harmless(filled: Store, term: str) -> None:
    alone = filled.search_words([term], 100)
    both = filled.search_words([term, "fifty"], 100)
    assert {id for id, _ in filled.search_words(["fifty"], 100)} <= {id for id, _ in both}
    if term in ("*", "-", "(", '"', "\0", "\udcff"):
        assert alone == []
    assert filled.damage() == []


@given(terms=st.lists(st.text(st.characters(codec=None, exclude_categories=()))))
def test_any_words_can_be_searched(searched: Store, terms: list[str]) -> None:
    searched.search_words(terms, 10)


def test_a_question_of_ten_thousand_words_is_answered(filled: Store) -> None:
    hits = filled.search_words([f"word{at}" for at in range(10_000)] + ["grain"], 100)
    assert hits


# Files that are not what they should be


def no_index(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def text_file(path: Path) -> None:
    path.write_text("This is not a database. " * 1_000)


def other_database(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE header (id INTEGER)")
    connection.close()


def truncated_by(share: float) -> Callable[[Path], None]:
    def truncate(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    truncate.__name__ = f"truncated_to_{share}"
    return truncate


def other_header(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE header SET dimension = 9")
    connection.close()


def without_header(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM header")
    connection.close()


@pytest.mark.parametrize(
    "spoil",
    [
        no_index, zeros, text_file, other_database, truncated_by(0.01), other_header,
        without_header,
    ],
)  # fmt: skip
def test_file_that_is_no_sound_index_is_refused(
    filled: Store, spoil: Callable[[Path], None]
) -> None:
    filled.close()
    spoil(filled.path)
    with pytest.raises(IndexDamaged) as caught:
        Store.open(filled.path)
    message = str(caught.value)
    assert message.startswith(f"The index at {filled.path.parent} is damaged: library.sqlite ")
    assert message.endswith("Delete that folder and index again; your documents are not touched.")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_truncated_index_is_noticed(filled: Store, share: float) -> None:
    filled.close()
    truncated_by(share)(filled.path)
    with pytest.raises(IndexDamaged, match="is damaged"):
        opened = Store.open(filled.path)
        everything(opened)
    try:
        opened = Store.open(filled.path)
    except IndexDamaged:
        return
    assert opened.damage() != []


def test_other_format_version_is_named(filled: Store) -> None:
    filled._connection.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    filled.close()
    with pytest.raises(IndexMismatch) as caught:
        Store.open(filled.path)
    assert str(caught.value) == (
        f"The index at {filled.path.parent} has format version {FORMAT_VERSION + 1}, this program "
        f"reads version {FORMAT_VERSION}. Delete that folder and index again; your documents are "
        "not touched."
    )


def test_nothing_indexed_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"index at .* does not exist\. Index a folder first\."):
        Store.open(tmp_path / "library.sqlite")


def test_store_is_not_made_where_a_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(IndexNotWritable, match="cannot be written"):
        Store.create(tmp_path / "missing" / "library.sqlite", ENCODER.model, 8)


def test_store_is_not_made_over_another(filled: Store) -> None:
    before = everything(filled)
    with pytest.raises(ValueError, match=r"expected no file at .*, found one"):
        Store.create(filled.path, ENCODER.model, 8)
    assert everything(filled) == before


def test_store_whose_making_was_cut_off_is_made_again(place: Path) -> None:
    program = f"""
    import os, signal, sqlite3, sys
    from pathlib import Path
    from embeddings.index.store import Store
    from tests.builders import HashingEncoder
    connect, left = sqlite3.connect, int(sys.argv[1])
    def step(statement):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    def traced(*args, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(step)
        return connection
    sqlite3.connect = traced
    Store.create(Path({str(place)!r}), HashingEncoder().model, 8)
    """
    for stop in (1, 3, 4, 6, 15, 25):
        command = [sys.executable, "-c", textwrap.dedent(program), str(stop)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with pytest.raises(IndexMissing):
            Store.open(place)
    Store.create(place, ENCODER.model, 8)
    assert Store.open(place).damage() == []


# Damage


LETTERS = {
    "folder": (b"/disk/docs", b"/disk/dogs"),
    "source": (b"docs/bad.pdfdocs", b"docs/bat.pdfdocs"),
    "document": (b"Zweiter Bericht[0", b"Zweiter Becicht[0"),
    "part": (b"Syria\n\nFifty tons", b"Syria\n\nFifth tons"),
    "passage": (b"Fifty tons of aid were sent to Syria by trains.", b"Fifty tons of aid were sent"),
    "header": (b"hashing", b"hashinG"),
    "section": (b"Aid report \xe2\x80\xba Syria[", b"Aid report \xe2\x80\xba Syrie["),
}


def patch(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content, f"{old!r} is not in the file"
    new = new + old[len(new) :]
    path.write_bytes(content.replace(old, new))


@pytest.mark.parametrize("table", TABLES)
def test_one_changed_letter_in_any_table_is_noticed(filled: Store, table: str) -> None:
    vector = filled._connection.execute("SELECT vector FROM vector WHERE passage = 3").fetchone()[0]
    of_first = "SELECT text, checksum FROM passage WHERE id = 1"
    # The page, 1, between them takes no byte.
    passage = b"".join(
        [
            part.encode() if isinstance(part, str) else part
            for part in filled._connection.execute(of_first).fetchone()
        ]
    )
    old, new = {
        **LETTERS,
        "vector": (vector, bytes([vector[0] ^ 1]) + vector[1:]),
        "passage": (passage, b"X" + passage[1:]),
    }[table]
    filled.close()
    patch(filled.path, old, new)
    if table == "header":
        with pytest.raises(IndexDamaged, match="fails its checksum in table header"):
            Store.open(filled.path)
        return
    opened = Store.open(filled.path)
    damage = opened.damage()
    assert any(f"table {table}, row" in line for line in damage), damage
    reading: dict[str, Callable[[], object]] = {
        "folder": opened.folders,
        "source": opened.sources,
        "document": opened.documents,
        "part": lambda: [opened.document(id) for id in (1, 2, 3)],
        "passage": lambda: opened.passages_of(1),
        "section": lambda: opened.passages_of(1),
        "vector": lambda: list(opened.vectors(opened.passage_ids())),
    }
    with pytest.raises(IndexDamaged, match=f"fails its checksum in table {table}, row"):
        reading[table]()


def test_no_flipped_bit_changes_what_is_read_unnoticed(filled: Store) -> None:
    filled._connection.execute("PRAGMA journal_mode = DELETE")
    before = everything(filled)
    filled.close()
    content = filled.path.read_bytes()
    generator = random.Random(2024)
    noticed = 0
    trials = 400
    for trial in range(trials):
        # Half of the pages of so small a database are empty: aim at what is not zero.
        while True:
            at = generator.randrange(len(content))
            if content[at] or trial % 4 == 0:
                break
        spoilt = bytearray(content)
        spoilt[at] ^= 1 << generator.randrange(8)
        filled.path.write_bytes(spoilt)
        try:
            store = Store.open(filled.path)
        except IndexProblem:
            noticed += 1
            continue
        try:
            damage = store.damage()
            try:
                found = everything(store)
            except IndexProblem:
                noticed += 1
                assert damage, f"byte {at}: reading fails, yet no damage is found"
                continue
            noticed += bool(damage)
            assert damage or found == before, f"byte {at}: something else is read"
        finally:
            store.close()
    assert noticed > trials // 2, noticed


def test_damage_tells_of_a_word_index_that_does_not_agree(filled: Store) -> None:
    filled._connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
    assert filled.damage() == ["The word index does not agree with the passages."]


# Permissions


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
from tests.embeddings.index.test_index import hits
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


def test_no_permission_to_make_an_index_is_said(open_folder: Path) -> None:
    said = as_nobody(
        """
        try:
            Store.create(place / "library.sqlite", HashingEncoder().model, 8)
        except IndexProblem as error:
            print(type(error).__name__, error)
        """,
        open_folder,
    )
    assert said == (
        f"IndexNotWritable The index at {open_folder} cannot be written: no permission. "
        "Change who may write there, or choose another place for the index.\n"
    )
    assert list(open_folder.iterdir()) == []


def test_index_of_another_user_can_be_read_and_not_written(open_folder: Path) -> None:
    store = Store.create(open_folder / "library.sqlite", ENCODER.model, 8)
    put(store, "docs/a.pdf", "Grain was shipped.")
    store.close()
    (open_folder / "library.sqlite").chmod(0o644)
    said = as_nobody(
        """
        store = Store.open(place / "library.sqlite")
        print(list(store.sources()), len(store.search_words(["grain"], 9)), store.damage())
        try:
            with store.transaction():
                store.drop_source("docs/a.pdf")
        except IndexProblem as error:
            print(type(error).__name__, error)
        """,
        open_folder,
    ).splitlines()
    assert said[0].startswith("['docs/a.pdf'] ") and said[0].endswith(" []")
    assert said[1].startswith("IndexNotWritable ") and "no permission" in said[1]


def test_index_that_may_not_be_read_is_an_error_with_a_remedy(open_folder: Path) -> None:
    store = Store.create(open_folder / "library.sqlite", ENCODER.model, 8)
    store.close()
    said = as_nobody(
        """
        try:
            Store.open(place / "library.sqlite")
        except IndexProblem as error:
            print(type(error).__name__, error)
        """,
        open_folder,
    )
    assert said.startswith("IndexNotWritable ") and "permission" in said
