"""Events of the page pass; all others are refused, above all those that name a file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.web.events import EventKind, EventParser, RefusedEvent

KINDS = {
    0: EventKind(("text", "text", "text"), queued=True),
    1: EventKind(("text", "text"), queued=True),
    2: EventKind(("text", "state"), queued=True),
    3: EventKind((), queued=True),
    4: EventKind(("text",), queued=False),
}

SECRET = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}


def body(number: object, *data: object, **more: object) -> bytes:
    sent: dict[str, Any] = {
        "fn_index": number, "data": list(data), "session_hash": "abc", "trigger_id": 7,
    }  # fmt: skip
    return json.dumps(sent | more).encode()


def test_event_of_the_page_passes_as_it_is() -> None:
    sent = body(0, "Who?", "[]", None)
    event = EventParser(KINDS).parse(sent, queued=True)
    assert event.session == "abc" and json.loads(event.body) == json.loads(sent)


def test_what_no_event_reads_is_left_out() -> None:
    event = EventParser(KINDS).parse(body(3, event_data={"value": [SECRET]}), queued=True)
    assert json.loads(event.body) == json.loads(body(3))


def test_queued_event_cannot_be_sent_directly() -> None:
    events = EventParser(KINDS)
    assert events.parse(body(4, "x"), queued=False).session == "abc"
    for sent, queued in ((body(4, "x"), True), (body(3), False)):
        with pytest.raises(RefusedEvent, match="a known event on its own route"):
            events.parse(sent, queued=queued)


@pytest.mark.parametrize(
    "sent",
    [
        body(0, SECRET, "", []),
        body(0, "", "", [SECRET]),
        body(0, "", [], []),
        body(1, [SECRET], ""),
        body(1, SECRET, ""),
        body(1, ["/etc/hostname"], ""),
        body(1, [], SECRET),
        body(3, "too many"),
        body(0, "too few"),
        body(9),
        body(-1),
        body(True),
        body("0"),
        body(None),
        body(3.0),
        body(3, session_hash="../x"),
        body(3, session_hash=None),
        body(3, session_hash="x" * 65),
        body(3, trigger_id="x"),
        body(3, api_name="/search"),
        body(3, batched=True),
        b"[]",
        b"",
        b"\xff",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"data":' * 100_000,
        body(3, event_data=[{}] * 200_000),
        body(3).replace(b"7", b"NaN"),
    ],
)
def test_all_else_is_refused(sent: bytes) -> None:
    with pytest.raises(RefusedEvent, match="expected "):
        EventParser(KINDS).parse(sent, queued=True)


def test_state_is_what_the_server_keeps() -> None:
    event = EventParser(KINDS).parse(body(2, "note", SECRET), queued=True)
    assert json.loads(event.body)["data"] == ["note", None]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(SECRET),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("path"), inner),
    max_leaves=8,
)


@given(st.sampled_from([*KINDS, 7]), st.lists(VALUES, max_size=3), VALUES)
def test_no_file_of_a_client_ever_passes(
    number: int, data: list[object], event_data: object
) -> None:
    try:
        event = EventParser(KINDS).parse(body(number, *data, event_data=event_data), queued=True)
    except RefusedEvent:
        return
    assert b'"path":' not in event.body
