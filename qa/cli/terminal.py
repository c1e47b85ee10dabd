"""Terminal output of the command line and of the start of the chat."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from embeddings.indexing_report import IndexingProgress, IndexingReport, OnProgress
from embeddings.rendering import Role, rendered
from qa.cli.error_messages import command, missing_remedy
from qa.evaluation.scores import AnswerScores, RetrievalScores
from qa.library.about import About
from qa.library.listing import Listing, not_read_words
from qa.library.receipts import STATUS_TEXTS, CheckedCitation
from qa.results import NEAREST, Answer, Citation, below_title, quoted_lines

if TYPE_CHECKING:
    from qa.evaluation.report import Report

_SPACES = re.compile(r"\s+")

MIN_CANDIDATE_CONFIDENCE = 0.1
"""Confidence from which another candidate is shown. Chosen by hand; not fitted."""

_STYLES: dict[Role, str] = {"passage": "dim", "sentence": "", "quote": "reverse"}

MAX_QUOTE_CHARACTERS = 200
"""Characters shown of a checked quote."""

MAX_SKIPPED_FILES = 20
"""Files that were not read and are named; the others are counted."""


def printable(text: str) -> str:
    r"""Text that can neither move the cursor nor colour the terminal.

    >>> printable("a\x1b[31m\nb")
    'a?[31m b'
    """
    line = _SPACES.sub(" ", text)
    return "".join(letter if letter.isprintable() else "?" for letter in line)


@contextmanager
def indexing_bar(console: Console) -> Iterator[OnProgress]:
    """A progress bar for indexing, removed at the end; yields the callback for its progress."""
    columns = (
        TextColumn("Indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=None, note="")

        def on_progress(now: IndexingProgress) -> None:
            encoded = f": {now.passages_done} of {now.passages} passages" if now.passages else ""
            note = f"{now.path}{encoded}"
            progress.update(
                task, completed=now.files_done, total=now.files, note=printable(note)[-60:]
            )

        yield on_progress


@contextmanager
def counting_bar(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with a label; yields its callback, which takes (done, total)."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def show_report(console: Console, report: IndexingReport, index: Path | None = None) -> None:
    """Print the counts of a run of indexing, and the files that were not read.

    Args:
        console: To print on.
        report: Of the run.
        index: The value of ``--index``, which remedies repeat.
    """
    counts = (
        (len(report.added), "added"),
        (len(report.changed), "changed"),
        (len(report.removed), "removed"),
        (report.unchanged, "unchanged"),
    )
    changes = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing"
    console.print(
        f"{report.name}: {changes} ({report.passages} passages encoded, {report.seconds:.1f} s)",
        markup=False,
        highlight=False,
    )
    for skipped in report.skipped[:MAX_SKIPPED_FILES]:
        label = "kept as it was" if skipped.kept else "not indexed"
        console.print(
            f"  {label}: {printable(skipped.path)} {printable(skipped.reason)}",
            markup=False,
            highlight=False,
            style="yellow",
        )
    if len(report.skipped) > MAX_SKIPPED_FILES:
        more = len(report.skipped) - MAX_SKIPPED_FILES
        remedy = f"list all of them: {command('list', index)}"
        console.print(f"  and {more} more; {remedy}", style="yellow", markup=False)
    for path, parts in report.not_read[:MAX_SKIPPED_FILES]:
        console.print(_not_read(path, parts, "  "))
    if len(report.not_read) > MAX_SKIPPED_FILES:
        more = len(report.not_read) - MAX_SKIPPED_FILES
        remedy = f"list all of them: {command('list', index)}"
        console.print(f"  and {more} more; {remedy}", style="dim", markup=False)


def show_gone(console: Console, answer: Answer, index: Path | None = None) -> None:
    """Print what an answer shows that is no longer where it was indexed, and what to do about it.

    Args:
        console: To print on.
        answer: That was printed.
        index: The value of ``--index``, which remedies repeat.
    """
    if answer.gone:
        console.print()
        console.print(Text(printable(answer.gone_notice), style="bold yellow"), soft_wrap=True)
    for name in dict.fromkeys(path.partition("/")[0] for path in answer.gone):
        remedy = missing_remedy(name, index) if name in answer.gone else _index_again(name, index)
        # Not wrapped, so that the command can be copied.
        console.print(Text(printable(remedy), style="yellow"), soft_wrap=True)


def _index_again(name: str, index: Path | None) -> str:
    return f"Bring {name} up to date: {command('index FOLDER', index)}"


def show_missing(
    console: Console, listing: Listing, index: Path | None = None, found_in: str = ""
) -> None:
    """Print which folders of a library are no longer at their places, and what to do about it.

    Args:
        console: To print on.
        listing: Of the library.
        index: The value of ``--index``, which remedies repeat.
        found_in: Name of a folder that was just indexed, to which one may have been moved.
    """
    here = {file.sha256 for file in listing.documents if file.folder == found_in}
    for name in listing.missing_folders:
        place = listing.folders[name]
        documents = {file.sha256 for file in listing.documents if file.folder == name}
        if len(documents & here) > len(documents) / 2:
            new = listing.folders[found_in]
            move = command(f"move {shlex.quote(name)} {shlex.quote(str(new))}", index)
            line = f"{name} is gone from {place}, and its documents lie in {new}. Move it: {move}"
        else:
            line = f"{name} is gone from {place}. {missing_remedy(name, index)}"
        console.print(Text(printable(line), style="yellow"), soft_wrap=True)


def _not_read(path: str, parts: Sequence[str], indentation: str = "") -> Text:
    """A line that says what was not read of a file."""
    return Text(f"{indentation}{printable(path)}: {not_read_words(parts)}", style="dim")


def show_answer(console: Console, answer: Answer) -> None:
    """Print the answer with its citations, quotes highlighted; an answer in parts part by part."""
    for number, part in enumerate(answer.parts):
        if number:
            console.print()
        console.print(Text(printable(part.standalone_question), style="underline"))
        show_answer(console, replace(part, rewritten=None))
    if answer.parts:
        return
    if answer.rewritten is not None:
        console.print(Text(f"understood as: {printable(answer.rewritten)}", style="dim"))
    if answer.text is None:
        # Titles of documents can stand in it: they are text, not markup.
        console.print(Text(printable(answer.explanation), style="bold"))
        for hit in answer.hits[:NEAREST]:
            console.print()
            console.print(Text(f"nearest: {printable(hit.path)}", style="dim"))
            console.print(_indented(Text(_lines(hit.shown.text))))
        return
    _show_quotes(console, answer.text, answer.citations)
    console.print(Text(f"confidence {answer.confidence:.0%}", style="dim"))
    for number, citation in enumerate(answer.citations, start=1):
        _show_citation(console, number, citation)
    _show_dispute(console, answer)
    others = [
        candidate
        for candidate in answer.candidates
        if candidate.confidence >= MIN_CANDIDATE_CONFIDENCE
    ]
    if others:
        console.print()
    for other in others:
        place = f"{printable(other.citations[0].path)}, characters {other.citations[0].start}"
        candidate = f"or, {other.confidence:.0%}: {_lines(other.text)}"
        console.print(Text(f"{candidate} ({place}–{other.citations[0].end})", style="dim"))


def _show_quotes(console: Console, text: str, citations: Sequence[Citation]) -> None:
    """Print the quotes of which an answer consists."""
    for line in quoted_lines(text, citations):
        if line.gap:
            console.print(Text("[…]", style="dim"))
        console.print(Text(_lines(line.text), style="bold"))


def _show_dispute(console: Console, answer: Answer) -> None:
    """Print the answers that contradict this one; their citations continue the numbering."""
    if not answer.contradiction_notice:
        return
    console.print()
    console.print(Text(answer.contradiction_notice, style="bold yellow"))
    number = len(answer.citations)
    for other in answer.contradicted_by:
        console.print()
        _show_quotes(console, other.text, other.citations)
        console.print(Text(f"confidence {other.confidence:.0%}", style="dim"))
        for citation in other.citations:
            number += 1
            _show_citation(console, number, citation)


def _show_citation(console: Console, number: int, citation: Citation) -> None:
    page = f", {printable(citation.page_name)}" if citation.page else ""
    place = f"{printable(citation.path)}{page}, characters {citation.start}–{citation.end}"
    dated = f", file of {citation.dated}" if citation.dated else ""
    headings = " › ".join((citation.title, *below_title(citation.title, citation.headings)))
    console.print()
    console.print(Text(f"[{number}] {place}{dated}", style="cyan"))
    console.print(_indented(Text(printable(headings), style="cyan")))
    # The sentence stands out; the rest of its passage is dim.
    pieces = ((_lines(text), _STYLES[role]) for text, role in citation.pieces)
    console.print(_indented(Text.assemble(*pieces)))


def _lines(text: str) -> str:
    """Like ``printable``, but keeps line breaks, and parts the cells of a table's row."""
    return "\n".join(map(printable, rendered(text).text.split("\n")))


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 4))


