"""Messages: what the page says when an event could not be carried out."""

QUESTION_REFUSED = (
    "The question was not answered: the server is busy, or a chosen document is gone. Choose "
    "again, or ask again in a moment."
)

LIBRARY_UNCHANGED = (
    "The library was not changed: the server is busy, or a file is too large or of an unsupported "
    "format. Try again in a moment."
)

CONVERSATION_CHANGED = "The conversation changed while this question was waiting; ask it again."
