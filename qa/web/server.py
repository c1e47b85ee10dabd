"""Server: the mounted page, the routes beside it, and the guard of all routes."""

import errno
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.middleware.gzip import GZipMiddleware

from embeddings.errors import ChapterAndVerseError, Remedy
from qa.web.caching import CacheHeaders
from qa.web.chat import Chat
from qa.web.document_routes import add_document_routes
from qa.web.events import EventKind, EventParser
from qa.web.guard import Guard
from qa.web.public_address import RootPath
from qa.web.receiving import add_receiving
from qa.web.shell import Shell, add_scripts
from qa.web.sources import add_sources

LOOPBACK = ("127.0.0.1", "localhost", "::1")

COMPRESSION = 6
"""Level of gzip: of the page a seventh is left, within a few milliseconds."""


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


def build_server(
    chat: Chat,
    host: str,
    read_only: bool,
    page: ChatPage,
    allowed_hosts: Sequence[str] = (),
    root_path: str = "",
) -> FastAPI:
    """The web application: the page, documents, and ``/healthz`` for monitoring.

    Args:
        chat: Its models are loaded when the server starts.
        host: Address that the server listens on.
        read_only: Whether uploads are refused.
        page: The chat's page.
        allowed_hosts: Names under which a proxy shows the page, as ``parse_host`` gives them.
        root_path: Path below which a proxy shows the page, as ``parse_root_path`` gives it.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chat.warm_up()
        yield

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @server.get("/healthz")
    async def healthz() -> dict[str, str]:  # Async, so that it needs no thread.
        return {"status": "ok"}

    @server.exception_handler(RequestValidationError)
    async def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own reply repeats what was sent, and fails where that is no text.
        places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        return JSONResponse({"detail": f"Not as expected: {places[:200]!a}."}, 422)

    add_document_routes(server, chat.documents)
    add_sources(server, chat, read_only)
    incoming = None if read_only else chat.uploads.incoming
    if incoming is not None:
        add_receiving(server, incoming)
    add_scripts(server)
    page.mount(server)
    # The last one sees a request first.
    server.add_middleware(Shell, folder=chat.folder.name)
    # Neither streams of events nor pictures are compressed.
    server.add_middleware(GZipMiddleware, compresslevel=COMPRESSION)
    server.add_middleware(CacheHeaders)
    server.add_middleware(
        Guard,
        events=EventParser(page.events),
        incoming=incoming,
        hosts=accepted_hosts(host, allowed_hosts),
        public_names=allowed_hosts,
    )
    if root_path:
        server.add_middleware(RootPath, path=root_path)
    return server


def accepted_hosts(host: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """The names in the Host header that are served; any if there are none.

    Args:
        host: Address that the server listens on.
        allowed: Names that were allowed.
    """
    if host in LOOPBACK:
        # Otherwise any web site could let its name resolve to 127.0.0.1 (DNS rebinding) and read
        # this.
        return (*LOOPBACK, *allowed)
    return (*LOOPBACK, host, *allowed) if allowed else ()


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
