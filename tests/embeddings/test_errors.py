"""An error says what, where and what to do as values; each caller words the remedy."""

import re
from pathlib import Path

import pytest

import embeddings
import qa
from embeddings.errors import (
    ChapterAndVerseError,
    FolderError,
    IndexDamaged,
    ModelError,
    NotConvertible,
    Remedy,
    UnreadableFile,
)

PLACE = Path("/srv/private/library")

OPTION_OR_COMMAND = re.compile(
    r"--(index|port|host|log|read-only|json|all)\b|\bqa (index|list|ask|remove|doctor|feedback)\b"
)

NO_FACES = [
    path
    for package in (embeddings, qa)
    for path in sorted(Path(str(package.__file__)).parent.rglob("*.py"))
    if not {"cli", "training", "evaluation", "tabs"} & set(path.parts)
]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            IndexDamaged("is damaged", PLACE, Remedy.INDEX_AGAIN),
            f"The index at {PLACE} is damaged. {Remedy.INDEX_AGAIN}",
        ),
        (IndexDamaged("is damaged"), "The index is damaged"),
        (
            ModelError("cannot be loaded", PLACE, Remedy.REINSTALL, detail="no\n\tsuch file"),
            f"The model at {PLACE} cannot be loaded (no such file). {Remedy.REINSTALL}",
        ),
        (
            FolderError("does not exist", PLACE, Remedy.CHECK_FOLDER),
            f"{PLACE} does not exist. {Remedy.CHECK_FOLDER}",
        ),
        (UnreadableFile("is empty"), "is empty"),
        (NotConvertible("it cannot be quantised"), "it cannot be quantised"),
    ],
)
def test_error_reads_as_what_where_and_remedy(error: ChapterAndVerseError, said: str) -> None:
    assert str(error) == said


@pytest.mark.parametrize("kind", [IndexDamaged, ModelError, FolderError, UnreadableFile])
def test_summary_does_not_say_where_anything_is(kind: type[ChapterAndVerseError]) -> None:
    error = kind("cannot be used", PLACE, Remedy.TRY_AGAIN, detail=f"no access to {PLACE}")
    assert error.summary.endswith(" cannot be used")
    assert str(PLACE.parent) not in error.summary


@pytest.mark.parametrize("remedy", Remedy)
def test_remedies_are_sentences_without_options_or_commands(remedy: Remedy) -> None:
    assert remedy[0].isupper() and remedy.endswith(".")
    assert not re.search(r"--\w|\bqa \w|QA_", remedy)


@pytest.mark.parametrize("path", NO_FACES, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_module_below_the_faces_knows_an_option_or_a_command(path: Path) -> None:
    assert not OPTION_OR_COMMAND.search(path.read_text())
