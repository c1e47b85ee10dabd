"""Document routes: documents on pages of their own and beside the chat, and words in them."""

from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from qa.service.document_links import ABOUT_ROUTE, FIND_ROUTE, PANEL_ROUTE, PICTURE_ROUTE, ROUTE
from qa.service.documents import Documents
from qa.web import document_views
from qa.web.chats import Chats
from qa.web.html.document_page import DOCUMENT_POLICY

PICTURE_MAX_AGE = 3600
"""Seconds for which a browser caches a page's picture; its address has the file's digest."""

DocumentPath = Annotated[str, Query(max_length=5_000)]
Digest = Annotated[str, Query(max_length=64)]
Quotes = Annotated[list[str] | None, Query()]
PartNumber = Annotated[int | None, Query(ge=0)]
QuoteNumber = Annotated[int, Query(ge=1)]


def add_document_routes(server: FastAPI, chats: Chats) -> None:
    """Serve documents.

    Args:
        server: Before the chat's page is mounted.
        chats: With the documents that each caller may read.
    """

    def documents(request: Request) -> Documents:
        return chats.of_request(request.scope).documents

    @server.get(f"/{ROUTE}")
    def document(
        request: Request,
        path: DocumentPath,
        sha256: Digest = "",
        quote: Quotes = None,
        part: PartNumber = None,
        at: QuoteNumber = 1,
    ) -> HTMLResponse:
        return _html(*document_views.page(documents(request), path, sha256, quote or (), part, at))

    @server.get(f"/{PANEL_ROUTE}")
    def panel(
        request: Request,
        path: DocumentPath,
        sha256: Digest = "",
        quote: Quotes = None,
        part: PartNumber = None,
        at: QuoteNumber = 1,
        offset: Annotated[int | None, Query(ge=0)] = None,
    ) -> HTMLResponse:
        return _html(
            *document_views.panel(documents(request), path, sha256, quote or (), part, at, offset)
        )

    @server.get(f"/{FIND_ROUTE}")
    def find(
        request: Request,
        path: DocumentPath,
        words: Annotated[str, Query(max_length=200)],
        sha256: Digest = "",
    ) -> Response:
        status, content = document_views.find(documents(request), path, sha256, words)
        if status != 200:
            return PlainTextResponse(content, status, _retry_headers(status))
        return Response(content, media_type="application/json")

    @server.get(f"/{ABOUT_ROUTE}")
    def about(request: Request, path: DocumentPath) -> HTMLResponse:
        return _html(*document_views.about(documents(request), path))

    @server.get(f"/{PICTURE_ROUTE}")
    def picture(
        request: Request,
        path: DocumentPath,
        page: Annotated[int, Query(ge=1)],
        sha256: Digest = "",
        quote: Quotes = None,
    ) -> Response:
        status, content = document_views.picture(
            documents(request), path, page, quote or (), sha256
        )
        if isinstance(content, str):
            return PlainTextResponse(content, status, _retry_headers(status))
        headers = {"Cache-Control": f"private, max-age={PICTURE_MAX_AGE}"}
        return Response(content, status, headers, media_type="image/png")


def _html(status: int, content: str) -> HTMLResponse:
    """A document's page, or a fragment that may be opened as one: neither may run a script."""
    headers = {"Content-Security-Policy": DOCUMENT_POLICY} | _retry_headers(status)
    return HTMLResponse(content, status, headers)


def _retry_headers(status: int) -> dict[str, str]:
    return {"Retry-After": "2"} if status == 503 else {}
