"""Page: answers as HTML, and the style sheet they are read in.

Whatever comes from a question, a document or the name of a file passes through ``shown``, so
that it is read as it stands and never taken for HTML, for a script or for a formula.
"""

import html
from base64 import b64encode
from collections.abc import Sequence, Set
from dataclasses import dataclass

from embeddings.document import page_at
from qa.answer import NEAREST, Answer, Candidate, Citation, Hit, below_title
from qa.document_page import document_link
from qa.receipts import as_json, as_markdown, without_passages

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
class Turn:
    """A question and what was replied to it.

    Attributes:
        number: In its chat, from 1.
        asked: The question as it was asked.
        reply: The answer with its citations' numbers, as HTML for the chat.
        sources: The citations, as HTML for the panel.
        answer: None while it is awaited, or if there was a problem.
    """

    number: int
    asked: str
    reply: str
    sources: str
    answer: Answer | None = None

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

    >>> Turn(1, "R&D for {x}?", "", "").question
    'R&D for {x}?'
    >>> typed(Turn(1, "Is <b> &amp; so?", "", "").question)
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


def answer_turn(number: int, answer: Answer, changed: Set[str] = frozenset()) -> Turn:
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
        since = any(citation.path in changed for citation in part.citations)
        reply = _reply(number, first, part) + (CHANGED_REPLY if since else "")
        replies.append((heading if len(parts) > 1 else "") + reply)
        sources.append(_sources(number, first, part, changed))
        first += len(part.citations)
    understood = (
        f'<p class="cv-note">Understood as: <em dir="auto">{shown(answer.completed)}</em></p>'
        if answer.completed is not None
        else ""
    )
    ids = [_id(number, at) for at in range(1, first)]
    return Turn(
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
    links = " ".join(
        f'<a class="cv-number {_to(_id(number, at))}" target="_blank" rel="noopener" '
        f'href="{_address(citation, answer.citations)}">[{at}]</a>'
        for at, citation in enumerate(answer.citations, start=first)
    )
    return (
        f'<p class="cv-answer" dir="auto"><q>{shown(answer.text)}</q> {links}</p>'
        f"{_sentence(answer.citations[0])}"
        f'<p class="cv-note">Confidence: {_sureness(answer.confidence)}</p>'
    )


def _sources(number: int, first: int, answer: Answer, changed: Set[str]) -> str:
    """The citations of one answer, or the passages that came nearest."""
    if answer.text is None:
        return "" if answer.remark else _nearest(answer.hits, NOT_AN_ANSWER, changed)
    cards = "".join(
        _source(
            _id(number, at),
            f"[{at}]",
            citation,
            _link(citation, answer.citations) + (CHANGED if citation.path in changed else ""),
        )
        for at, citation in enumerate(answer.citations, start=first)
    )
    return f"<ol>{cards}</ol>{_others(answer.candidates, changed)}"


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


def problem_turn(number: int, question: str, sentence: str) -> Turn:
    """The turn for a question that could not be answered, with one sentence that says why."""
    reply = f'<p class="cv-problem" role="alert">{shown(sentence)}</p>'
    none = '<p class="cv-note">No sources: there was no answer.</p>'
    return Turn(number, question, reply, none)


def waiting_turn(
    number: int, question: str, stage: str = "", hits: Sequence[Hit] | None = None
) -> Turn:
    """The turn while its question is being answered.

    Args:
        number: Of the turn.
        question: As asked.
        stage: What is being done.
        hits: The passages found, if they are by now.
    """
    reply = f'<p class="cv-note" role="status">{shown(stage)}</p>'
    nearest = "" if hits is None else _nearest(hits, READING, frozenset())
    return Turn(number, question, reply, nearest)


def notice(sentence: str) -> str:
    """A line below the question, for what the chat has no turn for."""
    return f'<p class="cv-problem" role="alert">{shown(sentence)}</p>' if sentence else ""


def header(folder: str) -> str:
    """The head of the page."""
    return (
        '<header class="cv-header"><h1>Chapter and Verse</h1>'
        f"<p>Answers from <strong>{shown(folder)}</strong>, quoted word for word</p></header>"
    )


def panel(turns: Sequence[Turn], awaiting: bool = False) -> str:
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


def _place(path: str, page: int | None, start: int, end: int) -> str:
    parts = (shown(path), f"page {page}" if page else "", f"characters {start:,}–{end:,}")
    return f'<p class="cv-place">{" · ".join(part for part in parts if part)}</p>'


def _cited_at(citation: Citation) -> str:
    return _place(citation.path, citation.page, citation.start, citation.end)


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
        f"{_place(hit.path, page_at(hit.page_starts, hit.start), hit.start, hit.end)}"
        f"{_open(shown(document_link(hit.path, hit.sha256, [(hit.start, hit.end)])))}"
        f"{CHANGED if hit.path in changed else ''}</li>"
        for hit in hits[:NEAREST]
    )
    return f'<p class="cv-warning">{said}</p><ul>{items}</ul>'


