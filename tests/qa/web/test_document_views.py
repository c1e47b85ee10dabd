"""Whole documents and pictures of their pages."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from embeddings.index.records import DocumentFacts
from qa import QuestionAnswerer
from qa.service import documents as module
from qa.service.documents import ConcurrencyLimit, DocumentLimits, Documents
from qa.web import document_views
from tests.embeddings.files.formats.test_pdf_picture import pdf_of


@pytest.fixture
def documents(town: Path, tmp_path: Path) -> Iterator[Documents]:
    pdf_of(town, "The mill was built in 1850.", "It burnt down in 1890.")
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        yield Documents(answerer)


def size(png: bytes | str) -> tuple[int, int]:
    assert isinstance(png, bytes)
    return Image.open(io.BytesIO(png)).size


def where(documents: Documents, words: str) -> tuple[DocumentFacts, int]:
    """About the PDF, and where in its text words stand."""
    facts = documents.facts("town/a.pdf")
    assert facts is not None
    return facts, documents.index.text(facts.id, 0, facts.characters).index(words)


def test_page_of_a_pdf_shows_its_picture_behind_the_quote(documents: Documents) -> None:
    facts, at = where(documents, "1890")
    status, page = document_views.page(documents, "town/a.pdf", facts.sha256, [f"{at}-{at + 4}"])
    assert status == 200
    picture = f"page.png?path=town%2Fa.pdf&amp;sha256={facts.sha256}&amp;quote={at}-{at + 4}"
    assert f'<img src="{picture}&amp;page=2"' in page
    assert page.index("<mark>1890</mark>") < page.index("<figure>")
    assert page.count("<figure>") == 1 and page.count(">as printed</a>") == 2
    _, text = document_views.page(documents, "town/bridge.txt", "", ["0-3"])
    assert "page.png" not in text


@pytest.mark.slow
def test_picture_differs_where_something_is_quoted(documents: Documents) -> None:
    _, plain = document_views.picture(documents, "town/a.pdf", 2)
    _, at = where(documents, "1890")
    status, marked = document_views.picture(documents, "town/a.pdf", 2, [f"{at}-{at + 4}"])
    assert status == 200 and size(plain) == size(marked) == (800, 600)
    assert plain != marked
    # A quote of another page changes nothing.
    assert document_views.picture(documents, "town/a.pdf", 2, ["0-3"]) == (200, plain)


def test_picture_is_drawn_once_and_cached(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = document_views.picture(documents, "town/a.pdf", 1)

    def fail(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(module, "DocumentLoader", fail)
    assert document_views.picture(documents, "town/a.pdf", 1) == first


@pytest.mark.parametrize(
    ("path", "number", "message"),
    [
        ("town/nothing.pdf", 1, "There is no PDF at town/nothing.pdf."),
        ("town/bridge.txt", 1, "There is no PDF at town/bridge.txt."),
        ("../a.pdf", 1, "There is no PDF at ../a.pdf."),
        ("town/a.pdf", 3, "town/a.pdf has no page 3."),
    ],
)
def test_missing_picture_has_its_reason(
    documents: Documents, path: str, number: int, message: str
) -> None:
    assert document_views.picture(documents, path, number) == (404, message)


def test_file_that_changed_or_went_has_no_picture(documents: Documents, town: Path) -> None:
    pdf_of(town, "Another text.", "And a second page.")
    status, message = document_views.picture(documents, "town/a.pdf", 1)
    assert status == 404
    assert message == (
        "town/a.pdf has changed since it was indexed. "
        "Index the folders again that hold these documents."
    )
    (town / "a.pdf").unlink()
    status, message = document_views.picture(documents, "town/a.pdf", 1)
    assert status == 404 and str(town) not in str(message)
    assert str(message).startswith("town/a.pdf cannot be opened")


def test_panel_opens_at_the_quote_or_at_an_offset(documents: Documents) -> None:
    facts, at = where(documents, "1890")
    status, panel = document_views.panel(documents, "town/a.pdf", facts.sha256, [f"{at}-{at + 4}"])
    assert status == 200
    assert "<mark>1890</mark>" in panel and "<html" not in panel and "<img src" not in panel
    assert f'data-quotes="[[{at}, {at + 4}]]" data-pages="[0, {facts.page_starts[1]}]"' in panel
    assert f'data-start="0" data-end="{facts.characters}" data-at="{at}"' in panel
    assert f'data-picture="page.png?path=town%2Fa.pdf&amp;sha256={facts.sha256}&amp;quote=' in panel
    for offset, opened in ((7, 7), (10**30, facts.characters)):
        _, panel = document_views.panel(documents, "town/a.pdf", "", (), offset=offset)
        assert f'data-at="{opened}"' in panel
    _, panel = document_views.panel(documents, "town/bridge.txt", "00ff", ["0-3"])
    assert "This document has changed since it was quoted." in panel and "<mark>" not in panel
    assert 'data-picture=""' in panel
    status, panel = document_views.panel(documents, "town/nothing.txt", "", ())
    assert status == 404 and "There is no document at town/nothing.txt any more." in panel


def test_what_is_known_of_a_document_is_computed_once(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, known = document_views.about(documents, "town/a.pdf")
    assert status == 200
    assert "<dt>Kind</dt><dd>PDF</dd>" in known and "<dt>Pages</dt><dd>2</dd>" in known
    assert "It has no headings." in known and "It has no sentences" in known
    # It is computed once, until the index changes.
    monkeypatch.setattr(documents.answerer, "about", None)
    assert document_views.about(documents, "town/a.pdf") == (200, known)
    assert document_views.about(documents, "town/nothing.pdf")[0] == 404
    assert document_views.about(documents, "../etc/passwd")[0] == 404


def test_words_are_found_in_any_case_and_over_line_ends(documents: Documents) -> None:
    facts, at = where(documents, "The mill")
    status, found = document_views.find(documents, "town/a.pdf", facts.sha256, " the  MILL was ")
    assert status == 200
    assert json.loads(found) == {"matches": [[at, at + 12]], "more": False}
    for words in ("", " ", ".*", "mill 1850"):
        assert (
            json.loads(document_views.find(documents, "town/a.pdf", "", words)[1])["matches"] == []
        )
    assert document_views.find(documents, "town/a.pdf", "00ff", "mill")[0] == 404
    assert document_views.find(documents, "town/nothing.pdf", "", "mill")[0] == 404


@pytest.mark.parametrize("characters", [7, 20, 100_000])
def test_each_place_of_words_is_found_once_however_the_text_is_searched(
    documents: Documents, town: Path, monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    text = "aa aa aaa b aa\n\naa " * 9 + "🐦 aa"
    (town / "birds.txt").write_text(text, encoding="utf-8")
    documents.answerer.index_folder(town)
    facts = documents.facts("town/birds.txt")
    assert facts is not None
    stored = documents.index.text(facts.id, 0, facts.characters)
    monkeypatch.setattr(module, "FIND_CHARACTERS", characters)
    places = [list(match.span()) for match in re.finditer(r"aa\s+aa", stored)]
    found = json.loads(document_views.find(documents, "town/birds.txt", "", "AA aa")[1])
    assert found == {"matches": places, "more": False}
    monkeypatch.setattr(module, "MAX_MATCHES", 3)
    found = json.loads(document_views.find(documents, "town/birds.txt", "", "AA aa")[1])
    assert found == {"matches": places[:3], "more": True}


def test_too_many_concurrent_requests_are_refused(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = ConcurrencyLimit(1, 1)
    monkeypatch.setattr(documents, "limits", DocumentLimits(limit, limit))
    with limit:
        status, message = document_views.picture(documents, "town/a.pdf", 1)
        assert status == 503 and "try again" in str(message)
        for status, message in (
            document_views.page(documents, "town/a.pdf", "", ()),
            document_views.panel(documents, "town/a.pdf", "", ()),
            document_views.find(documents, "town/a.pdf", "", "mill"),
            document_views.about(documents, "town/a.pdf"),
        ):
            assert status == 503 and "try again" in str(message)
    assert document_views.picture(documents, "town/a.pdf", 1)[0] == 200
    assert document_views.page(documents, "town/a.pdf", "", ())[0] == 200


def test_link_from_before_a_change_marks_nothing_on_the_new_page(documents: Documents) -> None:
    facts, _ = where(documents, "1890")
    assert document_views.picture(documents, "town/a.pdf", 1, ["0-3"], facts.sha256)[0] == 200
    status, message = document_views.picture(documents, "town/a.pdf", 1, ["0-3"], "00ff")
    assert (status, message) == (404, "town/a.pdf has changed since it was quoted; ask again.")
