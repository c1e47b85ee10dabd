"""Command line: ``qa index``, ``ask``, ``list``, ``verify``, ``feedback`` and others.

Exit codes: 0 answered (or done), 1 the documents do not say (any more), 2 error. Commands import
what they need when they run, so that ``qa --help`` is immediate.
"""

from contextlib import suppress
from pathlib import Path

import click

from qa.cli.commands import (
    COMMAND_LINE,
    ERROR,
    NOT_SAID,
    OK,
    fail,
    index_option,
    report_errors,
    settings_of,
)
from qa.cli.keys import keys

MODES = ("reader", "retrieval", "chain")
"""Modes of `qa eval`."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chapter-and-verse")
def main() -> None:
    """Ask a folder of documents; every answer is quoted with chapter and verse."""


main.add_command(keys)


@main.command("index")
@click.argument("folder", type=click.Path(path_type=Path))
@index_option
@report_errors
def index_command(folder: Path, index: Path | None) -> int:
    """Index FOLDER, or bring its index up to date."""
    from rich.console import Console

    from embeddings.errors import FolderError, IndexProblem
    from embeddings.index.index import Index
    from embeddings.indexing import open_and_index
    from qa.access.audit import AuditLog
    from qa.cli.terminal import indexing_bar, show_missing, show_report
    from qa.library.listing import list_library
    from qa.pipeline import load_encoder

    settings = settings_of(index)
    encoder = load_encoder(settings)
    try:
        with indexing_bar(Console(stderr=True)) as on_progress:
            opened, report = open_and_index(
                folder, settings.index, encoder, settings.limits, on_progress, retry=True
            )
    except FolderError:
        # The folder may be one that the index holds, and have been moved.
        with suppress(IndexProblem):
            show_missing(Console(stderr=True), list_library(Index.open(settings.index)), index)
        raise
    AuditLog(settings.index).write(COMMAND_LINE, "index", report.name)
    show_report(Console(), report, index)
    show_missing(Console(), list_library(opened), index, report.name)
    report.check()
    return OK


@main.command("move")
@click.argument("old")
@click.argument("new", type=click.Path(path_type=Path))
@index_option
@report_errors
def move_command(old: str, new: Path, index: Path | None) -> int:
    """Tell the index that the folder OLD lies at NEW now, and bring it up to date.

    OLD is the folder's name in the library, see `qa list`, or the place where it lay. Move the
    folder yourself first: no file is touched. What has not changed is not read again.
    """
    from rich.console import Console

    from embeddings.folders import move_folder
    from embeddings.index.index import Index
    from embeddings.indexing import index_folder
    from qa.access.audit import AuditLog
    from qa.cli.terminal import indexing_bar, show_report
    from qa.pipeline import load_encoder

    settings = settings_of(index)
    opened = Index.open(settings.index)
    encoder = load_encoder(settings)
    opened.check_encoder(encoder.model)
    move_folder(opened, old, new)
    with indexing_bar(Console(stderr=True)) as on_progress:
        report = index_folder(new, opened, encoder, settings.limits, on_progress, retry=True)
    AuditLog(settings.index).write(COMMAND_LINE, "index", report.name)
    show_report(Console(), report, index)
    return OK


@main.command()
@click.argument("question")
@click.option("--in", "within", multiple=True, help="Answer from this document or folder only.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.option("--each", is_flag=True, help="Ask each document by itself, and print CSV.")
@index_option
@report_errors
def ask(
    question: str, within: tuple[str, ...], as_json: bool, each: bool, index: Path | None
) -> int:
    """Answer QUESTION from what is indexed."""
    if each and as_json:
        raise ValueError("expected one of --each and --json, got both")
    if each:
        return _ask_each(question, within, index)
    from rich.console import Console

    from qa.cli.error_messages import command
    from qa.cli.terminal import show_answer, show_gone
    from qa.pipeline import NothingWithin, QuestionAnswerer

    with QuestionAnswerer.open(settings=settings_of(index)) as answerer:
        try:
            answer = answerer.answer(question, within)
        except NothingWithin as error:
            raise ValueError(f"{error}; see what it holds: {command('list', index)}") from error
    if as_json:
        click.echo(answer.to_json(indent=2))
    else:
        show_answer(Console(), answer)
        show_gone(Console(), answer, index)
    return OK if answer.text is not None or answer.remark else NOT_SAID


def _ask_each(question: str, within: tuple[str, ...], index: Path | None) -> int:
    """Print as CSV what each document says, the surest answer first."""
    from rich.console import Console

    from qa.cli.error_messages import command
    from qa.cli.terminal import counting_bar, printable
    from qa.library.answer_table import as_csv, by_confidence
    from qa.library.listing import list_library
    from qa.pipeline import NothingWithin, QuestionAnswerer

    with QuestionAnswerer.open(settings=settings_of(index)) as answerer:
        listing = list_library(answerer.index, within)
        # A file's name may hold what moves the cursor.
        titles = {printable(file.path): file.title or "" for file in listing.documents}
        rows = []
        try:
            with counting_bar(Console(stderr=True), "asking") as on_progress:
                for path, answer in answerer.answer_each(question, within):
                    rows.append((printable(path), answer))
                    on_progress(len(rows), len(titles))
        except NothingWithin as error:
            raise ValueError(f"{error}; see what it holds: {command('list', index)}") from error
    click.echo(as_csv(by_confidence(rows), titles), nl=False)
    return OK if any(answer.text is not None for _, answer in rows) else NOT_SAID


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@index_option
@report_errors
def list_command(as_json: bool, index: Path | None) -> int:
    """List the indexed documents, and the files that are not indexed, with the reasons."""
    import json

    from rich.console import Console

    from embeddings.index.index import Index
    from qa.cli.terminal import show_library, show_missing
    from qa.library.listing import list_library

    settings = settings_of(index)
    listing = list_library(Index.open(settings.index))
    if as_json:
        documents = [
            {
                "path": file.path,
                "title": file.title,
                "passages": file.passages,
                "pages": file.pages,
                "indexed_at": file.indexed_at,
                "sha256": file.sha256,
                "problem": file.problem,
                "not_read": file.not_read,
            }
            for file in listing.files
        ]
        places = {name: str(location) for name, location in listing.folders.items()}
        output = {
            "index": str(settings.index),
            "folders": places,
            "missing_folders": listing.missing_folders,
            "documents": documents,
        }
        click.echo(json.dumps(output, indent=2, ensure_ascii=False))
    else:
        show_library(Console(), settings.index, listing)
        show_missing(Console(), listing, index)
    return OK


@main.command("about")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@index_option
@report_errors
def about_command(path: str, as_json: bool, index: Path | None) -> int:
    """Show length, outline and most central sentences of the document at PATH in the library."""
    import json
    from dataclasses import asdict

    from rich.console import Console

    from embeddings.index.index import Index
    from qa.cli.terminal import show_about
    from qa.library.about import about
    from qa.pipeline import load_encoder

    settings = settings_of(index)
    opened = Index.open(settings.index)
    encoder = load_encoder(settings)
    opened.check_encoder(encoder.model)
    known = about(opened, encoder, path)
    if known is None:
        raise ValueError(f"expected the path of a document, got {path}; see `qa list`")
    if as_json:
        click.echo(json.dumps(asdict(known), indent=2, ensure_ascii=False))
    else:
        show_about(Console(), known)
    return OK


@main.command("remove")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@index_option
@report_errors
def remove_command(paths: tuple[str, ...], index: Path | None) -> int:
    """Remove the document or folder at each PATH from the index; no file is deleted."""
    from embeddings.folders import remove
    from embeddings.index.index import Index
    from qa.access.audit import AuditLog
    from qa.cli.terminal import printable

    settings = settings_of(index)
    removed = remove(Index.open(settings.index), paths)
    AuditLog(settings.index).write(COMMAND_LINE, "remove", removed)
    for path in removed:
        click.echo(f"removed {printable(path)}")
    return OK


@main.command()
@index_option
@report_errors
def doctor(index: Path | None) -> int:
    """Check index, checksums and models; print a remedy for what is damaged."""
    from qa.cli.doctor import examine

    settings = settings_of(index)
    sound = True
    for finding in examine(settings, index):
        sound &= finding.sound
        click.echo(f"{'ok   ' if finding.sound else 'WRONG'} {finding.what}")
    return OK if sound else ERROR


@main.command("verify")
@click.argument("receipt", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@index_option
@report_errors
def verify_command(receipt: Path, as_json: bool, index: Path | None) -> int:
    """Check whether the documents still hold each quote in RECEIPT; 1 if any does not.

    RECEIPT is what `qa ask --json` printed, or what the chat exported as JSON. A quote is stale,
    and the exit code 1, if its file has changed since it was indexed.
    """
    import json

    from rich.console import Console

    from embeddings.index.index import Index
    from qa.cli.terminal import show_checked
    from qa.library.receipts import read_receipt, verify

    answers = read_receipt(receipt)
    opened = Index.open(settings_of(index).index)
    try:
        checked = list(verify(answers, opened))
    finally:
        opened.close()
    if as_json:
        output = [
            {
                "quote": quote.citation.quote,
                "cited": [quote.citation.path, quote.citation.start, quote.citation.end],
                "status": quote.status,
                "path": quote.path,
                "start": quote.start,
            }
            for quote in checked
        ]
        click.echo(json.dumps(output, indent=2, ensure_ascii=False))
    else:
        show_checked(Console(), checked)
    return OK if all(quote.status == "exact" for quote in checked) else NOT_SAID


@main.command("feedback")
@click.option(
    "--all", "everything", is_flag=True, help="Print every rating, with dislikes and notes."
)
@index_option
@report_errors
def feedback_command(everything: bool, index: Path | None) -> int:
    """Print liked answers as JSON lines: questions in the format of `qa eval`."""
    import json

    from qa.library.feedback import Feedback, as_question

    entries = Feedback(settings_of(index).index).entries()
    if everything:
        for entry in entries:
            answer = json.loads(entry.answer.to_json())
            output = {
                "liked": entry.liked,
                "note": entry.note,
                "at": entry.at,
                "answer": answer,
            }
            click.echo(json.dumps(output, ensure_ascii=False))
        return OK
    rows = [row for entry in entries if (row := as_question(entry))]
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False))
    left_out = len(entries) - len(rows)
    click.echo(
        f"{len(entries)} ratings, {left_out} of them left out: they hold no right answer, "
        "or an answer of several sentences. Print them with --all.",
        err=True,
    )
    return OK


@main.command("mcp")
@click.option("--in", "within", multiple=True, help="Serve this document or folder only.")
@index_option
@report_errors
def mcp_command(within: tuple[str, ...], index: Path | None) -> int:
    """Let an assistant ask: MCP over standard input and output.

    The assistant starts this command by itself; see docs/guide/programs.md for its settings.
    """
    from qa.cli.mcp_command import serve_index

    serve_index(settings_of(index), within, index)


@main.command("eval")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice(MODES),
    help="The reader alone on each question's context, retrieval alone, or the whole chain; "
    "can be given several times. Without it all three.",
)
@click.option(
    "--sample", "count", type=click.IntRange(1), help="Measure this many, sampled by --seed."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the sample.")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Plot risk and coverage.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="Index to ask; without it, one is built of the questions' contexts.",
)
@report_errors
def eval_command(
    questions: Path,
    modes: tuple[str, ...],
    count: int | None,
    seed: int,
    picture: Path | None,
    as_json: bool,
    index: Path | None,
) -> int:
    """Measure answers to QUESTIONS: JSON lines, or SQuAD's JSON; both also gzip."""
    import json
    from functools import partial

    from rich.console import Console

    from qa.cli.terminal import counting_bar, show_measured
    from qa.evaluation.datasets import load_questions
    from qa.evaluation.report import evaluate, plot, require_matplotlib

    settings = settings_of(None)
    if picture and set(modes) == {"retrieval"}:
        raise ValueError("expected a mode that answers for --plot, got retrieval alone")
    if picture:
        # Before minutes of measuring.
        try:
            require_matplotlib()
        except ModuleNotFoundError as error:
            fail(str(error))
    loaded = load_questions(questions)
    bar = partial(counting_bar, Console(stderr=True))
    report = evaluate(loaded, settings, modes or MODES, bar, index, count, seed)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        show_measured(Console(), report)
    if picture:
        plot(report, picture)
    return OK


if __name__ == "__main__":
    main()
