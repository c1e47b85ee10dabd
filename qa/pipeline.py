"""Pipeline: the whole chain, from a question to a cited answer."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from embeddings.index.index import Index
from embeddings.index.paths import library_paths, lies_within, paths_in_common
from embeddings.index.protocols import SearchIndex
from embeddings.indexing import index_folder, open_and_index, open_folder
from embeddings.indexing_report import IndexingReport, OnProgress
from embeddings.models.encoder import (
    DEFAULT_MODEL,
    Encoder,
    SentenceTransformersEncoder,
    Vectors,
)
from embeddings.models.precision import Precision, PrecisionChoice, resolve_precision
from qa.cancellation import IsWanted, always_wanted, check_wanted, wanted_while
from qa.conversation.comparison import parse_comparison
from qa.conversation.context import Turn
from qa.conversation.resolution import PASSAGES_TRIED, resolve
from qa.conversation.rewriter import QuestionRewriter
from qa.conversation.understanding import (
    Message,
    Subquestion,
    answer_small_talk,
    combine_answers,
    parse_message,
)
from qa.library.about import About, about
from qa.library.listing import list_library
from qa.library.presence import gone
from qa.reading.base import LazyModel
from qa.reading.citations import candidate_of
from qa.reading.combined_reader import CombinedReader
from qa.reading.factory import load_span_model
from qa.reading.reader import Reader
from qa.reading.sentence_reader import SentenceReader
from qa.reading.span_reader import SpanReader
from qa.reading.table_reader import TableReader
from qa.reading.windows import QuestionTooLong
from qa.results import NEAREST, Answer, Hit, NothingFound
from qa.retrieval.retriever import Retriever
from qa.settings import DEFAULT_READER, Settings
from qa.text import join_whitespace, replace_surrogates, stem, stems, terms

EACH_HITS = 6
"""Passages read where each document is asked by itself: a document has fewer that can answer than
a library. Chosen by hand."""

FAR = 0.2
"""Cosine below which a document's passages are so far from a question that only its best one is
read. Chosen by hand."""

OTHER_CANDIDATES = 3
"""Other answers shown beside the first; chosen by hand."""

NEAR = 0.35
"""Cosine from which a passage counts as near to the question. It decides only which reason is given
for no answer; chosen by hand."""

NEAR_WORDS = 0.5
"""Share of the question's words from which a passage that holds them counts as near to it, too: a
row of a table has few words, and a low cosine. Chosen by hand."""

NOWHERE = "\0"
"""A path at which nothing can lie."""

ANSWERS_CACHED = 256
"""Answers returned again at once while the index is unchanged; with the hits of every wording that
was tried, some 20 KB for each."""


class NothingWithin(ValueError):
    """Nothing is indexed at the places to which a question is limited."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages retrieved for a message. Equal ones search the same paths of the same state.

    Attributes:
        message: Parsed.
        within: Library paths to which the message is limited by who asks; none if it is not.
        paths: Library paths that are searched; all if empty.
        state: Of the index.
        hits_of: The hits for a question, best first. Each question is searched for once.
        seconds: That the search for each question took, once it was searched for.
        is_wanted: Whether the answer is still wanted: what reads it stops otherwise.
    """

    message: Message = field(compare=False)
    within: tuple[str, ...]
    paths: tuple[str, ...]
    state: str
    hits_of: Callable[[str], tuple[Hit, ...]] = field(compare=False)
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)
    is_wanted: IsWanted = field(default=always_wanted, compare=False)

    @property
    def first_hits(self) -> tuple[Hit, ...]:
        """The passages that are read first: to be shown before the message is answered.

        For a question of one wording all its hits, best first; for one of several those in
        which each wording is tried.

        Raises:
            ValueError: As ``QuestionAnswerer.read``.
            Cancelled: The answer is not wanted any more.
            IndexDamaged: What is stored fails its checks.
        """
        found: list[Hit] = []
        with wanted_while(self.is_wanted):
            for subquestion in self.message.subquestions:
                wordings = subquestion.wordings
                limit = PASSAGES_TRIED if len(wordings) > 1 else None
                for wording in wordings:
                    found += self.hits_of(wording)[:limit]
        return tuple({(hit.path, hit.start): hit for hit in found}.values())


@dataclass(frozen=True, slots=True)
class AnsweredSubquestion:
    """A question of a message with its answer.

    Attributes:
        question: As it stands in the message.
        standalone: The wording that was answered.
        answer: What the documents say to it.
        resolve_seconds: Time spent on choosing the wording.
    """

    question: str
    standalone: str
    answer: Answer
    resolve_seconds: float


class QuestionAnswerer:
    """Answers questions from an index, with citations.

    Safe to use from several threads, in the process that opened it. ``folders`` holds the
    locations that it answers from, the whole index if empty; ``report`` is that of indexing, if it
    was made from documents. Once it is closed, whatever it is asked raises ``IndexClosed``; in a
    process that was forked meanwhile, ``IndexInherited``.

    ``answer`` does three steps, which a page can do one by one to show what is found meanwhile:
    ``parse_message``, ``search`` and ``read``.

        with QuestionAnswerer.from_documents("docs") as answerer:
            first = answerer.answer("When was the IOFS founded?")  # text '2013'
            answerer.answer("How many members does it have?", history=[first])  # text '41'
    """

    def __init__(
        self,
        index: SearchIndex,
        retriever: Retriever,
        reader: Reader,
        settings: Settings,
        folders: Sequence[Path] = (),
        report: IndexingReport | None = None,
        rewriter: QuestionRewriter | None = None,
    ) -> None:
        self.index = index
        self.retriever = retriever
        self.reader = reader
        self.settings = settings
        # Shared with those made by ``confined``.
        self._folders = list(folders)
        self._is_confined = False
        self._limit: tuple[str, ...] = ()
        self.report = report
        self.rewriter = rewriter or load_rewriter(settings)
        self._cached = lru_cache(maxsize=ANSWERS_CACHED)(self._answer_subquestion)

    @classmethod
    def open(cls, index: str | Path | None = None, settings: Settings | None = None) -> Self:
        """Answer from an index that exists.

        Args:
            index: Its folder; the default one if it is left out.
            settings: The defaults and the environment's if they are left out.

        Raises:
            IndexMissing: Nothing is indexed there.
            IndexMismatch: It was made with another encoder or format version.
            IndexDamaged: It fails its checks.
            ModelError: The encoder is missing or damaged.
        """
        settings = settings or Settings()
        opened = Index.open(Path(index) if index is not None else settings.index)
        encoder = load_encoder(settings)
        opened.check_encoder(encoder.model)
        return cls(opened, *_parts(opened, encoder, settings), settings)

    @classmethod
    def from_documents(
        cls,
        folder: str | Path,
        index: str | Path | None = None,
        settings: Settings | None = None,
        on_progress: OnProgress | None = None,
    ) -> Self:
        """Index a folder, or bring its index up to date, and answer from that folder alone.

        Args:
            folder: With the documents.
            index: Folder of the index; the default one if it is left out.
            settings: The defaults and the environment's if they are left out.
            on_progress: Called with the progress of indexing.

        Raises:
            ChapterAndVerseError: The folder, the index or the encoder cannot be used.
        """
        settings = settings or Settings()
        encoder = load_encoder(settings)
        place = Path(index) if index is not None else settings.index
        opened, report = open_and_index(Path(folder), place, encoder, settings.limits, on_progress)
        parts = _parts(opened, encoder, settings)
        folders = [Path(folder).resolve()]
        return cls(opened, *parts, settings, folders=folders, report=report)

    @classmethod
    def open_folder(cls, folder: Path, settings: Settings) -> Self:
        """Answer from a folder as far as it is indexed; ``index_folder`` brings it up to date.

        Args:
            folder: With the documents.
            settings: Which index, and how to answer.

        Raises:
            ChapterAndVerseError: The folder, the index or the encoder cannot be used.
        """
        encoder = load_encoder(settings)
        opened = open_folder(folder, settings.index, encoder)
        return cls(opened, *_parts(opened, encoder, settings), settings, folders=[folder.resolve()])

    def confined(self, limit: str | Sequence[str] = ()) -> Self:
        """One with the same index, models and folders, that never answers from anything else.

        What a question is limited to can then only leave less.

        Args:
            limit: Library paths of the documents and folders that are left of its own; all if
                empty.
        """
        confined = copy(self)
        confined._is_confined = True
        confined._limit = library_paths(limit)
        return confined

    @property
    def folders(self) -> tuple[Path, ...]:
        """Locations of the folders that it answers from; the whole index if there are none."""
        return tuple(self._folders)

    @property
    def within(self) -> tuple[str, ...]:
        """Library paths that it answers from now, everything if empty.

        Looked up by where the folders lie: their names may go to others.
        """
        names = self.index.names(self._folders) or (NOWHERE,) if self._folders else ()
        if names and self._limit:
            return paths_in_common(self._limit, names) or (NOWHERE,)
        return names or self._limit

    def _searched(self, within: tuple[str, ...]) -> tuple[str, ...]:
        """Library paths that are searched for a question limited to some; all if empty."""
        own = self.within
        if within and own and self._is_confined:
            return paths_in_common(within, own) or (NOWHERE,)
        return within or own

    def close(self) -> None:
        """Release the index."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def warm_up(self) -> None:
        """Load the models and the index now, so that the first questions need not wait.

        Raises:
            IndexDamaged: What is stored fails its checks.
            ModelError: A model is missing or damaged.
        """
        self.answer("?")
        self.rewriter.load()

    def add_folder(self, folder: Path) -> None:
        """Answer from a further folder, whether it is indexed yet or not."""
        if folder not in self._folders:
            self._folders.append(folder)

    def index_folder(
        self, folder: Path, on_progress: OnProgress | None = None, *, retry: bool = False
    ) -> IndexingReport:
        """Index a folder, or bring its index up to date, with the encoder and limits in use.

        Args:
            folder: With the documents.
            on_progress: Called with the progress of indexing.
            retry: Whether files that could not be read before are read again.

        Raises:
            ChapterAndVerseError: The folder or the index cannot be used.
        """
        self.index.check_usable()
        encoder, limits = self.retriever.encoder, self.settings.limits
        return index_folder(folder, self.index, encoder, limits, on_progress, retry)

    def answer(
        self,
        question: str,
        within: str | Sequence[str] = (),
        history: Sequence[Answer | Turn] = (),
        standalone: str | None = None,
        is_wanted: IsWanted = always_wanted,
    ) -> Answer:
        """What the documents say to the question, or that they do not say.

        Args:
            question: In any words. Several questions at once are answered one by one.
            within: Library paths of the documents or folders to answer from, in place of
                ``self.within``.
            history: The answers, or turns, of the conversation so far, oldest first. A question
                that depends on them is rewritten.
            standalone: The standalone question to answer in place of a rewritten one.
            is_wanted: Whether the answer is still wanted; asked several times a second.

        Raises:
            ValueError: The question is blank or too long (``QuestionTooLong`` where it has too
                many words), or nothing is indexed at ``within`` (``NothingWithin``).
            Cancelled: The answer is not wanted any more.
            IndexDamaged: What is stored fails its checks.
            ModelError: The question rewriting model is missing or damaged.
        """
        message = self.parse_message(question, history, standalone)
        return self.read(self.search(message, within, is_wanted))

    def about(self, path: str) -> About | None:
        """Outline, length and most central sentences of a document; none if there is none.

        Args:
            path: Of the document in the library.

        Raises:
            IndexDamaged: What is stored fails its checks.
        """
        self.index.check_usable()
        return about(self.index, self.retriever.encoder, path)

    def answer_each(
        self,
        question: str,
        within: str | Sequence[str] = (),
        is_wanted: IsWanted = always_wanted,
    ) -> Iterator[tuple[str, Answer]]:
        """What each document says to the question by itself: its library path, and the answer.

        The documents with the passages nearest to the question come first. The question is taken
        as one, and encoded once; an answer cites its own document alone.

        Args:
            question: In any words.
            within: Library paths of documents or folders; ``self.within`` if it is left out.
            is_wanted: Whether the answers are still wanted.

        Raises:
            ValueError: The question is blank or too long (``QuestionTooLong`` where it has too
                many words), or nothing is indexed at ``within`` (``NothingWithin``).
            Cancelled: The answers are not wanted any more.
            IndexDamaged: What is stored fails its checks.
        """
        self.index.check_usable()
        question = self._checked(question)
        vector = self.retriever.encode(question)
        for path in self._by_nearness(question, vector, within):
            self.index.check_usable()
            # Not around the yield: between two answers the thread is the caller's.
            with wanted_while(is_wanted):
                answer = self._answer_one_document(question, vector, path)
            yield path, answer

    def _answer_one_document(self, question: str, vector: Vectors, path: str) -> Answer:
        started = time.perf_counter()
        check_wanted()
        hits = tuple(self.retriever.retrieve(question, EACH_HITS, [path], vector=vector))
        near = any(hit.vector_score >= FAR for hit in hits)
        hits = hits if near else hits[:1]
        return self._read(question, hits, time.perf_counter() - started)

    def _by_nearness(
        self, question: str, vector: Vectors, within: str | Sequence[str] = ()
    ) -> list[str]:
        """Library paths of the documents, those nearest to a question first, then by path."""
        searched = self._searched(library_paths(within))
        with self.index.contents() as contents:
            documents = {
                path: source.document
                for path, source in contents.sources().items()
                if source.document is not None and (not searched or lies_within(path, searched))
            }
        if within and not documents:
            got = ", ".join(library_paths(within))
            raise NothingWithin(f"expected paths of the library, got {got}")
        found = self.retriever.nearest_documents(question, vector, searched)
        ranks = {document: rank for rank, document in enumerate(found)}
        return sorted(documents, key=lambda path: (ranks.get(documents[path], len(found)), path))

    def parse_message(
        self, question: str, history: Sequence[Answer | Turn] = (), standalone: str | None = None
    ) -> Message:
        """The questions in a message, made standalone; or the kind of small talk that it is.

        Args:
            question: As for ``answer``.
            history: As for ``answer``.
            standalone: As for ``answer``.

        Raises:
            ValueError: The message is blank or too long.
            ModelError: The question rewriting model is missing or damaged.
        """
        self.index.check_usable()
        self._checked(question)
        return parse_message(question, history, self.rewriter.rewrite, standalone)

    def search(
        self,
        message: Message,
        within: str | Sequence[str] = (),
        is_wanted: IsWanted = always_wanted,
    ) -> Retrieval:
        """The passages for a message; they are searched for when they are first asked for.

        Args:
            message: As ``parse_message`` returns it.
            within: As for ``answer``.
            is_wanted: As for ``answer``.
        """
        within = library_paths(within)
        paths = self._searched(within)
        with self.index.snapshot() as snapshot:
            state = snapshot.state

        seconds: dict[str, float] = {}

        @cache
        def hits_of(question: str) -> tuple[Hit, ...]:
            check_wanted()
            self.index.check_usable()
            checked = self._checked(question)
            started = time.perf_counter()
            hits = tuple(self.retriever.retrieve(checked, self.settings.hits, paths))
            seconds[question] = time.perf_counter() - started
            if within and not hits:
                raise NothingWithin(f"expected paths of the library, got {', '.join(within)}")
            return hits

        return Retrieval(message, within, paths, state, hits_of, seconds, is_wanted)

    def passages(
        self, question: str, limit: int, within: str | Sequence[str] = ()
    ) -> tuple[Hit, ...]:
        """The passages for a question, best first, which are not read.

        Args:
            question: Taken as one.
            limit: Number of passages at most.
            within: As for ``answer``.

        Raises:
            ValueError: The question is blank or too long, or nothing is indexed at ``within``
                (``NothingWithin``).
            Cancelled: They are not wanted any more.
            IndexDamaged: What is stored fails its checks.
        """
        question, within = self._checked(question), library_paths(within)
        check_wanted()
        self.index.check_usable()
        hits = tuple(self.retriever.retrieve(question, limit, self._searched(within)))
        if within and not hits:
            raise NothingWithin(f"expected paths of the library, got {', '.join(within)}")
        return hits

    def read(self, retrieval: Retrieval) -> Answer:
        """The answer to a message, read in the passages retrieved for it.

        Args:
            retrieval: As ``search`` returns it.

        Raises:
            ValueError: A standalone question is blank or too long (``QuestionTooLong`` where it
                has too many words), or nothing is indexed at the paths (``NothingWithin``).
            Cancelled: The answer is not wanted any more; nothing of it is cached.
            IndexDamaged: What is stored fails its checks.
        """
        self.index.check_usable()
        message = retrieval.message
        if message.small_talk:
            titles = list_library(self.index, retrieval.paths).titles
            return answer_small_talk(message.text, message.small_talk, list(dict.fromkeys(titles)))
        # The cache keeps the retrieval: not with what belongs to who asks.
        cached = replace(retrieval, is_wanted=always_wanted)
        with wanted_while(retrieval.is_wanted):
            parts = [self._cached(part, cached) for part in message.subquestions]
        answers = [part.answer for part in parts]
        answer = answers[0] if len(answers) == 1 else combine_answers(answers)
        rewritten = message.corrected or any(part.standalone != part.question for part in parts)
        seconds = answer.seconds
        if message.rewrite_seconds is not None:
            rewrite = message.rewrite_seconds + sum(part.resolve_seconds for part in parts)
            seconds = {"rewrite": rewrite} | seconds
        return replace(
            answer,
            question=message.text,
            rewritten=" ".join(part.standalone for part in parts) if rewritten else None,
            seconds=seconds,
            # Looked up each time: a file that vanishes changes nothing in the index.
            gone=gone(_paths_shown(answer), self.index.folders()),
            within=retrieval.within,
        )

    # Cached: a question asked again, such as an example of the page, needs no reading.
    def _answer_subquestion(
        self, subquestion: Subquestion, retrieval: Retrieval
    ) -> AnsweredSubquestion:
        """The answer to the wording that is answered with the highest confidence."""
        started = time.perf_counter()

        def confidence_nearby(question: str) -> float:
            check_wanted()
            read = self.reader.read(question, retrieval.hits_of(question)[:PASSAGES_TRIED])
            return read[0].confidence if read else 0.0

        @cache
        def answer_to(question: str) -> Answer:
            return self._answer_standalone(question, retrieval)

        # Where the nearest passages answer no wording, one further down may.
        measures = (confidence_nearby, lambda question: answer_to(question).confidence)
        question = subquestion.question
        standalone = resolve(subquestion, measures, self.settings.threshold)
        seconds = time.perf_counter() - started
        answer = compare(standalone, answer_to)
        if answer is None:
            rewritten = None if standalone == question else standalone
            answer = replace(answer_to(standalone), question=question, rewritten=rewritten)
        return AnsweredSubquestion(question, standalone, answer, seconds)

    def _answer_standalone(self, question: str, retrieval: Retrieval) -> Answer:
        """The answer to one question that needs no conversation."""
        hits = retrieval.hits_of(question)
        return self._read(question, hits, retrieval.seconds[question])

    def _read(self, question: str, hits: tuple[Hit, ...], retrieve_seconds: float) -> Answer:
        """The answer to one question in the passages retrieved for it."""
        started = time.perf_counter()
        check_wanted()
        answers = self.reader.read(question, hits)
        seconds = {"retrieve": retrieve_seconds, "read": time.perf_counter() - started}
        confidence = answers[0].confidence if answers else 0.0
        if not answers or confidence < self.settings.threshold:
            reason = _reason(question, hits)
            return Answer(question, None, confidence, (), (), hits, reason, seconds)
        best, *rest = answers
        contradicting = {span for other in best.contradicted_by for span in other.spans}
        candidates = [other for other in rest if contradicting.isdisjoint(other.spans)]
        first = candidate_of(hits, best)
        return Answer(
            question=question,
            text=first.text,
            confidence=confidence,
            citations=first.citations,
            candidates=tuple(candidate_of(hits, other) for other in candidates[:OTHER_CANDIDATES]),
            hits=hits,
            reason=None,
            seconds=seconds,
            contradicted_by=tuple(candidate_of(hits, other) for other in best.contradicted_by),
        )

    def _checked(self, question: str) -> str:
        """The question with its white space joined.

        Raises:
            ValueError: It is blank or too long.
        """
        question = join_whitespace(replace_surrogates(question))
        most = self.settings.question_characters
        if not 0 < len(question) <= most:
            kind = QuestionTooLong if question else ValueError
            raise kind(f"expected a question of 1 to {most:,} characters, got {len(question):,}")
        return question


