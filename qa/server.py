"""Server: the routes beside the chat's page, and what guards them all.

Gradio serves the page itself; ``app.py`` mounts it here.
"""

import errno
import re
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from embeddings.errors import ChapterAndVerseError
from qa.chat import Chat
from qa.document_page import PICTURE_ROUTE, ROUTE
from qa.document_page import POLICY as DOCUMENT_POLICY
from qa.uploads import Uploads

LOOPBACK = ("127.0.0.1", "localhost", "::1")

MOST_BYTES = 10_000_000
"""Of anything sent but uploads: thirty turns of a conversation with long passages have a tenth."""

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'"
)
"""Content-Security-Policy: nothing from or to another host. Gradio needs the two unsafe ones."""

PICTURE_SECONDS = 3600
"""How long a browser keeps a picture of a page; its address names the file's content."""

# Routes of Gradio that the page does not use. The first two also fetch public addresses.
_REFUSED = re.compile(r"/+gradio_api/+(file|proxy|stream|process_recording)")
_UPLOAD = re.compile(r"/+gradio_api/+upload")


class AddressError(ChapterAndVerseError):
    """The chat cannot be served at that address."""


def build_server(
    chat: Chat, host: str, read_only: bool, mount: Callable[[FastAPI], None]
) -> FastAPI:
    """The web server: the page, documents, and ``/healthz`` for whoever watches over it.

    Args:
        chat: That replies.
        host: At which it is served.
        read_only: Whether uploads are refused.
        mount: Adds the chat's page.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        chat.warm_up()
        yield

    server = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @server.get("/healthz")
    def healthz() -> dict[str, str]:
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
        headers = {"Content-Security-Policy": DOCUMENT_POLICY}
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
            return PlainTextResponse(content, status)
        kept = {"Cache-Control": f"private, max-age={PICTURE_SECONDS}"}
        return Response(content, status, kept, media_type="image/png")

    mount(server)
    # Otherwise any web site could name itself 127.0.0.1 (DNS rebinding) and read along.
    hosts = LOOPBACK if host in LOOPBACK else ()
    server.add_middleware(Guard, uploads=None if read_only else chat.uploads, hosts=hosts)
    return server


class Guard:
    """Adds the security headers, and refuses what the page does not ask for.

    Args:
        app: That is guarded.
        uploads: Where uploads go; none are taken if it is left out.
        hosts: Names by which the server may be asked; any if empty.
    """

    def __init__(
        self, app: ASGIApp, uploads: Uploads | None = None, hosts: Sequence[str] = ()
    ) -> None:
        self.app = app
        self.uploads = uploads
        self.hosts = hosts
        self._coming = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        uploading = _UPLOAD.match(scope["path"]) is not None and scope["method"] == "POST"
        refusal = self._refusal(scope, headers) or self._too_much(headers, uploading)
        if refusal:
            await refusal(scope, receive, guarded)
            return
        length = int(headers.get("content-length", 0)) if uploading else 0
        self._coming += length
        try:
            await self.app(scope, receive, guarded)
        finally:
            self._coming -= length

    def _too_much(self, headers: Headers, uploading: bool) -> PlainTextResponse | None:
        """Why a body is not received; the server holds others to the length they declare."""
        length, form = headers.get("content-length", "0"), headers.get("content-type", "")
        if not length.isdecimal() or "transfer-encoding" in headers:
            return PlainTextResponse("How long is it?", 411)
        uploads = self.uploads if uploading else None
        if form.lower().startswith("multipart/") and not uploads:
            # Its files would be written to the disk before anybody looks at them.
            return PlainTextResponse("No form is expected here", 415)
        most = uploads.limits.batch_bytes if uploads else MOST_BYTES
        if int(length) > most:
            return PlainTextResponse(f"At most {most:,} bytes at a time", 413)
        if uploads and not uploads.has_room(self._coming + int(length)):
            return PlainTextResponse("Too much is on its way already; try again later", 503)
        return None

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        # Another site's page can send requests here from the reader's own browser. Only to this
        # machine or over HTTPS do browsers say where from in Sec-Fetch-Site; Origin they send
        # with all but plain reading, of which another site's page cannot see the reply.
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        host = headers.get("host", "")
        if self.hosts and _name(f"//{host}") not in self.hosts:
            return PlainTextResponse("Not by that name", 400)
        foreign = origin is not None and origin.partition("://")[2] != host
        if foreign or (scope["method"] != "GET" and site not in ("none", "same-origin")):
            return PlainTextResponse("Not from another site", 403)
        path = scope["path"]
        if _REFUSED.match(path) or (_UPLOAD.match(path) and not self.uploads):
            return PlainTextResponse("Not found", 404)
        return None


def _name(address: str) -> str | None:
    """The host in an address without its port; none if it is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, held from before indexing until the end.

    Raises:
        AddressError: It cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} on {host} is in use; choose another with --port."
        elif error.errno == errno.EACCES:
            message = f"Port {port} needs more rights; choose one from 1024 on with --port."
        else:
            message = f"{host} is no address of this machine; choose another with --host."
        raise AddressError(message) from error
