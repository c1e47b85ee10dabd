"""Receipts: stored answers, and whether the documents still hold what they quote.

A receipt is the JSON of one answer, as ``Answer.to_json`` writes it, or of a list of answers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from embeddings.index.paths import lies_within
from embeddings.index.protocols import SearchIndex
from embeddings.rendering import rendered
from qa.library.presence import has_changed
from qa.results import NEAREST, Answer, Citation, quoted_lines
from qa.text import join_whitespace

if TYPE_CHECKING:
    from pydantic import TypeAdapter

QuoteStatus = Literal["exact", "moved", "changed", "stale", "gone"]

STATUS_TEXTS: dict[QuoteStatus, str] = {
    "exact": "stands there exactly",
    "moved": "stands elsewhere in the document now",
    "changed": "is not in the document any more",
    "stale": "was in a file that has changed since it was indexed; index it again",
    "gone": "was in a document that is not in the index any more",
}

# Characters with a meaning in Markdown: anywhere, and at the beginning of a line.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~$&!]")
_MARKDOWN_LINE = re.compile(r"^([^\S\n]*\d*)([-+=.)])", re.M)


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """A citation compared with the index.

    Attributes:
        citation: As it was given.
        status: Of its quote.
        path: Of the document that holds the quote now; none if none does.
        start: Offset of the quote in it; none if it is nowhere.
    """

    citation: Citation
    status: QuoteStatus
    path: str | None = None
    start: int | None = None


def as_json(answers: Sequence[Answer]) -> str:
    """The answers as a receipt."""
    return _adapter().dump_json(list(answers), indent=2).decode("utf-8")


def without_passages(answer: Answer) -> Answer:
    """The answer without the passages, which neither the page nor ``verify`` needs."""
    return replace(
        answer,
        hits=() if answer.text is not None else answer.hits[:NEAREST],
        parts=tuple(map(without_passages, answer.parts)),
    )


def parse_receipt(content: str | bytes) -> list[Answer]:
    """The answers in a receipt's JSON.

    Raises:
        ValueError: It is not one.
    """
    many = content.lstrip()[:1] in ("[", b"[")
    return _adapter().validate_json(content) if many else [Answer.from_json(content)]


def read_receipt(path: Path) -> list[Answer]:
    """The answers in a receipt.

    Raises:
        ValueError: It is not one.
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    try:
        return parse_receipt(content)
    except ValueError as error:
        raise ValueError(
            f"expected an answer's JSON in {path}, as `Answer.to_json` writes it, or a list of "
            f"them, got something else ({str(error).splitlines()[0]})"
        ) from error


def verify(
    answers: Sequence[Answer], index: SearchIndex, within: Sequence[str] = ()
) -> Iterator[CheckedCitation]:
    """Each quote of the answers, in their order, compared with the index.

    Quotes of contradicting answers are compared too. A document that was renamed is recognised by
    its content. A file that has changed since it was indexed vouches for no quote.

    Args:
        answers: Of a receipt.
        index: With the documents.
        within: Library paths of the documents and folders that are compared; all if empty.

    Raises:
        IndexDamaged: What is stored fails its checks.
    """
    with index.contents() as contents:
        sources = {
            path: source
            for path, source in contents.sources().items()
            if not within or lies_within(path, within)
        }
        folders = contents.folders()
        by_sha256 = {
            source.sha256: path for path, source in sources.items() if source.document is not None
        }

        @cache
        def text_of(path: str) -> str | None:
            source = sources.get(path)
            if source is None or source.document is None:
                return None
            return contents.document(source.document).text

        @cache
        def is_stale(path: str) -> bool:
            return has_changed(sources[path], folders)

        for answer in answers:
            for citation in answer.quotes:
                paths = [citation.path, *citation.also_at]
                renamed = by_sha256.get(citation.sha256)
                places = [*paths, *([renamed] if renamed else [])]
                found = {path: text for path in places if (text := text_of(path)) is not None}
                current = {path: text for path, text in found.items() if not is_stale(path)}
                checked = _check(citation, current)
                stale = checked.path is None and len(current) < len(found)
                yield replace(checked, status="stale") if stale else checked


def is_exact(text: str, citation: Citation) -> bool:
    """Whether a document's text holds exactly the quote at its place."""
    valid = 0 <= citation.start < citation.end
    return valid and text[citation.start : citation.end] == citation.quote


def _check(citation: Citation, texts: dict[str, str]) -> CheckedCitation:
    for path, text in texts.items():
        if is_exact(text, citation):
            return CheckedCitation(citation, "exact", path, citation.start)
    for path, text in texts.items():
        places = list(_occurrences(text, citation.quote))
        if places:
            nearest = min(places, key=lambda start: abs(start - citation.start))
            return CheckedCitation(citation, "moved", path, nearest)
    return CheckedCitation(citation, "changed" if texts else "gone")


