"""A service with uploads: what its callers change is logged, and only where they may reach."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embeddings.errors import IndexLocked
from embeddings.index.writer_lock import writer_lock
from qa import QuestionAnswerer
from qa.service.messages import INDEXING_GOES_ON
from qa.service.service import MayNotReach, Service


@pytest.fixture
def service(town: Path, tmp_path: Path) -> Iterator[Service]:
    (town / "old").mkdir()
    (town / "old" / "mill.txt").write_text("The mill was built in 1850.")
    with (
        QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer,
        closing(Service(answerer, town)) as service,
    ):
        service.uploads.open()
        yield service


def received(service: Service, name: str, text: str) -> Path:
    """A file that was received and claimed."""
    incoming = service.uploads.incoming
    writer = incoming.create(name)
    writer.write(text.encode())
    writer.close()
    incoming.make_claimable([writer.token])
    path = incoming.claim(writer.token)
    assert path is not None
    return path


def logged(service: Service) -> list[tuple[str, str, list[str], str]]:
    lines = service.audit.path.read_text(encoding="utf-8").splitlines()
    entries = map(json.loads, lines)
    return [(each["caller"], each["action"], each["names"], each["outcome"]) for each in entries]


def test_each_change_is_logged_with_its_outcome(service: Service) -> None:
    list(service.add([received(service, "pier.txt", "The pier is long.")], "key:a"))
    list(service.add([received(service, "again.txt", "The pier is long.")], "key:b"))
    with writer_lock(service.index.folder), pytest.raises(IndexLocked):
        service.remove("uploads/pier.txt", "key:a")
    service.remove("uploads/pier.txt", "key:a")
    *_, last = service.index_again("key:a")
    same, locked = "is in the library already, as uploads/pier.txt", "The index is being written"
    found = logged(service)
    assert found[:2] == [
        ("key:a", "add", ["uploads/pier.txt"], "done"),
        ("key:b", "add", ["again.txt"], same),
    ]
    assert found[2][:3] == ("key:a", "remove", ["uploads/pier.txt"])
    assert found[2][3].startswith(locked)
    assert found[3:] == [
        ("key:a", "remove", ["uploads/pier.txt"], "done"),
        ("key:a", "index", ["town"], last.sentence),
    ]


def test_changes_do_not_reach_further_than_the_caller(service: Service) -> None:
    confined = service.confined("town/old")
    assert service.can_add and not confined.can_add
    file = received(service, "pier.txt", "The pier is long.")
    with pytest.raises(MayNotReach):
        confined.add([file], "key:a")
    assert not file.exists()
    with pytest.raises(MayNotReach):
        confined.index_again("key:a")
    confined.remove("town", "key:a")
    assert [file.path for file in service.listing().files] == ["town/bridge.txt"]
    list(service.add([received(service, "pier.txt", "The pier is long.")], "key:b"))
    assert service.confined("uploads").can_add


def test_progress_of_others_documents_is_not_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(service.indexing)
    monkeypatch.setattr(kind, "running", property(lambda _: True))
    monkeypatch.setattr(kind, "status", property(lambda _: "Reading 1 of 9 · secret.pdf"))
    assert service.indexing_status == "Reading 1 of 9 · secret.pdf"
    assert service.confined("town/old").indexing_status == INDEXING_GOES_ON
