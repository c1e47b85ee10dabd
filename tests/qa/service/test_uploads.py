"""Uploaded documents are added as a whole or not at all."""

import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from embeddings import indexing
from embeddings.errors import IndexLocked, IndexNotWritable, Remedy
from embeddings.folders import move_folder
from embeddings.index.index import Index
from embeddings.index.writer_lock import writer_lock
from embeddings.journal import JOURNAL_FILE, SET_ASIDE
from qa import QuestionAnswerer, Settings
from qa.library.feedback import Feedback
from qa.library.listing import list_library
from qa.service import upload_batch
from qa.service.documents import Documents, NoDocument
from qa.service.upload import Upload
from qa.service.uploads import Removed, Uploads
from qa.settings import UploadLimits
from tests.embeddings.test_file_system import modes


def opened(answerer: QuestionAnswerer, town: Path) -> Uploads:
    (name,) = answerer.within
    uploads = Uploads(Documents(answerer), name, town)
    uploads.open()
    return uploads


@pytest.fixture
def uploads(town: Path, tmp_path: Path) -> Iterator[Uploads]:
    settings = Settings(
        index=tmp_path / "index",
        uploads=UploadLimits(files=3, file_bytes=1_000, documents=4, total_bytes=2_000),
    )
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        uploads = opened(answerer, town)
        yield uploads
        uploads.close()


def incoming(uploads: Uploads, **files: str | bytes) -> list[Path]:
    """Claimed files; ``a_txt`` is the name ``a.txt``."""
    paths = []
    for name, content in files.items():
        # From many senders: each may use only a share of the room.
        writer = uploads.incoming.create(name.replace("_", "."), sender=name)
        writer.write(content if isinstance(content, bytes) else content.encode())
        writer.close()
        uploads.incoming.make_claimable([writer.token])
        path = uploads.incoming.claim(writer.token)
        assert path is not None
        paths.append(path)
    return paths


def add(uploads: Uploads, **files: str | bytes) -> tuple[Upload, ...]:
    *_, last = uploads.add(incoming(uploads, **files))
    return last


def stored(uploads: Uploads) -> list[str]:
    return sorted(path.name for path in uploads.folder.iterdir())


def paths(uploads: Uploads) -> list[str]:
    return [file.path for file in list_library(uploads.index).files]


def test_file_is_taken_and_questions_are_answered_from_it(uploads: Uploads) -> None:
    answerer = uploads.answerer
    assert answerer.answer("When was the mill built?").text is None
    stages = list(uploads.add(incoming(uploads, mill_txt="The mill was built in 1850.")))
    assert [rows[0].state for rows in (stages[0], stages[-1])] == ["waiting", "taken"]
    done = Upload("mill.txt", "taken", "uploads/mill.txt, 1 passage", "uploads/mill.txt")
    assert stages[-1] == (done,)
    answer = answerer.answer("When was the mill built?")
    assert (answer.text, answer.citations[0].path) == ("1850", "uploads/mill.txt")
    assert answerer.answer("When was the bridge opened?").text == "1901"
    assert list(uploads.incoming.folder.iterdir()) == []


def test_refused_file_has_its_reason_and_is_deleted(uploads: Uploads) -> None:
    rows = add(uploads, a_pdf=b"%PDF-1.4 nonsense", b_exe="MZ\0", c_txt="c" * 1_001)
    assert [(row.state, row.detail.partition(";")[0]) for row in rows] == [
        ("refused", "is damaged or not a valid PDF"),
        ("refused", "has an unsupported format (.exe)"),
        ("refused", "is larger than 0 MB"),
    ]
    assert rows[1].detail.endswith("; see “What can be added”")
    rows = add(uploads, d_txt="", e_txt="The bridge was opened in 1901. It was closed in 1950.")
    assert [row.detail for row in rows] == [
        "is empty",
        "is in the library already, as town/bridge.txt",
    ]
    assert stored(uploads) == []
    assert paths(uploads) == ["town/bridge.txt"]
    assert list(uploads.incoming.folder.iterdir()) == []


