"""Routes: every route and event of a running chat, attacked over raw HTTP.

A secret is stored outside of all that the chat serves, and must appear nowhere. After each request
the server must still be healthy, and have logged no traceback.
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from embeddings.index.index import Index
from tests.attacks import crafted_requests
from tests.attacks.crafted_requests import ELSEWHERE, Request
from tests.attacks.page_client import PageClient
from tests.attacks.serving import is_healthy
from tests.attacks.tally import Tally
from tests.end_to_end.chat_process import ROOT, Running

LEAKED, STOPPED, FAILED, ACCEPTED = (
    "secrets leaked",
    "times stopped",
    "errors",
    "accepted but not to be",
)
TRACED, DISCLOSED = "tracebacks", "other hosts or paths disclosed"

SECRET = "the heron nests in the 1847 bell tower"
"""What lies in files that nobody may have."""

SECONDS = 5.0
"""Longest wait for a reply; streams that go on are left then."""

STREAMING = 0.5
"""Time for which a stream is listened to that goes on for ever."""

MAX_READ = 3_000_000
"""Bytes of a reply."""


class Routes:
    """Attacks on one chat, and what came of them."""

    def __init__(self, chat: Running, work: Path, seed: int, read_only: bool = False) -> None:
        """Nothing is sent yet.

        Args:
            chat: To attack; its temporary files lie beside its log.
            work: A folder outside of what it serves.
            seed: Of what is drawn.
            read_only: Whether it was started so.
        """
        self.chat = chat
        self.work = work
        self.read_only = read_only
        name = "requests (read-only)" if read_only else "requests"
        self.tally = Tally(name, [LEAKED, STOPPED, FAILED, ACCEPTED, TRACED, DISCLOSED], seed)
        self.chance = Random(seed)
        self._logged = chat.log.stat().st_size
        self._address = urlsplit(chat.url).netloc
        self._before = ""
        self._there = self._written()

    def run(self, most: int = 0) -> Tally:
        """Send so many of the requests to routes and events, drawn; all of them if it is 0."""
        files, devices = self._write_files()
        with PageClient(self.chat.url, self.chance) as page:
            drawn = [
                *crafted_requests.to_routes(_all_routes(), files),
                *crafted_requests.to_events(page, files),
            ]
            each = [
                *crafted_requests.to_unknown_events(max(page.events)),
                *crafted_requests.to_odd_addresses(),
                *crafted_requests.with_other_hosts(),
            ]
            # What may stop the server comes last: it would hide what else there is.
            last = list(crafted_requests.with_devices(page, devices))
        if most:
            drawn = self.chance.sample(drawn, min(most, len(drawn)))
            drawn_last = self.chance.sample(last, min(most // 10, len(last)))
            last = [*last[: len(devices)], *drawn_last]
        self._upload()
        for request in (*drawn, *each, *last):
            if not self._send(request):
                break
        self._search()
        return self.tally

    def _write_files(self) -> tuple[list[str], list[Path]]:
        """Files with the secret by path and address, and devices that never end."""
        secrets = [self.work / f"secret{suffix}" for suffix in (".txt", ".md", ".key", "")]
        for path in secrets:
            path.write_text(f"It is said that {SECRET}.\n")
        pipe = self.work / "pipe.txt"
        os.mkfifo(pipe)
        zeros = self.work / "zeros.txt"
        zeros.symlink_to("/dev/zero")
        files = [
            *map(str, secrets),
            secrets[0].as_uri(),
            "../" * 12 + str(secrets[0]).lstrip("/"),
            "/etc/hostname",
            str(self.chat.index / "library.sqlite"),
            f"{self.chat.url}/config",
            f"http://{ELSEWHERE}/a.txt",
        ]
        return files, [Path("/dev/zero"), pipe, zeros]

    def _send(self, request: Request) -> bool:
        """Send a request and look at what comes of it; whether the server goes on."""
        status, reply = self._exchange(request)
        self.tally.trials += 1
        how = f"{request}: {status} {reply[:200]!r}"
        if request.awaited and status == 200:
            query = f"/gradio_api/queue/data?session_hash={request.awaited}"
            reply += self._exchange(Request("GET", query))[1]
        self.tally.seen["refused"] += 400 <= status < 500
        if SECRET.encode() in reply:
            self.tally.broken(LEAKED, how)
        if ELSEWHERE.encode() in reply and not request.body and ELSEWHERE not in request.path:
            self.tally.broken(DISCLOSED, how)
        if status >= 500 and status != 503:
            self.tally.broken(FAILED, how)
        if request.refused and 0 < status < 400:
            self.tally.broken(ACCEPTED, how)
        if "Traceback" in self._newly_logged():
            # It may have been written a moment after the reply.
            self.tally.broken(TRACED, f"{how}, or before it {self._before}")
        self._before = str(request)
        if not is_healthy(self.chat.url):
            self.tally.broken(STOPPED, how)
            return False
        return True

    def _exchange(self, request: Request) -> tuple[int, bytes]:
        """Status and reply; 0 where there is none in time."""
        wire = http.client.HTTPConnection(self._address, timeout=SECONDS)
        headers = {"Origin": self.chat.url, "Sec-Fetch-Site": "same-origin"} | request.headers
        try:
            wire.request(request.method, request.path, request.body or None, headers)
            response = wire.getresponse()
            return response.status, b"".join(_read(response, wire))
        except (OSError, http.client.HTTPException, ValueError):
            return 0, b""
        finally:
            wire.close()

    def _newly_logged(self) -> str:
        with self.chat.log.open("rb") as log:
            log.seek(self._logged)
            new = log.read()
        self._logged += len(new)
        return new.decode("utf-8", "replace")

    def _upload(self) -> None:
        """An upload as it should be, whose reply holds no path."""
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        path = "/gradio_api/upload"
        status, reply = self._exchange(Request("POST", path, crafted_requests.FORM, form))
        if (status == 200) is self.read_only:
            self.tally.broken(
                ACCEPTED if self.read_only else FAILED, f"an upload: {status} {reply!r}"
            )
        if str(self.chat.index.parent).encode() in reply:
            self.tally.broken(DISCLOSED, f"an upload: {reply!r}")

    def _written(self) -> set[Path]:
        """The files that the chat keeps: temporary ones, its index, and what lies beside that."""
        index = self.chat.index
        places = [self.chat.log.parent, *index.parent.glob(f"{index.name}*")]
        return {path for place in places for path in [place, *place.rglob("*")] if path.is_file()}

    def _search(self) -> None:
        """Look for the secret in all that the chat has written."""
        for path in self._written() - self._there:
            if SECRET.encode() in path.read_bytes():
                self.tally.broken(LEAKED, f"it lies in {path}")
        if _in_index(self.chat.index):
            self.tally.broken(LEAKED, "it is in the library")


def _read(response: http.client.HTTPResponse, wire: http.client.HTTPConnection) -> Iterator[bytes]:
    """The reply, cut where it is long or does not end."""
    end = time.monotonic() + SECONDS
    streaming = "event-stream" in response.headers.get("content-type", "")
    if streaming and wire.sock:
        wire.sock.settimeout(STREAMING)
    left = MAX_READ
    while left > 0 and time.monotonic() < end:
        try:
            block = response.read1(65_536)
        except TimeoutError:
            return
        if not block:
            return
        left -= len(block)
        yield block


def _in_index(place: Path) -> bool:
    """Whether a document of the library holds the secret."""
    index = Index.open(place)
    try:
        store = index.store
        return any(SECRET in store.document(id).text for id in store.documents())
    finally:
        index.close()


@cache
def _all_routes() -> list[tuple[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.route_list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [(method, path) for method, path in json.loads(done.stdout)]
