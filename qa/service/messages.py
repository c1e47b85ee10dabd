"""Messages: what people are told of what was done, is being done or was not done."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said of a change of the library.

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

INDEXING_GOES_ON = "Indexing …"

SOME_UNREAD = "Not all files may be in yet."

MAY_NOT_WRITE = "Your key allows no change of this."

NOT_ANSWERED = "This question was not answered; ask it again."

NOT_AVAILABLE = "This answer is from documents that your key does not reach; it is not shown."

FILES_NOT_RECEIVED = "The files did not arrive whole, or waited too long; add them again."

NOTHING_CHOSEN = "No document is ticked to be asked; tick at least one."

INTERNAL_ERROR = "Something went wrong on the server; the question was not answered. Ask again."

EACH_GOES_ON = "The documents are still being asked: wait until all were, or press Stop."

EACH_NOT_BEGUN = "Stopped before any document was asked."

CHOICE_REMOVED = "What you chose to answer from is not in the library any more; choose again."

TOO_MANY_WORDS = "The question has too many words to be read whole; ask it in fewer."

FEEDBACK_NOT_STORED = "Your feedback could not be stored; see the server's log."

FOLDER_NOT_INDEXED = "The folder was not indexed: something went wrong; see the server's log."

FOLDER_EMPTIED = (
    "holds no file that could be read now; answers come from what was read of it before."
)
"""Its name stands before."""

NO_DOCUMENTS = "There is nothing to answer from: the library holds no documents yet."

NO_RECEIPT = (
    "This is no receipt: expected an answer as JSON, or a list of them, such as “Save this "
    "conversation” writes."
)

RECEIPT_TOO_LARGE = "This is too large to be a receipt of a conversation; nothing was checked."

RECEIPT_WITHOUT_QUOTES = "This receipt quotes nothing, so there is nothing to check."

RECEIPT_NOT_CHECKED = "The receipt was not checked: something went wrong; see the server's log."

RECEIPT_REFUSED = "The receipt was not checked: the server is busy, or the file is too large."

NOT_GIVEN_HERE = "This answer was not given by this server; ask again."

NOTHING_THERE = (
    "Nothing is indexed there. A path begins with the name of a folder of the library: see the "
    "list of documents."
)

INDEX_DAMAGED = "The index is damaged; the server's log says how, and what to do."

INTERNAL_ERROR_SENTENCE = "Something went wrong on the server; its log says what."
