"""The library listed, read, added to and removed from, over HTTP."""

import io
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from PIL import Image

from embeddings.errors import IndexDamaged, IndexLocked, IndexNotWritable
from qa.api import receiving
from qa.service import operations
from qa.service.documents import DocumentChanged, TooManyWaiting
from qa.service.incoming import IncomingFiles, NoRoom
from qa.service.uploads import TooManyChanges
from qa.web.server import ServerOptions
from tests.qa.api.conftest import Server, code, serving

BRIDGE = sha256(b"The bridge was opened in 1901. It was closed in 1950.").hexdigest()


def paths(response: Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["path"] for each in response.json()["documents"]]


def test_library_is_listed_page_by_page(server: Server) -> None:
    first = server.get("/documents", params={"limit": 3})
    assert paths(first) == ["town/bridge.txt", "town/mill.md", "town/public/ferry.txt"]
    assert (first.json()["total"], first.json()["next"]) == (4, "town/public/ferry.txt")
    last = server.get("/documents", params={"limit": 3, "after": first.json()["next"]})
    assert paths(last) == ["town/tower.pdf"] and last.json()["next"] is None
    (entry,) = last.json()["documents"]
    assert (entry["pages"], entry["problem"], entry["passages"]) == (2, None, 1)
    assert server.client.get(entry["address"]).status_code == 200


def test_list_is_limited_to_words_and_places(server: Server) -> None:
    assert paths(server.get("/documents", params={"matching": "MILL"})) == ["town/mill.md"]
    within = {"within": ["town/public", "town/bridge.txt"]}
    limited = paths(server.get("/documents", params=within))
    assert limited == ["town/bridge.txt", "town/public/ferry.txt"]
    assert paths(server.get("/documents", params={"matching": "nothing"})) == []
    nowhere = server.get("/documents", params={"within": "town/x"})
    assert code(nowhere, 404) == "nothing-within"


def test_document_has_its_facts(server: Server) -> None:
    found = server.get(f"/documents/{BRIDGE}").json()
    assert (found["paths"], found["kind"]) == (["town/bridge.txt"], "text file")
    assert (found["characters"], found["passages"], found["pages"]) == (53, 1, 0)
    text = server.client.get(found["text_address"]).json()
    assert text["text"] == "The bridge was opened in 1901. It was closed in 1950."


def test_text_is_what_a_citation_quotes(server: Server) -> None:
    (citation,) = server.ask("When was the mill built?")["citations"]
    place = {key: citation[key] for key in ("start", "end")}
    address = f"/documents/{citation['sha256']}/text"
    found = server.get(address, params=place | {"around": 9}).json()
    assert found["text"] == citation["quote"] == "1873"
    assert (found["before"], found["after"]) == ("built in ", " by Anna ")
    assert found["characters"] == len("Mill\n\nThe mill was built in 1873 by Anna Berg.")


@pytest.mark.parametrize(
    ("start", "end", "status", "expected"),
    [
        (0, 54, 422, "invalid-fields"),
        (9, 8, 422, "invalid-fields"),
        (-1, 8, 422, "invalid-fields"),
        (0, 10**10, 422, "invalid-fields"),
        ("x", 8, 422, "invalid-fields"),
    ],
)
def test_offsets_outside_of_the_text_are_refused(
    server: Server, start: object, end: object, status: int, expected: str
) -> None:
    place = {"start": start, "end": end}
    assert code(server.get(f"/documents/{BRIDGE}/text", params=place), status) == expected


