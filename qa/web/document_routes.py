"""Document routes: documents on pages of their own and beside the chat, and words in them."""

from typing import Annotated

from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from qa.web.documents import Documents
from qa.web.html.document_links import ABOUT_ROUTE, FIND_ROUTE, PANEL_ROUTE, PICTURE_ROUTE, ROUTE
from qa.web.html.document_page import DOCUMENT_POLICY

PICTURE_MAX_AGE = 3600
"""Seconds for which a browser caches a page's picture; its address has the file's digest."""

DocumentPath = Annotated[str, Query(max_length=5_000)]
Digest = Annotated[str, Query(max_length=64)]
Quotes = Annotated[list[str] | None, Query()]
PartNumber = Annotated[int | None, Query(ge=0)]
QuoteNumber = Annotated[int, Query(ge=1)]


def add_document_routes(server: FastAPI, documents: Documents) -> None:
    """Serve documents.

    Args:
        server: Before the chat's page is mounted.
        documents: That may be read.
    """

    @server.get(f"/{ROUTE}")
    def document(
        path: DocumentPath,
        sha256: Digest = "",
        quote: Quotes = None,
        part: PartNumber = None,
        at: QuoteNumber = 1,
    ) -> HTMLResponse:
        return _html(*documents.page(path, sha256, quote or (), part, at))

    @server.get(f"/{PANEL_ROUTE}")
    def panel(
        path: DocumentPath,
        sha256: Digest = "",
        quote: Quotes = None,
        part: PartNumber = None,
        at: QuoteNumber = 1,
        offset: Annotated[int | None, Query(ge=0)] = None,
    ) -> HTMLResponse:
        return _html(*documents.panel(path, sha256, quote or (), part, at, offset))

    @server.get(f"/{FIND_ROUTE}")
    def find(
        path: DocumentPath, words: Annotated[str, Query(max_length=200)], sha256: Digest = ""
    ) -> Response:
        status, content = documents.find(path, sha256, words)
        if status != 200:
            return PlainTextResponse(content, status, _retry_headers(status))
        return Response(content, media_type="application/json")

    @server.get(f"/{ABOUT_ROUTE}")
    def about(path: DocumentPath) -> HTMLResponse:
        return _html(*documents.about(path))

    @server.get(f"/{PICTURE_ROUTE}")
    def picture(
        path: DocumentPath,
        page: Annotated[int, Query(ge=1)],
        sha256: Digest = "",
        quote: Quotes = None,
    ) -> Response:
        status, content = documents.picture(path, page, quote or (), sha256)
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
