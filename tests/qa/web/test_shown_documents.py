"""Which documents an answer shows, and whether somebody may see all of them."""

from dataclasses import replace

import pytest

from qa.results import Answer, Candidate, Citation
from qa.web.shown_documents import shown_documents, shows_only
from tests.builders import a_hit

NOTHING = Answer("?", None, 0.0, (), (), (), "nothing asked", {})


def cited(path: str, *also_at: str) -> Citation:
    return Citation(path, also_at, "", None, (), 0, 1, "x", 0, 1, "x", 0, f"sha of {path}", "")


def candidate(path: str) -> Candidate:
    return Candidate("x", 0.5, (cited(path),))


ANSWERS = {
    "citations": replace(NOTHING, citations=(cited("town/secret/a.md"),)),
    "candidates": replace(NOTHING, candidates=(candidate("town/secret/a.md"),)),
    "contradicted_by": replace(NOTHING, contradicted_by=(candidate("town/secret/a.md"),)),
    "hits": replace(NOTHING, hits=(a_hit("x", path="town/secret/a.md", sha256="00"),)),
}
"""Each shows the document in another way."""


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_whatever_an_answer_shows_is_found(answer: Answer) -> None:
    in_part = replace(NOTHING, parts=(NOTHING, answer))
    for each in (answer, in_part):
        assert [path for path, _ in shown_documents(each)] == ["town/secret/a.md"]
        assert not shows_only(each, ["town/public"])
        assert not shows_only(each, ["town/secret/a.mdx", "town/secret2", "secret"])
        for limit in ([], ["town"], ["town/secret"], ["town/public", "town/secret/a.md"]):
            assert shows_only(each, limit)


def test_other_places_of_a_document_are_named_too() -> None:
    for answer in (
        replace(NOTHING, citations=(cited("town/public/a.md", "town/secret/a.md"),)),
        replace(NOTHING, hits=(a_hit("x", path="town/public/a", also_at=("town/secret/a",)),)),
        replace(NOTHING, hits=(a_hit("x", path="town/public/a", near_duplicates=("town/b",)),)),
        replace(NOTHING, within=("town/secret",)),
        replace(NOTHING, gone=("town/secret/a.md",)),
    ):
        assert not shows_only(answer, ["town/public"])
        assert shows_only(answer, ["town"])


def test_folders_that_a_limit_lies_in_are_no_secret() -> None:
    answer = replace(NOTHING, within=("town",), gone=("town",))
    assert shows_only(answer, ["town/public"])
    assert not shows_only(answer, ["uploads"])
