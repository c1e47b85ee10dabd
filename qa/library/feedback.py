"""Feedback: what readers say of answers, kept beside the index and exported for evaluation."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from embeddings.errors import ChapterAndVerseError, IndexDamaged, IndexNotWritable, Remedy
from embeddings.index.database import checksum, damaged, sqlite_errors
from embeddings.private_files import private_file
from qa.library.receipts import without_passages
from qa.results import Answer

MOST_NOTE = 500
"""Characters kept of a note."""

MOST_ANSWER = 200_000
"""Characters of an answer's JSON that is kept; most have a twentieth of it."""

MOST_OF_A_SENDER = 10_000_000
"""Bytes kept of what one address sends, some 1,000 opinions."""

MOST_BYTES = 100_000_000
"""Of the file in all: whoever can reach a chat can give any number of opinions."""

Row = tuple[object, ...]

_TABLE = """
CREATE TABLE IF NOT EXISTS opinion (
    key TEXT PRIMARY KEY, at TEXT NOT NULL, liked INTEGER NOT NULL, note TEXT NOT NULL,
    answer TEXT NOT NULL, sender TEXT NOT NULL, checksum BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS opinion_sender ON opinion (sender)
"""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a reader said of an answer.

    Attributes:
        answer: With its citations.
        liked: Whether it was liked; else it was disliked.
        note: Why, in the reader's words; empty if nothing was said.
        at: When, ISO 8601, UTC.
    """

    answer: Answer
    liked: bool
    note: str
    at: str


class TooMuchFeedback(ChapterAndVerseError):
    """So much has been said that nothing more is kept."""


class FeedbackFull(IndexNotWritable):
    """The file of opinions is as large as it may become."""

    subject = "The feedback"


class FeedbackDamaged(IndexDamaged):
    """The file of opinions fails its checksums or SQLite's own checks."""

    subject = "The feedback"


class Feedback:
    """The opinions on answers from one index. Safe to use from several threads and processes.

    They lie in a file beside the index's folder, which may be deleted to index anew. A reader
    who says something else of the same answer takes back what was said before, note included.
    """

    def __init__(self, index: Path) -> None:
        index = index.absolute()
        self.path = index.with_name(f"{index.name}.feedback.sqlite")

    def put(self, answer: Answer, liked: bool, reader: str, sender: str = "") -> str:
        """Keep an opinion; the key under which it can be noted on or taken back.

        Args:
            answer: With its citations.
            liked: Whether it was liked; else it was disliked.
            reader: Tells one reader's opinions from another's; a client names it as it likes.
            sender: From which they come, such as an address; what one sends is bounded.

        Raises:
            IndexNotWritable: No room or no permission.
            FeedbackFull: There is too much already.
            TooMuchFeedback: The answer is too long, or this sender has said too much.
        """
        kept, key = _kept(answer, reader)
        who = hashlib.sha256(sender.encode()).hexdigest()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if len(kept) > MOST_ANSWER:
            raise TooMuchFeedback("This answer is too long to keep an opinion of it")
        with self._connection() as connection:
            self._check_room(connection)
            said = "SELECT coalesce(sum(length(answer) + length(note)), 0) FROM opinion"
            others = f"{said} WHERE sender = ? AND key <> ?"
            (used,) = connection.execute(others, (who, key)).fetchone()
            if used + len(kept) > MOST_OF_A_SENDER:
                raise TooMuchFeedback("So many opinions came from here that no more are kept")
            _put(connection, (key, now, int(liked), "", kept, who))
        return key

    def _check_room(self, connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        if (pages - free) * size > MOST_BYTES:
            raise FeedbackFull(
                f"holds {MOST_BYTES / 1e6:,.0f} MB", self.path, Remedy.EXPORT_FEEDBACK
            )

    def note(self, key: str, text: str) -> None:
        """Add the reason to an opinion.

        Raises:
            IndexNotWritable: No room or no permission.
        """
        with self._connection() as connection:
            found = connection.execute("SELECT * FROM opinion WHERE key = ?", (key,)).fetchone()
            if found:
                same, at, liked, _, answer, sender = self._verified(found)
                _put(connection, (same, at, liked, text.strip()[:MOST_NOTE], answer, sender))

    def drop(self, answer: Answer, reader: str) -> None:
        """Take an opinion back, if there is one.

        Raises:
            IndexNotWritable: No room or no permission.
        """
        _, key = _kept(answer, reader)
        with self._connection() as connection:
            connection.execute("DELETE FROM opinion WHERE key = ?", (key,))

    def opinions(self) -> list[Opinion]:
        """All opinions that can be read, in the order in which they were given.

        Those on answers of another version of this program cannot.

        Raises:
            FeedbackDamaged: They are not what was stored.
        """
        if not self.path.is_file():
            return []
        with self._connection() as connection:
            rows = connection.execute("SELECT * FROM opinion ORDER BY at, key").fetchall()
            verified = [self._verified(row) for row in rows]
        found: list[Opinion] = []
        for _, at, liked, note, answer, _ in verified:
            try:
                given = Answer.from_json(str(answer))
            except ValueError:
                continue
            found.append(Opinion(given, bool(liked), str(note), str(at)))
        return found

    def _verified(self, row: Row) -> Row:
        *values, stored = row
        if stored != checksum(values):
            raise damaged(self.path, f"fails its checksum in row {values[0]}")
        return tuple(values)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # SQLite gives its journal the mode of the database. Why it cannot be made, SQLite says.
        with suppress(OSError):
            private_file(self.path)
        try:
            with (
                sqlite_errors(self.path),
                closing(sqlite3.connect(self.path, timeout=10)) as connection,
                connection,
            ):
                # A flipped bit can make text that is no UTF-8; the checksum then tells of it.
                connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
                connection.executescript(_TABLE)
                yield connection
        except IndexDamaged as error:
            raise FeedbackDamaged("is damaged", self.path, Remedy.MOVE_FEEDBACK) from error


def _kept(answer: Answer, reader: str) -> tuple[str, str]:
    """What is kept of an answer, as JSON, and the key of a reader's opinion of it."""
    kept = replace(without_passages(answer), seconds={}).to_json()
    return kept, hashlib.sha256(f"{reader} {kept}".encode()).hexdigest()


def _put(connection: sqlite3.Connection, values: Row) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO opinion VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, checksum(values))
    )


def as_question(opinion: Opinion) -> dict[str, object] | None:
    """The opinion as a question of an evaluation file; none if it tells of no right answer.

    What was liked is right: an answer where it stands, or that its passages do not answer. What
    was disliked says only that something else is right. An answer of several sentences, or to
    several questions, is none that an evaluation could compare with.
    """
    answer = opinion.answer
    if not opinion.liked:
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
