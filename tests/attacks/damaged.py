"""Damaged: what a process finds in an index of which a file was damaged, before or under it."""

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
from tests.attacks.library import answering, quick
from tests.encoders import HashingEncoder

PAGE = 4096
"""Bytes of a page of the database and of memory."""

NAMES = "Alder Birch Cedar Dogwood Elm Fir Gorse Hazel".split()
"""Each of a document of its own."""


How = Literal["bit", "byte", "zeros", "cut", "gone"]
"""A bit or a byte is changed, a page zeroed, the file cut off or removed."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to a file of an index, or beside it.

    Attributes:
        file: Its path from the folder in which the index lies.
        how: It is damaged.
        offset: Where.
        value: What a byte is combined with by exclusive or.
        under: Whether the index is open meanwhile.
    """

    file: str
    how: How
    offset: int
    value: int
    under: bool

    def do(self, folder: Path) -> None:
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
                held = file.read(PAGE if self.how == "zeros" else 1)
                file.seek(start)
                file.write(bytes(len(held)) if self.how == "zeros" else bytes(self._flip(held)))

    def _flip(self, held: bytes) -> Iterator[int]:
        return (byte ^ self.value for byte in held)


@dataclass
class Found:
    """What was found.

    Attributes:
        told: Errors of ours, and what `qa doctor` says.
        raised: Errors that are not ours.
        wrong_quotes: That are not what the document's file says.
        missing: Acknowledged documents that are neither listed nor found.
        differing: Answers that are not those of the index as it was.
    """

    told: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    wrong_quotes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    @contextmanager
    def noting(self, step: str) -> Iterator[None]:
        """Note what is raised inside, and go on."""
        try:
            yield
        except ChapterAndVerseError as error:
            self.told.append(f"{step}: {error}")
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


def examining(
    say: Callable[[str], None],
    place: Path,
    folder: Path,
    damage: Damage,
    paths: list[str],
    expected: dict[str, list[str]],
    opinions: list[str],
) -> None:
    """Open an index and look at all of it, damaged before or meanwhile; says what was found.

    Args:
        say: Takes the findings as JSON.
        place: Folder of the index.
        folder: Of its documents.
        damage: Is done to it.
        paths: Documents that were acknowledged.
        expected: Answer and path for each name.
        opinions: Answers that were kept with an opinion, as JSON.
    """
    found = Found()
    with ExitStack() as open_ones, quick():
        if not damage.under:
            damage.do(place.parent)
        with found.noting("open"):
            index = Index.open(place)
            open_ones.callback(index.close)
            if damage.under:
                _answer(found, index, expected, folder)
                with writer_lock(place):
                    damage.do(place.parent)
                    with found.noting("lock"), _expecting_lock(), writer_lock(place):
                        pass
            with found.noting("list"):
                held = {document.path for document in list_library(index).documents}
                found.missing += sorted(set(paths) - held)
            _answer(found, index, expected, folder)
        with found.noting("feedback"):
            for opinion in Feedback(place).opinions():
                if opinion.answer.to_json() not in opinions:
                    found.wrong_quotes.append(f"an opinion: {opinion.answer.text!r}")
        with found.noting("doctor"):
            found.told += _doctor(place)
        if not found.told:
            with found.noting("index again"):
                again = Index.open_or_create(place, HashingEncoder())
                open_ones.callback(again.close)
                index_folder(folder, again, HashingEncoder())
    say(json.dumps([found.told, found.raised, found.wrong_quotes, found.missing, found.differing]))


@contextmanager
def _expecting_lock() -> Iterator[None]:
    """What is locked must say so, which is no fault."""
    try:
        yield
    except IndexLocked:
        return
    raise AssertionError("two hold the lock")


def _answer(found: Found, index: Index, expected: dict[str, list[str]], folder: Path) -> None:
    answerer = answering(index)
    for name, right in expected.items():
        with found.noting(f"answer about {name}"):
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
    """What is not sound, without the models, which no flip here touches."""
    encoder = HashingEncoder()
    sound = SimpleNamespace(name="hashing", model=encoder.model, check=lambda: None)
    with ExitStack() as patches:
        for name in ("load_encoder", "load_reader", "load_rewriter"):
            patches.enter_context(patch.object(doctor, name, lambda settings: sound))
        findings = list(doctor.examine(Settings(index=place)))
    return [finding.what for finding in findings if not finding.sound]
