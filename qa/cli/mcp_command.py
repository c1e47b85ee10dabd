"""``qa mcp``: an assistant asks an index, over standard input and output."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from qa.cli.commands import OK
from qa.cli.error_messages import command
from qa.mcp.stdio import serve
from qa.pipeline import QuestionAnswerer
from qa.service.read_only import ReadOnlyService
from qa.settings import Settings


def serve_index(settings: Settings, within: tuple[str, ...], index: Path | None) -> NoReturn:
    """Serve an index until the standard input ends, and end the process.

    Args:
        settings: Which index, and how to answer.
        within: Library paths of the documents and folders that there are; all if empty.
        index: What the user gave as ``--index``.

    Raises:
        ValueError: There is nothing at ``within``, or no standard input or output.
        ChapterAndVerseError: The index or a model cannot be used.
    """
    if sys.stdin is None or sys.stdout is None:
        raise ValueError("expected a standard input and output, got one that is closed")
    answerer = QuestionAnswerer.open(settings=settings)
    service = ReadOnlyService(answerer).confined(within)
    if within and not service.documents.listing().files:
        raise ValueError(
            f"expected paths of the library, got {', '.join(within)}; see what it holds: "
            f"{command('list', index)}"
        )
    _end_by_signals()
    service.warm_up()
    serve(service)
    # While the models are loaded in a thread, Python cannot end in order. Nothing is written here,
    # so nothing is lost.
    os._exit(OK)


def _end_by_signals() -> None:
    """Let signals end the process at once."""
    # A thread that reads the standard input cannot be interrupted.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform != "win32":
        # Who closed the other end of the standard output does not wait for anything.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
