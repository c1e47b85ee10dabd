"""What a user chose to be answered from."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.index.paths import lies_within
from qa.library.limit import MAX_LIMIT_CHARACTERS, MAX_PATHS, Limit, parse_limit

DOCUMENTS = [
    "sea/pier.txt",
    "town/bridge.txt",
    "town/old/castle/keep.txt",
    "town/old/mill.txt",
    "town/old/well.txt",
    "town/older.txt",
]
PLACES = ["", "sea", "town", "town/old", "town/old/castle", *DOCUMENTS]


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.booleans()), max_size=12))
def test_ticks_choose_what_a_set_of_documents_would_hold(ticks: list[tuple[str, bool]]) -> None:
    limit, chosen = Limit(), set(DOCUMENTS)
    for place, tick in ticks:
        limit = limit.ticked(place, tick, DOCUMENTS)
        inside = {path for path in DOCUMENTS if not place or lies_within(path, [place])}
        chosen = chosen | inside if tick else chosen - inside
        assert {path for path in DOCUMENTS if limit.includes(path)} == chosen
        assert limit.count(DOCUMENTS) == len(chosen)
        assert bool(limit) is (chosen != set(DOCUMENTS))
        within = limit.within(DOCUMENTS)
        covered = {path for path in DOCUMENTS if lies_within(path, within)}
        assert covered == (chosen if limit else set())
        assert parse_limit(limit.to_json()) == limit


def test_a_folder_that_was_ticked_stays_a_folder() -> None:
    limit = Limit(()).ticked("town/old/mill.txt", True, DOCUMENTS)
    limit = limit.ticked("town/old", True, DOCUMENTS)
    assert limit == Limit(("town/old",))
    assert limit.ticked("town/old/castle/keep.txt", False, DOCUMENTS) == (
        Limit(("town/old/mill.txt", "town/old/well.txt"))
    )
    left_out = Limit().ticked("town/old", False, DOCUMENTS)
    assert left_out == Limit(None, ("town/old",))
    assert left_out.within(DOCUMENTS) == ("sea", "town/bridge.txt", "town/older.txt")
    assert left_out.ticked("town/old/castle", True, DOCUMENTS) == (
        Limit(None, ("town/old/mill.txt", "town/old/well.txt"))
    )


def test_what_is_gone_is_dropped_and_told() -> None:
    limit = Limit(("town/old", "town/gone.txt"))
    assert limit.without_gone(DOCUMENTS) == (Limit(("town/old",)), ("town/gone.txt",))
    assert Limit(("gone",)).without_gone(DOCUMENTS) == (Limit(), ("gone",))
    assert Limit(()).without_gone(DOCUMENTS) == (Limit(()), ())
    left_out = Limit(None, ("sea", "gone"))
    assert left_out.without_gone(DOCUMENTS) == (Limit(None, ("sea",)), ("gone",))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        "{",
        '{"only": "a"}',
        '{"only": [1]}',
        '{"only": null}',
        '{"else": []}',
        '{"only": [], "except": []}',
        json.dumps({"only": ["a"] * (MAX_PATHS + 1)}),
        json.dumps({"only": ["a" * MAX_LIMIT_CHARACTERS]}),
    ],
)
def test_text_that_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_limit(text)


def test_what_would_name_too_many_documents_is_refused_in_words() -> None:
    documents = [f"town/{number}.txt" for number in range(MAX_PATHS + 2)]
    with pytest.raises(ValueError, match="More than 1,000 documents and folders would be chosen"):
        Limit().ticked("town/1.txt", False, documents)
    assert Limit(()).ticked("town/1.txt", True, documents) == Limit(("town/1.txt",))
