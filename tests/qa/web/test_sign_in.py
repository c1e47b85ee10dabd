"""A key is exchanged for a session, which ends when its holder signs out."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from qa.access.key_file import KeyFile
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.access.rates import FAILURE_RATE, parse_rate
from qa.api.callers import caller_of
from qa.web.admission import COOKIE, Admission
from qa.web.bodies import Bodies
from qa.web.events import EventParser
from qa.web.guard import MAX_SIGN_IN_BYTES, Guard
from qa.web.html.sign_in_page import SIGN_IN, SIGN_OUT
from qa.web.public_address import RootPath
from qa.web.sign_in import WRONG_KEY, add_sign_in, place_after

pytestmark = pytest.mark.usefixtures("quick_hashing")

ORIGIN = "http://qa.example"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "index")


@pytest.fixture
def key(keys: Keys) -> str:
    return keys.add("reader", ["ask"], "town/public")


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access.beside(tmp_path / "index", required=True)


def served(access: Access) -> FastAPI:
    """A server with the sign-in, as it is guarded."""
    server = FastAPI()
    add_sign_in(server, access)

    @server.get("/document")
    async def document(request: Request) -> str:
        return caller_of(request.scope).name

    server.add_middleware(Bodies, events=EventParser({}))
    server.add_middleware(Admission, access=access, entrances=["/document"])
    server.add_middleware(Guard)
    server.add_middleware(RootPath, path="/qa")
    return server


def send(
    access: Access,
    method: str,
    path: str,
    data: Mapping[str, str] | None = None,
    origin: str = ORIGIN,
    **headers: str,
) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(served(access))
        async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
            sent = {"Origin": origin, **headers} if method == "POST" else headers
            return await client.request(method, path, data=data, headers=sent)

    return asyncio.run(ask())


def test_key_is_exchanged_for_a_session(access: Access, key: str) -> None:
    reply = send(access, "POST", SIGN_IN, {"key": f" {key}\n"})
    assert (reply.status_code, reply.headers["location"]) == (303, "./")
    cookie = reply.headers["set-cookie"]
    # Without a path: it is that below which the browser sees the server.
    assert re.fullmatch(rf"{COOKIE}=[\w.-]+; HttpOnly; Max-Age=43200; SameSite=lax", cookie)
    assert key not in cookie and "reader" not in cookie
    session = cookie.partition(";")[0]
    assert send(access, "GET", "/document", Cookie=session).json() == "key:reader"


def test_session_made_by_https_is_sent_by_https_alone(access: Access, key: str) -> None:
    reply = send(access, "POST", SIGN_IN, {"key": key}, "https://qa.example")
    assert reply.headers["set-cookie"].endswith("; Secure")
    reply = send(access, "POST", f"/qa{SIGN_IN}", {"key": key}, "https://qa.example")
    assert reply.status_code == 303 and "Path=" not in reply.headers["set-cookie"]


@pytest.mark.parametrize(
    "wanted",
    [
        "document?path=town%2Fa.pdf&sha256=00&quote=0-3",
        "document?path=//example.org",
        f"document?path={'a' * 5_000}",
    ],
)
def test_whoever_opened_a_document_is_led_back_to_it(access: Access, key: str, wanted: str) -> None:
    led = send(access, "GET", f"/{wanted}", Accept="text/html")
    assert led.status_code == 303
    reply = send(access, "POST", f"/{led.headers['location']}", {"key": key})
    assert httpx.URL(reply.headers["location"]) == httpx.URL(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "https://example.org",
        "//example.org",
        "/\\example.org",
        "javascript:alert(1)",
        "document",
        "/document?path=a",
        "documents?path=a",
        "../document?path=a",
        "document?path=a\r\nSet-Cookie: a=b",
        "document?path=ä",
        f"document?{'a' * 30_000}",
        "sign-out",
    ],
)
def test_nobody_is_led_anywhere_else(access: Access, key: str, wanted: str) -> None:
    assert place_after(wanted) == "./"
    path = str(httpx.URL(SIGN_IN, params={"next": wanted}))
    reply = send(access, "POST", path, {"key": key})
    assert (reply.status_code, reply.headers["location"]) == (303, "./")


@pytest.mark.parametrize("wrong", ["", "guest", f"cv_{'0' * 16}_{'x' * 43}", "\ud800", "x" * 3_000])
def test_wrong_key_is_refused_in_words(access: Access, key: str, wrong: str) -> None:
    body = {"key": wrong.encode("utf-8", "surrogatepass").decode("latin-1")}
    reply = send(access, "POST", SIGN_IN, body)
    assert reply.status_code == 401 and "set-cookie" not in reply.headers
    assert reply.headers["www-authenticate"] == "Bearer"
    assert f'role="alert" id="problem">{WRONG_KEY}<' in reply.text
    # What was typed is not sent back.
    assert wrong not in reply.text if wrong.startswith("cv_") else "value=" not in reply.text


def test_revoked_key_is_refused(access: Access, keys: Keys, key: str) -> None:
    assert send(access, "POST", SIGN_IN, {"key": key}).status_code == 303
    keys.revoke("reader")
    assert send(access, "POST", SIGN_IN, {"key": key}).status_code == 401


def test_key_that_may_not_ask_is_told_so(access: Access, keys: Keys) -> None:
    writer = keys.add("writer", ["write"])
    reply = send(access, "POST", SIGN_IN, {"key": writer})
    assert reply.status_code == 403 and "set-cookie" not in reply.headers
    assert "This key may not ask questions." in reply.text


def test_too_many_wrong_keys_have_to_wait(access: Access, key: str) -> None:
    for _ in range(parse_rate(FAILURE_RATE).amount):
        assert send(access, "POST", SIGN_IN, {"key": "guest"}).status_code == 401
    late = send(access, "POST", SIGN_IN, {"key": key})
    assert late.status_code == 429 and 1 <= int(late.headers["retry-after"]) <= 60
    assert "Too many attempts failed. Try again in" in late.text


def test_keys_that_cannot_be_read_are_said_on_the_page(
    tmp_path: Path, access: Access, key: str
) -> None:
    KeyFile(tmp_path / "index").path.write_text("[")
    reply = send(access, "POST", SIGN_IN, {"key": key})
    assert reply.status_code == 500 and 'role="alert"' in reply.text
    assert str(tmp_path) not in reply.text


def test_sign_in_needs_no_script_and_none_may_run(access: Access) -> None:
    reply = send(access, "GET", SIGN_IN)
    assert reply.status_code == 200 and "<script" not in reply.text
    assert reply.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert reply.headers["cache-control"] == "no-store"
    # A browser that sends no referrer sends the form without its origin.
    assert reply.headers["referrer-policy"] == "same-origin"
    assert 'role="alert"' not in reply.text and "needs no key" not in reply.text
    assert reply.text.count('type="password"') == 1
    assert '<label for="key">' in reply.text and 'autocomplete="current-password"' in reply.text


def test_sign_in_of_an_open_server_says_that_no_key_is_needed(tmp_path: Path, key: str) -> None:
    access = Access.beside(tmp_path / "index", required=False)
    assert 'needs no key: <a href="./">' in send(access, "GET", SIGN_IN).text
    assert send(access, "POST", SIGN_IN, {"key": key}).status_code == 303


def test_form_of_another_site_is_refused(access: Access, key: str) -> None:
    for path in (SIGN_IN, SIGN_OUT):
        for origin in ("https://example.org", "null"):
            reply = send(access, "POST", path, {"key": key}, Origin=origin)
            assert (reply.status_code, "set-cookie" in reply.headers) == (403, False)


def test_form_has_a_bounded_length(access: Access) -> None:
    for path in (SIGN_IN, SIGN_OUT):
        assert send(access, "POST", path, {"key": "x" * MAX_SIGN_IN_BYTES}).status_code == 413
    reply = send(access, "POST", SIGN_IN, None, **{"Content-Type": "multipart/form-data"})
    assert reply.status_code in (400, 401)


def test_whoever_signs_out_has_no_session(access: Access) -> None:
    reply = send(access, "POST", SIGN_OUT)
    assert (reply.status_code, reply.headers["location"]) == (303, "sign-in")
    assert reply.headers["set-cookie"] == f'{COOKIE}=""; HttpOnly; Max-Age=0; SameSite=lax'
    assert send(access, "GET", SIGN_OUT).status_code == 404
