"""``qa mcp``: an assistant asks an index, over standard input and output."""

import os
import signal
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
        ValueError: There is nothing at ``within``.
        ChapterAndVerseError: The index or a model cannot be used.
    """
    answerer = QuestionAnswerer.open(settings=settings)
    service = ReadOnlyService(answerer).confined(within)
    if within and not service.documents.listing().files:
        raise ValueError(
            f"expected paths of the library, got {', '.join(within)}; see what it holds: "
            f"{command('list', index)}"
        )
    service.warm_up()
    # A thread that reads the standard input cannot be interrupted.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(service)
    # While the models are loaded in a thread, Python cannot end in order. Nothing is written here,
    # so nothing is lost.
    os._exit(OK)
