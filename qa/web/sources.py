"""Sources: the routes by which the page lists, chooses and changes the documents of the library.

They answer with HTML from the templates, or with JSON. A change of the library takes as long as
its documents: its reply is a line of JSON whenever there is something new to tell.
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from embeddings.errors import ChapterAndVerseError
from qa.api.callers import caller_of
from qa.api.receiving import FILES_FACTOR
from qa.library.limit import MAX_LIMIT_CHARACTERS, Limit, parse_limit
from qa.library.listing import Listing
from qa.service.documents import NoDocument
from qa.service.error_messages import error_message
from qa.service.messages import FILES_NOT_RECEIVED, LIBRARY_UNCHANGED, MAY_NOT_WRITE, Notice
from qa.service.service import MayNotReach, Service
from qa.service.upload import Upload
from qa.service.uploads import TooManyChanges
from qa.web.chat import Chat
from qa.web.chats import Chats
from qa.web.html.page import alert, progress_line
from qa.web.html.source_list import (
    SOURCES,
    SOURCES_ADD,
    SOURCES_INDEX,
    SOURCES_LIMIT,
    SOURCES_REMOVE,
    SOURCES_STATE,
    notice_line,
    source_rows,
    uploads_list,
)
from qa.web.page_attributes import caller_id

Change = Callable[[Service, str], Iterator[dict[str, str]]]
"""Begins a change, given the service and the name of the caller."""

_log = logging.getLogger("chapter-and-verse")

MAX_NAMED_GONE = 3
"""Chosen documents that are named when they are gone."""

PathText = Annotated[str, Query(max_length=5_000)]


def add_sources(server: FastAPI, chats: Chats, read_only: bool) -> None:
    """Add the routes to a server.

    Args:
        server: Before the page is mounted.
        chats: With the library, as far as each caller may reach it.
        read_only: Whether there are no routes that change it.
    """

    @server.get(SOURCES)
    def sources(
        request: Request,
        matching: Annotated[str, Query(max_length=200)] = "",
        after: PathText = "",
    ) -> HTMLResponse:
        chat = chats.of_request(request.scope)
        listing = chat.listing()
        uploads = chat.uploads_name(listing)
        fixed = read_only or not caller_of(request.scope).may("write")
        return HTMLResponse(source_rows(listing, matching, after, uploads, fixed))

    @server.get(SOURCES_STATE)
    def state(request: Request) -> JSONResponse:
        chat = chats.of_request(request.scope)
        status, running = chat.service.indexing_status, chat.indexing.running
        line = progress_line(status, chat.service.unread) if running else alert(status)
        # Listed anew after each change: of a large library that would slow indexing down.
        files = None if running else len(chat.listing().files)
        return JSONResponse(
            {
                "running": running,
                "line": line,
                "version": _version(chat, running),
                "files": files,
                "caller": caller_id(caller_of(request.scope)),
            }
        )

    @server.post(SOURCES_LIMIT)
    def limit(
        request: Request,
        text: Annotated[str, Body(alias="limit", max_length=MAX_LIMIT_CHARACTERS)],
        path: Annotated[str | None, Body(max_length=5_000)] = None,
        tick: Annotated[bool, Body()] = True,
    ) -> JSONResponse:
        return JSONResponse(_limit(chats.of_request(request.scope).listing(), text, path, tick))

    if not read_only:
        _add_changes(server, chats)


def _version(chat: Chat, running: bool) -> int:
    """Differs after each change of what the caller may reach, once nothing is indexed."""
    if not chat.service.limit:
        return chat.index.version
    files = () if running else tuple((file.path, file.sha256) for file in chat.listing().files)
    # JavaScript's numbers are exact up to here.
    return hash(files) % 2**53


def _add_changes(server: FastAPI, chats: Chats) -> None:
    incoming = chats.service.uploads.incoming
    most_files = FILES_FACTOR * incoming.limits.files

    def change(request: Request, begin: Change) -> Response:
        caller = caller_of(request.scope)
        if not caller.may("write"):
            return JSONResponse(_notice(Notice(MAY_NOT_WRITE, "failed")), 403)
        # Begun here: where the client is gone already, a response is never iterated.
        try:
            lines = begin(chats.of_request(request.scope).service, caller.name)
        except TooManyChanges:
            return JSONResponse(_notice(Notice(LIBRARY_UNCHANGED, "failed")), 503)
        except MayNotReach:
            return JSONResponse(_notice(Notice(MAY_NOT_WRITE, "failed")), 403)
        return StreamingResponse(
            (f"{json.dumps(line)}\n" for line in lines), media_type="application/x-ndjson"
        )

    @server.post(SOURCES_ADD)
    def add(
        request: Request, tokens: Annotated[list[str], Body(max_length=most_files)]
    ) -> Response:
        claimed = [incoming.claim(token) for token in tokens]
        files = [path for path in claimed if path is not None]
        lost = len(tokens) - len(files)
        return change(
            request,
            lambda service, by: _added(service.add(files, by) if files else iter(()), lost),
        )

    @server.post(SOURCES_REMOVE)
    def remove(
        request: Request, path: Annotated[str, Body(embed=True, max_length=5_000)]
    ) -> Response:
        return change(request, lambda service, by: iter([_removed(service, path, by)]))

    @server.post(SOURCES_INDEX)
    def index(request: Request) -> Response:
        return change(request, lambda service, by: map(_notice, service.index_again(by)))


def _removed(service: Service, path: str, caller: str) -> dict[str, str]:
    """The outcome of removing a document."""
    try:
        removed = service.remove(path, caller)
    except NoDocument:
        return _notice(Notice("It is not in the library any more.", "failed"))
    except ChapterAndVerseError as error:
        _log.error("%s", error)
        return _notice(Notice(error_message(error), "failed"))
    return _notice(Notice(removed.sentence, "failed" if removed.undeleted else "done"))


def _added(states: Iterator[tuple[Upload, ...]], lost: int) -> Iterator[dict[str, str]]:
    """The states of the files while they are added to the library."""
    for uploads in states:
        yield {"arrived": uploads_list(uploads)}
    if lost:
        yield _notice(Notice(FILES_NOT_RECEIVED, "failed"))


def _notice(notice: Notice) -> dict[str, str]:
    return {"changed": notice_line(notice)}


def _limit(listing: Listing, text: str, path: str | None, tick: bool) -> dict[str, Any]:
    """What a page needs to know of a limit, after a tick of it.

    Args:
        listing: The whole library.
        text: The limit, as ``parse_limit`` reads it.
        path: Library path of the document or folder that is ticked or not; None if none is.
        tick: Whether it is ticked.
    """
    documents = [document.path for document in listing.documents]
    problem = ""
    try:
        limit = parse_limit(text)
    except ValueError:
        limit = Limit()  # Of another version of the page: nothing of it can be kept.
    gone: tuple[str, ...] = ()
    # A library that cannot be read is no reason to forget what was chosen.
    if not listing.problem:
        limit, gone = limit.without_gone(documents)
    if path is not None:
        try:
            limit = limit.ticked(path, tick, documents)
        except ValueError as error:
            problem = str(error)
    return {
        "limit": limit.to_json(),
        "used": limit.count(documents),
        "documents": len(documents),
        "unread": len(listing.files) - len(documents),
        "label": _label(limit, listing, documents),
        "notice": problem or _gone_words(gone),
    }


def _label(limit: Limit, listing: Listing, documents: list[str]) -> str:
    """What the limit leaves, in a few words; empty if it is none."""
    if not limit:
        return ""
    if limit.only is None:
        return f"{limit.count(documents):,} of {len(documents):,} documents"
    if len(limit.only) == 1:
        (path,) = limit.only
        titles = [file.title for file in listing.documents if file.path == path]
        return f"Only: {titles[0] if titles else path}"
    count = limit.count(documents)
    return f"{count:,} documents" if count else "No document"


def _gone_words(gone: tuple[str, ...]) -> str:
    """That documents which were chosen are gone, as a sentence; empty if none is."""
    if not gone:
        return ""
    named, more = ", ".join(gone[:MAX_NAMED_GONE]), len(gone) - MAX_NAMED_GONE
    return (
        f"No longer in the library, and taken out of your choice: {named}"
        f"{f' and {more:,} more' if more > 0 else ''}."
    )
