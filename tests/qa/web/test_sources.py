"""The routes that list, choose and change the documents of the library."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from qa import QuestionAnswerer, Settings
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.library.listing import LibraryFile, Listing
from qa.service.messages import FILES_NOT_RECEIVED, LIBRARY_UNCHANGED, MAY_NOT_WRITE
from qa.service.service import Service
from qa.service.services import Services
from qa.service.uploads import MAX_PENDING_CHANGES
from qa.web.admission import Admission
from qa.web.chats import Chats
from qa.web.html.source_list import MAX_ROWS
from qa.web.receiving import UPLOAD, add_receiving
from qa.web.sources import add_sources
from tests.qa.web.html.test_page import Read


@pytest.fixture
def chats(town: Path, tmp_path: Path) -> Iterator[Chats]:
    settings = Settings(index=tmp_path / "index")
    with (
        QuestionAnswerer.from_documents(town, settings=settings) as answerer,
        closing(Service(answerer, town)) as service,
    ):
        service.uploads.open()
        chats = Chats(Services(service))
        yield chats
        chats.close()


def anybody(chats: Chats) -> Access:
    """Lets everybody in."""
    return Access.beside(chats.service.index.folder, required=False)


def request(chats: Chats, method: str, path: str, read_only: bool = False, **sent: Any) -> Any:
    """The reply of a server of the chat: its status, and its JSON, lines of JSON or text."""
    server = FastAPI()
    server.add_middleware(Admission, access=anybody(chats))
    add_sources(server, chats, read_only)
    add_receiving(server, chats.service.uploads.incoming)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            return await client.request(method, path, **sent)

    reply = asyncio.run(ask())
    kind = reply.headers["content-type"]
    if "ndjson" in kind:
        return reply.status_code, list(map(json.loads, reply.text.splitlines()))
    return reply.status_code, reply.json() if "json" in kind else reply.text


def add(chats: Chats, **files: str) -> Any:
    form = [("files", (name.replace("_", "."), text)) for name, text in files.items()]
    status, tokens = request(chats, "POST", UPLOAD, files=form)
    assert status == 200
    return request(chats, "POST", "/sources/add", json=tokens)


def test_file_is_added_listed_chosen_and_removed(chats: Chats) -> None:
    status, lines = add(chats, mill_txt="The mill was built in 1850.", broken_pdf="%PDF-1.4")
    assert status == 200
    last = Read(lines[-1]["arrived"]).text
    assert "mill.txt in the library: uploads/mill.txt, 1 passage" in last
    assert "broken.pdf not taken: it is damaged or not a valid PDF" in last
    status, rows = request(chats, "GET", "/sources", params={"matching": "mill"})
    assert status == 200 and rows.count("cv-document") == rows.count("data-uploaded") == 1
    status, chosen = request(
        chats, "POST", "/sources/limit", json={"limit": "{}", "path": "uploads", "tick": False}
    )
    assert (status, chosen) == (
        200,
        {
            "limit": '{"except": ["uploads"]}',
            "used": 1,
            "documents": 2,
            "unread": 0,
            "label": "1 of 2 documents",
            "notice": "",
        },
    )
    status, lines = request(chats, "POST", "/sources/remove", json={"path": "uploads/mill.txt"})
    assert lines == [{"changed": '<p class="cv-done" dir="auto">Removed: uploads/mill.txt.</p>'}]
    _, chosen = request(chats, "POST", "/sources/limit", json={"limit": chosen["limit"]})
    assert chosen["notice"] == "No longer in the library, and taken out of your choice: uploads."
    assert (chosen["limit"], chosen["used"], chosen["documents"]) == ("{}", 1, 1)


def test_folder_is_indexed_again(chats: Chats, town: Path) -> None:
    (town / "mill.txt").write_text("The mill was built in 1850.")
    _, lines = request(chats, "POST", "/sources/index")
    said = [Read(line["changed"]).text for line in lines]
    assert said[0] == "Looking for what has changed …" and "Reading 1 of 1 · mill.txt" in said
    assert said[-1] == "1 added."
    assert 'class="cv-done"' in lines[-1]["changed"]
    _, state = request(chats, "GET", "/sources/state")
    assert (state["running"], state["line"], state["files"]) == (False, "", 2)


@pytest.mark.parametrize(
    ("limit", "label", "used"),
    [
        ({"only": ["town/bridge.txt"]}, "Only: bridge.txt", 1),
        ({"only": []}, "No document", 0),
        ({}, "", 1),
        ("not JSON", "", 1),
        ({"only": "town"}, "", 1),
    ],
)
def test_limit_is_told_in_words(chats: Chats, limit: object, label: str, used: int) -> None:
    text = limit if isinstance(limit, str) else json.dumps(limit)
    status, chosen = request(chats, "POST", "/sources/limit", True, json={"limit": text})
    assert (status, chosen["label"], chosen["used"]) == (200, label, used)


def test_file_that_was_not_received_is_not_added(chats: Chats, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("swordfish")
    status, lines = request(chats, "POST", "/sources/add", json=[str(secret), "unknown"])
    assert status == 200
    assert [Read(line["changed"]).text for line in lines] == [FILES_NOT_RECEIVED]
    assert [file.path for file in chats.service.listing().files] == ["town/bridge.txt"]


def test_read_only_chat_has_no_route_that_changes_it(chats: Chats) -> None:
    for path in ("/sources/add", "/sources/remove", "/sources/index"):
        assert request(chats, "POST", path, True, json=[])[0] == 404
    for read_only in (False, True):
        status, rows = request(chats, "GET", "/sources", read_only)
        assert status == 200 and ('data-do="remove"' in rows) is not read_only


def test_changes_that_wait_are_bounded(chats: Chats) -> None:
    server = FastAPI()
    server.add_middleware(Admission, access=anybody(chats))
    add_sources(server, chats, False)

    async def ask() -> list[tuple[int, str]]:
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            many = [client.post("/sources/index") for _ in range(MAX_PENDING_CHANGES + 2)]
            release = Timer(0.5, chats.service.uploads._changing.release)
            release.start()
            replies = await asyncio.gather(*many)
            return [(reply.status_code, reply.text) for reply in replies]

    chats.service.uploads._changing.acquire()
    replies = asyncio.run(ask())
    assert sorted(status for status, _ in replies) == [200] * MAX_PENDING_CHANGES + [503] * 2
    assert all(LIBRARY_UNCHANGED in text for status, text in replies if status == 503)
    assert request(chats, "POST", "/sources/index")[0] == 200


def lose(chats: Chats, path: str, sent: object = None) -> None:
    """Send a request and be gone before the reply begins, as uvicorn tells it."""
    server = FastAPI()
    server.add_middleware(Admission, access=anybody(chats))
    add_sources(server, chats, False)
    body = json.dumps(sent).encode()
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def send(_: object) -> None:
        pass

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "POST",
        "path": path,
        "headers": [(b"content-type", b"application/json")],
        "query_string": b"",
    }
    asyncio.run(server(scope, receive, send))


def test_change_is_made_though_the_client_is_gone_before_the_reply(chats: Chats) -> None:
    form = [("files", ("mill.txt", "The mill was built in 1850."))]
    _, tokens = request(chats, "POST", UPLOAD, files=form)
    lose(chats, "/sources/add", tokens)
    end = time.monotonic() + 30
    while chats.service.uploads.incoming.bytes:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert [file.path for file in chats.service.listing().files] == [
        "town/bridge.txt",
        "uploads/mill.txt",
    ]


def test_lost_connections_leave_room_for_changes(chats: Chats) -> None:
    chats.service.uploads._changing.acquire()
    for _ in range(MAX_PENDING_CHANGES):
        lose(chats, "/sources/index")
    Timer(1, chats.service.uploads._changing.release).start()
    # What they began goes on.
    status, reply = request(chats, "POST", "/sources/index")
    assert status == 503 and LIBRARY_UNCHANGED in reply["changed"]
    end = time.monotonic() + 30
    while request(chats, "POST", "/sources/index")[0] != 200:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_file_that_is_not_added_because_of_other_changes_takes_no_room(chats: Chats) -> None:
    form = [("files", ("mill.txt", "The mill was built in 1850."))]
    _, tokens = request(chats, "POST", UPLOAD, files=form)
    with chats.service.uploads._changing:
        for _ in range(MAX_PENDING_CHANGES):
            chats.service.uploads.index_again()
        status, _ = request(chats, "POST", "/sources/add", json=tokens)
        assert (status, chats.service.uploads.incoming.bytes) == (503, 0)
        assert request(chats, "POST", "/sources/remove", json={"path": "town"})[0] == 503


def test_ten_thousand_documents_are_listed_and_chosen_at_once(
    chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(
        LibraryFile(
            f"town/{number % 7}/report {number:05}.txt", "town", "00", f"Report {number}", 1
        )
        for number in range(10_000)
    )
    listing = Listing(files, {"town": chats.service.folder})
    monkeypatch.setattr(chats.whole, "listing", lambda: listing)
    begun = time.process_time()
    _, rows = request(chats, "GET", "/sources", params={"matching": "report 999"})
    assert rows.count('class="cv-document"') == 19
    _, rows = request(chats, "GET", "/sources")
    assert rows.count('class="cv-document"') == MAX_ROWS and len(rows) < 150_000
    change = {"limit": "{}", "path": "town/3", "tick": False}
    _, chosen = request(chats, "POST", "/sources/limit", json=change)
    assert (chosen["used"], chosen["label"]) == (8_571, "8,571 of 10,000 documents")
    # Three requests; each takes a processor some 50 ms, however busy the machine is.
    assert time.process_time() - begun < 3


def test_library_that_is_gone_is_said_in_place_of_the_list(chats: Chats) -> None:
    for file in chats.service.index.folder.iterdir():
        file.unlink()
    status, rows = request(chats, "GET", "/sources")
    assert status == 200 and 'class="cv-document' not in rows
    assert "index" in Read(rows).text


@pytest.fixture
def keys(chats: Chats, town: Path, quick_hashing: None) -> Keys:
    """Of a library with a document of which each key reaches less."""
    (town / "secret").mkdir()
    (town / "secret" / "vault.txt").write_text("The vault holds gold.")
    chats.service.uploads.index_all()
    assert len(chats.service.listing().files) == 2
    return Keys(chats.service.index.folder)


def test_list_and_limit_are_of_what_a_key_reaches(chats: Chats, keys: Keys) -> None:
    key = {"X-API-Key": keys.add("reader", ["ask", "write"], ["town/bridge.txt", "town/none"])}
    _, rows = request(chats, "GET", "/sources", headers=key)
    assert rows.count('class="cv-document"') == 1 and "vault" not in rows and "secret" not in rows
    for sought in ({"matching": "vault"}, {"matching": "secret"}, {"after": "town/bridge.txt"}):
        _, rows = request(chats, "GET", "/sources", params=sought, headers=key)
        assert 'class="cv-document"' not in rows and "secret" not in rows
    _, state = request(chats, "GET", "/sources/state", headers=key)
    assert (state["files"], len(state["caller"])) == (1, 16)
    _, chosen = request(chats, "POST", "/sources/limit", json={"limit": "{}"}, headers=key)
    assert (chosen["used"], chosen["documents"], chosen["unread"]) == (1, 1, 0)
    # What was chosen before by somebody else is as if it had gone.
    outside, gone = (
        request(chats, "POST", "/sources/limit", json={"limit": limit}, headers=key)[1]
        for limit in ('{"only": ["town/secret/vault.txt"]}', '{"only": ["town/secret/gone.txt"]}')
    )
    assert outside["used"] == 1 and outside["limit"] == "{}"
    assert outside["notice"].replace("vault", "gone") == gone["notice"]
    tick = {"limit": "{}", "path": "town/secret/vault.txt", "tick": False}
    _, chosen = request(chats, "POST", "/sources/limit", json=tick, headers=key)
    assert (chosen["used"], chosen["label"]) == (1, "")


def test_key_that_may_not_write_changes_nothing(chats: Chats, keys: Keys) -> None:
    key = {"X-API-Key": keys.add("reader", ["ask"])}
    version = chats.service.index.version
    for path, sent in (
        ("/sources/add", ["x"]),
        ("/sources/remove", {"path": "town/bridge.txt"}),
        ("/sources/index", None),
    ):
        status, reply = request(chats, "POST", path, json=sent, headers=key)
        assert (status, Read(reply["changed"]).text) == (403, MAY_NOT_WRITE)
    assert chats.service.index.version == version
    _, rows = request(chats, "GET", "/sources", headers=key)
    assert rows.count('class="cv-document"') == 2 and 'data-do="remove"' not in rows


def test_key_changes_only_what_it_reaches(chats: Chats, keys: Keys) -> None:
    key = {"X-API-Key": keys.add("writer", ["ask", "write"], "town/secret")}
    for path in ("town/bridge.txt", "town/none.txt"):
        _, lines = request(chats, "POST", "/sources/remove", json={"path": path}, headers=key)
        assert Read(lines[0]["changed"]).text == "It is not in the library any more."
    # Of a folder that holds more, what it reaches.
    _, lines = request(chats, "POST", "/sources/remove", json={"path": "town"}, headers=key)
    assert "Removed: town/secret/vault.txt." in Read(lines[0]["changed"]).text
    assert [file.path for file in chats.service.listing().files] == ["town/bridge.txt"]
    for path, sent in (("/sources/add", [arrived(chats, key)]), ("/sources/index", None)):
        status, reply = request(chats, "POST", path, json=sent, headers=key)
        assert (status, Read(reply["changed"]).text) == (403, MAY_NOT_WRITE)
    # What was received for it is not kept.
    assert chats.service.uploads.incoming.bytes == 0


def arrived(chats: Chats, key: dict[str, str], text: str = "The mill was built.") -> Any:
    form = [("files", ("mill.txt", text))]
    _, (token,) = request(chats, "POST", UPLOAD, files=form, headers=key)
    return token


def test_nobody_is_told_that_the_library_holds_a_file_which_the_key_does_not_reach(
    chats: Chats, keys: Keys
) -> None:
    add(chats, first_txt="The harbour was built in 1700.")
    key = {"X-API-Key": keys.add("writer", ["ask", "write"], "uploads")}
    tokens = [arrived(chats, key, "The vault holds gold.")]
    status, lines = request(chats, "POST", "/sources/add", json=tokens, headers=key)
    last = Read(lines[-1]["arrived"]).text
    assert (status, last) == (200, "mill.txt in the library: uploads/mill.txt, 1 passage")
    assert "vault" not in json.dumps(lines)


def test_key_that_may_not_write_uploads_nothing(chats: Chats, keys: Keys) -> None:
    key = {"X-API-Key": keys.add("reader", ["ask"])}
    form = [("files", ("mill.txt", "The mill was built."))]
    status, _ = request(chats, "POST", UPLOAD, files=form, headers=key)
    assert (status, chats.service.uploads.incoming.bytes) == (403, 0)
