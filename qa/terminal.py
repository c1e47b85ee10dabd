"""Terminal: what the command line and the chat's start show there."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from embeddings.indexing import IndexingProgress, IndexingReport, OnProgress
from qa.answer import Answer, Citation

MOST_SKIPPED = 20
"""Files without a document that are named; the others are counted."""


def printable(text: str) -> str:
    """Text that can neither move the cursor nor colour the terminal.

    >>> printable("a\\x1b[31m\\nb")
    'a?[31m b'
    """
    one_line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "?" for letter in one_line)


@contextmanager
def indexing_bar(console: Console) -> Iterator[OnProgress]:
    """A progress bar for indexing, gone when it is done; yields what ``index_folder`` tells."""
    columns = (
        TextColumn("Indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, note="")

        def tell(now: IndexingProgress) -> None:
            note = f"{now.passages_done} of {now.passages} passages" if now.passages else now.path
            progress.update(
                task, completed=now.files_done, total=now.files, note=printable(note)[-60:]
            )

        yield tell


def show_report(console: Console, report: IndexingReport) -> None:
    """What a run of indexing did, and which files have no document."""
    counts = (
        (len(report.added), "added"),
        (len(report.changed), "changed"),
        (len(report.removed), "removed"),
        (report.unchanged, "unchanged"),
    )
    said = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing"
    console.print(
        f"{report.name}: {said} ({report.passages} passages encoded, {report.seconds:.1f} s)",
        markup=False,
        highlight=False,
    )
    for skipped in report.skipped[:MOST_SKIPPED]:
        console.print(
            f"  not indexed: {printable(skipped.path)} {printable(skipped.reason)}",
            markup=False,
            highlight=False,
            style="yellow",
        )
    if len(report.skipped) > MOST_SKIPPED:
        more = len(report.skipped) - MOST_SKIPPED
        console.print(f"  and {more} more; see them all: qa list --problems", style="yellow")


def show_answer(console: Console, answer: Answer) -> None:
    """The answer with its citations, the quote highlighted in its passage."""
    if answer.text is None:
        console.print(answer.explanation, style="bold", highlight=False)
        for hit in answer.hits[:3]:
            console.print(
                f"\n  nearest: {printable(hit.path)}", style="dim", markup=False, highlight=False
            )
            console.print(f"  {printable(hit.text)}", markup=False, highlight=False)
        return
    console.print(printable(answer.text), style="bold", markup=False, highlight=False)
    console.print(f"confidence {answer.confidence:.0%}", style="dim", highlight=False)
    for number, citation in enumerate(answer.citations, start=1):
        _show_citation(console, number, citation)


def _show_citation(console: Console, number: int, citation: Citation) -> None:
    page = f", page {citation.page}" if citation.page else ""
    headings = " › ".join((citation.title, *citation.headings))
    console.print(
        f"\n[{number}] {printable(citation.path)}{page}, "
        f"characters {citation.start}–{citation.end}\n    {printable(headings)}",
        style="cyan",
        markup=False,
        highlight=False,
    )
    before, quote, after = (escape(printable(part)) for part in citation.around)
    console.print(f"    {before}[reverse]{quote}[/reverse]{after}", highlight=False)
