"""Stored turns: a conversation as JSON, as the user's browser stores it.

A browser can send anything in its place, so its size is checked before it is parsed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter
from pydantic_core import from_json

from qa.results import Answer
from qa.web.html.page import RenderedTurn

MAX_TURNS = 30
"""Turns stored of a conversation, some 10 KB each."""

MAX_STORED_CHARACTERS = 1_000_000
"""Characters of a conversation's JSON; of a longer one the first turns are left out."""

MAX_STORED_OBJECTS = 20_000
"""Citations, candidates and passages in it; thirty turns have some two thousand."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as a browser stores it; the signature shows that this program gave the answer."""

    answer: Answer
    signature: str


def serialize_turns(turns: Sequence[RenderedTurn]) -> str:
    """The conversation as JSON, for ``parse_turns``; turns without an answer are left out."""
    rows: list[bytes] = []
    room = MAX_STORED_CHARACTERS
    for turn in reversed(turns):
        if turn.answer is None:
            continue
        row = _adapter().dump_json([StoredTurn(turn.answer, turn.signature)])[1:-1]
        room -= len(row) + 1
        if room < 0:
            break
        rows.insert(0, row)
    return f"[{b','.join(rows).decode()}]"


def parse_turns(stored: object) -> list[StoredTurn]:
    """The last turns of a stored conversation; those of another version are left out."""
    if (
        not isinstance(stored, str)
        or len(stored) > MAX_STORED_CHARACTERS
        or stored.count("{") > MAX_STORED_OBJECTS
    ):
        return []
    try:
        rows = from_json(stored, allow_inf_nan=False)
    except ValueError:  # Also for JSON that is nested too deeply.
        return []
    turns: list[StoredTurn] = []
    for row in rows[-MAX_TURNS:] if isinstance(rows, list) else []:
        try:
            (turn,) = _adapter().validate_python([row])
        except ValueError:
            continue
        turns.append(turn)
    return turns


@cache
def _adapter() -> TypeAdapter[list[StoredTurn]]:
    return TypeAdapter(list[StoredTurn])
