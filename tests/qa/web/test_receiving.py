"""Uploads are written as they arrive; none delays the others or leaves files behind."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from qa.access.policy import Access
from qa.api import receiving
from qa.service.incoming import IncomingFiles
from qa.settings import UploadLimits
from qa.web.admission import Admission
from qa.web.receiving import UPLOAD, add_receiving

LIMITS = UploadLimits(files=2, file_bytes=1_000, documents=12, total_bytes=3_000)


@pytest.fixture
def incoming(tmp_path: Path) -> IncomingFiles:
    return IncomingFiles(tmp_path, LIMITS)


@pytest.fixture
def client(incoming: IncomingFiles, tmp_path_factory: pytest.TempPathFactory) -> httpx.AsyncClient:
    server = FastAPI()
    add_receiving(server, incoming)
    access = Access.beside(tmp_path_factory.mktemp("access") / "index", required=False)
    server.add_middleware(Admission, access=access)
    return httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://chat")


async def post(client: httpx.AsyncClient, *files: tuple[str, bytes]) -> int:
    return (await client.post(UPLOAD, files=[("files", file) for file in files])).status_code


def test_response_has_a_token_for_each_file_and_no_path(
    incoming: IncomingFiles, client: httpx.AsyncClient
) -> None:
    names = ["a.txt", "../../b é.md", "x" * 300 + ".txt"]
    files = [("files", (name, name.encode())) for name in names]
    reply = asyncio.run(client.post(UPLOAD, files=files))
    tokens = reply.json()
    assert reply.status_code == 200 and len(set(tokens)) == 3
    paths = [incoming.claim(token) for token in tokens]
    assert [path.name for path in paths if path] == ["a.txt", "b é.md", "x" * 150 + ".txt"]
    assert [path.read_bytes() for path in paths if path] == [name.encode() for name in names]
    assert str(incoming.folder) not in reply.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"--x\r\nContent-Disp", "multipart/form-data; boundary=x", 400),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhalf',
            "multipart/form-data; boundary=x",
            400,
        ),
        (
            b"--x\r\n" + b"A: b\r\n" * 1_000 + b"\r\n\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            400,
        ),
        (b"", "multipart/form-data", 415),
        (b"{}", "application/json", 415),
    ],
)
def test_what_is_no_form_of_files_leaves_nothing(
    incoming: IncomingFiles, client: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    sent = client.post(UPLOAD, content=content, headers={"content-type": kind})
    assert asyncio.run(sent).status_code == status
    assert list(incoming.folder.iterdir()) == [] and incoming.bytes == 0


def test_too_many_files_or_bytes_are_refused_whole(
    incoming: IncomingFiles, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(receiving, "FILES_FACTOR", 2)
        assert asyncio.run(post(client, *(("a.txt", b"x") for _ in range(5)))) == 400
    assert incoming.bytes == 0
    for sender in ("one", "two"):
        for _ in range(5):
            incoming.create("held.txt", sender).close()
    assert asyncio.run(post(client, *(("a.txt", b"x") for _ in range(3)))) == 503
    assert asyncio.run(post(client, *(("a.txt", b"x") for _ in range(2)))) == 200


def test_fast_start_does_not_allow_a_slow_rest(
    incoming: IncomingFiles, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(receiving, "monotonic", lambda: now)

    async def much_then_little() -> AsyncIterator[bytes]:
        nonlocal now
        yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
        yield b"x" * 10_000_000
        for _ in range(20):
            now += receiving.IDLE_SECONDS * 0.9
            yield b"x"

    kind = {"content-type": "multipart/form-data; boundary=x"}
    sent = client.post(UPLOAD, content=much_then_little(), headers=kind)
    assert asyncio.run(sent).status_code == 408
    assert now < 5 * receiving.IDLE_SECONDS and incoming.bytes == 0


async def _slowly(seconds: float) -> AsyncIterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
    while True:
        yield b"x"
        await asyncio.sleep(seconds)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.01, 60.0], ids=["drop by drop", "silent"])
def test_slow_upload_is_aborted_and_delays_no_other(
    incoming: IncomingFiles,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    monkeypatch.setattr(receiving, "IDLE_SECONDS", 0.5)

    async def both() -> tuple[int, int]:
        kind = {"content-type": "multipart/form-data; boundary=x"}
        slow = asyncio.create_task(client.post(UPLOAD, content=_slowly(seconds), headers=kind))
        await asyncio.sleep(0.1)
        other = await post(client, ("a.txt", b"x" * 1_000))
        return (await slow).status_code, other

    assert asyncio.run(both()) == (408, 200)
    assert incoming.bytes == 1_000
