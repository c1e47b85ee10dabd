"""Server: the mounted page, the routes beside it, and the guard of all routes."""

import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from embeddings.errors import ChapterAndVerseError, Remedy
from qa.access.caller import Caller
from qa.access.policy import Access
from qa.access.rates import Rates
from qa.api.app import api_app
from qa.api.health import add_health
from qa.api.problem_response import RefusalCounts, on_http_error, plain_response
from qa.mcp.streamable_http import McpFace
from qa.service.document_links import ROUTE
from qa.service.problems import Problem
from qa.service.replies import API, Addresses
from qa.service.rights import check_rate
from qa.web.admission import Admission
from qa.web.bodies import Bodies
from qa.web.caching import CacheHeaders
from qa.web.chats import Chats
from qa.web.cross_origin import CrossOrigin
from qa.web.document_routes import add_document_routes
from qa.web.events import EventKind, EventParser
from qa.web.guard import Guard
from qa.web.page_attributes import page_attributes
from qa.web.protection import LOOPBACK
from qa.web.public_address import RootPath
from qa.web.receiving import add_receiving
from qa.web.shell import Shell, add_scripts
from qa.web.sign_in import add_sign_in
from qa.web.sources import add_sources

COMPRESSION = 6
"""Level of gzip: of the page a seventh is left, within a few milliseconds."""


@dataclass(frozen=True, slots=True)
class ChatPage:
    """The page of a chat, of any user interface.

    Attributes:
        events: Its events by number.
        waiting: Returns the session of each queued event that is not begun yet.
        mount: Adds its routes to a server.
    """

    events: Mapping[int, EventKind]
    waiting: Callable[[], Iterable[str]]
    mount: Callable[[FastAPI], None]


class AddressError(ChapterAndVerseError):
    """The address cannot be listened on."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server is reached, and what it offers.

    Attributes:
        host: Address that it listens on.
        read_only: Whether nothing that changes the library is offered.
        allowed_hosts: Names under which a proxy shows it, as ``parse_host`` gives them.
        root_path: Path below which a proxy shows it, as ``parse_root_path`` gives it.
        cors: Origins whose pages may send requests to the paths for programs.
    """

    host: str = "127.0.0.1"
    read_only: bool = False
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    cors: tuple[str, ...] = ()


def build_server(
    chats: Chats, access: Access, options: ServerOptions, page: ChatPage | None = None
) -> FastAPI:
    """The web application: the page, documents, and the routes for programs and for monitoring.

    Args:
        chats: Their models are loaded when the server starts.
        access: Tells who sends a request.
        options: Of the server.
        page: The chat's page; without it there are the routes for programs alone.
    """
    services, service = chats.services, chats.service
    addresses, rates = Addresses(options.root_path), Rates()

    @asynccontextmanager
    async def asking(caller: Caller) -> AsyncIterator[None]:
        """Of what assistants send, questions alone are counted."""
        check_rate(rates, caller)
        async with service.queue.place_async(caller.name):
            yield

    assistants = McpFace(services.of, asking, options.root_path)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chats.start(examples=page is not None)
        async with assistants.lifespan():
            yield

    server = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={RequestValidationError: _refuse, HTTPException: on_http_error},
    )
    add_health(server, service, service.metrics.render)
    server.router.routes.append(assistants.route)
    server.mount(API, api_app(services, addresses, options.read_only))
    add_document_routes(server, chats)
    add_sign_in(server, access)
    incoming = None if options.read_only else service.uploads.incoming
    if page is not None:
        add_sources(server, chats, options.read_only)
        if incoming is not None:
            add_receiving(server, incoming)
        add_scripts(server)
        page.mount(server)
        # The last one sees a request first.
        server.add_middleware(
            Shell,
            folder=service.folder.name,
            attributes=lambda scope: page_attributes(chats, scope),
        )
    # Neither streams of events nor pictures are compressed.
    server.add_middleware(GZipMiddleware, compresslevel=COMPRESSION)
    server.add_middleware(CacheHeaders)
    entrances = [f"/{ROUTE}"] if page is None else ["/", f"/{ROUTE}"]
    # Who is not let in uses up nothing: bodies are received, and pages counted, after that.
    server.add_middleware(
        Bodies,
        events=EventParser(page.events if page else {}),
        waiting=page.waiting if page else tuple,
        takes_files=incoming is not None,
    )
    server.add_middleware(Admission, access=access, entrances=entrances, rates=rates)
    server.add_middleware(
        Guard,
        incoming=incoming,
        hosts=accepted_hosts(options.host, options.allowed_hosts),
        public_names=options.allowed_hosts,
        cors=options.cors,
    )
    if options.cors:
        server.add_middleware(CrossOrigin, origins=options.cors)
    server.add_middleware(RefusalCounts, count=service.metrics.count_refusal)
    if options.root_path:
        server.add_middleware(RootPath, path=options.root_path)
    return server


async def _refuse(_: Request, error: Exception) -> Response:
    """The response to a request whose fields are not as expected.

    FastAPI's own repeats what was sent, and fails where that is no text.
    """
    assert isinstance(error, RequestValidationError)
    places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
    return plain_response(Problem("invalid-fields", f"Not as expected: {places[:200]!a}."))


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
