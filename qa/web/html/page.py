"""Page: answers as HTML, with the style sheet they are read in, ``page.css``.

Whatever comes from a question, a document or the name of a file passes through ``shown``, so
that it is read as it stands and never taken for HTML, for a script or for a formula.
"""

import html
from base64 import b64encode
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from qa.library.receipts import as_json, as_markdown, without_passages
from qa.results import NEAREST, Answer, Candidate, Citation, Hit, below_title
from qa.web.html.document_page import document_link

MOST_TITLES = 12
"""Documents named before the first question; the others are counted."""

CHANGED = (
    '<p class="cv-warning">This document has changed since, or is gone. Ask again to quote it '
    "as it is now.</p>"
)

CHANGED_REPLY = (
    '<p class="cv-warning">A document that this answer quotes has changed since, or is gone.</p>'
)

CONFIDENCE_WORDS = (
    (0.95, "almost certainly right"),
    (0.8, "very likely right"),
    (0.6, "probably right"),
    (0.4, "uncertain"),
    (0.0, "doubtful"),
)
"""From which probability on a confidence is called what."""

# Gradio's HTML component evaluates ${…} and {{…}} of its template; as character references
# they reach the page as the plain characters they are, whatever it evaluates.
_TEMPLATE_CHARACTERS = str.maketrans({letter: f"&#{ord(letter)};" for letter in "$`{}\\"})


@dataclass(frozen=True, slots=True)
class RenderedTurn:
    """A question and what was replied to it.

    Attributes:
        number: In its chat, from 1.
        asked: The question as it was asked.
        reply: The answer with its citations' numbers, as HTML for the chat.
        sources: The citations, as HTML for the panel.
        answer: None while it is awaited, or if there was a problem.
        signature: Of the answer, where it was given by this program.
    """

    number: int
    asked: str
    reply: str
    sources: str
    answer: Answer | None = None
    signature: str = ""

    @property
    def question(self) -> str:
        """The question as HTML for the chat."""
        # What can be edited should read as it was typed: only what HTML would take for something
        # else is escaped. No template is evaluated there.
        if "<" not in self.asked and html.unescape(self.asked) == self.asked:
            return self.asked
        return html.escape(self.asked, quote=False)


def typed(question: str) -> str:
    """The question that was edited in the chat, where it stands as HTML.

    >>> RenderedTurn(1, "R&D for {x}?", "", "").question
    'R&D for {x}?'
    >>> typed(RenderedTurn(1, "Is <b> &amp; so?", "", "").question)
    'Is <b> &amp; so?'
    """
    return html.unescape(question)


def shown(text: str) -> str:
    """The text as HTML that shows exactly these characters.

    >>> shown("<b>${x}</b>")
    '&lt;b&gt;&#36;&#123;x&#125;&lt;/b&gt;'
    """
    return html.escape(text).translate(_TEMPLATE_CHARACTERS)


def confidence_in_words(confidence: float) -> tuple[str, str]:
    """A confidence as words and as percent; no estimate is ever called certain.

    >>> confidence_in_words(0.87), confidence_in_words(0.999), confidence_in_words(0.001)
    (('very likely right', '87%'), ('almost certainly right', 'over 99%'), ('doubtful', 'under 1%'))
    """
    words = next(words for least, words in CONFIDENCE_WORDS if confidence >= least)
    if confidence > 0.99:
        return words, "over 99%"
    return words, "under 1%" if confidence < 0.01 else f"{confidence:.0%}"


def answer_turn(number: int, answer: Answer, changed: Set[str] = frozenset()) -> RenderedTurn:
    """The turn for an answer, or for what the documents do not say.

    Args:
        number: Of the turn in its chat, from 1; tells apart the ids in the page.
        answer: To the turn's question.
        changed: Paths of documents that are not what they were when they were quoted.
    """
    parts = answer.parts or (answer,)
    replies, sources = [], []
    first = 1
    for part in parts:
        heading = f'<p class="cv-part" dir="auto">{shown(part.question)}</p>'
        since = any(citation.path in changed for citation in part.quotes)
        reply = _reply(number, first, part) + (CHANGED_REPLY if since else "")
        replies.append((heading if len(parts) > 1 else "") + reply)
        sources.append(_sources(number, first, part, changed))
        first += len(part.quotes)
    understood = (
        f'<p class="cv-note">Understood as: <em dir="auto">{shown(answer.rewritten)}</em></p>'
        if answer.rewritten is not None
        else ""
    )
    ids = [_id(number, at) for at in range(1, first)]
    return RenderedTurn(
        number,
        answer.question,
        understood + "".join(replies),
        _pointed_at(ids) + "".join(sources),
        without_passages(answer),
    )