# Gradio's variables carry the colours of light and dark; the few that are ours have both.
STYLE = """
.gradio-container {
  --cv-accent: #175c6d; --cv-mark: #cfe7ec; --cv-on-mark: #0c2b33; --cv-warn: #6b5310;
  --cv-serif: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia,
    "Liberation Serif", "DejaVu Serif", serif;
  --body-text-color-subdued: #5f5a55; --input-placeholder-color: #6a655f;
  --button-primary-background-fill: var(--cv-accent);
  --button-primary-background-fill-hover: #0f4653;
  max-width: 1320px !important; margin: 0 auto; padding: 0 1.25rem !important;
}
.dark .gradio-container, .gradio-container.dark {
  --cv-accent: #83cbdb; --cv-mark: #1f5866; --cv-on-mark: #f1fafc; --cv-warn: #e2c56e;
  --body-text-color-subdued: #aca69f; --input-placeholder-color: #a39d96;
  --button-primary-background-fill: #1f6577; --button-primary-background-fill-hover: #297c91;
}
.gradio-container .main { padding: 0; }
.gradio-container :is(.main, .main > .wrap, .contain) { min-width: 0; }
.gradio-container .contain > .column { height: 100dvh; flex-wrap: nowrap; gap: 0; }
.gradio-container :focus-visible { outline: 2px solid var(--cv-accent); outline-offset: 2px; }
.gradio-container [class*="cv-"] { overflow-wrap: anywhere; }
.gradio-container .html-container { padding: 0; }
#header { flex: none; }

.cv-header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem;
  padding: .9rem 0 .7rem; border-bottom: 1px solid var(--border-color-primary); }
.cv-header h1 { font: 600 1.45rem/1.3 var(--cv-serif); margin: 0; color: var(--body-text-color); }
.cv-header p { margin: 0; color: var(--body-text-color-subdued); }
.cv-header strong { font-weight: 600; color: var(--body-text-color); }

#tabs { flex: 1 1 0; min-height: 0; display: flex; flex-direction: column; gap: 0; }
#tabs > .tab-wrapper { align-self: flex-end; width: 20rem; height: auto; margin-top: -2.6rem;
  padding: 0; }
#tabs [role="tablist"] { justify-content: flex-end; }
#tabs [role="tablist"] { height: auto; }
#tabs [role="tablist"]::after { display: none; }
#tabs [role="tab"] { height: auto; padding: .5rem .2rem; margin-left: 1.2rem; font-size: .9375rem;
  color: var(--body-text-color-subdued); background: none; }
#tabs [role="tab"][aria-selected="true"] { color: var(--body-text-color); font-weight: 600; }
#tabs [role="tab"][aria-selected="true"]::after { background: var(--cv-accent); }
#tabs > .tabitem { flex: 1 1 0; min-height: 0; padding: 0; border: 0; background: none; }
#tabs > .tabitem > .column { height: 100%; gap: 0; flex-wrap: nowrap; }

:is(#columns, #library) { flex: 1 1 0; min-height: 0; flex-wrap: nowrap; gap: 2rem;
  align-items: stretch; }
:is(#asking, #reading, #holding, #caring) { min-width: 0 !important; min-height: 0; height: 100%; }
#asking { flex: 5 1 0 !important; flex-wrap: nowrap; gap: .75rem; padding: .9rem 0 1.1rem; }
#reading { flex: 4 1 0 !important; border-left: 1px solid var(--border-color-primary); }
#holding { flex: 5 1 0 !important; flex-wrap: nowrap; gap: .75rem; padding: .9rem 0 1.1rem; }
#caring { flex: 3 1 0 !important; flex-wrap: nowrap; gap: .75rem; padding: .9rem 0 1.1rem 2rem;
  overflow-y: auto; border-left: 1px solid var(--border-color-primary); }
:is(#sought, #caring > *) { flex: none; }
#documents { flex: 1 1 0; min-height: 0; overflow-y: auto; }
#changes { gap: .5rem; }
#changes button { flex: none; min-width: 5.5rem; }
:is(#files, #removable) { border: 1px solid var(--border-color-primary); border-radius: .5rem; }
:is(#within, #removable) input { color: var(--body-text-color) !important; }
#files .wrap { color: var(--body-text-color-subdued); font-size: .9375rem; }
.cv-care h2 { margin: 0 0 .3rem; font: 600 1rem/1.45 var(--font); color: var(--body-text-color); }
.cv-care p { margin: 0; }
#caring .block:has(> .html-container .cv-care) ~ .block:has(> .html-container .cv-care) {
  margin-top: 1.2rem; padding-top: 1.2rem; border-top: 1px solid var(--border-color-primary); }
.cv-uploads { list-style: none; margin: 0 !important; padding: 0 !important; }
.cv-upload { margin: 0; padding: .35rem 0 .35rem .7rem; font-size: .9375rem; line-height: 1.45;
  border-left: 3px solid var(--border-color-primary); color: var(--body-text-color); }
.cv-upload.cv-taken { border-color: var(--cv-accent); }
.cv-upload.cv-refused { border-color: var(--cv-warn); }
.cv-upload > * { display: block; }
.cv-table { width: 100%; border-collapse: collapse; margin: .5rem 0 2rem !important;
  border: 0 !important; }
.cv-table :is(thead, tbody, tr) { border: 0 !important; }
.cv-table :is(th, td) { padding: .55rem .8rem .55rem 0 !important; border: 0 !important;
  border-bottom: 1px solid var(--border-color-primary) !important; text-align: left;
  vertical-align: top; color: var(--body-text-color); background: none; }
.cv-table thead th { font-size: .8125rem; font-weight: 400; color: var(--body-text-color-subdued);
  white-space: nowrap; }
.cv-table tbody th { font: 400 1.05rem/1.45 var(--cv-serif); }
.cv-table a { margin: 0 !important; padding: 0 !important; color: var(--body-text-color) !important;
  text-decoration-color: var(--border-color-primary); }
.cv-table a:hover { color: var(--cv-accent) !important; }
.cv-table p { margin: 0; }
.cv-table :is(.cv-place, .cv-warning) { font: .8125rem/1.5 var(--font);
  color: var(--body-text-color-subdued); }
.cv-table .cv-warning { color: var(--cv-warn); }
.cv-table td:last-child { white-space: nowrap; }
.cv-table td.cv-count { font-size: .875rem; font-variant-numeric: tabular-nums; }
#reading { position: relative; }
#copy { position: absolute; z-index: 1; top: .7rem; right: .5rem; width: auto; min-width: 0;
  padding: .2rem .7rem; border: 1px solid var(--border-color-primary); border-radius: 999px;
  background: none; box-shadow: none; color: var(--body-text-color); font-size: .8125rem;
  font-weight: 400; }
#copy:hover { border-color: var(--cv-accent); color: var(--cv-accent); }
#sources, #sources .html-container, #sources .prose { height: 100%; min-height: 0; }
#examples, #ask-row, #notice { flex: none; }
#examples { gap: .4rem; }
#examples button { flex: 0 1 auto; min-width: 0; padding: .3rem .75rem; border-radius: 999px;
  border: 1px solid var(--border-color-primary); background: none; box-shadow: none;
  color: var(--body-text-color); font-size: .875rem; font-weight: 400; text-align: left; }
#examples button:hover { border-color: var(--cv-accent); color: var(--cv-accent); }
#ask-row { align-items: stretch; flex-wrap: nowrap; gap: .5rem; }
:is(#question, #sought), :is(#question, #sought) label { border: 0; box-shadow: none;
  background: none; }
:is(#question, #sought) textarea { font-size: 1rem; line-height: 1.5; padding: .6rem .8rem;
  border: 1px solid var(--body-text-color-subdued); border-radius: .5rem;
  background: var(--background-fill-primary); }
:is(#question, #sought) textarea:focus-visible { outline: 2px solid var(--cv-accent) !important; }
#chat [class*="message-buttons"] { margin-inline: 0; }
#within { flex: none; border: 0; background: none; padding: 0; font-size: .875rem; }
#within > .label-wrap { padding: .1rem 0; color: var(--body-text-color-subdued); }
:is(#opinion, #understood) { flex: none; }
#stop { flex: none; min-width: 5.5rem; border-radius: .5rem; }
#ask { flex: none; min-width: 5.5rem; border-radius: .5rem; color: #fff; }

#chat { flex: 1 1 0 !important; min-height: 8rem; background: none; border: 0; }
#chat .bubble-wrap { background: none; padding: 1.9rem 0 0; }
#chat .message { border: 0; box-shadow: none; font-size: 1rem; line-height: 1.55;
  color: var(--body-text-color); }
#chat .message-row { margin-inline: 0; }
#chat .message-row:has(.user) { padding-inline-end: 2.2rem; }
#chat .message-wrap { margin: 0; }
#chat .bot.message { background: none; padding-inline: 0; }
#chat .user.message { background: var(--background-fill-secondary); border-radius: .6rem; }
#chat p { margin: 0; color: inherit; }
#chat .user .md { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
#chat .cv-answer { font: 1.2rem/1.5 var(--cv-serif); white-space: pre-line; }
#chat .cv-sentence { margin-top: .3rem; font: 1rem/1.55 var(--cv-serif); white-space: pre-line; }
#chat .cv-none { font-weight: 600; }
#chat .cv-part { margin-top: .9rem; font-size: .9375rem; color: var(--body-text-color-subdued); }
#chat .cv-note { color: var(--body-text-color-subdued); }
.cv-note { font-size: .875rem; color: var(--body-text-color-subdued); }
:is(.cv-answer, .cv-sentence, .cv-none) + .cv-note { margin-top: .35rem !important; }
.cv-sure { cursor: help; text-decoration: underline dotted var(--body-text-color-subdued);
  text-underline-offset: .2em; }
.cv-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; white-space: nowrap;
  clip-path: inset(50%); }
.cv-number { color: var(--cv-accent) !important; font: 600 .9em/1 var(--font);
  text-decoration: none; }
a.cv-number { padding: .15em .1em; }
a.cv-number:hover { text-decoration: underline; }
.cv-problem { padding-left: .7rem; border-left: 3px solid var(--cv-warn);
  color: var(--body-text-color); }

.cv-panel { box-sizing: border-box; height: 100%; overflow-y: auto; padding: .9rem .5rem 2rem 2rem;
  color: var(--body-text-color); line-height: 1.55; }
.cv-panel:focus-visible { outline-offset: -2px; }
.cv-panel h2 { margin: 0 0 .6rem; font: 600 .8125rem/1.5 var(--font); letter-spacing: .06em;
  text-transform: uppercase; color: var(--body-text-color-subdued); }
.cv-panel h3 { margin: 0; font: 600 1rem/1.45 var(--font); color: var(--body-text-color); }
.cv-panel p, .cv-panel li p { display: block; margin: 0; }
.cv-panel ol, .cv-panel ul { list-style: none; margin: 0; padding: 0; }
.cv-panel .cv-library { margin-top: .4rem; font: 1.05rem/1.5 var(--cv-serif); }
.cv-panel .cv-library li { padding: .2rem 0; margin: 0; }
.cv-panel .cv-note + h3 { margin-top: 1.4rem; }
.cv-panel .cv-asked { padding-bottom: .9rem; color: var(--body-text-color-subdued); }
.cv-panel .cv-source { margin: 0; padding: .9rem 0 1.1rem; scroll-margin-top: 1rem;
  border-top: 1px solid var(--border-color-primary); }
.cv-source { transition: background .15s; }
.cv-source:target h3 { color: var(--cv-accent); }
.cv-panel .cv-headings { font-size: .875rem; color: var(--body-text-color-subdued); }
.cv-panel blockquote { margin: .45rem 0 .5rem !important; padding: 0; border: 0;
  white-space: pre-wrap; font: 1.0625rem/1.65 var(--cv-serif); color: var(--body-text-color); }
:is(.cv-panel, #chat) mark { padding: .1em .05em; border-radius: 2px; background: var(--cv-mark);
  color: var(--cv-on-mark); box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.cv-panel q { font: 1.0625rem/1.55 var(--cv-serif); }
.cv-panel .cv-place { font-size: .8125rem; color: var(--body-text-color-subdued); }
.cv-panel .cv-open { margin: 0 !important; padding: 0 !important; font-size: .8125rem;
  color: var(--cv-accent); }
.cv-panel .cv-open + .cv-warning { margin: .6rem 0 0; }
.cv-panel .cv-export { margin-top: 1.5rem; padding-top: .8rem; font-size: .8125rem;
  border-top: 1px solid var(--border-color-primary); color: var(--body-text-color-subdued); }
.cv-panel .cv-export a { margin: 0 !important; padding: 0 !important; color: var(--cv-accent); }
.cv-panel .cv-warning { padding: .6rem .8rem; margin-bottom: 1rem;
  border: 1px dashed var(--cv-warn); border-radius: .4rem; }
.cv-panel details { border-top: 1px solid var(--border-color-primary); padding: .6rem 0; }
.cv-panel summary { cursor: pointer; font-size: .9375rem; color: var(--body-text-color); }
.cv-panel summary:hover { color: var(--cv-accent); }
.cv-panel details .cv-source:first-child { border-top: 0; }
.cv-earlier { margin-top: 1.5rem; }

@media (max-width: 860px) {
  .gradio-container { padding: 0 1rem !important; }
  .gradio-container .contain > .column { height: auto; }
  #tabs > .tab-wrapper { align-self: stretch; width: 100%; margin: 0;
    border-bottom: 1px solid var(--border-color-primary); }
  #tabs [role="tablist"] { justify-content: flex-start; }
  #tabs [role="tab"] { margin: 0 1.2rem 0 0; }
  .cv-header { padding-bottom: .3rem; border-bottom: 0; }
  :is(#columns, #library) { flex-direction: column; flex: none; gap: 0; }
  :is(#asking, #reading, #holding, #caring) { flex: none !important; width: 100%; height: auto; }
  #caring { order: -1; border-left: 0; padding-left: 0; }
  .cv-table :is(th, td):nth-child(n + 2):not(:nth-child(3)) { display: none; }
  #chat { flex: none !important; height: auto !important; max-height: 60dvh; }
  #asking:has([data-testid="bot"]) #examples { display: none; }
  #reading { border-left: 0; border-top: 1px solid var(--border-color-primary); }
  #sources, #sources .html-container, #sources .prose { height: auto; }
  .cv-panel { height: auto; overflow: visible; padding: 1rem 0 3rem; }
}
"""