def _occurrences(text: str, quote: str) -> Iterator[int]:
    """Start of each occurrence of the quote, whole words only: "41" is not in "1941"."""
    if not quote:
        return
    begins, ends = map(_is_word_character, (quote[0], quote[-1]))
    at = text.find(quote)
    while at >= 0:
        end = at + len(quote)
        inside = (begins and at and _is_word_character(text[at - 1])) or (
            ends and end < len(text) and _is_word_character(text[end])
        )
        if not inside:
            yield at
            at = text.find(quote, end)
        else:
            at = _next_occurrence(text, quote, at)


def _next_occurrence(text: str, quote: str, at: int) -> int:
    """The next occurrence, which may overlap the one at ``at``; no overlap is compared twice."""
    step = _period(quote)
    end = at + len(quote)
    if text.startswith(quote[len(quote) - step :], end):
        return at + step
    return text.find(quote, at + step)


@lru_cache(maxsize=16)
def _period(quote: str) -> int:
    """The shortest period of a text (Knuth, Morris and Pratt, 1977).

    >>> _period("abcabca"), _period("abc")
    (3, 3)
    """
    borders = [0] * len(quote)
    for end in range(1, len(quote)):
        border = borders[end - 1]
        while border and quote[end] != quote[border]:
            border = borders[border - 1]
        borders[end] = border + (quote[end] == quote[border])
    return len(quote) - borders[-1]


def _is_word_character(character: str) -> bool:
    return character.isalnum() or character == "_"


def as_markdown(answers: Sequence[Answer]) -> str:
    """The answers as one Markdown document; each as by ``answer_as_markdown``."""
    return "\n\n".join(["# Questions and answers", *map(answer_as_markdown, answers)]) + "\n"


def answer_as_markdown(answer: Answer) -> str:
    """Question, answer, and each quote with its place; their text is escaped."""
    notices = [answer.within_notice, answer.gone_notice]
    if answer.parts:
        notice = [_escaped(sentence) for sentence in notices if sentence]
        return "\n\n".join([*notice, *map(answer_as_markdown, answer.parts)])
    parts = [f"## {_escaped(join_whitespace(answer.question))}"]
    if answer.rewritten is not None:
        parts.append(f"*{_escaped(join_whitespace(answer.rewritten))}*")
    if answer.text is None:
        parts += [_escaped(answer.within_notice)] if answer.within else []
        return "\n\n".join([*parts, answer.explanation])
    parts += _emphasized(answer.text, answer.citations)
    parts += [_escaped(sentence) for sentence in notices if sentence]
    parts += _quotations(answer.citations, 1)
    number = len(answer.citations) + 1
    parts += [answer.contradiction_notice] if answer.contradiction_notice else []
    for other in answer.contradicted_by:
        parts += [*_emphasized(other.text, other.citations), *_quotations(other.citations, number)]
        number += len(other.citations)
    return "\n\n".join(parts)


def _emphasized(text: str, citations: Sequence[Citation]) -> Iterator[str]:
    """The quotes of which an answer consists, each a paragraph."""
    for line in quoted_lines(text, citations):
        # White space beside the asterisks would end the emphasis.
        quote = rendered(line.text).text.strip()
        if line.gap:
            yield "\\[…\\]"
        if quote:
            yield f"**{_escaped(quote)}**"


def _quotations(citations: Sequence[Citation], first: int) -> Iterator[str]:
    """Each citation's sentence and place, numbered from ``first`` on."""
    for number, citation in enumerate(citations, start=first):
        sentence = "".join(text for text, _ in citation.shown_sentence)
        sentence = _escaped(sentence).replace("\n", "\n> ")
        page = f", {_escaped(citation.page_name)}" if citation.page else ""
        dated = f", file of {citation.dated}" if citation.dated else ""
        place = (
            f"{_escaped(citation.path)}{page}, characters {citation.start}–{citation.end}{dated}"
        )
        yield f"> {sentence}\n>\n> — [{number}] {_escaped(citation.title)}, {place}"


def _escaped(text: str) -> str:
    r"""Text escaped for Markdown.

    >>> print(_escaped("<b> *1*"))
    \<b\> \*1\*
    """
    return _MARKDOWN_LINE.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\g<0>", text))


@cache
def _adapter() -> "TypeAdapter[list[Answer]]":
    from pydantic import TypeAdapter

    return TypeAdapter(list[Answer])
