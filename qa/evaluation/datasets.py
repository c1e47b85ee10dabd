"""Datasets: questions with known answers, to train, calibrate and evaluate on.

Two formats are read: JSON lines (plain or gzip), one object a line with ``question``,
``context``, ``answers`` (each ``{"text", "start"}``; none if the context does not answer)
and, if known, ``id``, ``title`` and ``source``; and the JSON of SQuAD 1.1 and 2.0.
"""

import gzip
import json
import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Gold:
    """A right answer: ``context[start:end] == text``."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a data set.

    Attributes:
        id: From the data set; the file and the line number if it has none.
        text: The question.
        context: The paragraph that it was asked of.
        title: Of the paragraph's article; empty if it is not known.
        answers: Right answers, with offsets into the context; empty if it has none.
        source: Part of the data set; empty if it is not known.
    """

    id: str
    text: str
    context: str
    title: str
    answers: tuple[Gold, ...]
    source: str = ""

    @property
    def misaligned(self) -> Gold | None:
        """The first answer whose text is not at its offset in the context; none if all are."""
        for gold in self.answers:
            if not gold.text or self.context[gold.start : gold.end] != gold.text:
                return gold
        return None


def load_questions(path: Path) -> list[Question]:
    """The questions in a file of JSON lines or in SQuAD's JSON.

    Raises:
        ValueError: Something in it is not a question; the message names the place.
        OSError: The file cannot be read.
    """
    open_file = gzip.open if path.suffix == ".gz" else open
    try:
        with open_file(path, "rt", encoding="utf-8") as lines:
            if path.name.removesuffix(".gz").endswith(".json"):
                rows: Iterator[tuple[str, Any]] = _squad_rows(path, lines.read())
            else:
                rows = ((f"line {number}", line) for number, line in enumerate(lines, start=1))
            return [_question(path, place, row) for place, row in rows]
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise ValueError(
            f"expected questions in UTF-8, plain or gzip, in {path}, got a damaged file or "
            f"another kind of file ({error}); fetch it again"
        ) from error


def _squad_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        articles = json.loads(text)["data"]
        for article in articles:
            for paragraph in article["paragraphs"]:
                for entry in paragraph["qas"]:
                    answers = [
                        {"text": answer["text"], "start": answer["answer_start"]}
                        for answer in entry["answers"]
                    ]
                    yield (
                        f"question {entry['id']}",
                        {
                            "id": entry["id"],
                            "question": entry["question"],
                            "context": paragraph["context"],
                            "title": article.get("title", ""),
                            "answers": answers,
                        },
                    )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"expected SQuAD's JSON (data, paragraphs, qas) in {path}, got something else "
            f"({type(error).__name__}: {error}); name a file of JSON lines .jsonl"
        ) from error


def _question(path: Path, place: str, row: str | Mapping[str, Any]) -> Question:
    try:
        fields = json.loads(row) if isinstance(row, str) else row
        answers = tuple(
            Gold(str(field["text"]), int(field["start"])) for field in fields["answers"]
        )
        text, context = fields["question"], fields["context"]
        if not (isinstance(text, str) and isinstance(context, str)):
            raise TypeError("question and context are text")
        id, title = fields.get("id") or f"{path.name}, {place}", fields.get("title") or ""
        source = str(fields.get("source") or "")
        return Question(str(id), text, context, str(title).replace("_", " "), answers, source)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"expected a question with context and answers in {place} of {path}, "
            f"got {str(row)[:60]!r} ({type(error).__name__}: {error})"
        ) from error


def sample(questions: Sequence[Question], count: int, seed: int = 0) -> list[Question]:
    """That many of the questions, the same ones for the same seed; all if there are fewer."""
    if count >= len(questions):
        return list(questions)
    return random.Random(seed).sample(list(questions), count)
