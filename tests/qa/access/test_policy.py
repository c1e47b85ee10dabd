"""A request is let in as whoever its credentials name, and not at all if they are wrong."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.access.caller import Caller
from qa.access.issuer import IssuerUnavailable
from qa.access.key_file import KeysUnusable
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.access.rates import FAILURE_RATE, parse_rate
from qa.access.refusals import NotAuthenticated, TooManyAttempts
from qa.access.tokens import TokenVerifier
from tests.issuer import AUDIENCE, TestIssuer, running_issuer

pytestmark = pytest.mark.usefixtures("quick_hashing")

ADDRESS = "192.0.2.7"

REPORTS = Caller("key:reports", frozenset({"ask"}), ("docs/public",), "120/minute")

ALLOWED = parse_rate(FAILURE_RATE).amount


@pytest.fixture(params=["authenticate", "authenticate_async"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both decide alike."""
    if request.param == "authenticate_async":
        decide = Access.authenticate_async
        monkeypatch.setattr(
            Access, "authenticate", lambda *arguments: asyncio.run(decide(*arguments))
        )


@pytest.fixture
def key(tmp_path: Path) -> str:
    return Keys(tmp_path / "index").add("reports", ["ask"], "docs/public")


@pytest.fixture(params=[True, False], ids=["required", "open"])
def access(request: pytest.FixtureRequest, tmp_path: Path) -> Access:
    return Access.beside(tmp_path / "index", required=bool(request.param))


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    with running_issuer() as issuer:
        yield issuer


def test_key_is_taken_in_either_header(key: str, access: Access) -> None:
    for header in (f"Bearer {key}", f"bearer  {key} ", f"BEARER {key}"):
        assert access.authenticate(header, None, None, ADDRESS) == REPORTS
    assert access.authenticate(None, key, None, ADDRESS) == REPORTS


def test_request_without_credentials_is_refused_where_they_are_required(tmp_path: Path) -> None:
    access = Access.beside(tmp_path / "index", required=True)
    for header in (None, "", "Basic YTpi"):
        with pytest.raises(NotAuthenticated, match="This needs a key"):
            access.authenticate(header, None, None, ADDRESS)


def test_request_without_credentials_may_do_everything_where_none_are_required(
    tmp_path: Path,
) -> None:
    access = Access.beside(tmp_path / "index", required=False)
    everyone = Caller("address:127.0.0.1", frozenset({"ask", "write"}))
    for header in (None, "", "Basic YTpi"):
        assert access.authenticate(header, None, None, "127.0.0.1") == everyone


@pytest.mark.parametrize("wrong", ["", "guest", f"cv_{'0' * 16}_{'x' * 43}", "a.b.c", "\ud800"])
def test_wrong_credentials_are_refused_also_where_none_are_required(
    wrong: str, access: Access
) -> None:
    for header, api_key in ((f"Bearer {wrong}", None), (None, wrong)):
        with pytest.raises(NotAuthenticated, match="not valid here"):
            access.authenticate(header, api_key, None, ADDRESS)


def test_revoked_key_is_refused_at_once(tmp_path: Path, key: str, access: Access) -> None:
    cookie = access.sign_in(key, ADDRESS)
    assert access.authenticate(None, None, cookie, ADDRESS) == REPORTS
    Keys(tmp_path / "index").revoke("reports")
    with pytest.raises(NotAuthenticated, match="not valid here"):
        access.authenticate(f"Bearer {key}", None, None, ADDRESS)
    with pytest.raises(NotAuthenticated, match="The sign-in has ended"):
        access.authenticate(None, None, cookie, ADDRESS)
    Keys(tmp_path / "index").add("reports", ["ask", "write"])
    with pytest.raises(NotAuthenticated, match="The sign-in has ended"):
        access.authenticate(None, None, cookie, ADDRESS)


