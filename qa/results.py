"""Results: the answer to a question, and the citations that prove it."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from embeddings.rendering import Rendering, Role, rendered

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# Two letters: a marker of a list has one.
_WORD = re.compile(r"[^\W\d_]{2}")

NothingFound = Literal["nothing near", "none answers", "nothing asked"]

CONFIDENCE_WORDS = (
    (0.95, "almost certainly right"),
    (0.8, "very likely right"),
    (0.6, "probably right"),
    (0.4, "uncertain"),
    (0.0, "doubtful"),
)
"""Lowest probability for each wording. Chosen by hand; confidences are calibrated."""

MAX_PLACES = 20
"""Other places listed of a passage that exists in several. Chosen by hand."""

MAX_WITHIN = 3
"""Documents and folders named to which an answer was limited. Chosen by hand."""

MAX_GONE = 3
"""Folders and documents named that are gone. Chosen by hand."""

NEAREST = 3
"""Passages shown where there is no answer. Chosen by hand."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was retrieved for a question.

    Attributes:
        document: Id of its document in the index.
        path: Where the document lies in the library; the first, if it lies in several places.
        also_at: Its other paths, where the same content lies; at most ``MAX_PLACES``.
        near_duplicates: Paths of documents with nearly the same passage, left out for this one.
        title: Of the document.
        sha256: Of the document's file.
        dated: Day on which the file at ``path`` was changed last, ISO 8601, UTC; empty if its time
            is not one of years 1 to 9999.
        page: On which the passage begins, where the format has pages.
        page_breaks: Offsets inside the passage at which the next pages begin.
        headings: The headings above the passage, outermost first.
        context: "title › headings".
        start: Offset of the passage's first character, into ``Document.text``.
        end: Offset behind its last character.
        text: The passage, ``Document.text[start:end]``.
        score: The fused score by which hits are ordered, 0 to 1.
        rank: From 1.
        vector_score: Cosine of the question's and the passage's vectors, -1 to 1.
        vector_rank: Rank among all passages by it; none if it was not among the nearest.
        word_score: BM25, 0 if no word is shared.
        word_rank: Rank among all passages by it; none if it was not among the best.
        columns: Names of a table's columns, from the first of the passage on.
        page_labels: What is printed on the pages of the passage as their numbers, the first
            that of ``page``; empty where that is their position or unknown.
    """

    document: int
    path: str
    also_at: tuple[str, ...]
    near_duplicates: tuple[str, ...]
    title: str
    sha256: str
    dated: str
    page: int | None
    page_breaks: tuple[int, ...]
    headings: tuple[str, ...]
    context: str
    start: int
    end: int
    text: str
    score: float
    rank: int
    vector_score: float
    vector_rank: int | None
    word_score: float
    word_rank: int | None
    columns: tuple[str, ...] = ()
    page_labels: tuple[str, ...] = ()

    @property
    def shown(self) -> Rendering:
        """The passage as it is shown to the reader."""
        return rendered(self.text, self.columns)

    def page_label_at(self, offset: int) -> str:
        """What is printed as its number on the page that holds a character of the passage.

        Args:
            offset: Of the character, into ``Document.text``.
        """
        at = bisect_right(self.page_breaks, offset)
        return self.page_labels[at] if at < len(self.page_labels) else ""

    @property
    def page_name(self) -> str:
        """The page on which the passage begins, as ``page_name`` words it."""
        return page_name(self.page, self.page_label_at(self.start))

    def page_at(self, offset: int) -> int | None:
        """The page on which a character of the passage stands, where the format has pages."""
        return None if self.page is None else self.page + bisect_right(self.page_breaks, offset)


@dataclass(frozen=True, slots=True)
class Citation:
    """Chapter and verse: the exact characters quoted, and where they stand.

    ``document.text[start:end] == quote``: the passage was compared with the stored text when
    it was retrieved, and the quote is cut out of it.

    Attributes:
        path: Where the document lies in the library.
        also_at: Other places where the same content lies.
        title: Of the document.
        page: Page on which the quote begins, where the format has pages.
        headings: The headings above it, outermost first.
        start: Offset of the quote's first character, into ``Document.text``.
        end: Offset behind its last character.
        quote: The characters quoted.
        sentence_start: Offset of the first character of the sentence around the quote.
        sentence_end: Offset behind the last character of that sentence.
        passage: The passage around the quote.
        passage_start: Offset of the passage's first character.
        sha256: Of the document's file.
        dated: Day on which the file was changed last, as in ``Hit``.
        page_label: What is printed on the page as its number, if that is not its position.
        columns: Names of a table's columns, as in ``Hit``.
    """

    path: str
    also_at: tuple[str, ...]
    title: str
    page: int | None
    headings: tuple[str, ...]
    start: int
    end: int
    quote: str
    sentence_start: int
    sentence_end: int
    passage: str
    passage_start: int
    sha256: str
    dated: str
    page_label: str = ""
    columns: tuple[str, ...] = ()

    @property
    def page_name(self) -> str:
        """The page on which the quote begins, as ``page_name`` words it."""
        return page_name(self.page, self.page_label)

    @property
    def pieces(self) -> tuple[tuple[str, Role], ...]:
        """The passage as it is shown, with the names of a table's columns, cut by its roles."""
        quote = self.start - self.passage_start, self.end - self.passage_start
        sentence = self.sentence_start - self.passage_start, self.sentence_end - self.passage_start
        return rendered(self.passage, self.columns).pieces(quote, sentence)

    @property
    def shown_sentence(self) -> tuple[tuple[str, Role], ...]:
        """The sentence of the quote as it is shown, likewise."""
        return tuple((text, role) for text, role in self.pieces if role != "passage")

    @property
    def around(self) -> tuple[str, str, str]:
        """The passage before the quote, the quote, and the passage behind it."""
        start, end = self.start - self.passage_start, self.end - self.passage_start
        return self.passage[:start], self.quote, self.passage[end:]

    @property
    def sentence(self) -> tuple[str, str, str]:
        """The sentence before the quote, the quote, and the sentence behind it."""
        before, quote, after = self.around
        return (
            before[self.sentence_start - self.passage_start :],
            quote,
            after[: self.sentence_end - self.end],
        )


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A quote of an answer that consists of several, each on a line of its own.

    Attributes:
        text: The quote, or the answer where it is the only one.
        citation: Where it stands.
        gap: Whether the document says more between the quote before it and this one.
    """

    text: str
    citation: Citation
    gap: bool


def quoted_lines(text: str, citations: Sequence[Citation]) -> tuple[QuotedLine, ...]:
    """The quotes of which an answer consists, in the order of the documents.

    Args:
        text: The answer.
        citations: Of which each quotes the text, or all make it up.
    """
    if len(citations) < 2 or text != " ".join(citation.quote for citation in citations):
        return tuple(QuotedLine(text, citation, False) for citation in citations[:1])
    pairs = zip((None, *citations), citations, strict=False)
    return tuple(
        QuotedLine(citation.quote, citation, _is_gap(before, citation))
        for before, citation in pairs
    )


def _is_gap(before: Citation | None, citation: Citation) -> bool:
    if before is None or before.path != citation.path:
        return False
    _, _, behind = before.around
    length = citation.start - before.end
    # Between two lines of a list there is a marker.
    return length > len(behind) or _WORD.search(behind[: max(length, 0)]) is not None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer with the places that give it.

    Attributes:
        text: In the documents' own words: a quote, or the quotes of its citations one after
            another in the order of the documents where several sentences make up the answer.
        confidence: Estimated probability that it is right, 0 to 1.
        citations: At least one, the best first, or in the order of ``text``.
    """

    text: str
    confidence: float
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the documents say to a question, or that they do not say.

    Attributes:
        question: As typed.
        text: The answer in the documents' own words; none if they do not say.
        confidence: Estimated probability that the best answer found is right, 0 to 1.
        citations: Its sources: each quotes ``text``, or their quotes together make it up.
        candidates: Other answers found, best first.
        hits: The passages considered, best first: the nearest ones if there is no answer.
        reason: Why there is no answer.
        seconds: Time spent, by stage: "rewrite" in a conversation, which includes the choice of
            the wording; "retrieve" and "read". Of a cached answer, the time that it took at
            first.
        rewritten: The standalone question that was answered in its place; none if the question
            is standalone itself.
        parts: Where the message has several questions, or compares two things, the answer to
            each; ``text`` then consists of theirs.
        remark: The reply to small talk; empty otherwise.
        contradicted_by: Answers of other documents that contradict ``text``, the likeliest first,
            each with its places in the documents that agree on it; of several parts, those of
            all.
        gone: Library paths of folders and documents that it shows and that are no longer where
            they were indexed.
        within: Library paths of the documents and folders to which the answer was limited by who
            asked; none if it was not.
    """

    question: str
    text: str | None
    confidence: float
    citations: tuple[Citation, ...]
    candidates: tuple[Candidate, ...]
    hits: tuple[Hit, ...]
    reason: NothingFound | None
    seconds: dict[str, float]
    rewritten: str | None = None
    parts: tuple["Answer", ...] = ()
    remark: str = ""
    contradicted_by: tuple[Candidate, ...] = ()
    gone: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    @property
    def quotes(self) -> tuple[Citation, ...]:
        """The citations of the answer, then those of what contradicts it."""
        return (
            *self.citations,
            *(citation for other in self.contradicted_by for citation in other.citations),
        )

    @property
    def contradiction_notice(self) -> str:
        """A sentence, if other documents say otherwise; empty if none does."""
        documents = {
            citation.path for other in self.contradicted_by for citation in other.citations
        }
        if not documents:
            return ""
        if len(documents) == 1:
            return "Another document says otherwise."
        return "Other documents say otherwise."

    @property
    def gone_notice(self) -> str:
        """A sentence, if documents are no longer where they were indexed; empty if all are."""
        if not self.gone:
            return ""
        *others, last = self.gone[:MAX_GONE]
        names = f"{', '.join(others)} and {last}" if others else last
        are, they_were = ("are", "they were") if others else ("is", "it was")
        return f"{names} {are} no longer where {they_were} indexed: the words are from then."

    @property
    def within_notice(self) -> str:
        """What the answer was limited to, as a sentence; empty if it was not limited."""
        if not self.within:
            return ""
        named, more = ", ".join(self.within[:MAX_WITHIN]), len(self.within) - MAX_WITHIN
        return f"Asked only of: {named}{f' and {more:,} more' if more > 0 else ''}."

    @property
    def explanation(self) -> str:
        """Why there is no answer, as a sentence; empty if there is one."""
        return self.remark or (EXPLANATIONS[self.reason] if self.reason else "")

    @property
    def standalone_question(self) -> str:
        """The question that was answered, understandable without the conversation."""
        return self.rewritten or self.question

    def to_json(self, indent: int | None = None) -> str:
        """The answer as JSON, all of it."""
        return _adapter().dump_json(self, indent=indent).decode("utf-8")

    @classmethod
    def from_json(cls, text: str | bytes) -> "Answer":
        """The answer that ``to_json`` wrote.

        Raises:
            ValueError: It is not an answer's JSON.
        """
        return _adapter().validate_json(text)


def confidence_in_words(confidence: float) -> tuple[str, str]:
    """A confidence as words and as percent; no estimate is ever called certain.

    >>> confidence_in_words(0.87), confidence_in_words(0.999), confidence_in_words(0.001)
    (('very likely right', '87%'), ('almost certainly right', 'over 99%'), ('doubtful', 'under 1%'))
    """
    # The words follow the percent that are shown: 0.799 is "80%" and called as 0.8 is.
    percent = round(100 * confidence)
    words = next(words for least, words in CONFIDENCE_WORDS if percent >= 100 * least)
    if confidence > 0.99:
        return words, "over 99%"
    return words, "under 1%" if confidence < 0.01 else f"{percent}%"


def page_name(page: int | None, label: str = "") -> str:
    """A page as it is cited: by its printed label, and by its position in the file.

    >>> page_name(3), page_name(3, "iii"), page_name(None)
    ('page 3', 'page iii (page 3 of the file)', '')
    """
    if page is None:
        return ""
    return f"page {label} (page {page} of the file)" if label else f"page {page}"


def below_title(title: str, headings: tuple[str, ...]) -> tuple[str, ...]:
    """The headings above a passage, without a first heading that only repeats the title.

    >>> below_title("Guide", ("Guide", "Formats"))
    ('Formats',)
    """
    return headings[1:] if headings[:1] == (title,) else headings


EXPLANATIONS: dict[NothingFound, str] = {
    "nothing near": "The documents do not say: nothing in them is near to this question.",
    "none answers": "The documents do not say: passages are near, but none answers the question.",
    "nothing asked": "Nothing was asked of the documents.",
}


@cache
def _adapter() -> "TypeAdapter[Answer]":
    from pydantic import TypeAdapter

    return TypeAdapter(Answer)
