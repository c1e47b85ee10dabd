"""Chat: replies to questions, ratings and stored conversations, without a user interface."""

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from embeddings.errors import ChapterAndVerseError
from qa.library.feedback import Feedback, TooMuchFeedback
from qa.library.limit import parse_limit
from qa.library.listing import Listing
from qa.pipeline import NothingWithin, QuestionAnswerer
from qa.reading.windows import QuestionTooLong
from qa.results import Answer
from qa.text import join_whitespace
from qa.web.documents import Documents
from qa.web.each import DocumentAsker
from qa.web.error_messages import error_message
from qa.web.example_finder import ExampleFinder
from qa.web.follow_ups import FollowUpFinder
from qa.web.html.page import RenderedTurn, answer_turn, pending_turn, problem_turn
from qa.web.messages import (
    CHOICE_REMOVED,
    FEEDBACK_NOT_STORED,
    INTERNAL_ERROR,
    NO_DOCUMENTS,
    NOT_ANSWERED,
    NOTHING_CHOSEN,
    TOO_MANY_WORDS,
)
from qa.web.signing import Signer
from qa.web.startup import StartupIndexing
from qa.web.stored_turns import StoredTurn, parse_turns
from qa.web.uploads import Uploads

_log = logging.getLogger("chapter-and-verse")


