"""Page: the conversation as HTML, and its style sheet, from the files in ``css/``.

What comes from a question, a document or the name of a file reaches the page through a template,
which escapes it: it is shown as these characters, never taken for HTML, a script or a formula.
"""

import html
from base64 import b64encode
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from embeddings.document import BLOCK_SEPARATOR
from qa.library.receipts import answer_as_markdown, as_json, as_markdown, without_passages
from qa.results import NEAREST, Answer, Candidate, Citation, Hit, below_title, quoted_lines
from qa.service.document_links import document_link
from qa.web.html.rendering import render

STYLE = "\n".join(
    Path(__file__).with_name("css").joinpath(f"{name}.css").read_text(encoding="utf-8")
    for name in (
        "base",
        "columns",
        "ask",
        "sources",
        "notices",
        "source_list",
        "reader",
        "each",
        "print",
    )
)
"""The page's style sheet."""


@dataclass(frozen=True, slots=True)
class RenderedTurn:
    """A question and the reply to it.

    Attributes:
        number: In its chat, from 1.
        question: As it was typed.
        reply: The answer with its citations' numbers, as HTML for the chat.
        sources: The citations, as HTML for the panel.
        answer: None while it is awaited, or if there is none.
        signature: Of the answer, where it was given by this program.
        id: Of the turn in the user's browser.
    """

    number: int
    question: str
    reply: str
    sources: Markup
    answer: Answer | None = None
    signature: str = ""
    id: str = ""

    @property
    def question_html(self) -> str:
        """The question as HTML for the chat."""
        # No template is evaluated there.
        return html.escape(self.question, quote=False)


@dataclass(frozen=True, slots=True)
class _Quote:
    """A citation as the page shows it.

    Attributes:
        citation: That is shown.
        number: In its turn, from 1.
        id: Of its source in the panel.
        link: Of its document's page, where the answer's other quotes are marked too.
        changed: Whether the document is not what it was when it was quoted.
    """

    citation: Citation
    number: int
    id: str
    link: str
    changed: bool

    @property
    def headings(self) -> tuple[str, ...]:
        return below_title(self.citation.title, self.citation.headings)


@dataclass(frozen=True, slots=True)
class _Side:
    """One answer of several that documents give to a question."""

    text: str
    confidence: float
    quotes: tuple[_Quote, ...]

    @property
    def lines(self) -> list[tuple[bool, str, tuple[_Quote, ...]]]:
        """The quotes of which it consists: whether there is a gap before, text, and places."""
        lines = quoted_lines(self.text, [quote.citation for quote in self.quotes])
        if len(lines) == 1:
            return [(False, self.text, self.quotes)]
        pairs = zip(lines, self.quotes, strict=True)
        return [(line.gap, line.text, (quote,)) for line, quote in pairs]

    @property
    def documents(self) -> list[tuple[str, str, str]]:
        """Title, path and date of each document that gives it."""
        citations = [quote.citation for quote in self.quotes]
        return list(dict.fromkeys((each.title, each.path, each.dated) for each in citations))


@dataclass(frozen=True, slots=True)
class _Passage:
    """A passage near to a question that was not answered."""

    hit: Hit
    link: str
    changed: bool

    @property
    def headings(self) -> tuple[str, ...]:
        return below_title(self.hit.title, self.hit.headings)

    @property
    def heading_path(self) -> tuple[str, ...]:
        """Title and headings."""
        return (self.hit.title, *self.headings)

    @property
    def text(self) -> str:
        """The passage below its headings, which are shown above it."""
        text = self.hit.shown.text
        while True:
            first, _, rest = text.partition(BLOCK_SEPARATOR)
            if not rest or first not in (self.hit.title, *self.hit.headings):
                return text
            text = rest


@dataclass(frozen=True, slots=True)
class _Part:
    """The answer to one question of a turn.

    Attributes:
        answer: To that question.
        sides: The answer, then those of other documents that contradict it.
        candidates: Other answers that were found.
        nearest: The passages nearest to the question.
        changed: Whether a document that it quotes has changed.
    """

    answer: Answer
    sides: tuple[_Side, ...]
    candidates: tuple[_Side, ...]
    nearest: tuple[_Passage, ...]
    changed: bool


def answer_turn(
    number: int,
    answer: Answer,
    changed: Set[str] = frozenset(),
    turn_id: str = "",
    unread: str = "",
) -> RenderedTurn:
    """The turn for an answer, or for a question that the documents do not answer.

    Args:
        number: Of the turn in its chat, from 1; makes the ids in the page unique.
        answer: To the turn's question.
        changed: Paths of documents that are not what they were when they were quoted.
        turn_id: Of the turn in the user's browser.
        unread: A sentence, if not all files are in the library yet.
    """
    parts, first = [], 1
    for part in answer.parts or (answer,):
        parts.append(_part(part, number, first, changed))
        first += len(part.quotes)
    return RenderedTurn(
        number,
        answer.question,
        str(
            render(
                "reply.html",
                rewritten=answer.rewritten,
                parts=parts,
                gone_notice=answer.gone_notice,
                turn_id=turn_id,
                within_notice=_within_notice(answer),
                unread_notice=unread,
            )
        ),
        render("sources.html", parts=parts, turn_id=turn_id, markdown=answer_as_markdown(answer)),
        without_passages(answer),
        id=turn_id,
    )


