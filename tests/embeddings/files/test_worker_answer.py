"""A process that was taken over may say anything: what is believed of it, and what that costs."""

import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from embeddings.document import Block, Document
from embeddings.errors import UnreadableFile
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.files.worker import REASON_CHARACTERS
from embeddings.files.worker_answer import parse_answer, parse_document, parse_sections
from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.passages import Passage, Section
from tests.builders import HashingEncoder

CRASHED = "is so damaged that it crashed its parser"
TEXT = "Aid\n\nFifty tons were sent.\n\nNobody counted them."
BLOCKS = [["heading", 0, 3, 1, 0], ["paragraph", 5, 26, 0, 0], ["paragraph", 28, 48, 0, 0]]
SECTIONS = [[[0], -1, 3, [[5, 26], [28, 48]]]]
SPEAK = """
import sys
sys.stdin.readline()
sys.stdout.write(open(sys.argv[1], encoding="utf-8").read())
sys.stdout.flush()
"""
STAY = "sys.stdin.readline()"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "docs" / "a.txt"
    made.parent.mkdir()
    made.write_text("Fifty tons.")
    return made


def answer(text: object = TEXT, sections: object = SECTIONS, **values: object) -> str:
    document = {
        "title": "Aid",
        "blocks": BLOCKS,
        "page_starts": [0, 28],
        "page_labels": [],
        "not_read": [],
        "text": text,
    } | values
    said = {"document": document, "sections": sections, "final": False}
    return f"{json.dumps(said)}\n{json.dumps(text)}\n"


