"""Stored turns: a conversation as JSON, as the user's browser stores it.

A browser can send anything in its place, so its size is checked before it is parsed.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter
from pydantic_core import from_json

from qa.results import Answer
from qa.web.html.page import RenderedTurn

MAX_TURNS = 30
"""Turns of a conversation that are shown and read, some 10 KB each."""

MAX_STORED_CHARACTERS = 1_000_000
"""Characters of a conversation's JSON."""

MAX_STORED_OBJECTS = 20_000
"""Citations, candidates and passages in it; thirty turns have some two thousand."""

TurnId = Annotated[str, StringConstraints(pattern=r"^[0-9a-z-]{1,64}$")]
"""How a browser names a turn; part of the page's HTML."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn as a browser stores it.

    Attributes:
        id: Of the turn, from the browser.
        question: As typed.
        answer: None where the question was not answered.
        signature: Shows that this program gave the answer.
    """

    id: TurnId
    question: Annotated[str, StringConstraints(max_length=10_000)]
    answer: Answer | None
    signature: str


def serialize_turn(turn: RenderedTurn) -> str:
    """The turn as JSON; ``parse_turns`` takes a list of them."""
    stored = StoredTurn(turn.id, turn.question, turn.answer, turn.signature)
    return _adapter().dump_json([stored])[1:-1].decode()


def parse_turns(stored: object) -> list[StoredTurn]:
    """The last turns of a stored conversation; those of another version are left out.

    Args:
        stored: JSON of a list of turns.
    """
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