def problem_turn(number: int, question: str, sentence: str, turn_id: str = "") -> RenderedTurn:
    """The turn for a question that could not be answered.

    Args:
        number: Of the turn.
        question: As asked.
        sentence: Says why.
        turn_id: Of the turn in the user's browser.
    """
    reply = render("problem_reply.html", sentence=sentence, turn_id=turn_id)
    return RenderedTurn(number, question, str(reply), render("no_sources.html"), id=turn_id)


def pending_turn(
    number: int, question: str, stage: str = "", hits: Sequence[Hit] | None = None
) -> RenderedTurn:
    """The turn while its question is being answered.

    Args:
        number: Of the turn.
        question: As asked.
        stage: The present step.
        hits: The passages found; none before the search is done.
    """
    reply = render("waiting.html", stage=stage)
    passages = None if hits is None else list(_nearest(hits, frozenset()))
    sources = Markup() if passages is None else render("reading.html", passages=passages)
    return RenderedTurn(number, question, str(reply), sources)


def alert(sentence: str) -> str:
    """A line below the question, for what is not part of a turn; empty without a sentence."""
    return str(render("alert.html", sentence=sentence)) if sentence else ""


def rated_answer(turn_id: str, question: str) -> str:
    """Says to which question the answer was that is rated.

    Args:
        turn_id: Of its turn in the user's browser.
        question: As typed.
    """
    return str(render("rated.html", turn_id=turn_id, question=question))


def noted() -> str:
    """A line that says that a note was stored."""
    return str(render("noted.html"))


def progress_line(sentence: str, unread: str = "") -> str:
    """A line that says how far indexing has come, and what that means for answers.

    Args:
        sentence: How far it has come.
        unread: A sentence, if not all files are in the library yet.
    """
    return str(render("progress.html", sentence=sentence, unread=unread))


def page_header(folder: str, library: str) -> str:
    """The head of the page.

    Args:
        folder: Name of the folder that is answered from.
        library: Names the library whose conversations the browser keeps.
    """
    return str(render("header.html", folder=folder, library=library))


def sources_panel(turns: Sequence[RenderedTurn], pending: bool = False) -> str:
    """The sources of the last turn, and folded below them those of the earlier ones.

    Args:
        turns: Of the chat, in order; at least one.
        pending: Whether the reply is incomplete; nothing is offered to be saved then.
    """
    *earlier, last = turns
    answers = [] if pending else [turn.answer for turn in turns if turn.answer]
    return str(
        render("panel.html", last=last, earlier=earlier[::-1], exports=list(_exports(answers)))
    )


def opening_panel(documents: int | None) -> str:
    """The panel before the first question.

    Args:
        documents: How many there are; None while they are indexed.
    """
    return str(render("opening.html", count=documents))


def _within_notice(answer: Answer) -> str:
    """What the answer was limited to: a document by its title, where something of it was found."""
    titles = [
        title
        for part in (answer, *answer.parts)
        for path, title in (
            *((hit.path, hit.title) for hit in part.hits),
            *((citation.path, citation.title) for citation in part.citations),
        )
        if (path,) == answer.within
    ]
    return f"Asked only of: {titles[0]}." if titles else answer.within_notice


def _part(answer: Answer, turn: int, first: int, changed: Set[str]) -> _Part:
    """One answer; its citations are numbered from ``first`` on."""
    sides = []
    own = Candidate(answer.text or "", answer.confidence, answer.citations)
    for candidate in (own, *answer.contradicted_by):
        sides.append(_side(candidate, turn, first, changed))
        first += len(candidate.citations)
    return _Part(
        answer,
        tuple(sides),
        # They are shown without numbers.
        tuple(_side(candidate, turn, 1, changed) for candidate in answer.candidates),
        tuple(_nearest(answer.hits, changed)),
        any(citation.path in changed for citation in answer.quotes),
    )


def _side(candidate: Candidate, turn: int, first: int, changed: Set[str]) -> _Side:
    quotes = tuple(
        _Quote(
            citation,
            number,
            _id(turn, number),
            _link(citation, candidate.citations),
            citation.path in changed,
        )
        for number, citation in enumerate(candidate.citations, start=first)
    )
    return _Side(candidate.text, candidate.confidence, quotes)


def _link(citation: Citation, citations: Sequence[Citation]) -> str:
    """The address of a quote; the other quotes of its document are marked there too."""
    quotes = sorted({(each.start, each.end) for each in citations if each.path == citation.path})
    at = quotes.index((citation.start, citation.end))
    return document_link(citation.path, citation.sha256, quotes, at)


def _nearest(hits: Sequence[Hit], changed: Set[str]) -> Iterator[_Passage]:
    for hit in hits[:NEAREST]:
        link = document_link(hit.path, hit.sha256, [(hit.start, hit.end)])
        yield _Passage(hit, link, hit.path in changed)


def _id(turn: int, number: int) -> str:
    return f"cv-{turn}-{number}"


@dataclass(frozen=True, slots=True)
class _Export:
    """A link that saves the conversation, which is in the link: nothing is kept on the server."""

    name: str
    link: str
    label: str


def _exports(answers: Sequence[Answer]) -> Iterator[_Export]:
    if not answers:
        return
    for name, media_type, content, label in (
        ("answers.md", "text/markdown;charset=utf-8", as_markdown(answers), "Markdown"),
        ("receipt.json", "application/json", as_json(answers), "JSON, a receipt to verify"),
    ):
        encoded = b64encode(content.encode()).decode()
        yield _Export(name, f"data:{media_type};base64,{encoded}", label)
