"""Document routes for programs: the library listed, read, added to and removed from."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request, Response

from qa.access.caller import Caller
from qa.api.callers import Asking, Writing
from qa.api.problem_response import WITH_BODY, documented
from qa.api.receiving import receive
from qa.library.limit import MAX_PATHS
from qa.service import operations
from qa.service.codes import Code
from qa.service.jobs import Jobs
from qa.service.problems import Refused
from qa.service.replies import (
    Addresses,
    DocumentDetails,
    DocumentList,
    Excerpt,
    Job,
    JobList,
    Removal,
)
from qa.service.requests import LibraryPath
from qa.service.service import MayNotReach, Service

PICTURE_MAX_AGE = 3_600
"""Seconds for which a client may keep a page's picture; its address has the file's digest."""

MAX_OFFSET = 10**9
"""No document's text is longer."""

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file.")]
Within = Annotated[
    list[LibraryPath] | None,
    Query(max_length=MAX_PATHS, description="Documents and folders to list; all if empty."),
]
Matching = Annotated[
    str, Query(max_length=200, description="Words that a document's title or path must have.")
]
After = Annotated[
    str,
    Query(max_length=5_000, description="`next` of the page before; empty for the first page."),
]
Limit = Annotated[int, Query(ge=1, le=operations.MAX_LISTED, description="Most files of a page.")]
At = Annotated[
    str,
    Query(
        max_length=5_000,
        description="Its path in the library: needed where files of several formats have the "
        "same bytes.",
    ),
]

PageNumber = Annotated[int, Path(ge=1, le=10**6, description="Of the page, from 1.")]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="`id` of the job.")]
RemovedPath = Annotated[LibraryPath, Query(description="Of a document or folder in the library.")]
Start = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Offset of the first character.")]
End = Annotated[int, Query(ge=0, le=MAX_OFFSET, description="Offset behind the last character.")]

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}
"""A form of files, which is not parsed by FastAPI but written as it arrives."""

_NO_DOCUMENT: tuple[Code, ...] = ("no-document", "document-changed", "several-documents")
"""Problems where a document is named by the digest of its file."""

_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _refuse_changes() -> None:
    raise Refused("read-only", "Nothing on this server can be changed.")


def add_document_routes(
    app: FastAPI,
    service_of: Callable[[Caller], Service],
    addresses: Addresses,
    jobs: Jobs,
    read_only: bool,
) -> None:
    """Add the routes.

    Args:
        app: Of the programs.
        service_of: The service of a caller.
        addresses: Of the server.
        jobs: Of the server.
        read_only: Whether nothing changes the library.
    """

    @app.get("/documents", responses=documented("nothing-within"))
    def list_documents(
        caller: Asking,
        within: Within = None,
        matching: Matching = "",
        after: After = "",
        limit: Limit = 100,
    ) -> DocumentList:
        """The files of the library, page by page."""
        return operations.list_documents(
            service_of(caller), addresses, within or [], matching, after, limit
        )

    @app.get(
        "/documents/{sha256}",
        responses=documented(*_NO_DOCUMENT),
    )
    def get_document(caller: Asking, sha256: Sha256, path: At = "") -> DocumentDetails:
        """What is known of a document."""
        return operations.details(service_of(caller), addresses, sha256, path)

    @app.get(
        "/documents/{sha256}/text",
        responses=documented("too-large", *_NO_DOCUMENT),
    )
    def get_text(
        caller: Asking,
        sha256: Sha256,
        start: Start,
        end: End,
        around: Annotated[
            int,
            Query(
                ge=0,
                le=operations.MAX_AROUND,
                description="Characters before and behind them that are sent, too.",
            ),
        ] = 0,
        path: At = "",
    ) -> Excerpt:
        """Exactly the characters from ``start`` to ``end``: what a citation with them quotes."""
        return operations.excerpt(service_of(caller), addresses, sha256, start, end, around, path)

    @app.get(
        "/documents/{sha256}/pages/{number}.png",
        response_class=Response,
        responses=_PICTURE | documented("no-page", "unreadable", *_NO_DOCUMENT),
    )
    def get_page_picture(caller: Asking, sha256: Sha256, number: PageNumber) -> Response:
        """A page of a PDF as a picture."""
        png = operations.picture(service_of(caller), sha256, number)
        headers = {"Cache-Control": f"private, max-age={PICTURE_MAX_AGE}"}
        return Response(png, headers=headers, media_type="image/png")

    changes = [Depends(_refuse_changes)] if read_only else []

    @app.post(
        "/documents",
        status_code=202,
        dependencies=changes,
        openapi_extra=_FORM,
        responses=documented("read-only", "no-room", *WITH_BODY),
    )
    async def add_documents(caller: Writing, request: Request) -> JobList:
        """Add files to the library; each has a job that tells what becomes of it."""
        service = service_of(caller)
        # Before minutes of receiving; in a thread, as the index may be in use.
        if not await asyncio.to_thread(lambda: service.can_add):
            raise MayNotReach
        received = await receive(request, service.uploads.incoming)
        if not received:
            raise Refused("invalid-fields", "Expected a form with at least one file.")
        tokens = [each.token for each in received]
        return JobList(await asyncio.to_thread(jobs.start, caller.name, service, tokens))

    @app.get("/jobs/{id}", dependencies=changes, responses=documented("read-only", "no-job"))
    def get_job(caller: Writing, id: JobId) -> Job:
        """How far the adding of a file has come."""
        found = jobs.get(caller.name, id)
        if found is None:
            raise Refused("no-job", "There is no such job, or none any more.")
        return found

    @app.delete(
        "/documents",
        dependencies=changes,
        responses=documented("read-only", "no-document", "library-locked", "no-room", *WITH_BODY),
    )
    def remove_documents(caller: Writing, path: RemovedPath) -> Removal:
        """Remove a document, or all in a folder, from the library."""
        return operations.remove(service_of(caller), path, caller.name)
