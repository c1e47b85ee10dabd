"""Answers as HTML."""

import html
import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embeddings.document import BLOCK_SEPARATOR
from qa.library.receipts import as_markdown, parse_receipt
from qa.results import (
    CONFIDENCE_WORDS,
    NEAREST,
    Answer,
    Candidate,
    Citation,
    Hit,
    confidence_in_words,
)
from qa.web.html.page import (
    alert,
    answer_turn,
    opening_panel,
    page_header,
    pending_turn,
    problem_turn,
    progress_line,
    sources_panel,
)

PASSAGE = "It is old. It was founded in 2013. It has 41 members."
CITATION = Citation(
    path="docs/a.pdf",
    also_at=("docs/b.pdf",),
    title="The body",
    page=7,
    headings=("The body", "Its founding"),
    start=111,
    end=134,
    quote="It was founded in 2013.",
    sentence_start=111,
    sentence_end=134,
    passage=PASSAGE,
    passage_start=100,
    sha256="0" * 64,
    dated="2024-02-07",
)
HIT = Hit(
    document=1,
    path="docs/a.pdf",
    also_at=(),
    near_duplicates=(),
    title="The body",
    sha256="0" * 64,
    dated="2024-02-07",
    page=2,
    page_breaks=(),
    headings=("Its founding",),
    context="The body › Its founding",
    start=100,
    end=100 + len(PASSAGE),
    text=PASSAGE,
    score=0.5,
    rank=1,
    vector_score=0.5,
    vector_rank=1,
    word_score=1.0,
    word_rank=1,
)
ANSWER = Answer(
    question="When was it founded?",
    text=CITATION.quote,
    confidence=0.83,
    citations=(CITATION, replace(CITATION, title="Another")),
    candidates=(Candidate("It has 41 members.", 0.2, (replace(CITATION, page=None),)),),
    hits=(HIT,),
    reason=None,
    seconds={},
)
NO_ANSWER = replace(
    ANSWER, text=None, confidence=0.02, citations=(), candidates=(), reason="nothing near"
)

HOSTILE = "<img src=x onerror=a()> ${a()} `{{value}}` \\u003c <script> ' \" &lt; $$x$$"