def show_checked(console: Console, checked: Sequence[CheckedCitation]) -> None:
    """Print each quote of a receipt with its status."""
    if not checked:
        console.print("The receipt quotes nothing.")
    for result in checked:
        cited = result.citation
        moved = ""
        if result.path is not None and (result.path, result.start) != (cited.path, cited.start):
            moved = f", now in {result.path} from character {result.start}"
        place = f"{cited.path}, characters {cited.start}–{cited.end}"
        long = len(cited.quote) > MAX_QUOTE_CHARACTERS
        quote = f"{cited.quote[:MAX_QUOTE_CHARACTERS]} …" if long else cited.quote
        console.print(Text(f"{result.status}: {printable(quote)}", style="bold"))
        text = f"{place}: {STATUS_TEXTS[result.status]}{moved}"
        console.print(_indented(Text(printable(text))))


def show_library(console: Console, place: Path, listing: Listing) -> None:
    """Print the contents of the index, file by file."""
    table = Table(box=None, pad_edge=False)
    for column in ("path", "title", "passages", "pages", "indexed (UTC)"):
        justify: JustifyMethod = "right" if column in ("passages", "pages") else "left"
        table.add_column(column, justify=justify, overflow="fold")
    for document in listing.documents:
        table.add_row(
            escape(printable(document.path)),
            escape(printable(document.title or "")),
            str(document.passages),
            str(document.pages or ""),
            (document.indexed_at or "")[:16].replace("T", " "),
        )
    console.print(table, highlight=False)
    for file in listing.files:
        if file.problem:
            label = "not indexed" if file.title is None else "kept as it was"
            console.print(
                f"{label}: {printable(file.path)} {printable(file.problem)}",
                style="yellow",
                markup=False,
                highlight=False,
            )
    for document in listing.documents:
        if document.not_read:
            console.print(_not_read(document.path, document.not_read))
    for name, location in listing.folders.items():
        console.print(f"{printable(name)} lies at {location}", markup=False, highlight=False)
    # The same content at two paths is one document.
    found = {document.sha256: document.passages for document in listing.documents}
    console.print(
        f"{len(found)} documents, {sum(found.values())} passages, index at {place}",
        markup=False,
        highlight=False,
    )