def compare(question: str, answer_to: Callable[[str], Answer]) -> Answer | None:
    """The answers to what a question asks of each of two things; none if it compares nothing.

    No conclusion is drawn. None, too, where one of the two has no answer: the documents may
    compare the things themselves.

    Args:
        question: Standalone.
        answer_to: Answers a standalone question.
    """
    comparison = parse_comparison(question)
    if comparison is None:
        return None
    sides = [
        max(
            (answer_to(wording) for wording in wordings),
            key=lambda answer: (answer.text is not None, answer.confidence),
        )
        for wordings in comparison.questions
    ]
    return combine_answers(sides) if all(side.text is not None for side in sides) else None


def load_encoder(settings: Settings) -> SentenceTransformersEncoder:
    """The encoder that the settings name, in their precision.

    Raises:
        ModelError: There is no such model.
    """
    precision = precision_of(settings.precision, packaged=settings.encoder == DEFAULT_MODEL)
    return SentenceTransformersEncoder.load(settings.encoder, precision)


def load_reader(settings: Settings) -> LazyModel:
    """The span model that the settings name, in their precision.

    Raises:
        ModelError: As ``load_span_model``.
    """
    precision = precision_of(settings.precision, packaged=settings.reader == DEFAULT_READER)
    return load_span_model(settings.reader, precision)


