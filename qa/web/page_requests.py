"""Page requests: what the page's script asks of the server, parsed from JSON.

They are texts of Gradio's events, and a client can send anything in their place.
"""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints, TypeAdapter

from qa.library.limit import MAX_LIMIT_CHARACTERS
from qa.web.stored_turns import MAX_STORED_CHARACTERS, TurnId

MAX_REQUEST_CHARACTERS = 2 * MAX_STORED_CHARACTERS
"""Of a request: a conversation, as JSON within JSON, and little else."""

_Text = Annotated[str, StringConstraints(max_length=20_000)]
Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class AskRequest:
    """A question that is to be answered.

    Attributes:
        id: Of its turn.
        question: As typed.
        standalone: What is to be answered in its place, if the user corrected it.
        within: What it is limited to, for ``Chat.parse_within``.
        turns: The conversation before it, for ``parse_turns``.
    """

    id: TurnId
    question: _Text
    standalone: _Text | None
    within: Annotated[str, StringConstraints(max_length=MAX_LIMIT_CHARACTERS)]
    turns: str


@dataclass(frozen=True, slots=True)
class ShowRequest:
    """A conversation that is to be shown.

    Attributes:
        abandoned: Ids of turns for whose answers the page does not wait any more.
        turns: For ``parse_turns``.
    """

    abandoned: Annotated[list[TurnId], Field(max_length=100)]
    turns: str


@dataclass(frozen=True, slots=True)
class RateRequest:
    """A rating of an answer.

    Attributes:
        liked: None to withdraw the rating.
        turns: The turn, for ``parse_turns``.
    """

    liked: bool | None
    turns: str


def parse_request(kind: type[Request], text: object) -> Request | None:
    """The request in the JSON; none if it is not such a request."""
    if not isinstance(text, str) or len(text) > MAX_REQUEST_CHARACTERS:
        return None
    try:
        request: Request = _ADAPTERS[kind].validate_json(text)
    except ValueError:
        return None
    return request


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    kind: TypeAdapter(kind) for kind in (AskRequest, ShowRequest, RateRequest)
}
