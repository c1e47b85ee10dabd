"""The command line on the shipped documents, in this process and in one of its own."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embeddings.journal import JOURNAL_FILE, SET_ASIDE
from qa import QuestionAnswerer
from qa.cli.main import main
from qa.library.feedback import Feedback
from qa.results import Answer
from tests.conftest import DOCS
from tests.qa.web.html.test_page import ANSWER, NO_ANSWER


def qa(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_answered_question_ends_with_0_and_shows_the_quote(docs_index: Path) -> None:
    result = qa("ask", "When was the IOFS founded?", "--index", docs_index)
    assert result.exit_code == 0, result.output
    first, confidence, *rest = result.stdout.splitlines()
    assert first == "2013"
    assert confidence.startswith("confidence ")
    assert any(line.startswith("[1] docs/kazakhstan-2024/food-security.html") for line in rest)


def test_question_beyond_the_documents_ends_with_1(docs_index: Path) -> None:
    result = qa("ask", "Who won the 2022 World Cup?", "--index", docs_index)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("The documents do not say: ")
    assert "nearest: docs/" in result.stdout


def test_json_is_the_whole_answer(docs_index: Path) -> None:
    result = qa("ask", "When was the IOFS founded?", "--json", "--index", docs_index)
    answer = Answer.from_json(result.stdout)
    assert answer.text == answer.citations[0].quote == "2013"


def test_document_is_described_in_its_own_words(docs_index: Path) -> None:
    path = "docs/kazakhstan-2024/expert-view.pdf"
    result = qa("about", path, "--index", docs_index)
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0] == "An expert's view of Kazakhstan's chairmanships in 2024"
    assert "2 pages, 7 passages, 2,757" in lines[1]
    assert "[page 2, characters 2144–2297]" in lines
    assert lines[-1] == "From dialogue to action"
    known = json.loads(qa("about", path, "--json", "--index", docs_index).stdout)
    assert known["path"] == path and len(known["sentences"]) == 3
    missing = qa("about", "docs/nothing.md", "--index", docs_index)
    assert missing.exit_code == 2 and "got docs/nothing.md" in missing.output


def test_each_document_is_asked_by_itself(docs_index: Path) -> None:
    asked = "How many members does the IOFS have?", "--each", "--in", "docs/kazakhstan-2024"
    result = qa("ask", *asked, "--index", docs_index)
    assert result.exit_code == 0, result.output
    first, *others = csv.DictReader(StringIO(result.stdout.removeprefix("\ufeff")))
    assert first["path"] == "docs/kazakhstan-2024/food-security.html"
    assert (first["answer"], first["sentence"]) == ("41", "The IOFS has 41 members.")
    assert len(others) == 4 and all(row["path"] != first["path"] for row in others)
    result = qa("ask", *asked, "--json", "--index", docs_index)
    assert (result.exit_code, result.stderr) == (
        2,
        "expected one of --each and --json, got both\n",
    )


def test_receipt_is_verified(docs_index: Path, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_text(
        qa("ask", "When was the IOFS founded?", "--json", "--index", docs_index).stdout,
        encoding="utf-8",
    )
    result = qa("verify", receipt, "--index", docs_index)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("exact: 2013\n")
    assert "docs/kazakhstan-2024/food-security.html, characters 345–349" in result.stdout
    forged = receipt.read_text(encoding="utf-8").replace('"quote": "2013"', '"quote": "2014"')
    receipt.write_text(forged, encoding="utf-8")
    result = qa("verify", receipt, "--json", "--index", docs_index)
    assert result.exit_code == 1, result.output
    quotes = json.loads(result.stdout)
    assert [quote["status"] for quote in quotes] == ["changed"] * len(quotes)
    assert quotes[0]["cited"] == ["docs/kazakhstan-2024/food-security.html", 345, 349]
    receipt.write_text("no receipt", encoding="utf-8")
    result = qa("verify", receipt, "--index", docs_index)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("expected an answer's JSON in ")


def test_quote_of_a_file_that_has_changed_since_it_was_indexed_ends_with_1(
    tmp_path: Path, town: Path
) -> None:
    index, receipt = tmp_path / "index", tmp_path / "receipt.json"
    with QuestionAnswerer.from_documents(town, index) as answerer:
        answer = answerer.answer("When was the bridge closed?")
    receipt.write_text(answer.to_json(), encoding="utf-8")
    assert qa("verify", receipt, "--index", index).exit_code == 0
    (town / "bridge.txt").write_text("Nothing.")
    result = qa("verify", receipt, "--index", index)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("stale: 1950\n")
    assert (
        "town/bridge.txt, characters 48–52: was in a file that has changed since it was indexed; "
        "index it again"
    ) in " ".join(result.stdout.split())
    result = qa("verify", receipt, "--json", "--index", index)
    assert result.exit_code == 1, result.output
    assert [(quote["status"], quote["path"]) for quote in json.loads(result.stdout)] == [
        ("stale", None)
    ]


def test_feedback_is_printed_as_questions(tmp_path: Path) -> None:
    Feedback(tmp_path / "index").put(ANSWER, True, "me")
    key = Feedback(tmp_path / "index").put(NO_ANSWER, False, "me")
    Feedback(tmp_path / "index").note(key, "It is in the guide.")
    result = qa("feedback", "--index", tmp_path / "index")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["question"] == ANSWER.question
    assert result.stderr.startswith("2 ratings, 1 of them left out: ")
    result = qa("feedback", "--all", "--index", tmp_path / "index")
    entries = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted((entry["liked"], entry["note"]) for entry in entries) == [
        (False, "It is in the guide."),
        (True, ""),
    ]


def test_answer_can_be_limited_to_a_folder(docs_index: Path) -> None:
    result = qa("ask", "When was the IOFS founded?", "--in", "docs/guide", "--index", docs_index)
    assert result.exit_code == 1, result.output


@pytest.mark.parametrize("question", ["", " ", "x" * 100_000])
def test_odd_question_ends_with_2_and_one_sentence(question: str, docs_index: Path) -> None:
    result = qa("ask", question, "--index", docs_index)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("expected a question of 1 to 2,000 characters, got ")
    assert result.stderr.count("\n") == 1


def test_list_shows_documents_passages_and_folder(docs_index: Path) -> None:
    result = qa("list", "--index", docs_index)
    assert result.exit_code == 0
    assert f"docs lies at {DOCS}" in result.stdout.replace("\n", "")
    listing = json.loads(qa("list", "--json", "--index", docs_index).stdout)
    documents = {document["path"]: document for document in listing["documents"]}
    assert documents["docs/kazakhstan-2024/expert-view.pdf"]["pages"] == 2
    assert all(
        document["passages"] >= 1 and document["problem"] is None for document in documents.values()
    )
    files = {f"docs/{path.relative_to(DOCS).as_posix()}" for path in DOCS.rglob("*.*")}
    assert set(documents) == files


@pytest.mark.slow
def test_second_run_does_nothing_and_one_edit_indexes_one_file(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DOCS, tmp_path / "docs"))
    count = len(list(folder.rglob("*.*")))
    index = tmp_path / "index"
    assert f"docs: {count} added" in qa("index", folder, "--index", index).stdout
    assert f"docs: {count} unchanged (0 passages" in qa("index", folder, "--index", index).stdout
    edited = folder / "guide" / "formats.md"
    edited.write_text(edited.read_text() + "\nOne more line.\n")
    output = qa("index", folder, "--index", index).stdout
    assert f"docs: 1 changed, {count - 1} unchanged" in output


def test_index_retries_files_that_a_run_died_of(tmp_path: Path) -> None:
    index, town = tmp_path / "index", tmp_path / "town"
    town.mkdir()
    (town / "mill.txt").write_text("The mill was built in 1850.")
    qa("index", town, "--index", index)
    (town / "tower.txt").write_text("The tower was built in 1900.")
    digest = sha256((town / "tower.txt").read_bytes()).hexdigest()
    (index / JOURNAL_FILE).write_text(
        json.dumps({"sole_suspects": [[digest, "text file"]], "joint_suspects": []})
    )
    QuestionAnswerer.from_documents(town, index).close()
    (problem,) = json.loads(qa("list", "--json", "--index", index).stdout)["documents"][1:]
    assert problem["problem"] == SET_ASIDE
    assert "town: 1 added, 1 unchanged" in qa("index", town, "--index", index).stdout


def test_removed_document_is_no_longer_indexed(docs_index: Path, tmp_path: Path) -> None:
    index = Path(shutil.copytree(docs_index, tmp_path / "index"))
    result = qa("remove", "docs/kazakhstan-2024/overview.md", "--index", index)
    assert (result.exit_code, result.stdout) == (0, "removed docs/kazakhstan-2024/overview.md\n")
    again = qa("remove", "docs/kazakhstan-2024/overview.md", "--index", index)
    assert again.exit_code == 2
    assert f"See what it holds: qa list --index {index}" in again.stderr


def test_moved_folder_is_named_and_its_name_taken_along(tmp_path: Path) -> None:
    index, town, city = tmp_path / "index", tmp_path / "town", tmp_path / "new city"
    town.mkdir()
    (town / "mill.txt").write_text("The mill was built in 1850 by the miller Aldo Brandt.")
    qa("index", town, "--index", index)
    town.rename(city)
    asked = qa("ask", "When was the mill built?", "--index", index)
    assert asked.stdout.startswith("1850\n")
    notice, remedy = asked.stdout.splitlines()[-2:]
    assert notice == "town is no longer where it was indexed: the words are from then."
    assert remedy.startswith(f"If it was moved: qa move town NEW_FOLDER --index {index}. If it")
    listed = qa("list", "--json", "--index", index).stdout
    assert json.loads(listed)["missing_folders"] == ["town"]
    assert "town is gone from" in qa("list", "--index", index).stdout
    vanished = qa("index", town, "--index", index)
    assert (vanished.exit_code, vanished.stderr.splitlines()) == (
        2,
        [
            f"town is gone from {town}. {remedy}",
            f"{town} does not exist. Check the name of the folder.",
        ],
    )
    indexed = qa("index", city, "--index", index).stdout
    assert f"Move it: qa move town '{city}' --index {index}\n" in indexed
    moved = qa("move", "town", city, "--index", index)
    assert (moved.exit_code, moved.stdout.partition(" (")[0]) == (0, "town: 1 unchanged")
    listing = json.loads(qa("list", "--json", "--index", index).stdout)
    assert (listing["folders"], listing["missing_folders"]) == ({"town": str(city)}, [])
    refused = qa("move", "town", tmp_path, "--index", index)
    assert refused.exit_code == 2 and "holds none of the documents of town" in refused.stderr


def test_doctor_ends_with_0_on_a_sound_index_and_2_on_none(
    docs_index: Path, tmp_path: Path
) -> None:
    assert qa("doctor", "--index", docs_index).exit_code == 0
    result = qa("doctor", "--index", tmp_path)
    assert result.exit_code == 2
    assert f"WRONG The index at {tmp_path} does not exist" in result.stdout


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: None, "does not exist"),
        (lambda folder: folder.mkdir(), "holds no file that can be read"),
        (lambda folder: folder.write_text("x"), "is a file. Name the folder"),
    ],
    ids=["missing", "empty", "file"],
)
def test_folder_that_cannot_be_indexed_ends_with_2(
    prepare: object, message: str, tmp_path: Path
) -> None:
    assert callable(prepare)
    prepare(tmp_path / "folder")
    result = qa("index", tmp_path / "folder", "--index", tmp_path / "index")
    assert result.exit_code == 2
    assert message in result.stderr and result.stderr.count("\n") == 1


def test_folder_of_broken_files_alone_ends_with_2_and_names_each(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.pdf").write_bytes(b"MZ")
    (tmp_path / "d" / "b[red].txt").write_bytes(b"")
    result = qa("index", tmp_path / "d", "--index", tmp_path / "index")
    assert result.exit_code == 2
    assert "not indexed: d/a.pdf is damaged or not a valid PDF" in result.stdout
    assert "not indexed: d/b[red].txt is empty" in result.stdout


def test_setting_that_does_not_fit_is_named(
    docs_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_THRESHOLD", "2")
    result = qa("ask", "Why?", "--index", docs_index)
    assert result.exit_code == 2
    assert "The setting QA_THRESHOLD is invalid" in result.stderr


def test_terminal_control_characters_of_a_document_are_not_printed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    name = "a\x1b[31m[bold]\n.txt"
    (tmp_path / "d" / name).write_text("The lighthouse was built in 1820.")
    qa("index", tmp_path / "d", "--index", tmp_path / "index")
    result = qa("ask", "When was the lighthouse built?", "--index", tmp_path / "index")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "d/a?[31m[bold] .txt" in result.stdout


def test_help_is_immediate_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['qa', '--help']; import qa.cli.main\n"
        "try: qa.cli.main.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'faiss', 'numpy', 'pydantic', 'rich'} & set(sys.modules)))"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n"), done.stdout
    assert time.perf_counter() - started < 5


def test_interrupted_indexing_says_how_to_continue(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for number in range(400):
        text = f"Bridge {number} was built in {1000 + number}. " * 40
        (tmp_path / "d" / f"{number}.txt").write_text(text)
    # A background job of a shell starts with the signal ignored.
    handle_signal = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{handle_signal}; from qa.cli.main import main; main()"
    command = [sys.executable, "-c", program, "index", tmp_path / "d", "--index", tmp_path / "i"]
    process = subprocess.Popen(
        [str(part) for part in command],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "i" / "writer.lock.owner").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(process.pid, 2)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2, errors
    assert errors.splitlines()[-1] == (
        "Interrupted; what was finished is kept. Run the same command again to go on."
    )
    assert "Traceback" not in errors
    assert qa("doctor", "--index", tmp_path / "i").exit_code == 0
