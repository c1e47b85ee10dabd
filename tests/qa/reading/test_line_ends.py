"""Lines of lists end for the model, and offsets still lead to the passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.rendering import rendered
from qa.reading.line_ends import LINE_END, with_line_ends

LINES = st.lists(
    st.sampled_from(
        ["- a: b", "- c.", "Chair: Ann", "", "1. x", "(b) y  ", "Plain text", "P077\t654", "Hm:"]
    )
).map("\n".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- Chair: Ann\n- Clerk: Bob", "- Chair: Ann.\n- Clerk: Bob"),
        ("Chair: Ann\n\nClerk: Bob\n\nMore", "Chair: Ann.\n\nClerk: Bob\n\nMore"),
        ("1. stir;\n2. wait\n3. eat", "1. stir;\n2. wait.\n3. eat"),
        ("P077\t654\nP078\t700", "P077: 654.\nP078: 700"),
        ("It is\nnot: a list", "It is\nnot: a list"),
        ("In this\ncase: two votes and\nclerk: none", "In this\ncase: two votes and\nclerk: none"),
        ("- one\nand no more", "- one\nand no more"),
    ],
)
def test_full_stops_stand_between_the_lines_of_a_list(text: str, shown: str) -> None:
    assert with_line_ends(rendered(text)).text == shown


@given(LINES, st.sampled_from([(), ("Pump", "Speed")]))
def test_segments_are_what_the_passage_has_and_nothing_else(
    text: str, columns: tuple[str, ...]
) -> None:
    before, after = rendered(text, columns), with_line_ends(rendered(text, columns))
    behind = 0
    for place, at, length in after.segments:
        assert place >= behind
        assert after.text[place : place + length] == text[at : at + length]
        behind = place + length
    quotable = [offset for _, at, length in before.segments for offset in range(at, at + length)]
    assert quotable == [
        offset for _, at, length in after.segments for offset in range(at, at + length)
    ]
    added = len(after.text) - len(before.text)
    assert after.text.count(LINE_END) == before.text.count(LINE_END) + added
