"""What the running server refuses, and what it leaves behind."""

import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.chat_process import (
    ROOT,
    SECONDS,
    Running,
    fetch,
    post,
    running,
    uploads_of,
)


def test_page_may_load_from_its_own_host_only(chat: Running) -> None:
    status, headers = fetch(chat.url)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "connect-src 'self'" in policy
    assert "http:" not in policy and "https:" not in policy and "*" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=https://example.org/",
        "gradio_api/file%3Dhttps://example.org/",
        "gradio_api/file=/etc/passwd",
        "gradio_api/proxy=https://example.org/",
    ],
)
def test_server_fetches_no_files(chat: Running, path: str) -> None:
    assert fetch(f"{chat.url}/{path}")[0] == 404


def test_upload_too_large_or_from_another_site_is_refused(chat: Running) -> None:
    upload = f"{chat.url}/gradio_api/upload"
    assert post(upload, Sec_Fetch_Site="cross-site") == 403
    assert post(f"{chat.url}/gradio_api/queue/join", Sec_Fetch_Site="cross-site") == 403
    # A site that the browser says nothing of but its name, as to an address of a network.
    assert post(upload, Origin="http://evil.example") == 403
    assert post(upload, Sec_Fetch_Site="same-site") == 403
    assert fetch(chat.url, Origin="http://evil.example")[0] == 403
    assert fetch(chat.url, Origin=chat.url)[0] == 200
    with socket.create_connection(("127.0.0.1", int(chat.url.rpartition(":")[2]))) as wire:
        head = "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999"
        wire.sendall(f"{head}\r\n\r\n".encode())
        assert wire.recv(12) == b"HTTP/1.1 413"


@pytest.mark.slow
def test_what_a_killed_process_had_begun_to_receive_is_removed(
    chat: Running, tmp_path: Path
) -> None:
    shutil.copytree(chat.index, tmp_path / "index")
    with running(tmp_path, index=tmp_path / "index") as killed:
        (incoming,) = (tmp_path / "index.uploads").glob("docs-*/incoming/*/")
        (incoming / "half").write_bytes(b"half a file")
        with running(tmp_path / "other", index=killed.index) as other:
            # Another process on the same index lets it be while the first lives.
            assert len(uploads_of(other)) == 1
        killed.process.kill()
        killed.process.wait()
    with running(tmp_path / "next", index=tmp_path / "index") as again:
        assert uploads_of(again) == []
        again.process.send_signal(signal.SIGTERM)
        again.process.wait(SECONDS)
    assert list((tmp_path / "index.uploads").glob("docs-*/incoming/*")) == []


def test_other_host_names_are_refused(chat: Running) -> None:
    assert fetch(chat.url, Host="rebound.example")[0] == 400


def test_body_that_is_no_text_is_refused_and_not_repeated(chat: Running) -> None:
    for body in (b'{"limit": "\\ud800"}', b'{"limit": 7}', b"x"):
        url, kind = f"{chat.url}/sources/limit", {"Content-Type": "application/json"}
        request = urllib.request.Request(url, body, kind, method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        with refused.value as reply:
            assert reply.code == 422
            assert reply.read().startswith(b"Not as expected: 'body")


def test_page_names_no_place_on_the_disk(chat: Running) -> None:
    for path in ("", "config"):
        with urllib.request.urlopen(f"{chat.url}/{path}") as reply:
            text = reply.read().decode("utf-8")
        assert str(ROOT) not in text and str(chat.index.parent) not in text, path


FETCHING = """
import asyncio, socket, sys
from gradio import processing_utils
from qa.web.tabs.page import refuse_addresses

def asked(*named, **options):
    raise SystemExit(f"asked for {named}")

refuse_addresses()
socket.getaddrinfo = asked
try:
    fetched = processing_utils.async_ssrf_protected_download("http://example.org/a.md", sys.argv[1])
    asyncio.run(fetched)
except ValueError as error:
    print(error)
"""


@pytest.mark.slow
def test_address_in_place_of_a_file_is_not_even_looked_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FETCHING, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stdout == "expected a file that was uploaded, got an address\n", done.stderr
