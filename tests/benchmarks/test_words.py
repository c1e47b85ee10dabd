"""The project's word index in the comparison; the others are not installed for the tests."""

from pathlib import Path

from tests.benchmarks.words import LIMIT, Ours, documents_of, measure

CONTEXTS = ["The mill was built in 1850. It burnt down.", "The bridge was opened. It is long."]


def test_passages_are_halves_of_two_contexts() -> None:
    documents = list(documents_of(CONTEXTS, 250))
    assert [len(document) for document in documents] == [100, 100, 50]
    halves = {half.strip() + "." for context in CONTEXTS for half in context.split(".") if half}
    assert {part for text in documents[0] for part in halves if part in text} == halves
    assert all(sum(part in text for part in halves) in (1, 2) for text in documents[0])


def test_document_added_later_is_found(tmp_path: Path) -> None:
    words = Ours(tmp_path)
    words.add(list(documents_of(CONTEXTS, 200)))
    assert words.search("When was the mill built?") == LIMIT
    assert words.search("Who is the harbour master?") == 0
    words.add([["The harbour master is Ada Finch."]])
    assert words.search("Who is the harbour master?") == 1


def test_times_have_their_units(tmp_path: Path) -> None:
    times = measure(Ours(tmp_path), list(documents_of(CONTEXTS, 200)), ["mill", "bridge", "long"])
    assert [time.split()[1] for time in times] == ["s", "s", "ms", "ms"]
