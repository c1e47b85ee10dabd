"""Error messages: what people are told of an error, without where things lie on the disk."""

from embeddings.errors import ChapterAndVerseError, Remedy

_REMEDIES = {
    Remedy.DELETE_INDEX: "It has to be deleted and made again; the documents are not touched.",
    Remedy.DELETE_CONVERTED: "The server's log names the folder to delete.",
    Remedy.MOVE_FEEDBACK: "The server's log names the file to move away.",
    Remedy.EXPORT_FEEDBACK: "The server's log names the file to move away.",
    Remedy.RESTORE_KEYS: "The server's log names the file to put back.",
    Remedy.CHECK_ISSUER: "Try again in a moment.",
    Remedy.START_AGAIN: "The server has to be started again.",
    Remedy.WAIT: "Try again once it has finished.",
}


def error_message(error: ChapterAndVerseError) -> str:
    """What is wrong and what to do about it, without any place on the disk."""
    if error.remedy is None:
        return f"{error.summary}."
    return f"{error.summary}. {_REMEDIES.get(error.remedy, error.remedy)}"
