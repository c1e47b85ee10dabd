"""Slow: clients that open connections and stall; others are still served.

What the server writes about them to its log stays small.
"""

import http.client
import resource
import socket
import time
from contextlib import ExitStack
from random import Random
from urllib.parse import urlsplit

import httpx
import psutil

from qa.settings import UploadLimits
from tests.attacks.crafted_requests import FORM
from tests.attacks.page_client import PageClient, Refused
from tests.attacks.serving import is_healthy, until_healthy
from tests.attacks.tally import Tally
from tests.end_to_end.chat_process import Running

SHUT_OUT, LOGGED = "others shut out", "times that the log grew"

PATIENCE = 5.0
"""Seconds in which others are served meanwhile."""

MAX_LOGGED = 50_000
"""Bytes written to the log, whatever comes."""

UNTIL_ENDED = 90.0
"""Seconds after which the server has closed silent connections."""

HEADS = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    b"POST /gradio_api/queue/join HTTP/1.1\r\n",
    b"G",
    b"",
)
"""Beginnings of requests."""

DECLARED = UploadLimits().batch_bytes - 1
"""Bytes that an upload declares, just below the limit."""


OPEN_FILES = 1024
"""That the server may have open, as on most systems; connections are some of them."""


class Slow:
    """Slow clients of one chat."""

    def __init__(self, chat: Running, seed: int) -> None:
        self.chat = chat
        self.chance = Random(seed)
        self.tally = Tally("slow clients", [SHUT_OUT, LOGGED], seed)
        address = urlsplit(chat.url)
        self._address = (str(address.hostname), int(address.port or 0))
        server = psutil.Process(chat.process.pid)
        server.rlimit(psutil.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))

    def run(self, heads: int, uploads: int = 3) -> Tally:
        """Open unfinished requests, then uploads that declare their length and send nothing."""
        before = self.chat.log.stat().st_size
        _allow_files(heads)
        with ExitStack() as open_connections:
            for number in range(heads):
                self._begin(open_connections, HEADS[number % len(HEADS)], f"head {number}")
            self._serves_others("unfinished heads", heads)
        until_healthy(self.chat.url, UNTIL_ENDED)
        with ExitStack() as open_connections:
            form = (
                f"POST /gradio_api/upload HTTP/1.1\r\nHost: {self._address[0]}\r\n"
                f"Content-Type: multipart/form-data; boundary=x\r\n"
                f"Content-Length: {DECLARED}\r\n\r\n"
            )
            for number in range(uploads):
                self._begin(open_connections, form.encode(), f"upload {number}")
            self._serves_others("idle uploads", uploads)
            self._takes_uploads()
        logged = self.chat.log.stat().st_size - before
        self.tally.seen["bytes logged"] = logged
        if logged > MAX_LOGGED:
            self.tally.broken(LOGGED, f"{logged:,} bytes")
        return self.tally

    def _begin(self, open_connections: ExitStack, beginning: bytes, what: str) -> None:
        self.tally.trials += 1
        try:
            wire = open_connections.enter_context(socket.create_connection(self._address, PATIENCE))
            wire.sendall(beginning)
        except OSError:  # to be refused is right where there are many
            self.tally.seen["refused"] += 1

    def _serves_others(self, what: str, count: int) -> None:
        how = f"{count:,} {what}"
        if not is_healthy(self.chat.url, PATIENCE):
            self.tally.broken(SHUT_OUT, f"{how}: /healthz does not answer")
        started = time.monotonic()
        try:
            with PageClient(self.chat.url, self.chance, PATIENCE) as page:
                outcome, reply = page.ask("When was the IOFS founded?")
            if outcome != "answered":
                self.tally.broken(SHUT_OUT, f"{how}: a question is {outcome}: {reply}")
        except (httpx.HTTPError, Refused) as error:
            spent = time.monotonic() - started
            self.tally.broken(SHUT_OUT, f"{how}: a page, after {spent:.1f} s: {error}")

    def _takes_uploads(self) -> None:
        """Another's upload finds room, though others have declared much."""
        wire = http.client.HTTPConnection(*self._address, timeout=PATIENCE)
        headers = {
            "Content-Type": "multipart/form-data; boundary=x",
            "Origin": self.chat.url,
        }
        try:
            wire.request("POST", "/gradio_api/upload", FORM, headers)
            response = wire.getresponse()
            if response.status != 200:
                text = response.read(200).decode("utf-8", "replace")
                self.tally.broken(SHUT_OUT, f"idle uploads: another: {response.status} {text}")
        except (OSError, http.client.HTTPException) as error:
            self.tally.broken(SHUT_OUT, f"idle uploads: another: {error}")
        finally:
            wire.close()


def _allow_files(count: int) -> None:
    """Let this process have so many connections open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OPEN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
