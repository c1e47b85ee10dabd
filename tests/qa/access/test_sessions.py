"""A cookie is good if it was made here, lately."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from qa.access.refusals import NotAuthenticated
from qa.access.sessions import MAX_COOKIE_CHARACTERS, SESSION_SECONDS, Sessions

SECRET = b"s" * 32


def test_cookie_names_the_key_also_after_a_new_start(tmp_path: Path) -> None:
    cookie = Sessions.beside(tmp_path / "index").cookie("0123456789abcdef")
    assert Sessions.beside(tmp_path / "index").key_id(cookie) == "0123456789abcdef"
    assert Sessions.beside(tmp_path / "other").key_id(cookie) is None
    assert (tmp_path / "index.sessions.key").stat().st_mode & 0o777 == 0o600
    assert len(cookie) < MAX_COOKIE_CHARACTERS / 4


def test_session_ends_after_twelve_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, now = Sessions(SECRET), 1_800_000_000
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now)
    cookie = sessions.cookie("0123456789abcdef")
    now += SESSION_SECONDS
    assert sessions.key_id(cookie) == "0123456789abcdef"
    now += 1
    with pytest.raises(NotAuthenticated, match="The sign-in has ended: sign in again"):
        sessions.key_id(cookie)
    assert SESSION_SECONDS == 43_200


def test_changed_cookie_is_none_of_ours() -> None:
    sessions = Sessions(SECRET)
    cookie = sessions.cookie("0123456789abcdef")
    content, at, signature = cookie.split(".")
    other = sessions.cookie("fedcba9876543210").split(".")
    for changed in (
        f"{other[0]}.{at}.{signature}",
        f"{content}.x{at[1:]}.{signature}",
        f"{content}.{signature}",
        f"{content}.{at}.",
        cookie[:-1],
        URLSafeTimedSerializer(b"another").dumps("0123456789abcdef"),
        URLSafeTimedSerializer(SECRET).dumps("0123456789abcdef"),
    ):
        assert sessions.key_id(str(changed)) is None


@given(st.text() | st.from_regex(r"[\w.-]{0,600}", fullmatch=True))
def test_any_text_is_none_of_ours(text: str) -> None:
    assert Sessions(SECRET).key_id(text) is None
