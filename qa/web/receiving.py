"""Receiving: uploads, written to the disk as they come.

In place of Gradio's route, which takes as long as a client likes, believes what it declares
and replies with places on the disk. The reply is the same list, of tokens in place of paths.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from qa.web.addresses import client_network
from qa.web.incoming import Arrival, Incoming, NoRoom
from qa.web.refusal import Refusal
from qa.web.upload_batch import free_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

UPLOAD = "/gradio_api/upload"
PROGRESS = "/gradio_api/upload_progress"

IDLE_SECONDS = 20.0
"""Without a byte after which an upload is given up."""

LEAST_RATE = 4_000
"""Bytes a second, in each span of ``IDLE_SECONDS``, below which an upload is given up."""

MOST_SECONDS = 3_600.0
"""Of one upload."""

MOST_FILES = 5
"""Times the files that are taken at a time: those beyond are told that they are too many."""

TOLD_SECONDS = 0.1
"""From one word on how far an upload is to the next."""


SECONDS_TO_BEGIN = 3.0
"""For an upload whose progress is asked for before it begins."""

UploadId = Annotated[str, Query(max_length=64)]


class Form:
    """The files in a form, received part by part; what is no file is passed over."""

    def __init__(self, boundary: bytes, incoming: Incoming, sender: str) -> None:
        self.arrived: list[Arrival] = []
        self.name = ""
        self.received = 0
        self._incoming = incoming
        self._sender = sender
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = bytearray(), bytearray()
        self._current: Arrival | None = None
        self._has_ended = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_field,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_file,
            "on_part_data": self._write,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, content: bytes) -> None:
        """Take what has come.

        Raises:
            MultipartParseError: It is no form.
            NoRoom: Too much is on its way.
            OSError: It cannot be written.
        """
        self.received += len(content)
        self._parser.write(content)

    def finish(self) -> None:
        """All has come.

        Raises:
            MultipartParseError: The form does not end.
        """
        self._parser.finalize()
        if not self._has_ended:
            raise MultipartParseError("the form does not end")

    def abandon(self) -> None:
        """Leave nothing of what has come."""
        for arrival in [*self.arrived, *([self._current] if self._current else [])]:
            arrival.abandon()

    def _begin_part(self) -> None:
        self._headers = {}

    def _add_to_field(self, content: bytes, start: int, end: int) -> None:
        self._field += content[start:end]

    def _add_to_value(self, content: bytes, start: int, end: int) -> None:
        self._value += content[start:end]

    def _end_header(self) -> None:
        self._headers[bytes(self._field.lower())] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _begin_file(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"filename")
        if name is None:
            return
        if len(self.arrived) >= MOST_FILES * self._incoming.limits.files:
            raise MultipartParseError("too many files")
        self.name = free_name(name.decode("utf-8", "replace"), set())
        self._current = self._incoming.begin(self.name, self._sender)

    def _write(self, content: bytes, start: int, end: int) -> None:
        if self._current is not None:
            self._current.write(content[start:end])

    def _end_part(self) -> None:
        if self._current is not None:
            self._current.finish()
            self.arrived.append(self._current)
            self._current = None

    def _end(self) -> None:
        self._has_ended = True


def add_receiving(server: FastAPI, incoming: Incoming) -> None:
    """Add the two routes of an upload to a server; before the page, which has its own."""
    coming: dict[str, Form] = {}

    @server.post(UPLOAD)
    async def upload(request: Request, upload_id: UploadId = "") -> Response:
        kind, options = parse_options_header(request.headers.get("content-type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            return PlainTextResponse("Form with files expected", 415)
        await asyncio.to_thread(incoming.clear)
        form = Form(boundary, incoming, client_network(request.client))
        # Whoever names the upload of another is told nothing of it.
        told = bool(upload_id) and upload_id not in coming
        if told:
            coming[upload_id] = form
        try:
            await _receive(request, form)
        except Refusal as refusal:
            form.abandon()
            return refusal.response()
        except BaseException:
            form.abandon()
            raise
        finally:
            if told:
                del coming[upload_id]
        incoming.announce(arrival.token for arrival in form.arrived)
        return JSONResponse([arrival.token for arrival in form.arrived])

    @server.get(PROGRESS)
    async def progress(upload_id: UploadId) -> Response:
        return StreamingResponse(_progress(coming, upload_id), media_type="text/event-stream")


async def _receive(request: Request, form: Form) -> None:
    """Feed a request's body to a form.

    Raises:
        Refusal: It is none, comes too slowly or finds no room.
    """
    began = monotonic()
    since, received = began, 0
    body = request.stream()
    try:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                content = await anext(body, None)
            if content is None:
                form.finish()
                return
            form.feed(content)
            now = monotonic()
            if now - since > IDLE_SECONDS:
                # Each span by itself: much that came at once pays for no dripping later.
                if form.received - received < LEAST_RATE * (now - since):
                    raise TimeoutError
                since, received = now, form.received
            if now - began > MOST_SECONDS:
                raise TimeoutError
    except MultipartParseError as error:
        raise Refusal(400, "Form with files expected") from error
    except ClientDisconnect as error:
        raise Refusal(400, "Upload broken off") from error
    except NoRoom as error:
        raise Refusal(503, "Too many uploads at a time; try again later") from error
    except TimeoutError as error:
        raise Refusal(408, "Upload too slow") from error
    except OSError as error:
        raise Refusal(507, f"Upload could not be kept ({error.strerror})") from error


async def _progress(coming: Mapping[str, Form], upload_id: str) -> AsyncIterator[str]:
    """How far an upload is, as Gradio's page reads it: bytes of a file since the last word."""
    end = monotonic() + SECONDS_TO_BEGIN
    while upload_id not in coming and monotonic() < end:
        await asyncio.sleep(TOLD_SECONDS)
    told = 0
    while (form := coming.get(upload_id)) is not None:
        if form.received > told:
            since, told = form.received - told, form.received
            yield _message({"msg": "update", "orig_name": form.name, "chunk_size": since})
        await asyncio.sleep(TOLD_SECONDS)
    yield _message({"msg": "done"})


def _message(content: dict[str, object]) -> str:
    return f"data: {json.dumps(content)}\n\n"
