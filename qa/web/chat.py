"""Chat: what a page of questions and answers needs, whatever shows it."""

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter
from pydantic_core import from_json

from embeddings.errors import ChapterAndVerseError
from qa.library.feedback import Feedback, TooMuchFeedback
from qa.library.listing import Listing
from qa.library.signing import Signer
from qa.pipeline import NothingWithin, QuestionAnswerer
from qa.reading.windows import QuestionTooLong
from qa.results import Answer
from qa.web.documents import Documents
from qa.web.examples import READ, in_turn, questions_of
from qa.web.html.page import RenderedTurn, answer_turn, pending_turn, problem_turn
from qa.web.uploads import Uploads

MOST_TURNS = 30
"""Turns kept of a conversation, some 10 KB each."""

MOST_KEPT = 1_000_000
"""Characters of a conversation's JSON; of a longer one the first turns are left out."""

MOST_OBJECTS = 20_000
"""Citations, candidates and passages in it; thirty turns have some two thousand."""

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

TOO_LONG = "The question has too many words to be read whole; ask it in fewer."

NOT_KEPT = "Your opinion could not be kept; the server's log says why."

_log = logging.getLogger("chapter-and-verse")


class Chat:
    """Replies to questions; no reply raises, so that no page waits for it in vain.

    The models are loaded in the background from ``warm_up`` on; a question asked before they
    are there waits for them.
    """

    def __init__(
        self,
        answerer: QuestionAnswerer,
        folder: Path,
    ) -> None:
        self.answerer = answerer
        self.index = answerer.index
        self.folder = folder
        assert answerer.report is not None
        self.name = answerer.report.name
        self.documents = Documents(answerer, folder)
        self.uploads = Uploads(self.documents, self.name)
        self.feedback = Feedback(self.index.folder)
        self.signer = Signer.beside(self.index.folder)
        self._examples: list[str] | None = None
        self._examples_of = -1
        self._looking = threading.Lock()
        self._ending = threading.Event()
        self._warming = threading.Thread(target=self._warm_up, daemon=True)
        self._asking: threading.Thread | None = None

    def warm_up(self) -> None:
        """Begin to load the models, then to look for example questions."""
        self._warming.start()
        self.renew_examples()

    def _warm_up(self) -> None:
        try:
            self.answerer.warm_up()
        except Exception:  # a thread's outermost function: nobody above would hear of it
            # The first question loads them again and tells the one who asks.
            _log.exception("The models could not be loaded.")

    def close(self) -> None:
        """End what goes on in the background; before the index is closed."""
        self._ending.set()
        if self._asking is not None:
            self._asking.join()
        self.uploads.close()

    @property
    def examples(self) -> list[str] | None:
        """Questions that the documents answer surely; none while they are still looked for."""
        return self._examples

    def renew_examples(self) -> None:
        """Look for other examples if the library has changed since; in the background."""
        with self._looking:
            version = self.index.version
            busy = self._asking is not None and self._asking.is_alive()
            if not busy and version != self._examples_of and not self._ending.is_set():
                self._examples, self._examples_of = None, version
                self._asking = threading.Thread(target=self._find_examples, daemon=True)
                self._asking.start()

    def _find_examples(self) -> None:
        self._warming.join()
        found: dict[str, object] = {}
        try:
            paths = [document.path for document in self.listing().documents[:DOCUMENTS_ASKED]]
            documents = filter(None, map(self.index.facts, paths))
            texts = [self.index.text(facts.id, 0, READ) for facts in documents]
            asked = in_turn(list(map(questions_of, texts)))
            for question in islice(asked, QUESTIONS_TRIED):
                if self._ending.is_set():
                    break
                kind = question.partition(" ")[0], question.endswith("stand for?")
                if list(found.values()).count(kind) == ALIKE:
                    continue
                answer = self.answerer.answer(question)
                if answer.text is not None and answer.confidence >= SURE:
                    found[question] = kind
                if len(found) == EXAMPLES:
                    break
        except Exception:  # a thread's outermost function, whatever a document makes of a question
            # A chat without examples is still a chat, and the page stops looking for them.
            _log.exception("No example questions could be made.")
        self._examples = list(found)

    def listing(self) -> Listing:
        """What is in the folders that questions are answered from; nothing if it cannot be read."""
        try:
            return self.documents.listing()
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return Listing((), {}, self.documents.without_places(str(error)))

    def objection(self, question: str) -> str:
        """Why this is no question to be answered, as a sentence; empty if it is one."""
        length, most = len(" ".join(question.split())), self.answerer.settings.question_characters
        if length == 0:
            return "Type a question first."
        if length > most:
            return f"The question has {length:,} characters, {most:,} at most are read; shorten it."
        return ""

    def replies(
        self,
        number: int,
        question: str,
        within: Sequence[str] = (),
        before: Sequence[RenderedTurn] = (),
        rewritten: str | None = None,
    ) -> Iterator[RenderedTurn]:
        """The turn for a question as it comes about; the last one is the reply, whatever happens.

        Args:
            number: Of the turn.
            question: As asked.
            within: Library paths of documents or folders to answer from; all if empty.
            before: The turns of the conversation before it, on which the question may lean.
            rewritten: The question to answer in its place, where the reader has said which.
        """
        history = [turn.answer for turn in before if turn.answer]
        yield pending_turn(number, question, "Searching the documents …")
        try:
            self._warming.join()
            parts = self.answerer.parse_message(question, history, rewritten)
            if parts:
                found = [hit for part in parts for hit in self.answerer.search(part, within)]
                hits = list({(hit.path, hit.start): hit for hit in found}.values())
                count = "1 passage" if len(hits) == 1 else f"{len(hits)} passages"
                yield pending_turn(number, question, f"Reading {count} …", hits)
            answer = self.answerer.answer(question, within, history, rewritten)
            yield self._signed(answer_turn(number, answer))
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            yield problem_turn(number, question, self.documents.without_places(str(error)))
        except NothingWithin:
            yield problem_turn(number, question, NOTHING_THERE)
        except QuestionTooLong:
            yield problem_turn(number, question, TOO_LONG)
        except Exception:  # the last boundary before Gradio, which would leave the page waiting
            # All that is foreseen has its own sentence above.
            _log.exception("A question was not answered.")
            yield problem_turn(number, question, WENT_WRONG)

    def _signed(self, turn: RenderedTurn) -> RenderedTurn:
        return replace(turn, signature=self.signer.sign(turn.answer)) if turn.answer else turn

    def like(
        self, turn: RenderedTurn | None, liked: bool | None, reader: str, sender: str = ""
    ) -> tuple[str, str]:
        """Keep what a reader said of an answer: the key for a note, and a sentence for the reader.

        Args:
            turn: As the reader's browser has it; none if there was a problem.
            liked: None to take back what was said.
            reader: Tells one reader from another.
            sender: From which the opinion comes, such as an address.

        Returns:
            The key is empty if nothing was kept.
        """
        if turn is None or turn.answer is None:
            return "", "There was no answer to this question."
        if not self.signer.is_signed(turn.answer, turn.signature):
            return "", "This answer was not given by this server; ask again."
        try:
            if liked is None:
                self.feedback.drop(turn.answer, reader)
                return "", ""
            return self.feedback.put(turn.answer, liked, reader, sender), ""
        except TooMuchFeedback as error:
            return "", str(error)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return "", NOT_KEPT

    def note(self, key: str, text: str) -> str:
        """Add a note to what was said; a sentence for the reader if it cannot be kept."""
        try:
            self.feedback.note(key, text)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return NOT_KEPT
        return ""

    def restored(self, kept: object) -> tuple[RenderedTurn, ...]:
        """The conversation that a browser kept, without what this program did not give it.

        Documents that have changed since, or are gone, are named so.
        """
        turns = [
            turn for turn in _kept_turns(kept) if self.signer.is_signed(turn.answer, turn.signature)
        ]
        if not turns:
            return ()
        quoted = {place for turn in turns for place in _quoted(turn.answer)}
        try:
            now = self.index.digests(path for path, _ in quoted)
            changed = {path for path, sha256 in quoted if now.get(path) != sha256}
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            changed = set()
        return tuple(
            replace(answer_turn(number, turn.answer, changed), signature=turn.signature)
            for number, turn in enumerate(turns, start=1)
        )


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A turn as a browser keeps it."""

    answer: Answer
    signature: str


def as_kept(turns: Sequence[RenderedTurn]) -> str:
    """The conversation as a browser keeps it, for ``Chat.restored``."""
    kept: list[bytes] = []
    room = MOST_KEPT
    for turn in reversed(turns):
        if turn.answer is None:
            continue
        row = _adapter().dump_json([KeptTurn(turn.answer, turn.signature)])[1:-1]
        room -= len(row) + 1
        if room < 0:
            break
        kept.insert(0, row)
    return f"[{b','.join(kept).decode()}]"


def _kept_turns(kept: object) -> list[KeptTurn]:
    """The last turns in what a browser kept, without those that are none of this version."""
    # A browser can send anything: it is measured before it is looked into.
    if not isinstance(kept, str) or len(kept) > MOST_KEPT or kept.count("{") > MOST_OBJECTS:
        return []
    try:
        rows = from_json(kept, allow_inf_nan=False)
    except ValueError:  # Also of what is nested too deeply.
        return []
    found: list[KeptTurn] = []
    for row in rows[-MOST_TURNS:] if isinstance(rows, list) else []:
        try:
            (turn,) = _adapter().validate_python([row])
        except ValueError:
            continue
        found.append(turn)
    return found


def _quoted(answer: Answer) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of each document of which an answer shows something."""
    cited = [answer.quotes, *(candidate.citations for candidate in answer.candidates)]
    for citations in cited:
        yield from ((citation.path, citation.sha256) for citation in citations)
    yield from ((hit.path, hit.sha256) for hit in answer.hits)
    for part in answer.parts:
        yield from _quoted(part)


@cache
def _adapter() -> TypeAdapter[list[KeptTurn]]:
    return TypeAdapter(list[KeptTurn])
