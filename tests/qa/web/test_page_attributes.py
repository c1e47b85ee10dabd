"""The page is told who opened it, and what not to offer."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qa import QuestionAnswerer
from qa.access.caller import RIGHTS, Caller
from qa.service.service import Service
from qa.service.services import Services
from qa.web.chats import Chats
from qa.web.page_attributes import caller_id, page_attributes
from tests.builders import HashingEncoder


@pytest.fixture
def chats(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    monkeypatch.setattr("qa.pipeline.load_encoder", lambda settings: HashingEncoder())
    with (
        QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer,
        closing(Service(answerer, town)) as service,
        closing(Chats(Services(service))) as chats,
    ):
        service.uploads.open()
        (service.uploads.folder / "mill.txt").write_text("The mill was built in 1850.")
        service.uploads.index_all()
        yield chats


def attributes(chats: Chats, caller: Caller, **headers: str) -> dict[str, str]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return page_attributes(chats, {"type": "http", "headers": pairs, "state": {"caller": caller}})


BOTH = frozenset(RIGHTS)
ASK = frozenset(RIGHTS[:1])


def test_whoever_needs_no_key_is_offered_everything(chats: Chats) -> None:
    everybody = Caller("address:127.0.0.1", BOTH)
    assert attributes(chats, everybody) == {"data-may-not": ""}
    assert caller_id(everybody) == ""


@pytest.mark.parametrize(
    ("caller", "forbidden"),
    [
        (Caller("key:a", BOTH), ""),
        (Caller("key:a", ASK), "remove index add"),
        (Caller("key:a", ASK, ("uploads",)), "remove index add"),
        # What is added would lie outside, and the folder's other documents are not its own.
        (Caller("key:a", BOTH, ("town",)), "index add"),
        (Caller("key:a", BOTH, ("town", "uploads")), "index"),
    ],
)
def test_page_offers_what_the_caller_may_do(chats: Chats, caller: Caller, forbidden: str) -> None:
    assert attributes(chats, caller)["data-may-not"] == forbidden


def test_who_signed_in_can_sign_out(chats: Chats) -> None:
    caller = Caller("key:a", ASK)
    for headers, signed_in in (
        ({"cookie": "x=y"}, True),
        ({"authorization": "Basic dXNlcg=="}, True),
        ({"authorization": "bearer x"}, False),
        ({"x_api_key": "x"}, False),
    ):
        assert ("data-signed-in" in attributes(chats, caller, **headers)) is signed_in
    assert "data-signed-in" not in attributes(chats, Caller("oidc:ada", ASK))


def test_callers_of_one_browser_are_told_apart() -> None:
    names = [caller_id(Caller(name, ASK)) for name in ("key:a", "key:b", "oidc:a")]
    assert len(set(names)) == 3 and all(len(name) == 16 for name in names)
    assert caller_id(Caller("key:a", BOTH, ("town",))) == names[0]