class Chat:
    """Replies to questions; a reply never raises, so that no page waits for it forever.

    ``warm_up`` loads the models in the background; a question that is asked before they are
    loaded waits for them.
    """

    def __init__(
        self,
        answerer: QuestionAnswerer,
        folder: Path,
    ) -> None:
        self.answerer = answerer
        self.index = answerer.index
        self.folder = folder
        # Of the folders that are answered from, the one that is served is the first.
        (self.name,) = self.index.names(answerer.folders[:1])
        self.documents = Documents(answerer, folder)
        self.uploads = Uploads(self.documents, self.name)
        self.indexing = StartupIndexing(self.uploads)
        self.feedback = Feedback(self.index.folder)
        self.signer = Signer.beside(self.index.folder)
        self._answering = 0
        self._answering_lock = threading.Lock()
        self._warming = threading.Thread(target=self._warm_up, daemon=True)
        self.document_asker = DocumentAsker(answerer, self.documents, self._warming.join)
        self.example_finder = ExampleFinder(answerer, self.documents, self._wait_until_ready)
        self.follow_up_finder = FollowUpFinder(
            answerer, self.documents, lambda: self._answering > 0
        )

    def warm_up(self) -> None:
        """Start to load the models, then to look for example questions, in the background."""
        self._warming.start()
        self.example_finder.refresh()

    def _warm_up(self) -> None:
        try:
            self.answerer.warm_up()
        except Exception:  # The thread's outermost function.
            # The first question loads them again and reports the error to its user.
            _log.exception("The models could not be loaded.")

    def _wait_until_ready(self) -> None:
        """Wait for the models, and until the library holds what it is to be asked about."""
        self.indexing.join()
        self._warming.join()

    def close(self) -> None:
        """Stop all background work; before the index is closed."""
        self.indexing.close()
        self.example_finder.close()
        self.follow_up_finder.close()
        self.uploads.close()

    def listing(self) -> Listing:
        """The files of the library; empty with a problem if it cannot be read."""
        try:
            return self.documents.listing()
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return Listing((), {}, error_message(error))

    def uploads_name(self, listing: Listing) -> str | None:
        """Name in the library of the folder of files that were added on the page, if it has one."""
        places = listing.folders.items()
        return next((name for name, place in places if place == self.uploads.folder), None)

    def parse_within(self, text: str) -> tuple[str, ...]:
        """Library paths to answer from, all if there are none, of a limit that a page sent.

        Args:
            text: As ``parse_limit`` reads it.

        Raises:
            ValueError: It is no limit, or leaves no document; the message is for the user.
        """
        try:
            limit = parse_limit(text)
        except ValueError as error:
            raise ValueError(CHOICE_REMOVED) from error
        if not limit:
            return ()
        documents = [document.path for document in self.listing().documents]
        limit, gone = limit.without_gone(documents)
        if gone and not limit:
            raise ValueError(CHOICE_REMOVED)
        if not limit.count(documents):
            raise ValueError(NOTHING_CHOSEN)
        return limit.within(documents)

    def question_problem(self, question: str) -> str:
        """Why the question cannot be answered, as a sentence; empty if it can."""
        length, most = len(join_whitespace(question)), self.answerer.settings.question_characters
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
        standalone: str | None = None,
        turn_id: str = "",
    ) -> Iterator[RenderedTurn]:
        """The turn for a question at each stage; the last one is the reply, also after an error.

        Args:
            number: Of the turn.
            question: As typed.
            within: Library paths of documents or folders to answer from; all if empty.
            before: The turns of the conversation before it, on which the question may depend.
            standalone: The standalone question to answer in its place, if the user corrected it.
            turn_id: Of the turn in the user's browser.
        """
        history = [turn.answer for turn in before if turn.answer]
        with self._answering_lock:
            self._answering += 1
        try:
            yield pending_turn(number, question, "Searching the documents …")
            self._warming.join()
            message = self.answerer.parse_message(question, history, standalone)
            retrieval = self.answerer.search(message, within)
            if message.subquestions:
                hits = retrieval.first_hits
                count = "1 passage" if len(hits) == 1 else f"{len(hits)} passages"
                if not hits and not within and not self.documents.listing().documents:
                    yield problem_turn(number, question, NO_DOCUMENTS, turn_id)
                    return
                yield pending_turn(number, question, f"Reading {count} …", hits)
            # Read before: while the question is answered, the last file may come in.
            unread = self.indexing.unread
            answer = self.answerer.read(retrieval)
            # What was found stays found, however many files are still to come.
            unread = unread if answer.text is None and not answer.remark else ""
            yield self._signed(answer_turn(number, answer, turn_id=turn_id, unread=unread))
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            yield problem_turn(number, question, error_message(error), turn_id)
        except NothingWithin:
            yield problem_turn(number, question, CHOICE_REMOVED, turn_id)
        except QuestionTooLong:
            yield problem_turn(number, question, TOO_MANY_WORDS, turn_id)
        except Exception:  # Gradio would leave the page waiting. Expected errors are handled above.
            _log.exception("A question was not answered.")
            yield problem_turn(number, question, INTERNAL_ERROR, turn_id)
        finally:
            with self._answering_lock:
                self._answering -= 1

    def _signed(self, turn: RenderedTurn) -> RenderedTurn:
        return replace(turn, signature=self.signer.sign(turn.answer)) if turn.answer else turn

    def rate(
        self, turn: RenderedTurn | None, liked: bool | None, user: str, sender: str = ""
    ) -> tuple[str, str]:
        """Store a user's rating of an answer.

        Args:
            turn: As the user's browser stores it; None if there was a problem.
            liked: None to withdraw the rating.
            user: Identifies the user.
            sender: The user's address; the number of ratings of each is limited.

        Returns:
            The key under which a note can be added, empty if nothing was stored, and a sentence
            for the user, empty if there is nothing to say.
        """
        if turn is None or turn.answer is None:
            return "", "There was no answer to this question."
        if not self.signer.is_signed(turn.answer, turn.signature):
            return "", "This answer was not given by this server; ask again."
        try:
            if liked is None:
                self.feedback.drop(turn.answer, user)
                return "", ""
            return self.feedback.put(turn.answer, liked, user, sender), ""
        except TooMuchFeedback as error:
            return "", error_message(error)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return "", FEEDBACK_NOT_STORED

    def add_note(self, key: str, text: str) -> str:
        """Add a note to a rating; a sentence for the user if it cannot be stored, else empty."""
        try:
            self.feedback.note(key, text)
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            return FEEDBACK_NOT_STORED
        return ""

    def stored_turns(self, stored: object) -> list[StoredTurn]:
        """The turns that a browser stored, without answers that this program did not sign."""
        return [
            turn
            for turn in parse_turns(stored)
            if turn.answer is None or self.signer.is_signed(turn.answer, turn.signature)
        ]

    def restore(self, stored: object) -> tuple[RenderedTurn, ...]:
        """The conversation that a browser stored, as ``stored_turns`` reads it, to be shown.

        Citations of documents that were changed or removed since are marked as such.
        """
        turns = self.stored_turns(stored)
        if not turns:
            return ()
        quoted = {document for turn in turns if turn.answer for document in _quoted(turn.answer)}
        try:
            current = self.index.digests(path for path, _ in quoted)
            changed = {path for path, sha256 in quoted if current.get(path) != sha256}
        except ChapterAndVerseError as error:
            _log.error("%s", error)
            changed = set()
        return tuple(
            problem_turn(number, turn.question, NOT_ANSWERED, turn.id)
            if turn.answer is None
            else replace(
                answer_turn(number, turn.answer, changed, turn.id), signature=turn.signature
            )
            for number, turn in enumerate(turns, start=1)
        )


def _quoted(answer: Answer) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of each document that an answer shows."""
    cited = [answer.quotes, *(candidate.citations for candidate in answer.candidates)]
    for citations in cited:
        yield from ((citation.path, citation.sha256) for citation in citations)
    yield from ((hit.path, hit.sha256) for hit in answer.hits)
    for part in answer.parts:
        yield from _quoted(part)