def test_cookie_is_no_key(key: str, access: Access) -> None:
    cookie = access.sign_in(f" {key}\n", ADDRESS)
    for header, api_key in ((f"Bearer {cookie}", None), (None, cookie)):
        with pytest.raises(NotAuthenticated):
            access.authenticate(header, api_key, cookie, ADDRESS)
    with pytest.raises(NotAuthenticated):
        access.sign_in(cookie, ADDRESS)


def test_cookie_of_another_server_counts_as_none(tmp_path: Path, key: str) -> None:
    access = Access.beside(tmp_path / "index", required=True)
    Keys(tmp_path / "other").add("reports", ["ask"])
    foreign = Access.beside(tmp_path / "other", required=True)._sessions.cookie("0" * 16)
    with pytest.raises(NotAuthenticated, match="This needs a key"):
        access.authenticate(None, None, foreign, ADDRESS)
    opened = Access.beside(tmp_path / "index", required=False)
    assert opened.authenticate(None, None, foreign, ADDRESS).name == f"address:{ADDRESS}"


def test_header_decides_before_the_cookie(tmp_path: Path, key: str, access: Access) -> None:
    other = Keys(tmp_path / "index").add("other", ["ask"])
    cookie = access.sign_in(key, ADDRESS)
    assert access.authenticate(f"Bearer {other}", key, cookie, ADDRESS).name == "key:other"
    assert access.authenticate(None, other, cookie, ADDRESS).name == "key:other"
    assert access.authenticate("Basic YTpi", None, cookie, ADDRESS).name == "key:reports"


def test_address_that_fails_too_often_waits_and_keeps_out_no_other(
    tmp_path: Path, key: str, access: Access
) -> None:
    fresh = Keys(tmp_path / "index").add("fresh", ["ask"])
    assert access.authenticate(None, key, None, ADDRESS) == REPORTS
    for _ in range(ALLOWED):
        with pytest.raises(NotAuthenticated):
            access.authenticate("Bearer guest", None, None, ADDRESS)
    for attempt in (
        lambda: access.authenticate("Bearer guest", None, None, ADDRESS),
        lambda: access.authenticate(None, "guest", None, ADDRESS),
        lambda: access.authenticate(None, fresh, None, ADDRESS),
        lambda: access.sign_in("guest", ADDRESS),
    ):
        with pytest.raises(TooManyAttempts, match="Try again in") as refused:
            attempt()
        assert 1 <= refused.value.seconds <= 60
    # One that was good before, and another address, are not kept out.
    assert access.authenticate(None, key, None, ADDRESS) == REPORTS
    assert access.authenticate(None, fresh, None, "192.0.2.8").name == "key:fresh"


def test_token_is_taken_where_there_is_an_issuer(
    tmp_path: Path, key: str, issuer: TestIssuer
) -> None:
    index = tmp_path / "index"
    access = Access.beside(index, TokenVerifier(issuer.url, AUDIENCE), required=True)
    assert access.authenticate(f"Bearer {issuer.token()}", None, None, ADDRESS).name == "oidc:ada"
    assert access.authenticate(f"Bearer {key}", None, None, ADDRESS) == REPORTS
    with pytest.raises(NotAuthenticated):
        access.authenticate(f"Bearer {issuer.token(aud='other')}", None, None, ADDRESS)
    with pytest.raises(NotAuthenticated):
        access.authenticate(None, issuer.token(), None, ADDRESS)
    without = Access.beside(index, required=True)
    with pytest.raises(NotAuthenticated):
        without.authenticate(f"Bearer {issuer.token()}", None, None, ADDRESS)


def test_keys_are_taken_while_the_issuer_is_down(
    tmp_path: Path, key: str, issuer: TestIssuer
) -> None:
    access = Access.beside(tmp_path / "index", TokenVerifier(issuer.url, AUDIENCE), required=True)
    token = issuer.token()
    issuer.stop()
    with pytest.raises(IssuerUnavailable):
        access.authenticate(f"Bearer {token}", None, None, ADDRESS)
    assert access.authenticate(f"Bearer {key}", None, None, ADDRESS) == REPORTS