def test_uploads_and_feedback_are_private(town: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        place = tmp_path / "new" / "index"
        with QuestionAnswerer.from_documents(town, place) as answerer:
            uploads = opened(answerer, town)
            add(uploads, mill_txt="The mill was built in 1850.")
            answer = answerer.answer("When was the mill built?")
            Feedback(place).put(answer, True, "a user")
            found = modes(tmp_path / "new")
            expected = {
                path: 0o700 if (tmp_path / "new" / path).is_dir() else 0o600 for path in found
            }
            uploads.close()
    finally:
        os.umask(before)
    assert {"index/library.sqlite", "index.feedback.sqlite"} < found.keys()
    assert any(path.endswith("uploads/mill.txt") for path in found)
    assert found == expected


@pytest.mark.slow
def test_stored_files_and_bytes_are_bounded(uploads: Uploads) -> None:
    rows = add(uploads, a_txt="a1", b_txt="b1", c_txt="c1", d_txt="d1")
    assert [row.state for row in rows] == ["taken"] * 3 + ["refused"]
    assert rows[3].detail == "exceeds the limit of 3 files at a time"
    rows = add(uploads, e_txt="e" * 999, f_txt="f")
    assert [row.state for row in rows] == ["taken", "refused"]
    assert rows[1].detail == "exceeds the limit of 4 uploaded documents; remove some"
    uploads.remove(["uploads/a.txt"])
    uploads.remove(["uploads/b.txt"])
    assert add(uploads, g_txt="g" * 998)[0].state == "taken"
    (full,) = add(uploads, h_txt="h" * 100)
    assert full.detail == "exceeds the limit of 0 MB of uploads; remove some"


def test_another_file_of_the_same_name_is_stored_beside_the_first(uploads: Uploads) -> None:
    add(uploads, mill_txt="The mill was built in 1850.")
    (row,) = add(uploads, mill_txt="The mill burnt down in 1890.")
    assert row.detail == "uploads/mill (2).txt, 1 passage"
    assert stored(uploads) == ["mill (2).txt", "mill.txt"]


@pytest.mark.slow
def test_uploads_are_there_at_the_next_start_also_if_they_are_only_read(
    uploads: Uploads, town: Path
) -> None:
    add(uploads, mill_txt="The mill was built in 1850.")
    uploads.close()
    for read_only in (False, True):
        settings = uploads.answerer.settings
        with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
            again = Uploads(Documents(answerer), "town", town)
            again.open(read_only)
            assert [report.unchanged for report in again.index_all()] == [1, 1]
            assert answerer.answer("When was the mill built?").text == "1850"
            assert again.incoming.folder.exists() is not read_only
            again.close()


def test_uploads_go_with_a_folder_that_is_moved(
    uploads: Uploads, town: Path, tmp_path: Path
) -> None:
    add(uploads, mill_txt="The mill was built in 1850.")
    uploads.close()
    city = town.rename(tmp_path / "city")
    assert move_folder(uploads.index, "town", city) == "town"
    settings = uploads.answerer.settings
    with QuestionAnswerer.open_folder(city, settings) as answerer:
        again = opened(answerer, city)
        assert not uploads.folder.exists()
        assert stored(again) == ["mill.txt"]
        assert [report.unchanged for report in again.index_all()] == [1, 1]
        assert again.index.folders() == {"town": city, "uploads": again.folder}
        again.close()


@pytest.mark.slow
def test_removed_file_of_the_folder_is_back_when_it_is_indexed_again(
    uploads: Uploads, town: Path
) -> None:
    add(uploads, mill_txt="The mill was built in 1850.")
    for nothing in ([], ["../etc/passwd", "tow"]):
        with pytest.raises(NoDocument):
            uploads.remove(nothing)
    assert uploads.remove(["uploads/mill.txt"]) == Removed(("uploads/mill.txt",), (), {})
    assert stored(uploads) == []
    message = uploads.remove(["town/bridge.txt"]).sentence
    assert message.startswith("Removed: town/bridge.txt. Files in the folder itself are left")
    assert (town / "bridge.txt").exists() and paths(uploads) == []
    assert uploads.answerer.answer("When was the bridge opened?").text is None
    last = list(uploads.index_again())[-1].sentence
    assert last == "1 added."
    assert uploads.answerer.answer("When was the bridge opened?").text == "1901"


def test_locked_index_is_reported(uploads: Uploads) -> None:
    add(uploads, pier_txt="The pier was built in 1860.")
    with writer_lock(uploads.index.folder):
        with pytest.raises(IndexLocked, match="is being written by process"):
            uploads.remove(["uploads/pier.txt"])
        (row,) = add(uploads, mill_txt="The mill was built in 1850.")
        assert row.state == "refused" and "is being written by process" in row.detail
        assert str(uploads.index.folder) not in row.detail
        with pytest.raises(IndexLocked, match="is being written by process"):
            uploads.remove(["town/bridge.txt"])
        last = list(uploads.index_again())[-1].sentence
        assert "is being written by process" in last
    assert stored(uploads) == ["pier.txt"]
    assert add(uploads, mill_txt="The mill was built in 1850.")[0].state == "taken"


def test_full_disk_leaves_what_was_committed_and_nothing_else(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = indexing._Run._commit

    def full_after_the_first(run: indexing._Run, waiting: list[indexing._Read]) -> None:
        commit(run, waiting[:1])
        raise IndexNotWritable("cannot be written: the disk is full", None, Remedy.FREE_SPACE)

    monkeypatch.setattr(indexing._Run, "_commit", full_after_the_first)
    rows = add(uploads, a_txt="One.", b_txt="Two.")
    assert [row.state for row in rows] == ["taken", "refused"]
    assert "the disk is full" in rows[1].detail
    assert stored(uploads) == ["a.txt"]


def test_upload_goes_on_without_a_listener(uploads: Uploads) -> None:
    telling = uploads.add(incoming(uploads, mill_txt="The mill was built in 1850."))
    next(telling)
    del telling
    for thread in threading.enumerate():
        if thread.name.endswith("(run_and_end)"):
            thread.join(30)
    assert stored(uploads) == ["mill.txt"] and "uploads/mill.txt" in paths(uploads)


def test_unexpected_error_is_reported_and_nothing_is_left(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(indexing._Run, "run", fail)
    (row,) = add(uploads, mill_txt="The mill was built in 1850.")
    assert row == Upload("mill.txt", "refused", "could not be added; see the server's log")
    assert stored(uploads) == [] and list(uploads.incoming.folder.iterdir()) == []


def test_folder_that_cannot_be_written_is_reported(
    uploads: Uploads, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.close()
    shutil.rmtree(uploads.incoming.folder.parent)
    uploads.incoming.folder.parent.write_text("a file in its place")
    with pytest.raises(Exception, match=r"cannot be used for uploads .* offer no uploads"):
        opened(uploads.answerer, town)


def test_index_named_relatively_or_through_a_link_takes_files_too(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    settings = Settings(index=Path("link/index"))
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        uploads = opened(answerer, town)
        (row,) = add(uploads, mill_txt="The mill was built in 1850.")
        assert row.state == "taken" and stored(uploads) == ["mill.txt"]
        assert uploads.remove(["uploads/mill.txt"]).sentence == "Removed: uploads/mill.txt."
        assert stored(uploads) == []
        uploads.close()


def test_two_batches_at_once_are_both_taken(uploads: Uploads) -> None:
    batches = [incoming(uploads, a_txt="One."), incoming(uploads, b_txt="Two.")]
    ended: list[Sequence[Upload]] = []

    def take(files: list[Path]) -> None:
        *_, last = uploads.add(files)
        ended.append(last)

    threads = [threading.Thread(target=take, args=[files]) for files in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(rows[0].detail for rows in ended) == [
        "uploads/a.txt, 1 passage",
        "uploads/b.txt, 1 passage",
    ]


def test_file_sent_twice_or_gone_does_not_take_the_others_down(uploads: Uploads) -> None:
    mill, gone = incoming(uploads, mill_txt="The mill was built in 1850.", gone_txt="Gone.")
    rows = list(uploads.add([mill, gone, mill]))
    assert [(row.name, row.state) for row in rows[-1]] == [
        ("mill.txt", "taken"),
        ("gone.txt", "taken"),
    ]
    (late,) = incoming(uploads, late_txt="Late.")
    late.unlink()
    assert list(uploads.add([late])) == [()]
    assert stored(uploads) == ["gone.txt", "mill.txt"]


def test_only_claimed_files_are_added(uploads: Uploads, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("The password is swordfish.")
    (claimed,) = incoming(uploads, mill_txt="The mill was built in 1850.")
    writer = uploads.incoming.create("unclaimed.txt")
    writer.close()
    uploads.incoming.make_claimable([writer.token])
    unclaimed = uploads.incoming.folder / writer.token / "unclaimed.txt"
    beside = claimed.with_name("beside.txt")
    beside.symlink_to(secret)
    others = [secret, unclaimed, beside, claimed.parent / ".." / claimed.parent.name / claimed.name]
    assert list(uploads.add(others)) == [()]
    assert secret.exists() and unclaimed.exists() and stored(uploads) == []
    claimed.unlink()
    claimed.symlink_to(secret)
    assert list(uploads.add([claimed])) == [()]
    assert stored(uploads) == [] and paths(uploads) == ["town/bridge.txt"]


def test_file_that_is_no_document_among_the_uploads_does_not_stop_the_start(
    uploads: Uploads, town: Path
) -> None:
    (uploads.folder / ".DS_Store").write_bytes(b"x")
    uploads.close()
    settings = uploads.answerer.settings
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        again = Uploads(Documents(answerer), "town", town)
        again.open()
        assert len(again.index_all()) == 1
        again.close()


def test_limits_that_let_nothing_in_are_refused() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        Settings.model_validate({"uploads": {"files": -1}})


@pytest.mark.slow
def test_uploads_of_another_chat_that_get_the_same_name_are_not_answered_from(
    uploads: Uploads, tmp_path: Path
) -> None:
    add(uploads, mill_txt="The mill was built in 1850.")
    uploads.remove(["uploads/mill.txt"])
    (tmp_path / "sea").mkdir()
    (tmp_path / "sea" / "pier.txt").write_text("The pier was built in 1860.")
    settings = uploads.answerer.settings
    with QuestionAnswerer.from_documents(tmp_path / "sea", settings=settings) as answerer:
        other = opened(answerer, tmp_path / "sea")
        (row,) = add(other, secret_txt="The password is swordfish.")
        assert row.detail == "uploads/secret.txt, 1 passage"
        assert answerer.answer("What is the password?").text is not None
        other.close()
    assert uploads.answerer.answer("What is the password?").text is None


def test_uploads_of_an_index_inside_the_folder_are_no_documents_of_the_folder(town: Path) -> None:
    settings = Settings(index=town / "index")
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        uploads = opened(answerer, town)
        add(uploads, mill_txt="The mill was built in 1850.")
        assert [report.unchanged for report in uploads.index_all()] == [1, 1]
        assert list(uploads.index_again())[-1].sentence == "Nothing has changed."
        (town / "bridge.txt").write_text("The bridge was opened in 1902.")
        (town / "pier.txt").write_text("The pier was built in 1860.")
        assert list(uploads.index_again())[-1].sentence == "town: 1 added, 1 changed."
        uploads.close()


@pytest.mark.slow
def test_chat_that_only_reads_sees_what_another_one_takes_in_later(
    uploads: Uploads, town: Path
) -> None:
    settings = uploads.answerer.settings
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        public = Uploads(Documents(answerer), "town", town)
        public.open(read_only=True)
        assert len(public.index_all()) == 1
        assert answerer.answer("When was the mill built?").text is None
        add(uploads, mill_txt="The mill was built in 1850.")
        assert answerer.answer("When was the mill built?").text == "1850"
        assert [file.path for file in public.documents.listing().files] == [
            "town/bridge.txt",
            "uploads/mill.txt",
        ]
        public.close()


@pytest.mark.slow
def test_chat_whose_folder_was_forgotten_answers_from_no_other(
    uploads: Uploads, tmp_path: Path
) -> None:
    (tmp_path / "sea").mkdir()
    (tmp_path / "sea" / "pier.txt").write_text("The pier was built in 1860.")
    settings = uploads.answerer.settings
    QuestionAnswerer.from_documents(tmp_path / "sea", settings=settings).close()
    uploads.remove(["town/bridge.txt"])
    answer = uploads.answerer.answer("When was the pier built?")
    assert (answer.text, answer.hits) == (None, ())
    message = list(uploads.index_again())[-1].sentence
    assert message == "1 added."
    assert uploads.answerer.answer("When was the bridge opened?").text == "1901"


@pytest.mark.slow
def test_each_file_reports_how_many_of_its_own_passages_are_encoded(
    town: Path, tmp_path: Path
) -> None:
    with QuestionAnswerer.from_documents(
        town, settings=Settings(index=tmp_path / "index")
    ) as answerer:
        uploads = opened(answerer, town)
        sentence = "The mill ground the corn of the valley until the river was dammed. "
        many = "\n\n".join(f"{number}. {sentence * 12}" for number in range(40))
        few = "\n\n".join(f"{number}. {sentence * 6}" for number in range(3))
        stages = list(uploads.add(incoming(uploads, many_txt=many, few_txt=few)))
        counts = [row.detail.split(", ")[1] for row in stages[-1]]
        uploads.close()
    for at, count in enumerate(counts):
        whole = int(count.removesuffix(" passages"))
        details = [rows[at].detail for rows in stages if rows[at].state == "reading"]
        numbers = list(
            dict.fromkeys(int(detail.split(" of ")[0]) for detail in details if " of " in detail)
        )
        assert {detail.split(" of ")[1] for detail in details if detail} == {count}
        assert numbers == sorted(numbers) and numbers[-1] == whole
        assert len(numbers) > 1 or whole < 8, details


def test_several_documents_are_removed_in_one_go(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(uploads, a_txt="One.", b_txt="Two.", c_txt="Three.")
    saved: list[str] = []
    monkeypatch.setattr(Index, "save_vectors", lambda index: saved.append("once"))
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.name == "b.txt":
            raise PermissionError(13, "Permission denied")
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    message = uploads.remove(
        ["uploads/a.txt", "uploads/b.txt", "town/bridge.txt", "uploads/a.txt"]
    ).sentence
    assert message == (
        "Removed: town/bridge.txt, uploads/a.txt, uploads/b.txt. "
        "The file of uploads/b.txt could not be deleted (Permission denied), and is back when the "
        "folder is indexed again. "
        "Files in the folder itself are left, and are back when it is indexed again."
    )
    assert saved == ["once"]
    assert stored(uploads) == ["b.txt", "c.txt"]


def test_listing_is_cached_until_something_changes(uploads: Uploads) -> None:
    documents = uploads.documents
    before = documents.listing()
    assert documents.listing() is before
    add(uploads, broken_pdf=b"%PDF-1.4 nonsense", mill_txt="The mill was built in 1850.")
    assert documents.listing().titles != before.titles
    assert documents.listing() is documents.listing()


def test_refused_file_leaves_nothing_though_another_process_writes_just_then(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(index: Index, paths: Sequence[str]) -> tuple[str, ...]:
        raise IndexLocked("is being written by process 7", None, Remedy.WAIT)

    with monkeypatch.context() as patched:
        patched.setattr(upload_batch, "remove", locked)
        rows = add(uploads, a_pdf=b"%PDF-1.4 nonsense", b_txt="The mill was built in 1850.")
    assert [row.state for row in rows] == ["refused", "taken"]
    assert stored(uploads) == ["b.txt"]
    assert uploads.answerer.answer("When was the mill built?").text == "1850"


def test_what_fails_after_it_was_committed_is_not_answered_from(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = uploads.index.save_vectors

    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr(uploads.index, "save_vectors", fail)
    with monkeypatch.context() as patched:
        patched.setattr(upload_batch, "remove", lambda index, paths: ())
        (row,) = add(uploads, mill_txt="The mill was built in 1850.")
    assert row.state == "refused" and stored(uploads) == []
    monkeypatch.setattr(uploads.index, "save_vectors", real)
    # It could not be taken out of the index at once: the next indexing does it.
    message = list(uploads.index_again())[-1].sentence
    assert message == "Nothing has changed."
    assert uploads.answerer.answer("When was the mill built?").text is None
    assert paths(uploads) == ["town/bridge.txt"]


@pytest.mark.slow
def test_uploads_are_not_those_of_another_folder_of_the_same_name(
    uploads: Uploads, tmp_path: Path
) -> None:
    add(uploads, secret_txt="The password is swordfish.")
    uploads.close()
    shutil.rmtree(uploads.index.folder)
    other = tmp_path / "elsewhere" / "town"
    other.mkdir(parents=True)
    (other / "pier.txt").write_text("The pier was built in 1860.")
    settings = uploads.answerer.settings
    with QuestionAnswerer.from_documents(other, settings=settings) as answerer:
        opened(answerer, other).close()
        assert answerer.within == ("town",)
        assert answerer.answer("What is the password?").text is None


def test_place_for_uploads_may_be_a_link(town: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "index.uploads").symlink_to(tmp_path / "disk")
    settings = Settings(index=tmp_path / "index")
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        uploads = opened(answerer, town)
        assert add(uploads, mill_txt="The mill was built in 1850.")[0].state == "taken"
        uploads.close()


def test_what_a_run_died_of_is_tried_again_only_when_somebody_asks(
    uploads: Uploads, town: Path
) -> None:
    def die_of(*files: Path) -> None:
        """What a run leaves that is killed while it has these files at hand."""
        contents = [(sha256(file.read_bytes()).hexdigest(), "text file") for file in files]
        written = json.dumps({"sole_suspects": contents, "joint_suspects": []})
        (uploads.index.folder / JOURNAL_FILE).write_text(written)

    def refused() -> list[str]:
        files = list_library(uploads.index).files
        return sorted(file.path for file in files if file.problem == SET_ASIDE)

    (town / "mill.txt").write_text("The mill was built in 1850.")
    (uploads.folder / "tower.txt").write_text("The tower was built in 1900.")
    die_of(town / "mill.txt", uploads.folder / "tower.txt")
    settings = uploads.answerer.settings
    QuestionAnswerer.from_documents(town, settings=settings).close()
    uploads.index_all()
    assert refused() == ["town/mill.txt", "uploads/tower.txt"]
    # Another upload is taken, and tries neither of them.
    (row,) = add(uploads, park_txt="The park was opened in 1920.")
    assert row.state == "taken"
    assert refused() == ["town/mill.txt", "uploads/tower.txt"]
    message = list(uploads.index_again())[-1].sentence
    assert refused() == []
    assert message.count("1 added") == 2