def _reply(number: int, first: int, answer: Answer) -> str:
    """The answer to one question; its citations are numbered from ``first`` on."""
    if answer.text is None:
        return _no_answer(answer)
    links = _numbers(number, first, answer.citations)
    return (
        f'<p class="cv-answer" dir="auto"><q>{shown(answer.text)}</q> {links}</p>'
        f"{_sentence(answer.citations[0])}"
        f'<p class="cv-note">Confidence: {_sureness(answer.confidence)}</p>'
        f"{_dispute(number, first, answer)}"
    )


def _numbers(number: int, first: int, citations: Sequence[Citation]) -> str:
    """Links to the quotes, numbered from ``first`` on."""
    return " ".join(
        f'<a class="cv-number {_to(_id(number, at))}" target="_blank" rel="noopener" '
        f'href="{_address(citation, citations)}">[{at}]</a>'
        for at, citation in enumerate(citations, start=first)
    )


def _dispute(number: int, first: int, answer: Answer) -> str:
    """The answer beside what other documents say otherwise; empty if none does."""
    if answer.text is None or not answer.dispute:
        return ""
    ours = Candidate(answer.text, answer.confidence, answer.citations)
    sides = ""
    for side in (ours, *answer.contradicted_by):
        sides += _side(number, first, side)
        first += len(side.citations)
    return (
        f'<div class="cv-dispute"><p class="cv-warning">{answer.dispute}</p><ul>{sides}</ul></div>'
    )


def _side(number: int, first: int, side: Candidate) -> str:
    """An answer of several, with its documents and their days."""
    documents = dict.fromkeys(
        (citation.title, citation.path, citation.dated) for citation in side.citations
    )
    places = "".join(
        f'<p class="cv-place" dir="auto">{_joined(shown(title), shown(path), _file(day))}</p>'
        for title, path, day in documents
    )
    return (
        f'<li><p dir="auto"><q>{shown(side.text)}</q> {_numbers(number, first, side.citations)}</p>'
        f'{places}<p class="cv-note">{_sureness(side.confidence)}</p></li>'
    )


def _sources(number: int, first: int, answer: Answer, changed: Set[str]) -> str:
    """The citations of one answer, or the passages that came nearest."""
    if answer.text is None:
        return "" if answer.remark else _nearest(answer.hits, NOT_AN_ANSWER, changed)
    cards = _cards(number, first, answer.citations, changed)
    first += len(answer.citations)
    against = ""
    for other in answer.contradicted_by:
        against += _cards(number, first, other.citations, changed)
        first += len(other.citations)
    if against:
        against = f'<p class="cv-warning">{answer.dispute}</p><ol>{against}</ol>'
    return f"<ol>{cards}</ol>{against}{_others(answer.candidates, changed)}"


def _cards(number: int, first: int, citations: Sequence[Citation], changed: Set[str]) -> str:
    """A card for each citation, numbered from ``first`` on."""
    return "".join(
        _source(
            _id(number, at),
            f"[{at}]",
            citation,
            _link(citation, citations) + (CHANGED if citation.path in changed else ""),
        )
        for at, citation in enumerate(citations, start=first)
    )


def _pointed_at(ids: Sequence[str]) -> str:
    """The style of a source while its number in the chat is pointed at; needs no script."""
    if not ids:
        return ""
    rules = "".join(
        f".gradio-container:has(.{_to(id)}:is(:hover, :focus-visible)) #{id} "
        "{ background: var(--cv-mark); }"
        for id in ids
    )
    return f"<style>{rules}</style>"


def _sureness(confidence: float) -> str:
    """How sure an answer is in a word, the probability when it is pointed at or read out."""
    words, percent = confidence_in_words(confidence)
    return (
        f'<span class="cv-sure" title="probability {percent}">{words}'
        f'<span class="cv-unseen">, probability {percent}</span></span>'
    )


