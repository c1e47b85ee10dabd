"""A document in parts is the document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings import parts
from embeddings.document import Block, Document
from embeddings.parts import joined_blocks, number_at, parts_of

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))


def document(texts: list[str]) -> Document:
    text, blocks = "", []
    for each in texts:
        text += "\n\n" if text else ""
        blocks.append(Block("paragraph", len(text), len(text) + len(each)))
        text += each
    return Document("A title", text, tuple(blocks))


@given(TEXTS)
def test_parts_together_are_the_document(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "MAX_CHARACTERS", 25)
        patched.setattr(parts, "MAX_BLOCKS", 3)
        patched.setattr(parts, "NEAR_END", 5)
        whole = document(texts)
        found = list(parts_of(whole))
    assert "".join(part.text for part in found) == whole.text
    assert joined_blocks(found) == whole.blocks
    starts = [part.start for part in found]
    assert starts == sorted(set(starts)) and starts[0] == 0
    for number, part in enumerate(found):
        assert part.text == whole.text[part.start : part.end]
        assert len(part.blocks) <= 3 and sum(b.end - b.start for b in part.blocks) <= 25
        assert all(part.start <= block.start < block.end <= part.end for block in part.blocks)
        for block in part.blocks:
            assert part.cut(block.start, block.end) == whole.text[block.start : block.end]
        if part.text:
            assert number_at(starts, part.start) == number_at(starts, part.end - 1) == number


def test_long_block_is_cut_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_CHARACTERS", 25)
    found = list(parts_of(document(["The bridge was opened in 1901. " * 3])))
    assert [part.text for part in found] == [
        "The bridge was opened in ",
        "1901. The bridge was ",
        "opened in 1901. The ",
        "bridge was opened in ",
        "1901. ",
    ]
    assert [piece.continued for part in found for piece in part.pieces] == [False] + [True] * 4
