"""Error messages: what a command prints about an error, with the options and commands that help."""

import shlex
from pathlib import Path

from embeddings.errors import ChapterAndVerseError, Remedy
from embeddings.index.index import uploads_beside

_OPTIONS = {
    Remedy.FREE_SPACE: "Free some space and run the same command again.",
    Remedy.SEE_SKIPPED: "The reasons are given above.",
    Remedy.DISABLE_UPLOADS: "Change who may write there, or start with --read-only.",
    Remedy.CALIBRATE_AGAIN: "Calibrate the model again: python -m qa.training calibrate",
    Remedy.CHOOSE_INDEX: "Choose another place with --index.",
    Remedy.CHOOSE_ENCODER: "Choose that encoder, or another place with --index.",
    Remedy.ALLOW_READING_INDEX: "Choose another place with --index, or change who may read there.",
    Remedy.ALLOW_WRITING_INDEX: "Choose another place with --index, or change who may write there.",
    Remedy.MAKE_WRITABLE: (
        "Free some space, change who may write there, or choose another place with --index."
    ),
    Remedy.CHOOSE_PORT: "Choose another with --port.",
    Remedy.CHOOSE_UNPRIVILEGED_PORT: "Choose one from 1024 on with --port.",
    Remedy.CHOOSE_HOST: "Choose another with --host.",
    Remedy.CHOOSE_LOG: "Choose another with --log.",
}

_COMMANDS = {
    Remedy.INDEX_FIRST: ("Index a folder first", "index FOLDER"),
    Remedy.INDEX_SEPARATELY: ("Index it as a folder of its own", "index FOLDER"),
    Remedy.INDEX_AGAIN: ("Index the folders again that hold these documents", "index FOLDER"),
    Remedy.RESTORE_INDEX: ("Put it back, or index a folder again", "index FOLDER"),
    Remedy.ADD_KEY: ("Let everybody in with --open, or add one", "keys add NAME"),
    Remedy.LIST_INDEX: ("See what it holds", "list"),
    Remedy.EXPORT_FEEDBACK: ("Move that file away once it is exported", "feedback --all"),
}


def command(words: str, index: Path | None = None) -> str:
    """A command to type, for the index that the user named.

    >>> command("list"), command("index FOLDER", Path("my index"))
    ('qa list', "qa index FOLDER --index 'my index'")

    Args:
        words: Of the command.
        index: What the user gave as ``--index``.
    """
    option = f" --index {shlex.quote(str(index))}" if index is not None else ""
    return f"qa {words}{option}"


def missing_remedy(name: str, index: Path | None = None) -> str:
    """What to type about a folder of the library that is no longer at its place.

    >>> missing_remedy("leases")
    'If it was moved: qa move leases NEW_FOLDER. If it was deleted: qa remove leases'

    Args:
        name: Of the folder in the library.
        index: What the user gave as ``--index``.
    """
    folder = shlex.quote(name)
    moved, deleted = command(f"move {folder} NEW_FOLDER", index), command(f"remove {folder}", index)
    return f"If it was moved: {moved}. If it was deleted: {deleted}"


def error_message(error: ChapterAndVerseError, index: Path | None = None) -> str:
    """What is wrong, where, and what to type or do about it.

    Args:
        error: To report.
        index: What the user gave as ``--index``.
    """
    remedy = error.remedy
    if remedy is None:
        return f"{error.located}."
    if remedy in _COMMANDS:
        advice, words = _COMMANDS[remedy]
        message = f"{error.located}. {advice}: {command(words, index)}"
        if remedy is Remedy.INDEX_AGAIN and error.place is not None:
            message += f". Uploaded documents are in {uploads_beside(error.place)}."
        return message
    return f"{error.located}. {_OPTIONS.get(remedy, remedy)}"