def _sentence(citation: Citation) -> str:
    """The sentence in which the quote stands, where it says more than the quote."""
    before, quote, after = (shown(part) for part in citation.sentence)
    if not before and not after:
        return ""
    return f'<p class="cv-sentence" dir="auto">{before}<mark>{quote}</mark>{after}</p>'


def problem_turn(number: int, question: str, sentence: str) -> RenderedTurn:
    """The turn for a question that could not be answered, with one sentence that says why."""
    reply = f'<p class="cv-problem" role="alert">{shown(sentence)}</p>'
    none = '<p class="cv-note">No sources: there was no answer.</p>'
    return RenderedTurn(number, question, reply, none)


def waiting_turn(
    number: int, question: str, stage: str = "", hits: Sequence[Hit] | None = None
) -> RenderedTurn:
    """The turn while its question is being answered.

    Args:
        number: Of the turn.
        question: As asked.
        stage: What is being done.
        hits: The passages found, if they are by now.
    """
    reply = f'<p class="cv-note" role="status">{shown(stage)}</p>'
    nearest = "" if hits is None else _nearest(hits, READING, frozenset())
    return RenderedTurn(number, question, reply, nearest)


def notice(sentence: str) -> str:
    """A line below the question, for what the chat has no turn for."""
    return f'<p class="cv-problem" role="alert">{shown(sentence)}</p>' if sentence else ""


def header(folder: str) -> str:
    """The head of the page."""
    return (
        '<header class="cv-header"><h1>Chapter and Verse</h1>'
        f"<p>Answers from <strong>{shown(folder)}</strong>, quoted word for word</p></header>"
    )


def panel(turns: Sequence[RenderedTurn], awaiting: bool = False) -> str:
    """The sources of the last turn, and folded below them those of the earlier ones.

    Args:
        turns: Of the chat, in order; at least one.
        awaiting: Whether there is more to come, before which nothing is offered to be saved.
    """
    *earlier, last = turns
    folded = "".join(
        f'<details><summary>Earlier: <span dir="auto">{shown(turn.asked)}</span></summary>'
        f"{turn.sources}</details>"
        for turn in reversed(earlier)
    )
    return _framed(
        f'<p class="cv-asked" dir="auto">{shown(last.asked)}</p>{last.sources}'
        + (f'<div class="cv-earlier">{folded}</div>' if folded else "")
        + ("" if awaiting else _exports([turn.answer for turn in turns if turn.answer]))
    )


def opening(titles: Sequence[str]) -> str:
    """What stands in place of the sources before the first question.

    Args:
        titles: Of the documents.
    """
    items = "".join(f'<li dir="auto">{shown(title)}</li>' for title in titles[:MOST_TITLES])
    more = len(titles) - MOST_TITLES
    rest = f'<p class="cv-note">and {more:,} more</p>' if more > 0 else ""
    count = f"{len(titles):,} documents" if len(titles) != 1 else "1 document"
    return _framed(
        '<p class="cv-note">Each answer is shown here with the passage that it is quoted from.</p>'
        f'<h3>{count}</h3><ul class="cv-library">{items}</ul>{rest}'
    )


def _exports(answers: Sequence[Answer]) -> str:
    """Links that save the conversation; its content is in them, so nothing waits on the server."""
    if not answers:
        return ""
    files = (
        ("answers.md", "text/markdown;charset=utf-8", as_markdown(answers), "Markdown"),
        ("receipt.json", "application/json", as_json(answers), "JSON, a receipt to verify"),
    )
    links = " · ".join(
        f'<a download="{name}" href="data:{kind};base64,'
        f'{b64encode(content.encode()).decode()}">{words}</a>'
        for name, kind, content, words in files
    )
    return f'<p class="cv-export">Save this conversation: {links}</p>'


def _framed(content: str) -> str:
    # Focusable, so that it can be scrolled with the keys.
    return (
        '<section class="cv-panel" aria-label="Sources" tabindex="0">'
        f"<h2>Sources</h2>{content}</section>"
    )


def _id(turn: int, citation: int) -> str:
    return f"cv-{turn}-{citation}"


def _to(id: str) -> str:
    """Class of the number in the chat that belongs to a source."""
    return f"to-{id}"