def load_rewriter(settings: Settings) -> QuestionRewriter:
    """The question rewriting model, in the precision of the settings; read when it is needed."""
    return QuestionRewriter(precision=precision_of(settings.precision, packaged=True))


def precision_of(choice: PrecisionChoice, *, packaged: bool) -> Precision:
    """The precision in which a model computes.

    Other models than the packaged ones compute in float32 unless another precision is named:
    what int8 costs was measured on the packaged ones alone.
    """
    return resolve_precision(choice) if packaged or choice != "auto" else "float32"


def reader_of(settings: Settings, encoder: Encoder) -> Reader:
    """The reader that the settings name.

    Raises:
        ModelError: It is missing, damaged, or answers no questions.
    """
    model = load_reader(settings)
    # Its weights are read while those of the encoder are and while passages are searched. Not a
    # daemon: the interpreter must not end while C++ code reads them, or the process is aborted.
    Thread(target=model.load_weights).start()
    return CombinedReader(SpanReader(model), SentenceReader(encoder), TableReader())


def _parts(index: Index, encoder: Encoder, settings: Settings) -> tuple[Retriever, Reader]:
    retriever = Retriever(index, encoder, settings.word_weight)
    return retriever, reader_of(settings, encoder)


def _paths_shown(answer: Answer) -> Iterator[str]:
    """Library paths of the documents that an answer, or the lack of one, shows."""
    if answer.text is None:
        yield from (hit.path for hit in answer.hits[:NEAREST])
    for candidate in answer.candidates:
        yield from (citation.path for citation in candidate.citations)
    yield from (citation.path for citation in answer.quotes)


def _reason(question: str, hits: Sequence[Hit]) -> NothingFound:
    """Why there is no answer to a question in the passages retrieved for it."""
    words = {stem(term) for term in terms(question)}

    def is_near(hit: Hit) -> bool:
        shared = words & stems(f"{hit.context} {hit.text}")
        return hit.vector_score >= NEAR or len(shared) >= NEAR_WORDS * max(len(words), 1)

    return "none answers" if any(map(is_near, hits)) else "nothing near"