def show_about(console: Console, known: About) -> None:
    """Print what is known of a document; all words are the document's own."""
    counts = [
        (known.pages, "pages"),
        (known.passages, "passages"),
        (known.characters, "characters"),
    ]
    length = [f"{count:,} {name}" for count, name in counts if count]
    dates = [f"file of {known.dated}"] if known.dated else []
    facts = [known.kind, *length, *dates, f"indexed {known.indexed_at[:16].replace('T', ' ')} UTC"]
    console.print(Text(printable(known.title), style="bold"))
    console.print(Text(printable(", ".join(filter(None, [known.path, *facts])))))
    if known.not_read:
        console.print(_not_read(known.path, known.not_read))
    if known.sentences:
        console.print(Text("\nCentral sentences, taken from the document:"))
    for place in known.sentences:
        page = f"{place.page}, " if place.page else ""
        console.print(_indented(Text(printable(place.text))))
        where = f"[{page}characters {place.start}–{place.end}]"
        console.print(_indented(Text(where, style="cyan")))
    if known.headings:
        console.print(Text("\nOutline:"))
    for place in known.headings:
        console.print(Text("  " * place.level + printable(place.text)))
    if known.more_headings:
        console.print(Text(f"  and {known.more_headings:,} more headings"))


def show_measured(console: Console, report: "Report") -> None:
    """Print the figures of ``qa eval``."""
    library = f" over {report.contexts:,} contexts" if report.contexts else ""
    console.print(f"{report.questions:,} questions{library}", highlight=False)
    if report.retrieval:
        console.print()
        console.print(_retrieval_table(report.retrieval), highlight=False)
    parts = {
        "reader alone": report.reader,
        "whole chain": report.chain,
        "chain, half without their context": report.half,
    }
    measured = {name: scores for name, scores in parts.items() if scores}
    if measured:
        console.print()
        console.print(_answers_table(measured, report.threshold), highlight=False)
    for name, scores in measured.items():
        if scores.mistakes:
            console.print(f"\nWrong with the highest confidence, {name}:", highlight=False)
        for mistake in scores.mistakes:
            right = " | ".join(map(printable, mistake.right)) or "nothing answers it"
            question, given = printable(mistake.question), printable(mistake.given)
            line = f"{mistake.confidence:4.0%}  {question}  {given}  (right: {right})"
            console.print(Text(line))


