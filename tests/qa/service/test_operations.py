"""What programs can ask of a service."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import TypeAdapter

from qa import QuestionAnswerer
from qa.results import Answer
from qa.service import operations
from qa.service.documents import NoDocument, SeveralDocuments
from qa.service.read_only import ReadOnlyService
from qa.service.replies import Addresses, LinkedAnswer
from qa.service.requests import AskRequest, SearchRequest


def test_answer_is_signed_as_it_was_sent(answerer: QuestionAnswerer) -> None:
    service = ReadOnlyService(answerer)
    service.warm_up()
    for passages in (False, True):
        asked = AskRequest(question="When was the IOFS founded?", passages=passages)
        *_, answer = operations.ask(service, asked, Addresses())
        assert isinstance(answer, LinkedAnswer)
        assert answer.text == "2013" and bool(answer.hits) == passages
        sent = Answer.from_json(TypeAdapter(LinkedAnswer).dump_json(answer))
        assert service.signer.is_signed(sent, answer.signature)


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[ReadOnlyService]:
    """Two files of the same bytes: as Markdown and as plain text they are two documents."""
    folder = tmp_path / "town"
    folder.mkdir()
    for name in ("a.md", "b.txt"):
        (folder / name).write_text("# Mill\n\n**Anna** Holm built the mill in 1873.\n")
    with QuestionAnswerer.from_documents(folder, tmp_path / "index") as answerer:
        service = ReadOnlyService(answerer)
        service.warm_up()
        yield service
        service.close()


def test_documents_of_the_same_bytes_are_told_apart(twins: ReadOnlyService) -> None:
    for path in ("town/a.md", "town/b.txt"):
        asked = AskRequest(question="When was the mill built?", within=[path])
        *_, answer = operations.ask(twins, asked, Addresses())
        assert isinstance(answer, LinkedAnswer)
        (citation,) = answer.citations
        assert citation.path == path and citation.quote == "1873"
        place = citation.sha256, citation.start, citation.end
        opened = operations.excerpt(twins, Addresses(), *place, path=path)
        assert (opened.text, opened.path) == ("1873", path)
        assert f"path={quote(path, safe='')}" in str(citation.text_address)
        with pytest.raises(SeveralDocuments):
            operations.excerpt(twins, Addresses(), *place)
    with pytest.raises(NoDocument):
        operations.excerpt(twins, Addresses(), citation.sha256, 0, 1, path="town/c.txt")


def test_places_may_end_with_a_slash(twins: ReadOnlyService) -> None:
    listed = operations.list_documents(twins, Addresses(), ["town/"])
    assert [each.path for each in listed.documents] == ["town/a.md", "town/b.txt"]


def test_title_is_not_the_name_of_a_file_out_of_reach(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    for name in ("a-secret/MERGER.txt", "public/notes.txt"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("The mill was built in 1873.")
    with QuestionAnswerer.from_documents(folder, tmp_path / "index") as answerer:
        service = ReadOnlyService(answerer).confined("town/public")
        listed = operations.list_documents(service, Addresses(), [])
        assert [(each.path, each.title) for each in listed.documents] == [
            ("town/public/notes.txt", "notes.txt")
        ]
        details = operations.details(service, Addresses(), listed.documents[0].sha256)
        assert (details.title, details.paths) == ("notes.txt", ("town/public/notes.txt",))
        hits = operations.search(service, SearchRequest(question="When was the mill built?"))
        assert [(hit.title, hit.context) for hit in hits] == [("notes.txt", "notes.txt")]
        assert "MERGER" not in repr(hits)
