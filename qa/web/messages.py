"""Messages: what the page says when something was done, is being done or was not done."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """What the page says of a change of the library.

    Attributes:
        sentence: For the user.
        state: Whether it goes on, has succeeded or has failed.
    """

    sentence: str
    state: Literal["going on", "done", "failed"] = "going on"


QUESTION_REFUSED = (
    "The question was not answered: the server is busy, or a chosen document is gone. Choose "
    "again, or ask again in a moment."
)

LIBRARY_UNCHANGED = (
    "The library was not changed: other changes are under way. Try again in a moment."
)

FILES_NOT_RECEIVED = "The files did not arrive whole, or waited too long; add them again."

NOTHING_CHOSEN = "No document is ticked to be asked; tick at least one."

CONVERSATION_CHANGED = "The conversation changed while this question was waiting; ask it again."

INTERNAL_ERROR = "Something went wrong on the server; the question was not answered. Ask again."

CHOICE_REMOVED = "What you chose to answer from is not in the library any more; choose again."

TOO_MANY_WORDS = "The question has too many words to be read whole; ask it in fewer."

FEEDBACK_NOT_STORED = "Your feedback could not be stored; see the server's log."

FOLDER_NOT_INDEXED = "The folder was not indexed: something went wrong; see the server's log."