def _address(citation: Citation, citations: Sequence[Citation]) -> str:
    """Of the quote in its document, in which the answer's other quotes are marked too; as HTML."""
    quotes = sorted({(one.start, one.end) for one in citations if one.path == citation.path})
    at = quotes.index((citation.start, citation.end))
    return shown(document_link(citation.path, citation.sha256, quotes, at))


def _link(citation: Citation, citations: Sequence[Citation]) -> str:
    return _open(_address(citation, citations))


def _open(address: str) -> str:
    return (
        f'<a class="cv-open" href="{address}" target="_blank" rel="noopener">'
        "Open the document here</a>"
    )


def _source(id: str, label: str, citation: Citation, link: str) -> str:
    before, quote, after = (shown(part) for part in citation.around)
    also = "".join(f'<p class="cv-place">also at {shown(path)}</p>' for path in citation.also_at)
    return (
        f'<li class="cv-source" id="{id}">'
        f'<h3 dir="auto"><span class="cv-number">{label}</span> {shown(citation.title)}</h3>'
        f"{_headings(citation.title, citation.headings)}"
        f'<blockquote dir="auto">{before}<mark>{quote}</mark>{after}</blockquote>'
        f"{_cited_at(citation)}{also}{link}</li>"
    )


def _place(path: str, page: int | None, start: int, end: int, dated: str) -> str:
    on = f"page {page}" if page else ""
    place = _joined(shown(path), on, f"characters {start:,}–{end:,}", _file(dated))
    return f'<p class="cv-place">{place}</p>'


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _file(dated: str) -> str:
    """The day of a file, as a part of its place."""
    return f"file of {shown(dated)}" if dated else ""


def _cited_at(citation: Citation) -> str:
    return _place(citation.path, citation.page, citation.start, citation.end, citation.dated)


def _headings(title: str, headings: tuple[str, ...]) -> str:
    path = " › ".join(shown(heading) for heading in below_title(title, headings))
    return f'<p class="cv-headings" dir="auto">{path}</p>' if path else ""


def _others(candidates: Sequence[Candidate], changed: Set[str]) -> str:
    if not candidates:
        return ""
    items = "".join(
        f'<li class="cv-source"><p dir="auto"><q>{shown(candidate.text)}</q></p>'
        f'<p class="cv-note">{_sureness(candidate.confidence)}</p>'
        f'<p class="cv-headings" dir="auto">{shown(candidate.citations[0].title)}</p>'
        f"{''.join(map(_cited_at, candidate.citations))}"
        f"{_link(candidate.citations[0], candidate.citations)}"
        f"{CHANGED if candidate.citations[0].path in changed else ''}</li>"
        for candidate in candidates
    )
    summary = f"Other places say ({len(candidates)})"
    return f"<details><summary>{summary}</summary><ul>{items}</ul></details>"


def _no_answer(answer: Answer) -> str:
    if answer.remark:
        return f"<p>{shown(answer.remark)}</p>"
    best = (
        '<p class="cv-note">Confidence in the best answer found: '
        f"{_sureness(answer.confidence)}</p>"
    )
    return f'<p class="cv-none">{shown(answer.explanation)}</p>' + (best if answer.hits else "")


NOT_AN_ANSWER = "<strong>Not an answer.</strong> These passages are the nearest to the question."
READING = "<strong>Being read.</strong> These passages are the nearest to the question."


def _nearest(hits: Sequence[Hit], said: str, changed: Set[str]) -> str:
    if not hits:
        return '<p class="cv-note">No passage is near to the question.</p>'
    items = "".join(
        f'<li class="cv-source"><h3 dir="auto">{shown(hit.title)}</h3>'
        f'{_headings(hit.title, hit.headings)}<blockquote dir="auto">{shown(hit.text)}</blockquote>'
        f"{_place(hit.path, hit.page, hit.start, hit.end, hit.dated)}"
        f"{_open(shown(document_link(hit.path, hit.sha256, [(hit.start, hit.end)])))}"
        f"{CHANGED if hit.path in changed else ''}</li>"
        for hit in hits[:NEAREST]
    )
    return f'<p class="cv-warning">{said}</p><ul>{items}</ul>'


STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