def _retrieval_table(scores: Sequence[RetrievalScores]) -> Table:
    """Recall and MRR of each way of ranking passages."""
    table = Table(box=None, pad_edge=False)
    table.add_column("retrieval")
    ranks = list(scores[0].recall)
    for name in (*(f"recall@{k}" for k in ranks), "MRR"):
        table.add_column(name, justify="right")
    for score in scores:
        figures = (*(score.recall[k] for k in ranks), score.mrr)
        table.add_row(score.name, *(f"{figure:.3f}" for figure in figures))
    return table


def _right_at_60_percent(risk: Sequence[tuple[float, float]]) -> float | None:
    """Share right among the 60% with the highest confidence; none if there are no questions."""
    return 1 - risk[5][1] if risk else None


def _answers_table(measured: Mapping[str, AnswerScores], threshold: float) -> Table:
    """A column for each mode, a row for each figure."""
    table = Table(box=None, pad_edge=False)
    table.add_column("answers")
    for name in measured:
        table.add_column(name, justify="right")

    def row(name: str, figure: Callable[[AnswerScores], float | None], form: str = ".3f") -> None:
        figures = [figure(scores) for scores in measured.values()]
        table.add_row(name, *("–" if value is None else format(value, form) for value in figures))

    row("questions with an answer", lambda scores: scores.answerable, ",d")
    row("questions without an answer", lambda scores: scores.unanswerable, ",d")
    row("EM, answerable", lambda scores: scores.exact)
    row("F1, answerable", lambda scores: scores.f1)
    row(f"F1, answerable, abstaining below {threshold:g}", lambda scores: scores.with_threshold)
    row("unanswerable left open", lambda scores: scores.refused)
    row("answerable detected: precision", lambda scores: scores.precision)
    row("answerable detected: recall", lambda scores: scores.recall)
    row("answerable detected: AUROC", lambda scores: scores.auroc)
    row("expected calibration error", lambda scores: scores.calibration_error)
    row("right among the 30% with the highest confidence", lambda scores: 1 - scores.risk[2][1])
    row("right among the 60% with the highest confidence", lambda scores: 1 - scores.risk[5][1])
    row("right among all", lambda scores: 1 - scores.risk[9][1])
    row(
        "answerable, right among the 60% with the highest confidence",
        lambda scores: _right_at_60_percent(scores.risk_answerable),
    )
    row("citations that are exact", lambda scores: scores.exact_citations, ".2%")
    row("seconds a question, median", lambda scores: scores.seconds[0])
    row("seconds a question, 95th percentile", lambda scores: scores.seconds[1])
    return table