def test_slow_issuer_delays_nobody_who_is_known(
    tmp_path: Path, key: str, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access.beside(tmp_path / "index", TokenVerifier(issuer.url, AUDIENCE), required=True)
    known, cookie = f"Bearer {issuer.token()}", access.sign_in(key, ADDRESS)
    fresh = Keys(tmp_path / "index").add("fresh", ["ask"])
    assert access.authenticate(known, None, None, ADDRESS).name == "oidc:ada"
    monkeypatch.setattr("qa.access.issuer.RETRY_SECONDS", 0.0)
    released, answer = threading.Event(), issuer.answer

    def late(path: str) -> tuple[int, dict[str, str], bytes]:
        released.wait(10)
        return answer(path)

    monkeypatch.setattr(issuer, "answer", late)

    async def all_at_once() -> list[str]:
        junk = [
            asyncio.create_task(
                access.authenticate_async(
                    f"Bearer {issuer.token(header={'kid': str(number)})}", None, None, str(number)
                )
            )
            for number in range(20)
        ]
        await asyncio.sleep(0.05)
        try:
            async with asyncio.timeout(2):
                return [
                    (await access.authenticate_async(header, api_key, session, ADDRESS)).name
                    for header, api_key, session in (
                        (known, None, None),
                        (None, key, None),
                        (None, None, cookie),
                        (None, fresh, None),
                    )
                ]
        finally:
            released.set()
            assert {
                type(error) for error in await asyncio.gather(*junk, return_exceptions=True)
            } == {NotAuthenticated}

    assert asyncio.run(all_at_once()) == ["oidc:ada", "key:reports", "key:reports", "key:fresh"]


def test_address_that_fails_too_often_does_not_have_the_issuer_asked(
    tmp_path: Path, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access.beside(tmp_path / "index", TokenVerifier(issuer.url, AUDIENCE), required=True)
    known = f"Bearer {issuer.token()}"
    assert access.authenticate(known, None, None, ADDRESS).name == "oidc:ada"
    monkeypatch.setattr("qa.access.issuer.RETRY_SECONDS", 0.0)
    junk = f"Bearer {issuer.token(header={'kid': 'other'})}"
    for _ in range(ALLOWED):
        with pytest.raises(NotAuthenticated):
            access.authenticate(junk, None, None, ADDRESS)
    asked = len(issuer.requested)
    with pytest.raises(TooManyAttempts):
        access.authenticate(junk, None, None, ADDRESS)
    assert len(issuer.requested) == asked
    # A good one is not kept out by others of its address.
    assert access.authenticate(known, None, None, ADDRESS).name == "oidc:ada"


def test_damaged_keys_let_nobody_in(tmp_path: Path, key: str, access: Access) -> None:
    cookie = access.sign_in(key, ADDRESS)
    (tmp_path / "index.keys.json").write_text("{}")
    for attempt in (
        lambda: access.authenticate(f"Bearer {key}", None, None, ADDRESS),
        lambda: access.authenticate(None, key, None, ADDRESS),
        lambda: access.authenticate(None, None, cookie, ADDRESS),
        lambda: access.sign_in(key, ADDRESS),
    ):
        with pytest.raises(KeysUnusable):
            attempt()


def test_any_texts_give_a_caller_or_a_refusal(tmp_path: Path) -> None:
    Keys(tmp_path / "index").add("reports", ["ask"])
    access = Access.beside(tmp_path / "index", required=True)
    texts = st.none() | st.text() | st.text().map(lambda text: f"Bearer {text}")

    @given(texts, texts, texts, st.text(max_size=5), st.booleans())
    def is_judged(
        header: str | None, key: str | None, cookie: str | None, address: str, required: bool
    ) -> None:
        access.required = required
        try:
            caller = access.authenticate(header, key, cookie, address)
        except (NotAuthenticated, TooManyAttempts):
            return
        assert not required and caller.name == f"address:{address}"

    is_judged()
