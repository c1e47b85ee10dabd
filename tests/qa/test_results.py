import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.document import page_at
from embeddings.rendering import rendered
from qa.results import Answer, Candidate, Citation, Hit

CITATION = Citation(
    path="docs/a.md",
    also_at=("docs/b.md",),
    title="A",
    page=3,
    headings=("One", "Two"),
    start=12,
    end=16,
    quote="2013",
    sentence_start=5,
    sentence_end=17,
    passage="It was 2013.",
    passage_start=5,
    sha256="0" * 64,
    dated="2024-02-07",
)
HIT = Hit(
    document=1,
    path="docs/a.md",
    also_at=(),
    near_duplicates=(),
    title="A",
    sha256="0" * 64,
    dated="2024-02-07",
    page=1,
    page_breaks=(100,),
    headings=(),
    context="A",
    start=5,
    end=17,
    text="It was 2013.",
    score=0.75,
    rank=1,
    vector_score=0.5,
    vector_rank=None,
    word_score=3.25,
    word_rank=1,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def answer_of(text: str | None, question: str = "When?") -> Answer:
    return Answer(
        question=question,
        text=text,
        confidence=0.875,
        citations=(CITATION,) if text else (),
        candidates=(Candidate("1999", 0.1, (CITATION,)),),
        hits=(HIT,),
        reason=None if text else "none answers",
        seconds={"retrieve": 0.5, "read": 0.25},
    )


@given(TEXT, st.none() | TEXT)
def test_answer_survives_json(question: str, text: str | None) -> None:
    answer = answer_of(text, question)
    assert Answer.from_json(answer.to_json()) == answer


def test_json_has_the_fields_of_the_answer() -> None:
    fields = json.loads(answer_of("2013").to_json())
    assert list(fields) == list(Answer.__slots__)
    assert fields["citations"][0]["start"] == 12


def test_json_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="question"):
        Answer.from_json('{"text": "2013"}')


def test_passage_is_parted_around_the_quote() -> None:
    assert CITATION.around == ("It was ", "2013", ".")


def test_sentence_is_parted_around_the_quote() -> None:
    longer = replace(CITATION, passage="Yes. It was 2013. No.", passage_start=0)
    assert longer.around == ("Yes. It was ", "2013", ". No.")
    assert longer.sentence == ("It was ", "2013", ".")


def test_only_an_answer_without_text_is_explained() -> None:
    assert answer_of("2013").explanation == ""
    assert answer_of(None).explanation.startswith("The documents do not say: passages are near")


def test_page_of_a_character_is_that_of_the_whole_document() -> None:
    starts = (0, 10, 40, 40, 90)
    for start, end in ((0, 100), (12, 95), (40, 60), (95, 99)):
        page = page_at(starts, start)
        breaks = tuple(at for at in starts[page or 0 :] if at < end)
        hit = replace(HIT, start=start, end=end, page=page, page_breaks=breaks)
        assert [hit.page_at(at) for at in range(start, end)] == [
            page_at(starts, at) for at in range(start, end)
        ]
    assert replace(HIT, page=None, page_breaks=()).page_at(7) is None


def test_row_of_a_table_is_shown_with_the_names_of_its_columns() -> None:
    row = "P077\t654\t"
    cited = replace(
        CITATION,
        start=10,
        end=13,
        quote="654",
        sentence_start=5,
        sentence_end=13,
        passage=row,
        passage_start=5,
        columns=("Pump", "Speed", "Note"),
    )
    assert cited.pieces == (("Pump: P077; Speed: ", "sentence"), ("654", "quote"))
    whole = replace(cited, start=5, end=13, quote="P077\t654")
    assert whole.pieces == (
        ("Pump: ", "sentence"),
        ("P077", "quote"),
        ("; Speed: ", "sentence"),
        ("654", "quote"),
    )
    second = replace(whole, start=16, end=19, sentence_start=15, sentence_end=23)
    second = replace(second, quote="078", passage=f"{row}\nP078\t700")
    assert [(text, role) for text, role in second.pieces if role != "passage"] == [
        ("Pump: P", "sentence"),
        ("078", "quote"),
        ("; Speed: 700", "sentence"),
    ]


@given(TEXT, st.lists(st.integers(0, 40), min_size=4, max_size=4), st.lists(TEXT, max_size=3))
def test_exactly_the_quote_is_marked_in_what_is_shown(
    passage: str, edges: list[int], columns: list[str]
) -> None:
    left, start, end, right = sorted(edges)
    cited = replace(
        CITATION,
        start=start,
        end=end,
        sentence_start=left,
        sentence_end=right,
        passage=passage,
        passage_start=0,
        columns=tuple(columns),
    )
    assert "".join(text for text, _ in cited.pieces) == rendered(passage, columns).text
    quoted = "".join(text for text, role in cited.pieces if role == "quote")
    kept = str.maketrans("", "", "\t\n")
    if "\t" in passage or columns:
        assert quoted.translate(kept) == passage[start:end].translate(kept)
    else:
        assert quoted == passage[start:end]


def test_page_is_named_by_its_printed_label_and_its_position() -> None:
    assert replace(CITATION, page_label="57").page_name == "page 57 (page 3 of the file)"
    labelled = replace(HIT, page=1, page_labels=("iii", ""))
    assert labelled.page_name == "page iii (page 1 of the file)"
    assert labelled.page_label_at(100) == ""


def test_what_was_chosen_is_named() -> None:
    answer = answer_of("2013")
    assert answer.within_notice == ""
    limited = replace(answer, within=("docs/a.md", "docs/guide"))
    assert limited.within_notice == "Asked only of: docs/a.md, docs/guide."
    many = replace(answer, within=tuple(f"docs/{number}.md" for number in range(1_003)))
    assert many.within_notice == "Asked only of: docs/0.md, docs/1.md, docs/2.md and 1,000 more."
    assert Answer.from_json(limited.to_json()) == limited


@pytest.mark.parametrize(
    ("gone", "notice"),
    [
        ((), ""),
        (("memos",), "memos is no longer where it was indexed: the words are from then."),
        (
            ("memos", "docs/a.md", "docs/b.md", "docs/c.md"),
            "memos, docs/a.md and docs/b.md are no longer where they were indexed: the words are "
            "from then.",
        ),
    ],
)
def test_what_is_gone_is_named(gone: tuple[str, ...], notice: str) -> None:
    assert replace(answer_of("2013"), gone=gone).gone_notice == notice
