"""Replies as text."""

from dataclasses import replace

from qa.mcp.texts import text_of
from qa.results import Answer, Candidate, Citation
from qa.service.replies import (
    Addresses,
    CheckedQuote,
    DocumentEntry,
    DocumentList,
    Excerpt,
    LinkedAnswer,
    PassageList,
    Verification,
)
from tests.builders import a_hit

CITATION = Citation(
    path="docs/a.pdf",
    also_at=(),
    title="A",
    page=2,
    headings=(),
    start=14,
    end=18,
    quote="1901",
    sentence_start=0,
    sentence_end=19,
    passage="It was opened 1901. Later it closed.",
    passage_start=0,
    sha256="ab",
    dated="",
)

OTHER = replace(CITATION, path="docs/b.txt", page=None, sha256="cd")

ANSWER = Answer(
    question="When?",
    text="1901",
    confidence=0.934,
    citations=(CITATION,),
    candidates=(),
    hits=(),
    reason=None,
    seconds={},
)

REFUSAL = replace(
    ANSWER,
    text=None,
    citations=(),
    hits=(a_hit("It was closed.", sha256="ef"),),
    reason="none answers",
)


def linked(answer: Answer, unread: str = "") -> LinkedAnswer:
    return Addresses("http://qa").linked(answer, lambda _: "", unread, passages=False)


def test_answer_comes_first_then_each_place_with_all_that_opens_it() -> None:
    contradicted = replace(ANSWER, contradicted_by=(Candidate("1902", 0.6, (OTHER,)),))
    address = "http://qa/document?path=docs%2Fa.pdf&sha256=ab&quote=14-18&at=1#quote-1"
    other = "http://qa/document?path=docs%2Fb.txt&sha256=cd&quote=14-18&at=1#quote-1"
    assert text_of(linked(contradicted)) == (
        "1901\n"
        "confidence 93%, very likely right\n"
        "[1] docs/a.pdf, page 2, start 14, end 18, sha256 ab\n"
        "    quote: 1901\n"
        "    sentence: It was opened 1901.\n"
        f"    address: {address}\n"
        "Another document says otherwise.\n"
        "Otherwise: 1902\n"
        "[2] docs/b.txt, start 14, end 18, sha256 cd\n"
        "    quote: 1901\n"
        "    sentence: It was opened 1901.\n"
        f"    address: {other}"
    )


def test_refusal_says_why_and_what_is_nearest() -> None:
    limited = replace(REFUSAL, within=("docs",), rewritten="When was it opened?")
    assert text_of(linked(limited, "Not all files are in yet.")) == (
        "Asked only of: docs.\n"
        "Not all files are in yet.\n"
        "Answered as: When was it opened?\n"
        "The documents do not say: passages are near, but none answers the question.\n"
        "nearest: docs/a.txt, start 0, end 14, sha256 ef\n"
        "    It was closed."
    )


def test_each_question_of_a_message_has_its_answer() -> None:
    several = replace(ANSWER, parts=(replace(ANSWER, question="When?"), REFUSAL))
    lines = text_of(linked(several)).splitlines()
    assert lines[:2] == ["Question: When?", "1901"]
    assert lines[7:9] == [
        "Question: When?",
        "The documents do not say: passages are near, but none answers the question.",
    ]


def test_passages_are_given_whole() -> None:
    hits = (a_hit("One.", context="A"), a_hit("Two.", rank=2, page=3, context="B"))
    assert text_of(PassageList(hits)) == (
        "[1] docs/a.txt, start 0, end 4, sha256 \nA\nOne.\n\n"
        "[2] docs/a.txt, page 3, start 0, end 4, sha256 \nB\nTwo."
    )
    assert text_of(PassageList(())) == "There are no passages."


def test_list_says_how_many_there_are_and_what_was_not_read() -> None:
    entry = DocumentEntry("docs/a.pdf", "A", "ab", 3, 1_200, "", None, (), None)
    broken = DocumentEntry("docs/b.pdf", None, "cd", 0, 0, None, "is damaged", (), None)
    assert text_of(DocumentList((entry, broken), 9, "docs/b.pdf")) == (
        "2 of 9 files\n"
        "docs/a.pdf: A, 1,200 pages, sha256 ab\n"
        "docs/b.pdf: not read, it is damaged\n"
        "For more, list those after: docs/b.pdf"
    )


def test_excerpt_tells_what_is_cited_from_what_stands_around_it() -> None:
    excerpt = Excerpt("docs/a.pdf", "A", "ab", 2, 3, 6, "two", "is ", " or", 40, None)
    assert text_of(excerpt) == (
        "docs/a.pdf, page 2, characters 3 to 6\ntext:\ntwo\nbefore:\nis \nafter:\n or"
    )


def test_verification_says_what_has_become_of_each_quote() -> None:
    quotes = (
        CheckedQuote("When?", "1901", "docs/a.pdf", 14, "exact", "", "docs/a.pdf", 14),
        CheckedQuote("When?", "1902", "docs/b.txt", 3, "gone", "", None, None),
    )
    assert text_of(Verification(False, quotes, 2)) == (
        "1 of 2 quotes stand exactly where they were cited.\n"
        "docs/a.pdf, start 14: stands there exactly\n"
        "    quote: 1901\n"
        "docs/b.txt, start 3: was in a document that is not in the index any more\n"
        "    quote: 1902"
    )
