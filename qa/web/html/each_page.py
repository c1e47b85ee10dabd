"""Each page: what each document says to one question, as a table in HTML."""

from base64 import b64encode
from dataclasses import dataclass

from qa.library.answer_table import Row, as_csv, by_confidence
from qa.results import Answer, Citation
from qa.service.document_links import document_link
from qa.web.html.rendering import render

MAX_SILENT = 500
"""Documents listed that do not say; the others are counted."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A document's answer as the table shows it.

    Attributes:
        title: Of the document.
        path: In the library.
        answer: That it gives.
        quotes: Number, citation and link of each quote, from 1.
    """

    title: str
    path: str
    answer: Answer
    quotes: tuple[tuple[int, Citation, str], ...]


def each_opening() -> str:
    """What the tab does, as a sentence, before a question is asked."""
    return str(render("each_opening.html"))


def each_table(
    question: str,
    rows: tuple[Row, ...],
    titles: dict[str, str],
    *,
    asked: int,
    to_ask: int,
    total: int,
    running: bool,
    waiting: bool = False,
    within: str = "",
    problem: str = "",
) -> str:
    """The documents that answer, the surest first; below them those that do not say.

    Args:
        question: As typed.
        rows: What the documents asked so far say.
        titles: Of the documents, by path.
        asked: Number of documents asked so far.
        to_ask: Number of documents that are asked.
        total: Number of documents that could be asked.
        running: Whether others are still to be asked.
        waiting: Whether the question of another session is put to each document first.
        within: What the question is limited to, as a sentence; empty if it is not limited.
        problem: Why no more were asked, as a sentence; empty if there was no problem.
    """
    ordered = by_confidence(rows)
    answered = [_row(row, titles) for row in ordered if row[1].text is not None]
    silent = [
        (titles.get(path, path), path, document_link(path, ""))
        for path, answer in ordered
        if answer.text is None
    ]
    return str(
        render(
            "each.html",
            question=question,
            rows=answered,
            silent=silent[:MAX_SILENT],
            silent_count=len(silent),
            asked=asked,
            to_ask=to_ask,
            total=total,
            running=running,
            waiting=waiting,
            within=within,
            problem=problem,
            csv="" if running or not answered else _csv_link(ordered, titles),
        )
    )


def _row(row: Row, titles: dict[str, str]) -> _Row:
    path, answer = row
    spans = sorted({(each.start, each.end) for each in answer.citations})
    quotes = tuple(
        (
            number,
            citation,
            document_link(
                path, citation.sha256, spans, spans.index((citation.start, citation.end))
            ),
        )
        for number, citation in enumerate(answer.citations, start=1)
    )
    return _Row(titles.get(path, path), path, answer, quotes)


def _csv_link(rows: list[Row], titles: dict[str, str]) -> str:
    """The table in a link that saves it: nothing is kept on the server."""
    encoded = b64encode(as_csv(rows, titles).encode()).decode()
    return f"data:text/csv;charset=utf-8;base64,{encoded}"
