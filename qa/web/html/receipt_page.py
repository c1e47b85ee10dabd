"""Receipt page: the quotes of a receipt and what has become of them, as HTML."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from embeddings.rendering import rendered
from qa.library.receipts import STATUS_TEXTS, CheckedCitation, QuoteStatus
from qa.service.document_links import document_link
from qa.web.html.rendering import render

MAX_QUOTE_CHARACTERS = 300
"""Characters shown of a quote."""

_HEADINGS: dict[QuoteStatus, str] = {
    "exact": "Exact",
    "moved": "Moved",
    "changed": "Changed",
    "stale": "Stale",
    "gone": "Gone",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """A quote as the table shows it.

    Attributes:
        question: To whose answer it belongs.
        quote: Its characters, cut off where they are many.
        place: Title and path of its document.
        heading: Its status in a word.
        status: As a clause.
        stands: Whether the document has the quote, at its place.
        link: To where it stands now, or to its document; empty if there is none.
    """

    question: str
    quote: str
    place: tuple[str, str]
    heading: str
    status: str
    stands: bool
    link: str


def receipt_help() -> str:
    """The text above the button to choose a receipt."""
    return str(render("receipt_help.html"))


def receipt_table(quotes: Sequence[tuple[str, CheckedCitation]], total: int, problem: str) -> str:
    """The quotes of a receipt with their status, those that do not stand any more first.

    Args:
        quotes: With the question of the answer that quotes them.
        total: Quotes in the receipt.
        problem: Why nothing was checked, as a sentence; empty if something was.
    """
    if problem:
        return str(render("alert.html", sentence=problem))
    rows = [_row(question, checked) for question, checked in quotes]
    counts = Counter(row.heading for row in rows)
    rows.sort(key=lambda row: row.stands)
    return str(render("receipt.html", rows=rows, total=total, counts=counts, exact=counts["Exact"]))


def _row(question: str, checked: CheckedCitation) -> _Row:
    citation = checked.citation
    quote = rendered(citation.quote[: MAX_QUOTE_CHARACTERS + 1]).text
    link = ""
    if checked.path is not None and checked.start is not None:
        span = checked.start, checked.start + len(citation.quote)
        link = document_link(checked.path, "", [span])
    elif checked.status in ("changed", "stale"):
        link = document_link(citation.path, "")
    return _Row(
        question=question,
        quote=quote if len(quote) <= MAX_QUOTE_CHARACTERS else f"{quote[:MAX_QUOTE_CHARACTERS]} …",
        place=(citation.title, checked.path or citation.path),
        heading=_HEADINGS[checked.status],
        status=STATUS_TEXTS[checked.status],
        stands=checked.status == "exact",
        link=link,
    )
