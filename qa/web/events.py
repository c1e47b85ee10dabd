"""Events: what the page may ask of the server, checked before Gradio sees it.

Gradio takes any value for any input, and whatever looks like a file of its own it looks up on
the disk, in whichever input it stands. What the page itself sends is little and known: so all
else is refused, and a file can only be one that was received from a client just before.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import from_json

from qa.web.incoming import Incoming

Input = Literal["text", "texts", "state", "files"]
"""What an input holds: a text or none, texts, what the server keeps, or files received."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """An event that the page has.

    Attributes:
        inputs: What each of its inputs holds.
        queued: Whether it waits for its turn; else it is done at once.
        of_message: Whether it is about a message, which its data names.
    """

    inputs: tuple[Input, ...]
    queued: bool
    of_message: bool = False


MOST_DEPTH = 4
"""Of lists and objects in what is told of an event: a message is told by its place and text."""

MOST_BRACKETS = 200_000
"""Lists and objects in a body, each of which takes far more memory than its two bytes."""

_KEYS = {"data", "event_data", "fn_index", "trigger_id", "session_hash"}
_SESSION = re.compile(r"[0-9A-Za-z]{1,64}")
_FILE_KEYS = {"path", "meta", "url"}


class RefusedEvent(ValueError):
    """An event that the page does not send; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the page sends it.

    Attributes:
        session: Of the page, as its client named it.
        body: To hand to Gradio, in which files are those that were received.
    """

    session: str
    body: bytes


class Events:
    """The events of one page."""

    def __init__(self, kinds: Mapping[int, EventKind], incoming: Incoming | None = None) -> None:
        """The events.

        Args:
            kinds: By the event's number.
            incoming: Files received; without it no event takes any.
        """
        self.kinds = kinds
        self.incoming = incoming

    def parse(self, body: bytes, queued: bool) -> Event:
        """The event in a request's body.

        Args:
            body: Of the request.
            queued: Whether it is to wait for its turn. Done at once, one that should wait would
                pass by all that wait for theirs.

        Raises:
            RefusedEvent: The page sends no such event.
        """
        if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
            raise RefusedEvent("expected fewer values")
        try:
            sent = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise RefusedEvent("expected an event as JSON") from error
        if not isinstance(sent, dict) or not sent.keys() <= _KEYS:
            raise RefusedEvent("expected an event of the page")
        number, data = sent.get("fn_index"), sent.get("data")
        kind = self.kinds.get(number) if type(number) is int else None
        if kind is None or kind.queued is not queued:
            raise RefusedEvent("expected an event that the page has")
        inputs = kind.inputs
        if not isinstance(data, list) or len(data) != len(inputs):
            raise RefusedEvent(f"expected {len(inputs)} inputs")
        trigger, session = sent.get("trigger_id"), sent.get("session_hash")
        if not (trigger is None or type(trigger) is int):
            raise RefusedEvent("expected the number of a component")
        if not isinstance(session, str) or not _SESSION.fullmatch(session):
            raise RefusedEvent("expected a session's name of letters and digits")
        told = sent.get("event_data")
        if not _is_plain(told) or (kind.of_message and not _names_a_message(told)):
            raise RefusedEvent("expected plain values of an event")
        checked = {
            "data": [self._checked(*pair) for pair in zip(inputs, data, strict=True)],
            "event_data": told,
            "fn_index": number,
            "trigger_id": trigger,
            "session_hash": session,
        }
        return Event(session, json.dumps(checked).encode())

    def _checked(self, kind: Input, value: object) -> object:
        """The value of an input, if it may hold it."""
        if kind == "state":
            return None
        if kind == "files":
            return self._files(value)
        if kind == "text" and (value is None or isinstance(value, str)):
            return value
        if kind == "texts" and _are_texts(value):
            return value
        raise RefusedEvent(f"expected {kind} in an input")

    def _files(self, value: object) -> list[dict[str, Any]]:
        if value is None:
            return []
        if not isinstance(value, list) or self.incoming is None:
            raise RefusedEvent("expected files that were uploaded")
        files = []
        for each in value:
            token = each.get("path") if isinstance(each, dict) else None
            path = self.incoming.ask_for(token) if isinstance(token, str) else None
            if path is None:
                raise RefusedEvent("expected a file that was uploaded just before")
            meta = {"_type": "gradio.FileData"}
            files.append({"path": str(path), "orig_name": path.name, "meta": meta})
        return files


def _names_a_message(told: object) -> bool:
    """Whether what is told of an event has the place of a message, one number or two."""
    if not isinstance(told, dict):
        return False
    index = told.get("index")
    places = index if isinstance(index, list) else [index]
    return 0 < len(places) < 3 and all(type(each) is int and 0 <= each < 10_000 for each in places)


def _are_texts(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def _is_plain(value: object, depth: int = 0) -> bool:
    """Whether a value holds no file and is not nested deeply."""
    if isinstance(value, dict):
        inside = list(value.values())
        if value.keys() & _FILE_KEYS:
            return False
    elif isinstance(value, list):
        inside = value
    else:
        return True
    return depth < MOST_DEPTH and all(_is_plain(each, depth + 1) for each in inside)
