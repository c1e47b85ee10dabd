"""Each request is let in as who sends it; who may not is refused, in the form of the path."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from qa.access.caller import Caller
from qa.access.key_file import KeyFile
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.access.rates import FAILURE_RATE, parse_rate
from qa.access.tokens import TokenVerifier
from qa.api.callers import caller_of
from qa.service.document_links import ABOUT_ROUTE, FIND_ROUTE, PANEL_ROUTE, PICTURE_ROUTE, ROUTE
from qa.service.replies import API
from qa.web.admission import COOKIE, RATED_PATHS, Admission, cookie_of
from qa.web.guard import DIRECT_EVENT, EVENT_STREAM, QUEUED_EVENT
from qa.web.html.sign_in_page import SIGN_IN, SIGN_OUT
from qa.web.html.source_list import CHANGES, SOURCES, SOURCES_LIMIT, SOURCES_STATE
from qa.web.receiving import UPLOAD
from tests.issuer import AUDIENCE, TestIssuer, running_issuer

pytestmark = pytest.mark.usefixtures("quick_hashing")

PAGES = ("/", f"/{ROUTE}?path=town/a.pdf&quote=0-3")

CLOSED = (
    *(("GET", path) for path in PAGES),
    *(("GET", f"/{path}") for path in (PANEL_ROUTE, FIND_ROUTE, ABOUT_ROUTE, PICTURE_ROUTE)),
    *(("GET", path) for path in (SOURCES, SOURCES_STATE, EVENT_STREAM, "/config", "/theme.css")),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/assets/index-1.js"),
    ("GET", "/metrics"),
    ("GET", "/nowhere"),
    ("HEAD", "/"),
    *(("POST", path) for path in (QUEUED_EVENT, DIRECT_EVENT, UPLOAD, SOURCES_LIMIT, *CHANGES)),
    ("GET", f"{API}/documents"),
    ("DELETE", f"{API}/documents?path=town"),
    ("GET", f"{API}/openapi.json"),
    ("POST", f"{API}/answers"),
    ("POST", "/mcp"),
)

OPEN = (
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", SIGN_IN),
    ("POST", SIGN_IN),
    ("POST", SIGN_OUT),
    ("GET", "/scripts/0123456789abcdef/main.js"),
    ("GET", "/favicon.svg"),
    ("GET", "/robots.txt"),
)

READER = Caller("key:reader", frozenset({"ask"}), ("town/public",), "2/minute")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    caller = caller_of(scope)
    reply = {"name": caller.name, "may": sorted(caller.rights), "limit": caller.limit}
    await JSONResponse(reply | {"path": Request(scope).url.path})(scope, receive, send)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "index")


@pytest.fixture
def key(keys: Keys) -> str:
    return keys.add("reader", ["ask"], "town/public", "2/minute")


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access.beside(tmp_path / "index", required=True)


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    with running_issuer() as issuer:
        yield issuer


def ask(
    admission: Admission, method: str, path: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(admission, client=("192.0.2.7", 80))
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def signed_in(session: str) -> dict[str, str]:
    return {"Cookie": f"other=1; {COOKIE}={session}"}


def test_no_path_is_served_to_whoever_shows_nothing_or_something_wrong(
    tmp_path: Path, access: Access, keys: Keys, key: str
) -> None:
    revoked = keys.add("gone", ["ask", "write"])
    session = access.sign_in(revoked, "")
    keys.revoke("gone")
    for credentials in (
        {},
        {"Authorization": "Bearer guest"},
        {"Authorization": f"Bearer {revoked}"},
        {"Authorization": f"Basic {key}"},
        {"X-API-Key": revoked},
        signed_in(session),
        signed_in(key),
        signed_in("x.y.z"),
    ):
        # Of each a new server: an address may try ten wrong keys.
        for method, path in CLOSED:
            access = Access.beside(tmp_path / "index", required=True)
            reply = ask(Admission(echo, access), method, path, credentials)
            assert (reply.status_code, path, credentials) == (401, path, credentials)
            assert reply.headers["www-authenticate"] == "Bearer"
            assert "town/public" not in reply.text
            if path.startswith((API, "/mcp")):
                assert reply.headers["content-type"] == "application/problem+json"
                assert reply.json()["code"] == "not-authenticated"


def test_every_path_knows_the_holder_of_a_key(access: Access, key: str) -> None:
    session = access.sign_in(key, "")
    holder = {"name": "key:reader", "may": ["ask"], "limit": ["town/public"]}
    for credentials in (
        {"Authorization": f"Bearer {key}"},
        {"X-API-Key": key},
        {"Authorization": "Basic dXNlcjpwYXNz", **signed_in(session)},
        signed_in(session),
    ):
        for method, path in CLOSED:
            reply = ask(Admission(echo, access), method, path, credentials)
            assert reply.status_code == 200
            if method != "HEAD":
                assert reply.json() == holder | {"path": path.partition("?")[0]}


def test_first_credentials_decide(access: Access, keys: Keys, key: str) -> None:
    other = access.sign_in(keys.add("other", ["ask"]), "")
    both = {"X-API-Key": key} | signed_in(other)
    assert ask(Admission(echo, access), "GET", "/", both).json()["name"] == "key:reader"
    wrong = {"Authorization": "Bearer guest"} | signed_in(other)
    assert ask(Admission(echo, access), "GET", "/", wrong).status_code == 401


@pytest.mark.parametrize("required", [True, False])
def test_paths_without_anything_of_the_library_are_open(tmp_path: Path, required: bool) -> None:
    access = Access.beside(tmp_path / "index", required=required)
    for method, path in OPEN:
        for credentials in ({}, {"Authorization": "Bearer guest"}):
            reply = ask(Admission(echo, access), method, path, credentials)
            nobody = {"name": "address:192.0.2.7", "may": [], "limit": []}
            assert reply.json() == nobody | {"path": path}
    for near in ("/sign-in/", "/sign-inx", "/healthz/x", "/x/favicon.svg", "/SIGN-IN"):
        admission = Admission(echo, Access.beside(tmp_path / "index", required=True))
        assert ask(admission, "GET", near).status_code == 401


def test_everybody_is_let_in_where_no_key_is_needed(tmp_path: Path) -> None:
    access = Access.beside(tmp_path / "index", required=False)
    everybody = {"name": "address:192.0.2.7", "may": ["ask", "write"], "limit": []}
    # Of another program on this host, on another port.
    for credentials in ({}, {"Cookie": f"{COOKIE}=x.y.z"}, {"Authorization": "Basic dXNlcg=="}):
        reply = ask(Admission(echo, access), "GET", "/", credentials)
        assert reply.json() == everybody | {"path": "/"}


def test_token_of_the_issuer_is_let_in(tmp_path: Path, issuer: TestIssuer) -> None:
    tokens = TokenVerifier(issuer.url, AUDIENCE)
    admission = Admission(echo, Access.beside(tmp_path / "index", tokens, required=True))
    token = issuer.token()
    bearer = {"Authorization": f"Bearer {token}"}
    assert ask(admission, "GET", "/", bearer).json()["name"] == "oidc:ada"
    bearer = {"Authorization": f"Bearer {issuer.token(exp=1)}"}
    assert ask(admission, "GET", "/", bearer).status_code == 401


def test_issuer_that_cannot_be_reached_is_said_and_when_to_try_again(
    tmp_path: Path, issuer: TestIssuer
) -> None:
    issuer.answers["/.well-known/openid-configuration"] = (500, {}, b"")
    tokens = TokenVerifier(issuer.url, AUDIENCE)
    admission = Admission(echo, Access.beside(tmp_path / "index", tokens, required=True))
    bearer = {"Authorization": f"Bearer {issuer.token()}"}
    reply = ask(admission, "GET", f"{API}/documents", bearer)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "30")
    assert reply.json()["code"] == "issuer-unreachable"
    assert issuer.url not in reply.text


def test_keys_that_cannot_be_read_let_nobody_in(tmp_path: Path, key: str, access: Access) -> None:
    session = access.sign_in(key, "")
    KeyFile(tmp_path / "index").path.write_text("[")
    for credentials in ({"X-API-Key": key}, signed_in(session)):
        reply = ask(Admission(echo, access), "GET", f"{API}/documents", credentials)
        assert (reply.status_code, reply.json()["code"]) == (500, "internal")
        assert str(tmp_path) not in reply.text


def test_key_that_may_not_ask_has_no_page(access: Access, keys: Keys) -> None:
    writer = {"X-API-Key": keys.add("writer", ["write"])}
    for method, path in CLOSED:
        status = ask(Admission(echo, access), method, path, writer).status_code
        # What of the interface for programs it may use, the routes there know.
        assert status == (200 if path.startswith(API) else 403)


def test_questions_beyond_the_rate_wait(access: Access, key: str) -> None:
    for path in sorted(RATED_PATHS):
        admission, holder = Admission(echo, access), {"X-API-Key": key}
        assert [ask(admission, "POST", path, holder).status_code for _ in range(3)] == [
            200,
            200,
            429,
        ]
        late = ask(admission, "POST", path, holder)
        assert 1 <= int(late.headers["retry-after"]) <= 60
        assert "This key may ask again in" in late.text
        # What costs little is not counted.
        for free in (SOURCES_STATE, f"{API}/documents", "/"):
            assert ask(admission, "GET", free, holder).status_code == 200


def test_rate_of_a_key_is_its_own(access: Access, keys: Keys, key: str) -> None:
    admission, session = Admission(echo, access), access.sign_in(key, "")
    holders = [{"X-API-Key": key}, {"Authorization": f"Bearer {key}"}, signed_in(session)]
    # Assistants send other messages, too: of theirs the questions are counted where they are asked.
    assert {ask(admission, "POST", "/mcp", holder).status_code for holder in holders} == {200}
    asked = f"{API}/answers"
    assert [ask(admission, "POST", asked, holder).status_code for holder in holders] == [
        200,
        200,
        429,
    ]
    other = {"X-API-Key": keys.add("other", ["ask"])}
    assert ask(admission, "POST", asked, other).status_code == 200


def test_wrong_keys_of_an_address_are_not_looked_at_for_long(access: Access, key: str) -> None:
    admission, wrong = Admission(echo, access), {"X-API-Key": "guest"}
    for _ in range(parse_rate(FAILURE_RATE).amount):
        assert ask(admission, "GET", "/", wrong).status_code == 401
    late = ask(admission, "GET", "/", wrong)
    assert late.status_code == 429 and int(late.headers["retry-after"]) >= 1


@pytest.mark.parametrize("path", PAGES)
def test_browsers_are_led_to_the_sign_in(access: Access, path: str) -> None:
    admission = Admission(echo, access, ["/", f"/{ROUTE}"])
    reply = ask(admission, "GET", path, {"Accept": "text/html,application/xhtml+xml"})
    wanted = "?next=document%3Fpath%3Dtown%2Fa.pdf%26quote%3D0-3" if len(path) > 1 else ""
    # Relative: nobody here knows below which path a proxy shows the server.
    assert (reply.status_code, reply.headers["location"]) == (303, f"sign-in{wanted}")


def test_nobody_else_is_led_there(access: Access) -> None:
    admission, html = Admission(echo, access, ["/", f"/{ROUTE}"]), {"Accept": "text/html"}
    for method, path in CLOSED:
        assert ask(admission, method, path).status_code == 401
        if (method, path) not in [("GET", page) for page in PAGES]:
            assert ask(admission, method, path, html).status_code == 401
    assert ask(Admission(echo, access), "GET", "/", html).status_code == 401


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_session_that_has_ended_is_dropped_by_the_browser(
    tmp_path: Path, keys: Keys, required: bool, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = Access.beside(tmp_path / "index", required=required)
    session = access.sign_in(keys.add("gone", ["ask"]), "")
    if end == "revoked":
        keys.revoke("gone")
    else:
        monkeypatch.setattr("qa.access.sessions.SESSION_SECONDS", -1)
    admission = Admission(echo, access, ["/"])
    led = ask(admission, "GET", "/", signed_in(session) | {"Accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (303, "sign-in")
    for reply in (led, ask(admission, "GET", "/panel", signed_in(session))):
        dropped = reply.headers["set-cookie"]
        assert dropped.startswith(f'{COOKIE}=""') and "Max-Age=0" in dropped
        assert "Path" not in dropped
    # There its path would be another.
    assert "set-cookie" not in ask(admission, "GET", SOURCES_STATE, signed_in(session)).headers


def test_session_of_another_server_is_left_alone(access: Access) -> None:
    reply = ask(Admission(echo, access, ["/"]), "GET", "/", signed_in("x.y.z"))
    assert reply.status_code == 401 and "set-cookie" not in reply.headers


def test_cookie_is_found_among_others() -> None:
    assert cookie_of(f"a=1; {COOKIE}=x; b=2") == "x"
    for header in ("", "a=1", f"{COOKIE}x=1", "\0", f"{COOKIE}", '="'):
        assert cookie_of(header) is None
