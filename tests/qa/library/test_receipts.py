"""Receipts are checked against what the documents say today."""

import html
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from qa.library.receipts import (
    answer_as_markdown,
    as_json,
    as_markdown,
    read_receipt,
    verify,
)
from qa.results import Answer, Candidate, Citation
from tests.builders import HashingEncoder
from tests.conftest import TEXT
from tests.qa.test_results import answer_of


@pytest.fixture
def index(tmp_path: Path, town: Path) -> Iterator[Index]:
    opened = Index.open_or_create(tmp_path / "index", HashingEncoder())
    index_folder(town, opened, HashingEncoder())
    yield opened
    opened.close()


def citation_of(index: Index, quote: str, path: str = "town/bridge.txt") -> Citation:
    store = index.store
    source = store.sources()[path]
    assert source.document is not None
    text = store.document(source.document).text
    start = text.index(quote)
    return Citation(
        path=path,
        also_at=(),
        title="bridge",
        page=None,
        headings=(),
        start=start,
        end=start + len(quote),
        quote=quote,
        sentence_start=start,
        sentence_end=start + len(quote),
        passage=text,
        passage_start=0,
        sha256=source.sha256,
        dated="2024-02-07",
    )


def cited(*citations: Citation) -> Answer:
    return Answer(
        "When?", citations[0].quote, 0.9, tuple(citations), candidates=(), hits=(), reason=None,
        seconds={},
    )  # fmt: skip


def status(index: Index, town: Path, citation: Citation) -> tuple[str, str | None, int | None]:
    index_folder(town, index, HashingEncoder())
    (checked,) = verify([cited(citation)], index)
    assert checked.citation == citation
    return checked.status, checked.path, checked.start


def test_quote_that_stands_there_is_exact(index: Index, town: Path) -> None:
    assert status(index, town, citation_of(index, "1950")) == ("exact", "town/bridge.txt", 48)