class Speaker:
    """Lets the process that reads say the same whatever it is asked."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = file
        monkeypatch.setattr("embeddings.files.loading._start_worker", self._start)

    def __call__(self, said: str, then: str = STAY) -> None:
        self.file.write_text(said, encoding="utf-8")
        self.then = then

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", SPEAK + self.then, str(self.file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )


@pytest.fixture
def speaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    return Speaker(tmp_path / "said", monkeypatch)


def split_by(loader: DocumentLoader, path: Path) -> tuple[Document, tuple[Passage, ...]]:
    return loader.load_split(path, HashingEncoder().splitting)


def test_answer_that_makes_sense_is_a_document(path: Path, speaking: Speaker) -> None:
    speaking(answer())
    with DocumentLoader() as loader:
        document, passages = split_by(loader, path)
    assert document == Document(
        "Aid",
        TEXT,
        (Block("heading", 0, 3, 1), Block("paragraph", 5, 26), Block("paragraph", 28, 48)),
        (0, 28),
    )
    assert passages == (
        Passage(5, 26, "Fifty tons were sent.", "Aid", ("Aid",), 1),
        Passage(28, 48, "Nobody counted them.", "Aid", ("Aid",), 2),
    )


def block(*values: object) -> dict[str, object]:
    """The first paragraph in another way."""
    return {"blocks": [BLOCKS[0], list(values), BLOCKS[2]]}


def section(headings: object, context_length: object, *spans: object) -> dict[str, object]:
    return {"sections": [[headings, -1, context_length, list(spans)]]}


LONG = "word " * 1_000
LONG_HEADING = {"text": LONG.strip(), "blocks": [["heading", 0, 4_999, 1, 0]], "page_starts": []}
LONG_PASSAGE = {
    "text": LONG.strip(),
    "blocks": [["paragraph", 0, 4_999, 0, 0]],
    "page_starts": [],
    "sections": [[[], -1, 3, [[0, 4_999]]]],
}

LATE_HEADING = {
    "blocks": [["paragraph", 0, 3, 0, 0], ["paragraph", 5, 26, 0, 0], ["heading", 28, 48, 1, 0]],
    "sections": [[[2], -1, 3, [[5, 26]]]],
}

SENSELESS: dict[str, str] = {
    "nothing": "",
    "no second line": '{"reason": "is empty", "final": false}\n',
    "no JSON": "{\n\n",
    "no object": '[]\n""\n',
    "deep": "[" * 200_000 + '\n""\n',
    "deep inside": '{"final": false, "document": ' + '{"a":' * 200_000 + '\n""\n',
    "final of no type": '{"reason": "is empty", "final": 1}\n""\n',
    "neither": '{"final": false}\n""\n',
    "reason of no type": '{"reason": ["a"], "final": false}\n""\n',
    "empty reason": '{"reason": " \\n ", "final": false}\n""\n',
    "half a character in a reason": '{"reason": "\\ud800", "final": false}\n""\n',
    "document of no type": '{"document": 7, "sections": 8, "final": false}\n""\n',
    "text of no type": answer(text=7),
    "half a character in the text": answer(text=TEXT.replace("sent", "sen\ud800")),
    "control character in the text": answer(text=TEXT.replace("sent", "sen\x1b")),
    "text without blocks": answer(blocks=[]),
    "no text": answer(text="", blocks=[], page_starts=[], sections=[]),
    "text between blocks": answer(**block("paragraph", 6, 26, 0, 0)),
    "text behind blocks": answer(text=TEXT + " More."),
    "title of no type": answer(title=None),
    "half a character in the title": answer(title="\ud800"),
    "long title": answer(title="x" * 301),
    "title in two lines": answer(title="a\nb"),
    "blocks of no type": answer(blocks=7),
    "block of no type": answer(blocks=[*BLOCKS, 7]),
    "unknown kind": answer(**block("evil", 5, 26, 0, 0)),
    "kind of no type": answer(**block([], 5, 26, 0, 0)),
    "offset of no type": answer(**block("paragraph", "5", 26, 0, 0)),
    "offset that is true": answer(blocks=[["heading", False, 3, 1, 0], *BLOCKS[1:]]),
    "offset that is no whole number": answer(**block("paragraph", 5.0, 26, 0, 0)),
    "offset that is not a number": answer(**block("paragraph", float("nan"), 26, 0, 0)),
    "negative offset": answer(blocks=[["heading", -3, 3, 1, 0], *BLOCKS[1:]]),
    "offsets in no order": answer(**block("paragraph", 26, 5, 0, 0)),
    "blocks over one another": answer(**block("paragraph", 5, 30, 0, 0)),
    "blocks in no order": answer(blocks=[BLOCKS[0], BLOCKS[2], BLOCKS[1]]),
    "block behind the text": answer(blocks=[*BLOCKS[:2], ["paragraph", 28, 10**30, 0, 0]]),
    "level of a paragraph": answer(**block("paragraph", 5, 26, 1, 0)),
    "heading without a level": answer(**block("heading", 5, 26, 0, 0)),
    "heading of a low level": answer(**block("heading", 5, 26, 7, 0)),
    "long heading": answer(**LONG_HEADING),
    "header of a paragraph": answer(blocks=[*BLOCKS[:2], ["paragraph", 28, 48, 0, 1]]),
    "long header": answer(blocks=[*BLOCKS[:2], ["table", 28, 48, 0, 10]]),
    "header of no type": answer(blocks=[*BLOCKS[:2], ["table", 28, 48, 0, True]]),
    "label of no type": answer(page_labels=[7, ""]),
    "long label": answer(page_labels=["x" * 101, ""]),
    "control character in a label": answer(page_labels=["\x1b", ""]),
    "more labels than pages": answer(page_labels=["i", "ii", "iii"]),
    "what is not read of no type": answer(not_read=7),
    "what is not read in two lines": answer(not_read=["3\npictures"]),
    "rows of a paragraph": answer(sections=[[[0], 1, 3, [[5, 26]]]]),
    "rows of nothing": answer(sections=[[[0], 3, 3, [[5, 26]]]]),
    "rows from the end": answer(sections=[[[0], -2, 3, [[5, 26]]]]),
    "page of no type": answer(page_starts=[0, "1"]),
    "page behind the text": answer(page_starts=[0, 10**30]),
    "negative page": answer(page_starts=[-1]),
    "pages in no order": answer(page_starts=[0, 28, 5]),
    "too many pages": answer(page_starts=[0] * 10_001),
    "section of no type": answer(sections=[7]),
    "no such heading": answer(**section([3], 3, [5, 26])),
    "heading from the end": answer(**section([-3], 3, [5, 26])),
    "paragraph for a heading": answer(**section([1], 3, [28, 48])),
    "heading twice": answer(**section([0, 0], 3, [5, 26])),
    "heading behind": answer(**LATE_HEADING),
    "context of no type": answer(**section([0], "3", [5, 26])),
    "long context": answer(**section([0], 301, [5, 26])),
    "passage of no type": answer(**section([0], 3, [5, True])),
    "passage behind the text": answer(**section([0], 3, [5, 10**30])),
    "negative passage": answer(**section([], 3, [-5, 26])),
    "empty passage": answer(**section([0], 3, [5, 5])),
    "passages over one another": answer(**section([0], 3, [5, 26], [25, 48])),
    "passages in no order": answer(**section([0], 3, [28, 48], [5, 26])),
    "sections over one another": answer(sections=[[[0], -1, 3, [[5, 26]]]] * 2),
    "long passage": answer(**LONG_PASSAGE),
    "lists without end": answer().replace('"final"', f'"x": [{"[]," * 1_000_000}0], "final"'),
}


@pytest.mark.parametrize("said", SENSELESS.values(), ids=SENSELESS)
def test_answer_that_makes_no_sense_is_a_reason_and_ends_its_process(
    path: Path, speaking: Speaker, said: str
) -> None:
    speaking(said, "" if said.count("\n") < 2 else STAY)
    with DocumentLoader() as loader:
        with pytest.raises(UnreadableFile) as caught:
            split_by(loader, path)
        assert str(caught.value) == CRASHED
        assert loader._worker is None


@pytest.mark.parametrize("name", ["deep", "half a character in the title", "unknown kind"])
def test_index_goes_on_after_an_answer_that_makes_no_sense(
    path: Path, tmp_path: Path, speaking: Speaker, name: str
) -> None:
    speaking(SENSELESS[name])
    encoder = HashingEncoder()
    index = Index.open_or_create(tmp_path / "index", encoder)
    (skipped,) = index_folder(path.parent, index, encoder).skipped
    assert (skipped.path, skipped.reason) == ("docs/a.txt", CRASHED)
    index.close()


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("is empty", "is empty"),
        ("x" * 3_000, "x" * (REASON_CHARACTERS - 1) + "…"),
        ("is\nof\r\n \x1b[31mtwo\u2028 lines\u202e", "is of [31mtwo lines"),
    ],
)
def test_reason_is_one_short_line(path: Path, speaking: Speaker, reason: str, shown: str) -> None:
    speaking(json.dumps({"reason": reason, "final": False}) + '\n""\n')
    with DocumentLoader() as loader, pytest.raises(UnreadableFile) as caught:
        split_by(loader, path)
    assert str(caught.value) == shown


@pytest.mark.parametrize(
    ("picture", "contents"),
    [
        ({"marked": 1}, "no base64"),
        ({"marked": 1}, b64encode(b"<script>").decode()),
        ({"marked": 2}, b64encode(b"\x89PNG\r\n\x1a\n").decode()),
        ({"marked": "1"}, b64encode(b"\x89PNG\r\n\x1a\n").decode()),
        (7, ""),
    ],
)
def test_picture_that_is_none_is_a_reason(
    path: Path, speaking: Speaker, picture: object, contents: str
) -> None:
    said = {"picture": picture, "final": False}
    speaking(f"{json.dumps(said)}\n{json.dumps(contents)}\n")
    with DocumentLoader() as loader, pytest.raises(UnreadableFile, match=CRASHED):
        loader.picture(path, 1, [("a", "", "")])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("said", ["", '{"reason": '])
def test_process_that_another_one_keeps_silent_for_costs_its_time_alone(
    path: Path, tmp_path: Path, speaking: Speaker, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    # The child is out of reach, and holds the pipe open after its parent has been killed.
    child = tmp_path / "child"
    then = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(child)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        "else:\n"
        "    time.sleep(60)\n"
    )
    speaking(said, then)
    monkeypatch.setattr("embeddings.files.loading._SECONDS_TO_END", 0.2)
    loader = DocumentLoader(Limits(seconds=2.0))
    started = time.monotonic()
    with loader, pytest.raises(UnreadableFile, match=r"^took longer than 2 s to read$"):
        split_by(loader, path)
    took = time.monotonic() - started
    os.kill(int(child.read_text()), 9)
    assert took < 20


@pytest.mark.parametrize("line", ["first", "second"])
def test_lists_cost_no_more_memory_than_the_limits_allow(line: str) -> None:
    many = b"[" + b"[]," * 3_000_000 + b"0]"
    findings = b'{"final": false, "x": %b}' % (many if line == "first" else b"0")
    contents = many if line == "second" else b'""'
    tracemalloc.start()
    with pytest.raises(ValueError, match="expected"):
        parse_answer(findings, contents, Limits())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def large(count: int) -> tuple[dict[str, Any], str]:
    """An answer of so many paragraphs of 18 characters."""
    text = "\n\n".join(["Some words of aid."] * count)
    blocks = [["paragraph", at, at + 18, 0, 0] for at in range(0, 20 * count, 20)]
    spans = [[at, at + 98] for at in range(0, 20 * count - 80, 100)]
    document = {"title": "Aid", "blocks": blocks, "page_starts": [], "page_labels": []}
    document["not_read"] = []
    return {"document": document, "sections": [[[], -1, 3, spans]]}, text


@pytest.mark.slow
def test_checks_take_time_in_proportion_to_the_document() -> None:
    def seconds(count: int) -> float:
        said, text = large(count)
        gc.collect()
        started = time.process_time()
        document = parse_document(said, text, Limits())
        (made,) = parse_sections(said, document, Limits())
        took = time.process_time() - started
        assert (len(document.blocks), len(made.spans)) == (count, count // 5)
        assert isinstance(made, Section)
        return took

    small, twice = (min(seconds(count) for _ in range(3)) for count in (50_000, 100_000))
    assert twice < 4 * small, f"{small:.3f} s, then {twice:.3f} s"
