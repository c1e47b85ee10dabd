"""Events: what the page sends to the server, checked before Gradio sees it.

Gradio accepts any value for any input, and a value that looks like one of its files it opens from
the disk, in any input. The page itself sends texts: all other values are refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic_core import from_json

Input = Literal["text", "state"]
"""What an input holds: a text or None, or state of the server."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event that the page has.

    Attributes:
        inputs: What each of its inputs holds.
        queued: Whether it goes through the queue; otherwise it is processed at once.
    """

    inputs: tuple[Input, ...]
    queued: bool


MAX_CONTAINERS = 200_000
"""Lists and objects in a body; each uses far more memory than its two bytes of JSON.

Those within the stored conversation, which is sent as a text, count, too. Chosen by hand.
"""

_KEYS = {"data", "event_data", "fn_index", "trigger_id", "session_hash"}
_SESSION = re.compile(r"[0-9A-Za-z]{1,64}")


class RefusedEvent(ValueError):
    """An event that the page never sends; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the page sends it.

    Attributes:
        session: Of the page, as the client named it.
        body: JSON for Gradio, without files. No event of the page reads ``event_data``, which is
            left out.
    """

    session: str
    body: bytes


class EventParser:
    """Parses and checks the events of one page.

    Args:
        kinds: By the event's number.
    """

    def __init__(self, kinds: Mapping[int, EventKind]) -> None:
        self.kinds = kinds

    def parse(self, body: bytes, queued: bool) -> Event:
        """The event in a request's body.

        Args:
            body: Of the request.
            queued: Whether it was sent to the queue. A queued event that was processed directly
                would overtake all others.

        Raises:
            RefusedEvent: The page never sends such an event.
        """
        if body.count(b"[") + body.count(b"{") > MAX_CONTAINERS:
            raise RefusedEvent("expected fewer lists and objects")
        try:
            sent = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise RefusedEvent("expected an event as JSON") from error
        if not isinstance(sent, dict) or not sent.keys() <= _KEYS:
            raise RefusedEvent("expected an object with the keys of an event")
        number, data = sent.get("fn_index"), sent.get("data")
        kind = self.kinds.get(number) if type(number) is int else None
        if kind is None or kind.queued is not queued:
            raise RefusedEvent("expected a known event on its own route")
        inputs = kind.inputs
        if not isinstance(data, list) or len(data) != len(inputs):
            raise RefusedEvent(f"expected {len(inputs)} inputs")
        trigger, session = sent.get("trigger_id"), sent.get("session_hash")
        if not (trigger is None or type(trigger) is int):
            raise RefusedEvent("expected an integer as trigger_id")
        if not isinstance(session, str) or not _SESSION.fullmatch(session):
            raise RefusedEvent("expected 1 to 64 letters and digits as session_hash")
        checked = {
            "data": [_check_input(*pair) for pair in zip(inputs, data, strict=True)],
            "fn_index": number,
            "trigger_id": trigger,
            "session_hash": session,
        }
        return Event(session, json.dumps(checked).encode())


def _check_input(kind: Input, value: object) -> str | None:
    """The value for an input, if it is of the input's kind."""
    if kind == "state":
        return None
    if value is None or isinstance(value, str):
        return value
    raise RefusedEvent(f"expected {kind} in an input")