def test_quote_behind_an_insertion_has_moved(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").write_text("In 1950 much happened. " + TEXT)
    # Of two places it is the one nearest to where it stood.
    assert status(index, town, citation) == ("moved", "town/bridge.txt", 71)


def test_quote_that_was_edited_has_changed(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").write_text(TEXT.replace("1950", "1951"))
    assert status(index, town, citation) == ("changed", None, None)


def test_quote_that_is_left_as_a_part_of_a_word_only_has_changed(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").write_text(TEXT.replace("1950", "A1950 or 19501"))
    assert status(index, town, citation) == ("changed", None, None)


def test_quote_of_a_removed_document_is_gone(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").unlink()
    (town / "other.txt").write_text("Something happened in 1950.")
    assert status(index, town, citation) == ("gone", None, None)


def test_renamed_document_is_known_by_its_content(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").rename(town / "renamed.txt")
    assert status(index, town, citation) == ("exact", "town/renamed.txt", 48)


def unindexed(index: Index, citation: Citation) -> tuple[str, str | None, int | None]:
    (checked,) = verify([cited(citation)], index)
    return checked.status, checked.path, checked.start


@pytest.mark.parametrize("text", [TEXT + "More.", TEXT.replace("1950", "1951"), ""])
def test_quote_of_a_file_that_has_changed_since_it_was_indexed_is_stale(
    index: Index, town: Path, text: str
) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").write_text(text)
    assert unindexed(index, citation) == ("stale", None, None)
    # Nor can be said that an invented quote is not in the file.
    assert unindexed(index, replace(citation, quote="1960")) == ("stale", None, None)


def test_edit_that_keeps_size_and_modification_time_is_found(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    file = town / "bridge.txt"
    before = file.stat()
    file.write_text(TEXT.replace("1950", "1951"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert unindexed(index, citation) == ("stale", None, None)


def test_file_that_was_touched_only_still_holds_its_quotes(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    os.utime(town / "bridge.txt", (0, 0))
    assert unindexed(index, citation) == ("exact", "town/bridge.txt", 48)


def test_markdown_says_what_an_answer_was_limited_to() -> None:
    plain = answer_of("2013")
    found = replace(plain, within=("town/a_b.txt",))
    assert "Asked only of: town/a\\_b.txt." in answer_as_markdown(found)
    none = replace(found, text=None, citations=(), reason="none answers")
    assert "Asked only of: town/a\\_b.txt." in answer_as_markdown(none)
    parted = replace(found, parts=(plain, plain))
    assert answer_as_markdown(parted).count("Asked only of") == 1


def test_file_that_is_gone_is_no_stale_one(index: Index, town: Path) -> None:
    citation = citation_of(index, "1950")
    (town / "bridge.txt").unlink()
    assert unindexed(index, citation) == ("exact", "town/bridge.txt", 48)
    town.rmdir()
    assert unindexed(index, citation) == ("exact", "town/bridge.txt", 48)


def test_quote_is_exact_in_another_file_of_the_same_content_that_has_not_changed(
    index: Index, town: Path
) -> None:
    (town / "copy.txt").write_text(TEXT)
    index_folder(town, index, HashingEncoder())
    citation = replace(citation_of(index, "1950"), also_at=("town/copy.txt",))
    (town / "bridge.txt").write_text("Nothing.")
    assert unindexed(index, citation) == ("exact", "town/copy.txt", 48)
    (town / "copy.txt").write_text("Nothing.")
    assert unindexed(index, citation) == ("stale", None, None)


def test_every_citation_is_reported_in_order(index: Index) -> None:
    one, other = citation_of(index, "1901"), citation_of(index, "1950")
    checks = list(verify([cited(one, other), cited(other), answer_of(None)], index))
    assert [checked.citation for checked in checks] == [one, other, other]


def test_what_contradicts_an_answer_is_checked_and_written_down_too(index: Index) -> None:
    one, other = citation_of(index, "1901"), citation_of(index, "1950")
    gone = replace(other, quote="1960")
    disputed = replace(
        cited(one),
        contradicted_by=(Candidate("1950", 0.4, (other,)), Candidate("1960", 0.2, (gone,))),
    )
    checks = [(checked.citation, checked.status) for checked in verify([disputed], index)]
    assert checks == [(one, "exact"), (other, "exact"), (gone, "changed")]
    text = as_markdown([disputed])
    assert "Another document says otherwise.\n\n**1950**\n\n> 1950\n>\n> — [2] bridge, " in text
    assert "town/bridge.txt, characters 48–52, file of 2024-02-07" in text


def test_receipt_of_one_answer_or_many_is_read(tmp_path: Path) -> None:
    one, other = answer_of("2013"), answer_of(None)
    (tmp_path / "one.json").write_text(one.to_json(), encoding="utf-8")
    (tmp_path / "many.json").write_text(as_json([one, other]), encoding="utf-8")
    assert read_receipt(tmp_path / "one.json") == [one]
    assert read_receipt(tmp_path / "many.json") == [one, other]


@pytest.mark.parametrize(
    "content", ["", "{", "[]x", '{"question": "?"}', '[{"text": 1}]', "\udcff"]
)
def test_something_else_is_no_receipt(tmp_path: Path, content: str) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ValueError, match=r"expected an answer's JSON in .*receipt\.json"):
        read_receipt(path)


def test_markdown_has_question_answer_and_place(index: Index) -> None:
    text = as_markdown([cited(citation_of(index, "1901")), answer_of(None)])
    assert text.startswith("# Questions and answers\n\n## When?\n\n**1901**\n\n> 1901\n>\n> — [1] ")
    assert "bridge, town/bridge.txt, characters 25–29" in text
    assert text.endswith("The documents do not say: passages are near, but none answers the "
                         "question.\n")  # fmt: skip


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1)


@given(LINES)
def test_text_of_a_document_is_only_text_in_markdown(text: str) -> None:
    def page(text: str) -> str:
        answer = json.loads(answer_of("2013").to_json())
        cited = answer["citations"][0]
        size = len(text)
        cited |= {"passage": text, "quote": text, "passage_start": 0, "start": 0, "end": size}
        cited |= {"sentence_start": 0, "sentence_end": size, "title": text, "path": text}
        answer |= {"question": text, "text": text}
        markdown = as_markdown([Answer.from_json(json.dumps(answer))])
        return str(MarkdownIt("gfm-like", {"linkify": False}).render(markdown))

    tags = {tag.split()[0] for tag in re.findall(r"<(?!/)([^>]*)>", page(text))}
    assert tags <= {"h1", "h2", "p", "blockquote", "strong", "br"}
    shown = html.unescape(re.sub(r"<[^>]*>", "", page(f"q{text}z")))
    assert "".join(f"q{text}z".split()) in "".join(shown.split())
