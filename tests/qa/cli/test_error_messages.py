"""What the command line says of an error."""

import re
from pathlib import Path

import pytest
from click import Group

from embeddings.errors import FolderError, IndexDamaged, IndexMissing, IndexProblem, Remedy
from qa.cli.error_messages import command, error_message
from qa.cli.main import main

PLACE = Path("/srv/library")


def test_command_names_the_index_that_the_user_named() -> None:
    missing = IndexMissing("does not exist", PLACE, Remedy.INDEX_FIRST)
    assert error_message(missing) == (
        "The index at /srv/library does not exist. Index a folder first: qa index FOLDER"
    )
    assert error_message(missing, Path("my index")).endswith(
        "Index a folder first: qa index FOLDER --index 'my index'"
    )


def test_what_was_uploaded_is_named_where_folders_are_to_be_indexed_again() -> None:
    said = error_message(IndexDamaged("is damaged", PLACE, Remedy.INDEX_AGAIN))
    assert said.endswith("qa index FOLDER. Uploaded documents are in /srv/library.uploads.")


def test_remedy_without_a_command_is_said_as_it_is() -> None:
    error = FolderError("is a file", PLACE, Remedy.NAME_PARENT_FOLDER)
    assert error_message(error) == "/srv/library is a file. Name the folder that holds it."
    assert error_message(FolderError("is a file", PLACE)) == "/srv/library is a file."


@pytest.mark.parametrize("remedy", Remedy)
def test_commands_that_are_named_exist(remedy: Remedy) -> None:
    assert isinstance(main, Group)
    for name in re.findall(r"\bqa (\w+)", error_message(IndexProblem("is damaged", PLACE, remedy))):
        assert name in main.commands
    assert command("list", Path("a b")).startswith("qa list ")