def test_text_is_sent_in_parts(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MAX_EXCERPT", 50)
    whole = server.get(f"/documents/{BRIDGE}/text", params={"start": 0, "end": 53})
    assert code(whole, 413) == "too-large"


def tower(server: Server) -> str:
    return sha256((server.folder / "tower.pdf").read_bytes()).hexdigest()


def test_page_of_a_pdf_is_a_picture(server: Server) -> None:
    response = server.get(f"/documents/{tower(server)}/pages/2.png")
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "private, max-age=3600"
    width, height = Image.open(io.BytesIO(response.content)).size
    assert width < height
    assert code(server.get(f"/documents/{tower(server)}/pages/3.png"), 404) == "no-page"
    assert code(server.get(f"/documents/{BRIDGE}/pages/1.png"), 404) == "no-page"
    assert code(server.get(f"/documents/{tower(server)}/pages/0.png"), 422) == "invalid-fields"


UNKNOWN = "0" * 64

READING = [
    f"/documents/{UNKNOWN}",
    f"/documents/{UNKNOWN}/text?start=0&end=1",
    f"/documents/{UNKNOWN}/pages/1.png",
]


@pytest.mark.parametrize("path", READING)
def test_unknown_document_is_not_found(server: Server, path: str) -> None:
    unknown = server.get(path)
    assert code(unknown, 404) == "no-document"
    # For a key that may not reach it, an existing one is as unknown.
    outside = server.get(path.replace(UNKNOWN, BRIDGE), "public")
    assert outside.json() == unknown.json()
    assert code(server.get(path.replace(UNKNOWN, BRIDGE.upper())), 422) == "invalid-fields"


@pytest.mark.parametrize("path", ["/documents", *READING])
def test_reading_needs_the_right_to_ask(server: Server, path: str) -> None:
    assert code(server.get(path, "writer"), 403) == "not-allowed"


def test_key_sees_its_part_of_the_library(server: Server) -> None:
    listed = server.get("/documents", "public").json()
    assert [each["path"] for each in listed["documents"]] == ["town/public/ferry.txt"]
    assert listed["total"] == 1
    ferry = listed["documents"][0]["sha256"]
    assert server.get(f"/documents/{ferry}", "public").json()["paths"] == ["town/public/ferry.txt"]


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (IndexDamaged("is damaged", Path("/srv/index")), 500, "index-damaged"),
        (DocumentChanged("town/x"), 409, "document-changed"),
        (TooManyWaiting(), 503, "busy"),
    ],
)
def test_what_goes_wrong_is_told_without_any_place(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    expected: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(operations, "details", fail)
    response = server.get(f"/documents/{BRIDGE}")
    assert code(response, status) == expected and "srv" not in response.text


def add(server: Server, key: str = "", **files: str) -> Response:
    """The response to files that are sent together; ``a_txt`` is the name ``a.txt``."""
    parts = [("files", (name.replace("_", "."), text)) for name, text in files.items()]
    return server.send("POST", "/documents", key, files=parts)


def ended(server: Server, job: dict[str, Any], key: str = "") -> dict[str, Any]:
    """A job, once it has ended."""
    deadline = time.monotonic() + 30
    while job["state"] in ("waiting", "reading"):
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
        response = server.get(f"/jobs/{job['id']}", key)
        assert response.status_code == 200, response.text
        job = response.json()
    return job


def test_file_is_taken_asked_and_removed(own: Server) -> None:
    response = add(own, mill_txt="The mill was built in 1873.", empty_txt="")
    assert response.status_code == 202
    mill, empty = response.json()["jobs"]
    assert (mill["name"], mill["state"], mill["path"]) == ("mill.txt", "waiting", None)
    mill, empty = ended(own, mill), ended(own, empty)
    assert (mill["state"], empty["state"], empty["path"]) == ("taken", "refused", None)
    assert empty["detail"] != ""
    assert own.ask("When was the mill built?")["text"] == "1873"
    removed = own.send("DELETE", "/documents", params={"path": mill["path"]})
    assert removed.json()["removed"] == [mill["path"]]
    assert own.ask("When was the mill built?")["text"] != "1873"
    again = own.send("DELETE", "/documents", params={"path": mill["path"]})
    assert code(again, 404) == "no-document"
    log = own.service.audit.path.read_text()
    assert log.count('"caller": "address:127.0.0.1"') == 3


def test_file_beyond_a_limit_is_refused_with_the_reason(own: Server) -> None:
    jobs = add(own, a_txt="x" * 2_001, b_txt="Two.", c_txt="Three.").json()["jobs"]
    large, taken, third = (ended(own, job) for job in jobs)
    assert large["detail"] == "is larger than 0 MB" and taken["state"] == "taken"
    assert third["detail"] == "exceeds the limit of 2 files at a time"


def test_job_is_known_to_its_owner_alone(own: Server) -> None:
    (job,) = add(own, "writer", mill_txt="The mill was built in 1873.").json()["jobs"]
    assert ended(own, job, "writer")["state"] == "taken"
    assert code(own.get(f"/jobs/{job['id']}"), 404) == "no-job"
    assert code(own.get(f"/jobs/{'0' * 32}", "writer"), 404) == "no-job"
    assert code(own.get("/jobs/x", "writer"), 422) == "invalid-fields"


def test_change_needs_the_right_to_write(server: Server) -> None:
    assert code(add(server, "reader", a_txt="x"), 403) == "not-allowed"
    assert code(server.get(f"/jobs/{'0' * 32}", "reader"), 403) == "not-allowed"
    removal = server.send("DELETE", "/documents", "reader", params={"path": "town/bridge.txt"})
    assert code(removal, 403) == "not-allowed"


def test_key_changes_nothing_outside_of_its_part(server: Server) -> None:
    assert code(add(server, "public", a_txt="x"), 403) == "not-allowed"
    removal = server.send("DELETE", "/documents", "public", params={"path": "town/bridge.txt"})
    assert code(removal, 404) == "no-document"
    assert "town/bridge.txt" in paths(server.get("/documents"))


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (IndexLocked("is written to by another process"), 409, "library-locked"),
        (IndexNotWritable("cannot be written"), 507, "no-room"),
        (TooManyChanges(), 503, "busy"),
    ],
)
def test_removal_that_is_not_possible_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, expected: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(server.service.uploads, "remove", fail)
    response = server.send("DELETE", "/documents", params={"path": "town/bridge.txt"})
    assert code_of_any(response, status) == expected


