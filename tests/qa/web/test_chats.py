"""Callers with the same limit share a chat; few of them are kept."""

import threading
from typing import Any, cast

import pytest

from qa.access.caller import Caller
from qa.service.services import Services
from qa.web import chats as module
from qa.web.chats import Chats


class SlowChat:
    """A chat whose background work ends late."""

    ending = threading.Event()

    def __init__(self, service: object) -> None:
        self.service = service
        self.closed = False

    def close(self) -> None:
        self.ending.wait(10)
        self.closed = True


class Parts:
    """Services that are the callers' limits."""

    whole = ()

    def of(self, caller: Caller) -> Any:
        return caller.limit


def caller(*limit: str) -> Caller:
    return Caller("key:a", frozenset({"ask"}), limit)


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> Chats:
    monkeypatch.setattr(module, "Chat", SlowChat)
    monkeypatch.setattr(module, "MAX_CHATS", 2)
    monkeypatch.setattr(SlowChat, "ending", threading.Event())
    return Chats(cast(Services, Parts()))


def test_callers_with_the_same_limit_share_a_chat(chats: Chats) -> None:
    assert chats.of(caller()) is chats.whole
    public = chats.of(caller("town/public"))
    assert chats.of(caller("town/public")) is public
    assert cast(Any, public.service) == ("town/public",)


def test_nobody_waits_for_a_chat_that_is_closed_but_the_end(chats: Chats) -> None:
    first, _, _ = (cast(Any, chats.of(caller(name))) for name in "abc")
    # The one that was longest not asked for is being closed.
    assert not first.closed and chats.of(caller("a")) is not first
    ended = threading.Thread(target=chats.close)
    ended.start()
    ended.join(0.1)
    assert ended.is_alive() and not first.closed
    SlowChat.ending.set()
    ended.join(10)
    assert first.closed and not ended.is_alive()
