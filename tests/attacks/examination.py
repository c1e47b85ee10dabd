"""Examination: what a process finds in an index with a damaged file."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Literal
from unittest.mock import patch

from embeddings.errors import ChapterAndVerseError, IndexLocked
from embeddings.index.index import Index
from embeddings.index.writer_lock import writer_lock
from embeddings.indexing import index_folder
from qa.cli import doctor
from qa.library.feedback import Feedback
from qa.library.listing import list_library
from qa.results import Answer
from qa.settings import Settings
from tests.attacks.library import answering, fast_indexing
from tests.builders import HashingEncoder

PAGE = 4096
"""Bytes of a page of the database and of memory."""

NAMES = "Alder Birch Cedar Dogwood Elm Fir Gorse Hazel".split()
"""Each the name of a document."""


How = Literal["bit", "byte", "zeros", "cut", "gone"]
"""A bit or a byte is changed, a page zeroed, the file cut off or removed."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Damage to a file of an index, or beside it.

    Attributes:
        file: Its path from the folder in which the index lies.
        how: It is damaged.
        offset: Where.
        value: What a byte is combined with by exclusive or.
        while_open: Whether the index is open at that moment.
    """

    file: str
    how: How
    offset: int
    value: int
    while_open: bool

    def apply(self, folder: Path) -> None:
        """Damage the file."""
        path = folder / self.file
        if not path.exists():  # The log is removed where an index is closed.
            return
        if self.how == "gone":
            path.unlink()
        elif self.how == "cut":
            with path.open("r+b") as file:
                file.truncate(self.offset)
        else:
            with path.open("r+b") as file:
                start = self.offset // PAGE * PAGE if self.how == "zeros" else self.offset
                file.seek(start)
                content = file.read(PAGE if self.how == "zeros" else 1)
                file.seek(start)
                file.write(
                    bytes(len(content)) if self.how == "zeros" else bytes(self._flip(content))
                )

    def _flip(self, content: bytes) -> Iterator[int]:
        return (byte ^ self.value for byte in content)


@dataclass
class Found:
    """The findings.

    Attributes:
        reported: Errors of the project, and findings of `qa doctor`.
        raised: Other errors.
        wrong_quotes: That are not what the document's file says.
        missing: Acknowledged documents that are neither listed nor found.
        differing: Answers that are not those of the index as it was.
    """

    reported: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    wrong_quotes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    @contextmanager
    def recording(self, step: str) -> Iterator[None]:
        """Record what is raised inside, and continue."""
        try:
            yield
        except ChapterAndVerseError as error:
            self.reported.append(f"{step}: {error}")
        except Exception as error:  # whatever damage may bring about
            self.raised.append(f"{step}: {type(error).__name__}: {error}")


def text_of(name: str) -> str:
    """The document of a name."""
    return "\n\n".join(
        f"The {name} bridge has {floor} arches of {name.lower()} wood on its side {floor}. "
        f"It was opened in {1800 + len(name) * floor}. " * 3
        for floor in range(1, 5)
    )


def question_of(name: str) -> str:
    """A question that the document of that name answers."""
    return f"How many arches has the {name} bridge?"


def examine_damaged(
    send: Callable[[str], None],
    place: Path,
    folder: Path,
    damage: Damage,
    paths: list[str],
    expected: dict[str, list[str]],
    rated: list[str],
) -> None:
    """Open an index and look at all of it, damaged before or meanwhile; sends the findings.

    Args:
        send: Sends the findings as JSON.
        place: Folder of the index.
        folder: Of its documents.
        damage: Is done to it.
        paths: Documents that were acknowledged.
        expected: Answer and path for each name.
        rated: Answers that were stored with a rating, as JSON.
    """
    found = Found()
    with ExitStack() as open_indexes, fast_indexing():
        if not damage.while_open:
            damage.apply(place.parent)
        with found.recording("open"):
            index = Index.open(place)
            open_indexes.callback(index.close)
            if damage.while_open:
                _answer(found, index, expected, folder)
                with writer_lock(place):
                    damage.apply(place.parent)
                    with found.recording("lock"), _expecting_lock(), writer_lock(place):
                        pass
            with found.recording("list"):
                listed = {document.path for document in list_library(index).documents}
                found.missing += sorted(set(paths) - listed)
            _answer(found, index, expected, folder)
        with found.recording("feedback"):
            for entry in Feedback(place).entries():
                if entry.answer.to_json() not in rated:
                    found.wrong_quotes.append(f"a rating: {entry.answer.text!r}")
        with found.recording("doctor"):
            found.reported += _doctor(place)
        if not found.reported:
            with found.recording("index again"):
                again = Index.open_or_create(place, HashingEncoder())
                open_indexes.callback(again.close)
                index_folder(folder, again, HashingEncoder())
    faults = [found.wrong_quotes, found.missing, found.differing]
    send(json.dumps([found.reported, found.raised, *faults]))


@contextmanager
def _expecting_lock() -> Iterator[None]:
    """Expect an error that says that the index is locked."""
    try:
        yield
    except IndexLocked:
        return
    raise AssertionError("the lock is held twice")


def _answer(found: Found, index: Index, expected: dict[str, list[str]], folder: Path) -> None:
    answerer = answering(index)
    for name, right in expected.items():
        with found.recording(f"answer about {name}"):
            answer = answerer.answer(question_of(name))
            found.wrong_quotes += _wrong(answer, index, folder)
            got = [str(answer.text), answer.citations[0].path if answer.citations else ""]
            if got != right:
                found.differing.append(f"{name}: {got}")


def _wrong(answer: Answer, index: Index, folder: Path) -> Iterator[str]:
    for cited in answer.citations:
        original = (folder / Path(cited.path).name).read_text()
        facts = index.facts(cited.path)
        there = index.text(facts.id, cited.start, cited.end) if facts else ""
        if there != cited.quote or cited.quote not in original:
            yield f"{cited.path} {cited.start}-{cited.end}: {cited.quote!r}"


def _doctor(place: Path) -> list[str]:
    """The findings of `qa doctor`, without the models, which are not damaged here."""
    encoder = HashingEncoder()
    sound = SimpleNamespace(name="hashing", model=encoder.model, check=lambda: None)
    with ExitStack() as patches:
        for name in ("load_encoder", "load_reader", "load_rewriter"):
            patches.enter_context(patch.object(doctor, name, lambda settings: sound))
        findings = list(doctor.examine(Settings(index=place)))
    return [finding.what for finding in findings if not finding.sound]
