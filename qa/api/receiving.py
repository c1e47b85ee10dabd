"""Receiving: files that clients upload in a form, which are written as they arrive."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from qa.api.clients import client_network
from qa.service.incoming import FileWriter, IncomingFiles, NoRoom
from qa.service.problems import RETRY_SECONDS, Refused
from qa.service.upload_batch import available_name

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

IDLE_SECONDS = 20.0
"""Time without a byte after which an upload is aborted. Chosen by hand."""

MIN_RATE = 4_000
"""Bytes a second, in each span of ``IDLE_SECONDS``, below which an upload is aborted.

Chosen by hand.
"""

UPLOAD_SECONDS = 3_600.0
"""Longest time of one upload. Chosen by hand."""

FILES_FACTOR = 5
"""Files in one form, in multiples of the limit: those beyond the limit are each refused with a
reason, a form with more than these as a whole."""


class UploadForm:
    """Receives the files of a multipart form; fields that are no files are ignored."""

    def __init__(self, boundary: bytes, files: IncomingFiles, sender: str) -> None:
        self.received: list[FileWriter] = []
        self.size = 0
        self._files = files
        self._sender = sender
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = bytearray(), bytearray()
        self._current: FileWriter | None = None
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
        """Process the next bytes of the form.

        Raises:
            MultipartParseError: They are no part of a form.
            NoRoom: The limits on incoming files are exceeded.
            OSError: A file cannot be written.
        """
        self.size += len(content)
        self._parser.write(content)

    def finish(self) -> None:
        """End the form.

        Raises:
            MultipartParseError: It is incomplete.
        """
        self._parser.finalize()
        if not self._has_ended:
            raise MultipartParseError("the form does not end")

    def abort(self) -> None:
        """Remove all files of the form."""
        for writer in [*self.received, *([self._current] if self._current else [])]:
            writer.abort()

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
        if len(self.received) >= FILES_FACTOR * self._files.limits.files:
            raise MultipartParseError("too many files")
        allowed = available_name(name.decode("utf-8", "replace"), set())
        self._current = self._files.create(allowed, self._sender)

    def _write(self, content: bytes, start: int, end: int) -> None:
        if self._current is not None:
            self._current.write(content[start:end])

    def _end_part(self) -> None:
        if self._current is not None:
            self._current.close()
            self.received.append(self._current)
            self._current = None

    def _end(self) -> None:
        self._has_ended = True


async def receive(request: Request, files: IncomingFiles) -> list[FileWriter]:
    """The files of a multipart form, written as they arrive, complete and claimable.

    Args:
        request: Whose body is the form.
        files: Where they are kept.

    Raises:
        Refused: It is no form, is too slow or exceeds a limit; nothing of it is kept.
    """
    media_type, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        raise Refused("wrong-media-type", "multipart/form-data required")
    await asyncio.to_thread(files.remove_expired)
    form = UploadForm(boundary, files, client_network(request.client))
    try:
        await _feed(request, form)
    except BaseException:  # Also of a cancelled task: nothing of the form is kept.
        form.abort()
        raise
    files.make_claimable([writer.token for writer in form.received])
    return form.received


async def _feed(request: Request, form: UploadForm) -> None:
    """Feed a request's body to a form.

    Raises:
        Refused: It is no form, is too slow or exceeds a limit.
    """
    began = monotonic()
    span_began, size_before = began, 0
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
            if now - span_began > IDLE_SECONDS:
                # Each span is measured by itself: a fast start does not allow a slow rest.
                if form.size - size_before < MIN_RATE * (now - span_began):
                    raise TimeoutError
                span_began, size_before = now, form.size
            if now - began > UPLOAD_SECONDS:
                raise TimeoutError
    except MultipartParseError as error:
        raise Refused("invalid-request", "Invalid form") from error
    except ClientDisconnect as error:
        raise Refused("invalid-request", "Upload interrupted") from error
    except NoRoom as error:
        raise Refused(
            "busy", "Too many concurrent uploads; try again later", RETRY_SECONDS
        ) from error
    except TimeoutError as error:
        raise Refused("too-slow", "Upload too slow") from error
    except OSError as error:
        raise Refused("no-room", f"Upload could not be stored ({error.strerror})") from error
