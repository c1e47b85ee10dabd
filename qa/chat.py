"""Chat: what a page of questions and answers needs, whatever shows it."""

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from embeddings.errors import ChapterAndVerseError
from embeddings.index import Index
from qa.answering import QuestionAnswerer
from qa.document_page import document_page, parse_quotes, problem_page
from qa.examples import in_turn, questions_of
from qa.feedback import Feedback
from qa.page import Turn, answer_turn, problem_turn, waiting_turn
from qa.receipts import as_json, parse_receipt, without_passages

MOST_TURNS = 30
"""Turns kept of a conversation; their sources take about 10 KB each."""

EXAMPLES = 4
"""Example questions shown."""

ALIKE = 2
"""Of them, at most so many of one kind."""

SURE = 0.8
"""Confidence from which an answered question is a good example."""

DOCUMENTS_ASKED = 50
"""Documents that are looked through for examples."""

QUESTIONS_TRIED = 16
"""Questions asked to find them, at half a second each."""

WENT_WRONG = "Something went wrong on the server; the question was not answered. Ask again."

NOTHING_THERE = "What you chose to answer from is not in the library any more; choose again."

NOT_KEPT = "Your opinion could not be kept; the server's log says why."

_log = logging.getLogger("chapter-and-verse")


class Chat:
    """Replies to questions; never raises, so that no page waits for a reply in vain.

    The models are loaded in the background from ``warm_up`` on; a question asked before they
    are there waits for them.
    """

    def __init__(
        self,
        answerer: QuestionAnswerer,
        folder: Path,
    ) -> None:
        assert isinstance(answerer.index, Index)
        self.answerer = answerer
        self.index = answerer.index
        self.folder = folder
        self.titles, self.paths = _documents(answerer, self.index)
        self.feedback = Feedback(self.index.folder)
        self._examples: list[str] = []
        self._warming = threading.Thread(target=self._warm_up, daemon=True)
        self._asking = threading.Thread(target=self._find_examples, daemon=True)

    def warm_up(self) -> None:
        """Begin to load the models, then to look for example questions."""
        self._warming.start()
        self._asking.start()

    def _warm_up(self) -> None:
        try:
            self.answerer.warm_up()
        except Exception:  # The first question tells it to the one who asks.
            _log.exception("The models could not be loaded.")

    def examples(self) -> list[str]:
        """Questions that the documents answer surely; waits until they are found."""
        self._asking.join()
        return self._examples

    def _find_examples(self) -> None:
        self._warming.join()
        found: dict[str, object] = {}
        try:
            documents = filter(None, map(self.index.document, self.paths[:DOCUMENTS_ASKED]))
            asked = in_turn([questions_of(document.text) for _, document in documents])
            for question in islice(asked, QUESTIONS_TRIED):
                kind = question.partition(" ")[0], question.endswith("stand for?")
                if list(found.values()).count(kind) == ALIKE:
                    continue
                answer = self.answerer.answer(question)
                if answer.text is not None and answer.confidence >= SURE:
                    found[question] = kind
                if len(found) == EXAMPLES:
                    break
        except Exception:  # A chat without examples is still a chat.
            _log.exception("No example questions could be made.")
        self._examples = list(found)

    @property
    def places(self) -> list[str]:
        """Library paths to which an answer can be limited: folders, each with what is in it."""
        folders = {path[:at] for path in self.paths for at in range(len(path)) if path[at] == "/"}
        return sorted([*self.paths, *(folders - {path.partition("/")[0] for path in self.paths})])

    def objection(self, question: str) -> str:
        """Why this is no question to be answered, as a sentence; empty if it is one."""
        length, most = len(" ".join(question.split())), self.answerer.settings.question_characters
        if length == 0:
            return "Type a question first."
        if length > most:
            return f"The question has {length:,} characters, {most:,} at most are read; shorten it."
        return ""

    def replies(self, number: int, question: str, within: Sequence[str] = ()) -> Iterator[Turn]:
        """The turn for a question as it comes about; the last one is the reply, whatever happens.

        Args:
            number: Of the turn.
            question: As asked.
            within: Library paths of documents or folders to answer from; all if empty.
        """
        yield waiting_turn(number, question, "Searching the documents …")
        try:
            self._warming.join()
            hits = self.answerer.search(question, within)
            count = "1 passage" if len(hits) == 1 else f"{len(hits)} passages"
            yield waiting_turn(number, question, f"Reading {count} …", hits)
            yield answer_turn(number, self.answerer.answer(question, within))
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            yield problem_turn(number, question, self._without_places(str(error)))
        except ValueError as error:
            _log.error("%s", error)
            yield problem_turn(number, question, NOTHING_THERE if within else WENT_WRONG)
        except Exception:  # The last boundary: an exception would leave the page waiting.
            _log.exception("A question was not answered.")
            yield problem_turn(number, question, WENT_WRONG)

    def like(self, turn: Turn, liked: bool) -> tuple[str, str]:
        """Keep what a reader said of a turn: the key for a note, and a sentence for the reader.

        The key is empty if there was nothing to keep, or no place for it.
        """
        if turn.answer is None:
            return "", "There was no answer to this question."
        try:
            return self.feedback.put(turn.answer, liked), ""
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return "", NOT_KEPT

    def note(self, key: str, text: str) -> str:
        """Add a note to what was said; a sentence for the reader."""
        try:
            self.feedback.note(key, text)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return NOT_KEPT
        return ""

    def restored(self, kept: object) -> tuple[Turn, ...]:
        """The conversation that a browser kept; empty if it kept something else.

        Documents that have changed since, or are gone, are named so.
        """
        if not isinstance(kept, str):
            return ()
        try:
            answers = parse_receipt(kept)[-MOST_TURNS:]
            now = self.index.digests()
        except (ValueError, ChapterAndVerseError):
            return ()
        return tuple(
            answer_turn(
                number,
                answer,
                {one.path for one in answer.citations if now.get(one.path) != one.sha256},
            )
            for number, answer in enumerate(answers, start=1)
        )

    def document(
        self, path: str, sha256: str, quotes: Sequence[str], part: int | None
    ) -> tuple[int, str]:
        """A document as a page, or why there is none, with the HTTP status."""
        try:
            inside = any(path.startswith(f"{name}/") for name in self.answerer.within)
            found = self.index.document(path) if inside else None
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return 500, problem_page(self._without_places(str(error)))
        if found is None:
            return 404, problem_page(f"There is no document at {path} any more.")
        facts, document = found
        changed = sha256 not in ("", facts.sha256)
        marked = parse_quotes(quotes, document)
        return 200, document_page(path, facts.sha256, document, marked, part, changed)

    def _without_places(self, message: str) -> str:
        """The message with the names of folders and files, but not where they lie."""
        settings = self.answerer.settings
        for place in (
            settings.index,
            Path(settings.encoder),
            Path(settings.reader),
            self.folder,
        ):
            message = message.replace(str(place), place.name)
        return re.sub(r"(?<![\w.:/])/(?:[^\s/]+/)+", "", message)


def kept(turns: Sequence[Turn]) -> str:
    """The conversation as a browser keeps it, for ``Chat.restored``."""
    return as_json([without_passages(turn.answer) for turn in turns if turn.answer])


def _documents(answerer: QuestionAnswerer, index: Index) -> tuple[list[str], list[str]]:
    """Titles and library paths of the documents that questions are answered from, sorted."""
    assert answerer.report is not None
    store = index.store
    with store.snapshot():
        sources = store.sources(answerer.report.name)
        held = {path: one.document for path, one in sources.items() if one.document is not None}
        facts = store.documents(held.values())
    return sorted(about.title for about in facts.values()), sorted(held)