class Read(HTMLParser):
    """What a browser makes of HTML: its text, its tags, and the text of each kind of tag."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[str] = []
        self.inside: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "input":  # Such an element has no end.
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for tag in set(self._open):
            self.inside[tag] = self.inside.get(tag, "") + data


# The store holds no such characters, and a browser may show them as others.
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


def test_short_answer_is_shown_in_its_sentence() -> None:
    short = replace(CITATION, start=129, end=133, quote="2013")
    turn = answer_turn(1, replace(ANSWER, text="2013", citations=(short,)))
    read = Read(turn.reply)
    assert read.inside["q"] == read.inside["mark"] == "2013"
    assert 'class="cv-sentence" dir="auto">It was founded in <mark>2013</mark>.</p>' in turn.reply
    assert Read(turn.sources).inside["mark"] == "2013"
    assert "cv-sentence" not in answer_turn(1, ANSWER).reply


def test_sentence_around_an_answer_is_shown_as_it_stands() -> None:
    passage = f"{HOSTILE} 2013 {HOSTILE}"
    at = 100 + len(HOSTILE) + 1
    short = replace(
        CITATION,
        start=at,
        end=at + 4,
        quote="2013",
        sentence_start=100,
        sentence_end=100 + len(passage),
        passage=passage,
    )
    read = Read(answer_turn(1, replace(ANSWER, text="2013", citations=(short,))).reply)
    assert passage in read.text
    assert set(read.tags) == {"p", "q", "a", "mark", "span", "div", "button"}


@pytest.mark.slow
@given(TEXT.filter(bool))
@example(HOSTILE)
def test_no_text_adds_an_element_anywhere(text: str) -> None:
    hostile = replace(
        CITATION, path=text, also_at=(text,), title=text, headings=(text, text), passage=PASSAGE
    )
    answer = replace(
        ANSWER,
        question=text,
        citations=(hostile, hostile),
        candidates=(Candidate(text, 0.2, (replace(hostile, page=None),)),),
    )
    turn, plain = answer_turn(1, answer), answer_turn(1, ANSWER)
    assert Read(turn.question_html).tags == []
    assert Read(turn.reply).tags == Read(plain.reply).tags
    assert set(Read(sources_panel([turn, turn])).tags) == set(
        Read(sources_panel([plain, plain])).tags
    )
    hit = replace(HIT, title=text, path=text, text=text, headings=(text,))
    said, unsaid = answer_turn(1, replace(NO_ANSWER, hits=(hit,))), answer_turn(1, NO_ANSWER)
    assert set(Read(said.sources).tags) <= set(Read(unsaid.sources).tags)
    assert Read(page_header(text, text)).tags == Read(page_header("", "")).tags
    assert Read(alert(text)).tags == Read(alert("a")).tags
    assert Read(problem_turn(1, text, text).reply).tags == Read(problem_turn(1, "", "").reply).tags


def test_quote_is_marked_in_its_passage() -> None:
    sources = Read(answer_turn(3, replace(ANSWER, citations=(CITATION,))).sources)
    assert sources.inside["mark"] == CITATION.quote
    assert sources.inside["blockquote"] == PASSAGE


def test_each_citation_is_numbered_and_linked_to_its_source() -> None:
    turn = answer_turn(3, ANSWER)
    assert Read(turn.reply).inside["a"] == "[1][2]"
    for number in (1, 2):
        assert f"to-cv-3-{number}" in turn.reply
        assert turn.sources.count(f'id="cv-3-{number}"') == 1


def test_source_shows_title_page_headings_and_place() -> None:
    text = Read(answer_turn(1, ANSWER).sources).text
    assert "[1] The body" in text and "[2] Another" in text
    assert "docs/a.pdf · page 7" in text and "Detailscharacters 111–134SHA-256" in text
    assert "also at docs/b.pdf" in text
    assert "The body › Its founding" in text, "the second title differs from the first heading"
    assert "docs/a.pdf · file of" in text, "a candidate without pages"


DISPUTED = replace(
    ANSWER,
    contradicted_by=(
        Candidate("In 2009.", 0.4, (replace(CITATION, path="docs/c.md", dated="2023-01-31"),)),
        Candidate("In 1999.", 0.2, (replace(CITATION, path="docs/d.md", dated=""),)),
    ),
)


def test_what_other_documents_say_otherwise_stands_beside_the_answer() -> None:
    turn = answer_turn(3, DISPUTED)
    reply = Read(turn.reply)
    assert "Other documents say otherwise." in reply.text
    sides = reply.inside["li"]
    for side in (
        f"{ANSWER.text} [1][2]The body · docs/a.pdf · file of 2024-02-07",
        "In 2009. [3]The body · docs/c.md · file of 2023-01-31Confidence: uncertain, 40%",
        "In 1999. [4]The body · docs/d.mdConfidence: doubtful, 20%",
    ):
        assert side in sides.replace("[1] [2]", "[1][2]"), sides
    one = answer_turn(3, replace(DISPUTED, contradicted_by=DISPUTED.contradicted_by[:1]))
    assert "Another document says otherwise." in Read(one.reply).text
    plain = answer_turn(3, ANSWER)
    assert "otherwise" not in plain.reply and "otherwise" not in plain.sources


def test_each_quote_that_contradicts_has_its_number_and_its_source() -> None:
    turn = answer_turn(3, DISPUTED)
    for number in (1, 2, 3, 4):
        assert f"to-cv-3-{number}" in turn.reply
        assert turn.sources.count(f'id="cv-3-{number}"') == 1
    assert "docs/c.md · page 7 · file of 2023-01-31" in Read(turn.sources).text
    changed = answer_turn(3, DISPUTED, {"docs/c.md"})
    assert "has changed since" in changed.reply
    assert changed.sources.count("This document has changed since") == 1


def test_numbers_go_on_behind_a_part_that_is_contradicted() -> None:
    whole = replace(ANSWER, parts=(DISPUTED, ANSWER))
    sources = answer_turn(1, whole).sources
    assert [sources.count(f'id="cv-1-{number}"') for number in range(1, 8)] == [1] * 6 + [0]


def test_text_of_a_document_that_contradicts_is_only_text() -> None:
    hostile = replace(CITATION, title=HOSTILE, path=HOSTILE, dated=HOSTILE)
    other = Candidate(HOSTILE, 0.5, (hostile,))
    plain = replace(DISPUTED, contradicted_by=(replace(DISPUTED.contradicted_by[0]),))
    turn = answer_turn(1, replace(DISPUTED, contradicted_by=(other,)))
    assert Read(turn.reply).tags == Read(answer_turn(1, plain).reply).tags
    assert HOSTILE in Read(turn.reply).inside["q"]


def test_first_heading_that_repeats_the_title_is_left_out() -> None:
    sources = Read(answer_turn(1, replace(ANSWER, citations=(CITATION,), candidates=())).sources)
    assert "The body › " not in sources.text
    assert "[1] The bodyIts founding" in sources.text


def test_no_answer_shows_the_nearest_passages_and_marks_nothing() -> None:
    turn = answer_turn(1, replace(NO_ANSWER, hits=(HIT,) * (NEAREST + 1)))
    assert NO_ANSWER.explanation in Read(turn.reply).text
    assert "doubtful, 2%" in Read(turn.reply).text
    sources = Read(turn.sources)
    assert "mark" not in sources.tags
    assert Read(turn.reply).tags.count("a") == NEAREST and "to-cv" not in turn.reply
    assert "Not an answer." in sources.text
    assert sources.inside["blockquote"] == PASSAGE * NEAREST
    assert "docs/a.pdf · page 2" in sources.text and "characters 100–153" in sources.text


def test_no_answer_from_nothing() -> None:
    turn = answer_turn(1, replace(NO_ANSWER, hits=(), confidence=0.0))
    assert "%" not in turn.reply
    assert Read(turn.sources).tags == ["p", "pre"]


@pytest.mark.parametrize(
    ("within", "named"),
    [
        (("docs/a.pdf",), "The body"),
        (("docs/other.pdf",), "docs/other.pdf"),
        (("docs/a.pdf", "docs/b.pdf"), "docs/a.pdf, docs/b.pdf"),
    ],
)
def test_limit_to_a_document_names_its_title(within: tuple[str, ...], named: str) -> None:
    for answer in (ANSWER, NO_ANSWER):
        reply = answer_turn(1, replace(answer, within=within)).reply
        assert f"Asked only of: {named}." in Read(reply).text


def test_sources_of_earlier_turns_are_folded_newest_first() -> None:
    turns = [answer_turn(n, replace(ANSWER, question=f"{n}?", candidates=())) for n in (1, 2, 3)]
    read = Read(sources_panel(turns))
    assert read.inside["summary"].replace("Details", "") == "Earlier: 2?Earlier: 1?"
    assert read.text.index("3?") < read.text.index("2?")


@pytest.mark.parametrize(
    ("count", "heading"),
    [(0, "No documents yet"), (1, "1 document"), (1_512, "1,512 documents")],
)
def test_before_the_first_question_the_documents_are_counted(count: int, heading: str) -> None:
    assert Read(opening_panel(count)).inside["h3"] == heading
    assert "h3" not in Read(opening_panel(None)).tags


def test_progress_ends_its_sentence_before_the_next() -> None:
    line = progress_line("Reading 2 of 9 · a.md", "Not all files are in yet.")
    assert Read(line).text == (
        "Reading 2 of 9 · a.md. Documents that are read can be asked already."
    )
    assert Read(progress_line("Looking …", "Not all.")).text.startswith("Looking … Documents")


def test_pending_reply_and_problem_are_shown() -> None:
    waiting = pending_turn(1, "Why?", "Reading 1 passage …", [HIT])
    assert "Reading 1 passage …" in waiting.reply
    assert "Being read." in waiting.sources and "Not an answer." not in waiting.sources
    assert Read(problem_turn(1, "Why?", "The disk is full.").reply).inside["p"] == (
        "The disk is full."
    )
    assert alert("") == ""


@pytest.mark.parametrize("confidence", [0.0, 0.004, 0.39, 0.4, 0.6, 0.8, 0.95, 0.991, 1.0])
def test_confidence_has_a_word_and_never_says_certain(confidence: float) -> None:
    words, percent = confidence_in_words(confidence)
    assert words in {words for _, words in CONFIDENCE_WORDS}
    assert percent not in ("100%", "0%")
    reply = answer_turn(1, replace(ANSWER, confidence=confidence)).reply
    assert f">{words}, {percent}<" in reply.replace("&#37;", "%")


@pytest.mark.parametrize(
    ("confidence", "shown"),
    [
        (0.796, ("very likely right", "80%")),
        (0.804, ("very likely right", "80%")),
        (0.794, ("probably right", "79%")),
        (0.399, ("uncertain", "40%")),
        (0.949, ("almost certainly right", "95%")),
    ],
)
def test_same_percent_are_called_the_same(confidence: float, shown: tuple[str, str]) -> None:
    assert confidence_in_words(confidence) == shown


def test_document_that_changed_since_is_named_so_at_its_source() -> None:
    other = replace(CITATION, path="docs/b.pdf")
    answer = replace(ANSWER, citations=(CITATION, other))
    first, second = answer_turn(1, answer, {other.path}).sources.split('id="cv-1-2"')
    assert "has changed since" not in first
    assert "This document has changed since, or is gone." in second


def test_conversation_is_saved_from_links_that_hold_it() -> None:
    shown = sources_panel(
        [answer_turn(1, ANSWER), problem_turn(2, "Why?", "Full."), answer_turn(3, NO_ANSWER)]
    )
    links = re.findall(r'download="([^"]*)" href="data:([^;]*)[^,]*base64,([^"]*)"', shown)
    assert [(name, kind) for name, kind, _ in links] == [
        ("answers.md", "text/markdown"),
        ("receipt.json", "application/json"),
    ]
    markdown, receipt = (b64decode(content).decode() for _, _, content in links)
    assert markdown == as_markdown([ANSWER, NO_ANSWER])
    assert parse_receipt(receipt) == [replace(ANSWER, hits=()), NO_ANSWER]
    assert "download" not in sources_panel([problem_turn(1, "Why?", "The disk is full.")])


@given(TEXT)
@example(HOSTILE)
def test_question_is_shown_as_it_was_typed(text: str) -> None:
    question = pending_turn(1, text).question_html
    assert html.unescape(question) == text
    assert Read(question).tags == []


def sentence(text: str, start: int, end: int, path: str = "docs/a.md") -> Citation:
    """A citation of characters of a passage that begins at offset 0."""
    return replace(
        CITATION,
        path=path,
        passage=text,
        passage_start=0,
        start=start,
        end=end,
        quote=text[start:end],
        sentence_start=start,
        sentence_end=end,
    )


def test_each_sentence_is_a_quote_of_its_own_and_gaps_are_shown() -> None:
    text = "It is a tax. It was raised. It rose. It fell."
    first, second, last = (sentence(text, *at) for at in ((0, 12), (13, 27), (37, 45)))
    other = sentence("Others rose.", 0, 12, "docs/b.md")
    citations = (first, second, last, other)
    whole = " ".join(each.quote for each in citations)
    answer = replace(ANSWER, text=whole, citations=citations, candidates=())
    reply = answer_turn(1, answer).reply
    quotes = re.findall(r"<q>(.*?)</q>(.*?)</p>", reply)
    assert [quote for quote, _ in quotes] == [each.quote for each in citations]
    assert [re.findall(r"\[\d\]", numbers) for _, numbers in quotes] == [
        ["[1]"], ["[2]"], ["[3]"], ["[4]"],
    ]  # fmt: skip
    # Between the second and the third the document says more; the fourth is of another one.
    assert re.findall(r"<q>|\[…\]", reply) == ["<q>", "<q>", "[…]", "<q>", "<q>"]


def test_answer_that_stands_in_two_places_is_one_quote() -> None:
    reply = answer_turn(1, ANSWER).reply
    assert reply.count("<q>") == 1 and "[1]" in reply and "[2]" in reply


@pytest.mark.parametrize(("confidence", "possibly"), [(0.59, True), (0.6, False)])
def test_answer_that_may_well_be_wrong_is_shown_as_such(confidence: float, possibly: bool) -> None:
    reply = Read(answer_turn(1, replace(ANSWER, confidence=confidence)).reply)
    assert ("Possibly:" in reply.text) is possibly
    assert f"{confidence:.0%}" in reply.text


def test_refusal_leads_with_the_nearest_passages_below_their_headings() -> None:
    text = f"{HIT.title}{BLOCK_SEPARATOR}{PASSAGE}"
    turn = answer_turn(1, replace(NO_ANSWER, hits=(replace(HIT, text=text),)))
    reply = Read(turn.reply)
    assert PASSAGE in reply.text and HIT.title in reply.inside["a"]
    assert reply.inside["li"].count(HIT.title) == 1
