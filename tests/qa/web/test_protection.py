"""Keys are asked for wherever others can reach the server, unless it was opened to all."""

from pathlib import Path

import pytest

from qa.access.keys import Keys
from qa.web.protection import LOOPBACK, NotProtected, access_to

pytestmark = pytest.mark.usefixtures("quick_hashing")

ELSEWHERE = ("0.0.0.0", "::", "192.0.2.7", "qa.example.org")

ISSUER = ("https://id.example.org", "qa")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def keyed(index: Path) -> Path:
    """An index beside which there is a key."""
    Keys(index).add("reader", ["ask"])
    return index


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_needs_no_key(keyed: Path, host: str) -> None:
    assert not access_to(keyed, host, (), None, None, False).required


@pytest.mark.parametrize("host", ELSEWHERE)
def test_others_need_one(keyed: Path, tmp_path: Path, host: str) -> None:
    assert access_to(keyed, host, (), None, None, False).required
    assert access_to(tmp_path / "other", host, (), *ISSUER, False).required
    with pytest.raises(NotProtected, match="needs keys: there is none yet"):
        access_to(tmp_path / "other", host, (), None, None, False)


def test_whoever_opens_it_to_all_is_believed(keyed: Path, tmp_path: Path) -> None:
    for index in (keyed, tmp_path / "other"):
        for host in (*ELSEWHERE, *LOOPBACK):
            assert not access_to(index, host, (), None, None, True).required


def test_proxy_asks_for_keys_once_there_are_some(keyed: Path, tmp_path: Path) -> None:
    proxy = ("qa.example.org",)
    assert access_to(keyed, "127.0.0.1", proxy, None, None, False).required
    assert access_to(tmp_path / "other", "127.0.0.1", proxy, *ISSUER, False).required
    assert not access_to(tmp_path / "other", "127.0.0.1", proxy, None, None, False).required


@pytest.mark.parametrize("tokens", [(ISSUER[0], None), (None, ISSUER[1]), ("http://id", "qa")])
def test_issuer_is_named_whole(index: Path, tokens: tuple[str | None, str | None]) -> None:
    with pytest.raises(ValueError, match="expected"):
        access_to(index, "127.0.0.1", (), *tokens, False)


def test_whoever_revokes_the_last_key_lets_nobody_in(keyed: Path) -> None:
    Keys(keyed).revoke("reader")
    assert access_to(keyed, "127.0.0.1", ("qa.example.org",), None, None, False).required
    with pytest.raises(NotProtected):
        access_to(keyed, "0.0.0.0", (), None, None, False)
