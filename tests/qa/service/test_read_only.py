"""An index is answered from without a folder that is served."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import QuestionAnswerer
from qa.cancellation import Cancelled
from qa.pipeline import NothingWithin
from qa.service.read_only import Answered, ReadOnlyService, Stage


@pytest.fixture
def service(town: Path, tmp_path: Path) -> Iterator[ReadOnlyService]:
    """Of an index of two folders."""
    mill = tmp_path / "mills"
    mill.mkdir()
    (mill / "mill.txt").write_text("The mill was built in 1850.")
    for folder in (town, mill):
        QuestionAnswerer.from_documents(folder, tmp_path / "index").close()
    with QuestionAnswerer.open(tmp_path / "index") as answerer:
        service = ReadOnlyService(answerer)
        service.warm_up()
        service.wait_until_warm()
        yield service


def last(stages: Iterator[Stage]) -> Answered:
    *_, answered = stages
    assert isinstance(answered, Answered)
    return answered


def test_all_folders_of_an_index_are_answered_from(service: ReadOnlyService) -> None:
    assert [file.path for file in service.listing().files] == ["mills/mill.txt", "town/bridge.txt"]
    mill = last(service.answer("When was the mill built?"))
    assert (mill.answer.text, mill.unread) == ("1850", "")
    assert last(service.answer("When was the bridge opened?")).answer.text == "1901"
    assert service.documents.require("mills/mill.txt").characters == 27


def test_confined_one_has_its_part_alone(service: ReadOnlyService) -> None:
    confined = service.confined("town")
    assert [file.path for file in confined.listing().files] == ["town/bridge.txt"]
    assert last(confined.answer("When was the mill built?")).answer.text is None
    assert confined.documents.facts("mills/mill.txt") is None
    with pytest.raises(NothingWithin):
        last(confined.answer("When was the mill built?", ["mills"]))


def test_question_that_waits_for_the_models_is_cancelled(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        monkeypatch.setattr(answerer, "warm_up", loaded.wait)
        service = ReadOnlyService(answerer)
        service.warm_up()
        wanted = iter([True, False])
        with pytest.raises(Cancelled):
            last(service.answer("When was the mill built?", is_wanted=lambda: next(wanted)))
        loaded.set()
        service.wait_until_warm()


def test_nothing_is_being_loaded_once_it_is_closed(town: Path, tmp_path: Path) -> None:
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        service = ReadOnlyService(answerer)
        service.warm_up()
        service.close()
        assert service.ready.is_set()
