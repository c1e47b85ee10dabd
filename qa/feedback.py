"""Feedback: what readers say of answers, kept beside the index and exported for evaluation."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from embeddings.database import explained
from embeddings.errors import IndexDamaged
from qa.answer import Answer
from qa.receipts import without_passages

FILE = "feedback.sqlite"
"""In the folder of the index."""

MOST_NOTE = 2_000
"""Characters kept of a note."""

_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    key TEXT PRIMARY KEY, at TEXT NOT NULL, liked INTEGER NOT NULL, note TEXT NOT NULL,
    answer TEXT NOT NULL
)
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


class Feedback:
    """The opinions in one file. Safe to use from several threads and processes.

    Saying something else of the same answer takes the place of what was said before.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def put(self, answer: Answer, liked: bool) -> str:
        """Keep an opinion; the key under which a note can be added.

        Raises:
            IndexNotWritable: No room or no permission.
        """
        kept = replace(without_passages(answer), seconds={}).to_json()
        key = hashlib.sha256(kept.encode()).hexdigest()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO feedback VALUES (?, ?, ?, '', ?) "
                "ON CONFLICT (key) DO UPDATE SET at = excluded.at, liked = excluded.liked",
                (key, now, liked, kept),
            )
        return key

    def note(self, key: str, text: str) -> None:
        """Add the reason to an opinion.

        Raises:
            IndexNotWritable: No room or no permission.
        """
        with self._connection() as connection:
            connection.execute(
                "UPDATE feedback SET note = ? WHERE key = ?", (text.strip()[:MOST_NOTE], key)
            )

    def opinions(self) -> list[Opinion]:
        """All opinions, in the order in which they were given."""
        if not self.path.is_file():
            return []
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT answer, liked, note, at FROM feedback ORDER BY at, key"
            ).fetchall()
        return [
            Opinion(Answer.from_json(answer), bool(liked), note, at)
            for answer, liked, note, at in rows
        ]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with (
                explained(self.path),
                closing(sqlite3.connect(self.path, timeout=10)) as connection,
                connection,
            ):
                connection.execute(_TABLE)
                yield connection
        except IndexDamaged as error:
            raise IndexDamaged(
                f"The feedback in {self.path} is damaged; move that file away to begin a new one."
            ) from error


def as_question(opinion: Opinion) -> dict[str, object] | None:
    """The opinion as a question of an evaluation file; none if it tells of no right answer.

    An answer that was liked is right where it stands. One that was disliked is none: its passage
    does not answer. Of "the documents do not say" only the liked one tells something.
    """
    answer = opinion.answer
    if answer.text is None and not opinion.liked:
        return None
    if answer.citations:
        first = answer.citations[0]
        context, title = first.passage, first.title
        answers = [
            {"text": one.quote, "start": one.start - one.passage_start}
            for one in answer.citations
            if opinion.liked and (one.path, one.passage_start) == (first.path, first.passage_start)
        ]
    elif answer.hits:
        context, title, answers = answer.hits[0].text, answer.hits[0].title, []
    else:
        return None
    key = hashlib.sha256(answer.to_json().encode()).hexdigest()[:12]
    return {
        "id": f"feedback-{key}",
        "question": answer.question,
        "context": context,
        "answers": answers,
        "title": title,
        "source": "feedback",
        "liked": opinion.liked,
        "note": opinion.note,
        "at": opinion.at,
    }