def code_of_any(response: Response, status: int) -> str:
    """The code of a problem; one of another status may say when to try again, too."""
    assert response.status_code == status, response.text
    return str(response.json()["code"])


def incoming_of(server: Server) -> list[Path]:
    return [path for path in server.service.uploads.incoming.folder.rglob("*") if path.is_file()]


FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("content", "headers", "status", "expected"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415, "wrong-media-type"),
        (b"x", {"Content-Type": "multipart/form-data"}, 415, "wrong-media-type"),
        (b"x", FORM, 400, "invalid-request"),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nab',
            FORM,
            400,
            "invalid-request",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nab\r\n--x--\r\n',
            FORM,
            422,
            "invalid-fields",
        ),
        (b"x", {**FORM, "Content-Length": "1000000000"}, 413, "too-large"),
    ],
    ids=["json", "no boundary", "no form", "cut", "no file", "large"],
)
def test_form_that_is_none_is_refused_and_nothing_is_kept(
    server: Server, content: bytes, headers: dict[str, str], status: int, expected: str
) -> None:
    response = server.send("POST", "/documents", content=content, headers=headers)
    assert code(response, status) == expected
    assert incoming_of(server) == []


def test_form_with_no_room_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise NoRoom

    monkeypatch.setattr(IncomingFiles, "create", fail)
    response = add(server, a_txt="x")
    assert code(response, 503) == "busy" and response.headers["retry-after"] == "5"


def test_form_that_cannot_be_stored_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "/srv/index.uploads/a.txt")

    monkeypatch.setattr(IncomingFiles, "create", fail)
    response = add(server, a_txt="x")
    assert code(response, 507) == "no-room" and "srv" not in response.text


def test_form_that_does_not_arrive_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "UPLOAD_SECONDS", -1.0)
    assert code(add(server, a_txt="x"), 408) == "too-slow"
    assert incoming_of(server) == []


def test_read_only_server_says_so(library: Path, tmp_path: Path) -> None:
    with serving(library, tmp_path / "index", ServerOptions(read_only=True)) as server:
        for response in (
            add(server, a_txt="x"),
            server.send("DELETE", "/documents", params={"path": "town/mill.md"}),
            server.get(f"/jobs/{'0' * 32}"),
        ):
            assert code(response, 403) == "read-only"
        assert len(paths(server.get("/documents"))) == 4
        assert not (tmp_path / "index.uploads").exists()
