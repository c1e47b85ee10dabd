"""Server: the routes of documents and pictures, the mounted page, and the guard of all routes."""

import errno
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from embeddings.errors import ChapterAndVerseError, Remedy
from qa.web.chat import Chat
from qa.web.events import EventKind, EventParser
from qa.web.guard import Guard
from qa.web.html.document_links import PICTURE_ROUTE, ROUTE
from qa.web.html.document_page import DOCUMENT_POLICY
from qa.web.receiving import add_receiving
from qa.web.shell import Shell, add_scripts
from qa.web.sources import add_sources

LOOPBACK = ("127.0.0.1", "localhost", "::1")

PICTURE_MAX_AGE = 3600
"""Seconds for which a browser caches a page's picture; its address has the file's digest."""


@dataclass(frozen=True, slots=True)
class ChatPage:
    """The page of a chat, of any user interface.

    Attributes:
        events: Its events by number.
        mount: Adds its routes to a server.
    """

    events: Mapping[int, EventKind]
    mount: Callable[[FastAPI], None]


class AddressError(ChapterAndVerseError):
    """The address cannot be listened on."""


def build_server(chat: Chat, host: str, read_only: bool, page: ChatPage) -> FastAPI:
    """The web application: the page, documents, and ``/healthz`` for monitoring.

    Args:
        chat: Its models are loaded when the server starts.
        host: Address that the server listens on.
        read_only: Whether uploads are refused.
        page: The chat's page.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chat.warm_up()
        yield

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @server.get("/healthz")
    async def healthz() -> dict[str, str]:  # Async, so that it needs no thread.
        return {"status": "ok"}

    @server.get(f"/{ROUTE}")
    def document(
        path: Annotated[str, Query(max_length=5_000)],
        sha256: Annotated[str, Query(max_length=64)] = "",
        quote: Annotated[list[str] | None, Query()] = None,
        part: Annotated[int | None, Query(ge=0)] = None,
        at: Annotated[int, Query(ge=1)] = 1,
    ) -> HTMLResponse:
        status, content = chat.documents.page(path, sha256, quote or (), part, at)
        headers = {"Content-Security-Policy": DOCUMENT_POLICY} | _retry_headers(status)
        return HTMLResponse(content, status, headers)

    @server.get(f"/{PICTURE_ROUTE}")
    def picture(
        path: Annotated[str, Query(max_length=5_000)],
        page: Annotated[int, Query(ge=1)],
        sha256: Annotated[str, Query(max_length=64)] = "",
        quote: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        status, content = chat.documents.picture(path, page, quote or (), sha256)
        if isinstance(content, str):
            return PlainTextResponse(content, status, _retry_headers(status))
        headers = {"Cache-Control": f"private, max-age={PICTURE_MAX_AGE}"}
        return Response(content, status, headers, media_type="image/png")

    add_sources(server, chat, read_only)
    incoming = None if read_only else chat.uploads.incoming
    if incoming is not None:
        add_receiving(server, incoming)
    add_scripts(server)
    page.mount(server)
    server.add_middleware(Shell)
    # Otherwise any web site could let its name resolve to 127.0.0.1 (DNS rebinding) and read this.
    hosts = LOOPBACK if host in LOOPBACK else ()
    server.add_middleware(Guard, events=EventParser(page.events), incoming=incoming, hosts=hosts)
    return server


def _retry_headers(status: int) -> dict[str, str]:
    return {"Retry-After": "2"} if status == 503 else {}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; created before indexing, so that an unusable port is reported first.

    Raises:
        AddressError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        what = f"{host} is not an address of this machine"
        remedy = Remedy.CHOOSE_HOST
        if error.errno == errno.EADDRINUSE:
            what = f"Port {port} on {host} is in use"
            remedy = Remedy.CHOOSE_PORT
        elif error.errno == errno.EACCES:
            what = f"Listening on port {port} is not permitted"
            remedy = Remedy.CHOOSE_UNPRIVILEGED_PORT
        raise AddressError(what, remedy=remedy) from error
