"""Feedback: users' ratings of answers and their notes, stored beside the index.

It is exported as questions for evaluation.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from embeddings.errors import ChapterAndVerseError, IndexDamaged, IndexNotWritable, Remedy
from embeddings.file_system import private_file
from embeddings.forking import undisturbed
from embeddings.index.database import checksum, damaged, sqlite_errors
from qa.library.receipts import without_passages
from qa.results import Answer

MAX_NOTE_CHARACTERS = 500
"""Characters stored of a note."""

MAX_ANSWER_CHARACTERS = 200_000
"""Longest JSON of an answer that is stored; most have a twentieth of it."""

MAX_SENDER_BYTES = 10_000_000
"""Bytes stored for one address, some 1,000 ratings."""

MAX_FILE_BYTES = 100_000_000
"""Of the whole file: whoever can reach a chat can rate any number of answers."""

_COLUMNS = ("key", "at", "liked", "note", "answer", "sender")
_TABLE = """
CREATE TABLE IF NOT EXISTS opinion (
    key TEXT PRIMARY KEY, at TEXT NOT NULL, liked INTEGER NOT NULL, note TEXT NOT NULL,
    answer TEXT NOT NULL, sender TEXT NOT NULL, checksum BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS opinion_sender ON opinion (sender)
"""


@dataclass(frozen=True, slots=True)
class FeedbackEntry:
    """A user's rating of an answer, with a note.

    Attributes:
        answer: With its citations.
        liked: Whether it was liked; else it was disliked.
        note: The reason, in the user's words; may be empty.
        at: When, ISO 8601, UTC.
    """

    answer: Answer
    liked: bool
    note: str
    at: str


class TooMuchFeedback(ChapterAndVerseError):
    """An answer or a sender exceeds what is stored."""


class FeedbackFull(IndexNotWritable):
    """The feedback file has reached its largest size."""

    subject = "The feedback"


class FeedbackDamaged(IndexDamaged):
    """The feedback file fails its checksums or SQLite's own checks."""

    subject = "The feedback"


class Feedback:
    """The feedback on answers from one index. Safe to use from several threads and processes.

    They lie in a file beside the index's folder, which may be deleted to index anew. A user
    who rates the same answer again replaces the rating before, note included.
    """

    def __init__(self, index: Path) -> None:
        index = index.absolute()
        self.path = index.with_name(f"{index.name}.feedback.sqlite")

    def put(self, answer: Answer, liked: bool, user: str, sender: str = "") -> str:
        """Store a rating; returns the key under which a note can be added to it.

        Args:
            answer: With its citations.
            liked: Whether it was liked; else it was disliked.
            user: Identifies the user; any string that a client chooses.
            sender: Where it comes from, such as an address; what is stored for one is limited.

        Raises:
            IndexNotWritable: No room or no permission.
            FeedbackFull: The file has reached its largest size.
            TooMuchFeedback: The answer is too long, or too much is stored for this sender.
        """
        stored, key = _serialise(answer, user)
        sender_hash = hashlib.sha256(sender.encode()).hexdigest()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if len(stored) > MAX_ANSWER_CHARACTERS:
            raise TooMuchFeedback("This answer is too long for its rating to be stored")
        with self._connection() as connection:
            self._check_room(connection)
            total = "SELECT coalesce(sum(length(answer) + length(note)), 0) FROM opinion"
            others = f"{total} WHERE sender = ? AND key <> ?"
            (used,) = connection.execute(others, (sender_hash, key)).fetchone()
            if used + len(stored) > MAX_SENDER_BYTES:
                raise TooMuchFeedback(
                    "So many ratings came from this address that no more are stored"
                )
            _put(connection, (key, now, int(liked), "", stored, sender_hash))
        return key

    def _check_room(self, connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        if (pages - free) * size > MAX_FILE_BYTES:
            raise FeedbackFull(
                f"holds {MAX_FILE_BYTES / 1e6:,.0f} MB", self.path, Remedy.EXPORT_FEEDBACK
            )

    def note(self, key: str, text: str) -> None:
        """Add a note to a rating.

        Raises:
            IndexNotWritable: No room or no permission.
        """
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM opinion WHERE key = ?", (key,)).fetchone()
            if row:
                self._verify(row)
                note = text.strip()[:MAX_NOTE_CHARACTERS]
                _put(connection, (key, row["at"], row["liked"], note, row["answer"], row["sender"]))

    def drop(self, answer: Answer, user: str) -> None:
        """Delete a rating with its note, if there is one.

        Raises:
            IndexNotWritable: No room or no permission.
        """
        _, key = _serialise(answer, user)
        with self._connection() as connection:
            connection.execute("DELETE FROM opinion WHERE key = ?", (key,))

    def entries(self) -> list[FeedbackEntry]:
        """All entries that can be read, in the order of their ratings.

        Those on answers of another version of this program cannot be read.

        Raises:
            FeedbackDamaged: A row fails its checksum.
        """
        if not self.path.is_file():
            return []
        with self._connection() as connection:
            rows = connection.execute("SELECT * FROM opinion ORDER BY at, key").fetchall()
            for row in rows:
                self._verify(row)
        entries: list[FeedbackEntry] = []
        for row in rows:
            try:
                answer = Answer.from_json(str(row["answer"]))
            except ValueError:
                continue
            entries.append(
                FeedbackEntry(answer, bool(row["liked"]), str(row["note"]), str(row["at"]))
            )
        return entries

    def _verify(self, row: sqlite3.Row) -> None:
        """Compare a row with its checksum.

        Raises:
            IndexDamaged: They differ.
        """
        if row["checksum"] != checksum(row[column] for column in _COLUMNS):
            raise damaged(self.path, f"fails its checksum in row {row['key']}")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # SQLite gives its journal the mode of the database, and reports why a file cannot be made.
        with suppress(OSError):
            private_file(self.path)
        try:
            with (
                undisturbed(),
                sqlite_errors(self.path),
                closing(sqlite3.connect(self.path, timeout=10)) as connection,
                connection,
            ):
                # A flipped bit can make text that is not UTF-8; the checksum then fails.
                connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
                connection.row_factory = sqlite3.Row
                connection.executescript(_TABLE)
                yield connection
        except IndexDamaged as error:
            raise FeedbackDamaged("is damaged", self.path, Remedy.MOVE_FEEDBACK) from error


def _serialise(answer: Answer, user: str) -> tuple[str, str]:
    """The JSON of an answer that is stored, and the key of a user's rating of it."""
    stored = replace(without_passages(answer), seconds={}).to_json()
    return stored, hashlib.sha256(f"{user} {stored}".encode()).hexdigest()


def _put(connection: sqlite3.Connection, values: Sequence[object]) -> None:
    """Store a row, given the values of its ``_COLUMNS``."""
    connection.execute(
        f"INSERT OR REPLACE INTO opinion ({', '.join(_COLUMNS)}, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*values, checksum(values)),
    )


def as_question(entry: FeedbackEntry) -> dict[str, object] | None:
    """The entry as a question of an evaluation file; none if it names no right answer.

    An answer that was liked is right, also one that the passages do not answer. One that was
    disliked only says that another is right. An answer of several sentences, or to several
    questions, cannot be compared with.
    """
    answer = entry.answer
    if not entry.liked:
        return None
    if answer.text is None:
        if not answer.hits:
            return None
        context, title, answers = answer.hits[0].text, answer.hits[0].title, []
    else:
        first = answer.citations[0]
        if answer.text != first.quote or answer.parts:
            return None
        context, title = first.passage, first.title
        answers = [{"text": first.quote, "start": first.start - first.passage_start}]
    key = hashlib.sha256(answer.to_json().encode()).hexdigest()[:12]
    return {
        "id": f"feedback-{key}",
        "question": answer.standalone_question,
        "context": context,
        "answers": answers,
        "title": title,
        "source": "feedback",
    }
