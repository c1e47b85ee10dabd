"""Pipeline: the whole chain, from a question to a cited answer."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from embeddings.index.index import Index
from embeddings.index.paths import library_paths
from embeddings.index.protocols import SearchIndex
from embeddings.indexing import IndexingReport, OnProgress, open_and_index
from embeddings.models.encoder import DEFAULT_MODEL, Encoder, SentenceTransformersEncoder
from embeddings.models.precision import Choice, Precision, fastest
from qa.conversation.context import Turn
from qa.conversation.rewriter import QuestionRewriter
from qa.conversation.small_talk import small_talk
from qa.conversation.splitting import comparison_of, parts_of
from qa.conversation.understanding import (
    Subquestion,
    combine_answers,
    parse_message,
    remark,
    turns_of,
)
from qa.conversation.wording import points_back
from qa.library.listing import list_library
from qa.reading.base import LazyModel
from qa.reading.factory import load_span_model
from qa.reading.reader import CombinedReader, ReadAnswer, Reader, Span, quoted
from qa.reading.sentence_reader import SentenceReader, answer_units
from qa.reading.span_reader import SpanReader
from qa.results import Answer, Candidate, Citation, Hit, NothingFound
from qa.retrieval.retriever import Retriever
from qa.settings import DEFAULT_READER, Settings

NEAR = 0.35
"""Cosine from which a passage is called near to the question."""

SETTLING_HITS = 2
"""Passages in which each wording of a follow-up is tried; the one that is chosen is read in all.
With 2 to 12 as many of 61 follow-ups over ``docs/`` are right, within one."""

POINTING_LEAD = 0.1
"""How much surer the answer to a question as it was asked must be where it points back."""

NOWHERE = "\0"
"""A path at which nothing can lie."""

ANSWERS_KEPT = 256
"""Answers that are given again at once while the index is as it was; some 20 KB each."""


class NothingWithin(ValueError):
    """Nothing is indexed at the places to which a question is limited."""


class QuestionAnswerer:
    """Answers questions from an index, with citations.

    Safe to use from several threads. ``folders`` holds the places that it answers from, the
    whole index if empty; ``report`` tells what was indexed, if it was made from documents.

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
        self.folders = tuple(folders)
        self.report = report
        self.rewriter = rewriter or load_rewriter(settings)
        self._found = lru_cache(maxsize=ANSWERS_KEPT)(self._search)
        self._nearby = lru_cache(maxsize=ANSWERS_KEPT)(self._try)
        self._kept = lru_cache(maxsize=ANSWERS_KEPT)(self._answer)

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
            on_progress: Told how indexing goes on.

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

    @property
    def within(self) -> tuple[str, ...]:
        """Library paths that it answers from now, everything if empty.

        Looked up by where the folders lie: their names may go to others.
        """
        if not self.folders:
            return ()
        return self.index.names(self.folders) or (NOWHERE,)

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

    def search(self, part: Subquestion, within: str | Sequence[str] = ()) -> tuple[Hit, ...]:
        """The passages that are read first for a part: shown before it is answered.

        Of one wording all that are read for it, best first; of several the nearest of each, in
        which they are tried.

        Args:
            part: As ``parse_message`` gives it.
            within: As for ``answer``.

        Raises:
            ValueError: The question is blank or too long (``QuestionTooLong`` where it has too
                many words), or nothing is indexed at ``within`` (``NothingWithin``).
            IndexDamaged: What is stored fails its checks.
        """
        within = library_paths(within)
        most = None if part.wordings == (part.asked,) else SETTLING_HITS
        found: list[Hit] = []
        for wording in part.wordings:
            hits = self._found(*self._asked(wording, within))
            self._check_within(within, hits)
            found += hits[:most]
        return tuple(found)

    def parse_message(
        self, question: str, history: Sequence[Answer | Turn] = (), rewritten: str | None = None
    ) -> tuple[Subquestion, ...]:
        """The questions that ``answer`` will ask of the documents; none for small talk.

        Args:
            question: As for ``answer``.
            history: As for ``answer``.
            rewritten: As for ``answer``.

        Raises:
            ModelError: The question rewriting model is missing or damaged.
        """
        if rewritten is not None:
            return tuple(Subquestion(one, one) for one in parts_of(_plain(rewritten)))
        return parse_message(_plain(question), turns_of(history), self.rewriter.rewrite)

    def answer(
        self,
        question: str,
        within: str | Sequence[str] = (),
        history: Sequence[Answer | Turn] = (),
        rewritten: str | None = None,
    ) -> Answer:
        """What the documents say to the question, or that they do not say.

        Args:
            question: In any words. Several questions at once are answered one by one.
            within: Library paths of the documents or folders to answer from, in place of
                ``self.within``.
            history: The answers, or turns, of the conversation so far, oldest first. A question
                that leans on them is rewritten.
            rewritten: The question to answer in place of what would be made of it.

        Raises:
            ValueError: The question is blank or too long (``QuestionTooLong`` where it has too
                many words), or nothing is indexed at ``within`` (``NothingWithin``).
            IndexDamaged: What is stored fails its checks.
            ModelError: The question rewriting model is missing or damaged.
        """
        within = library_paths(within)
        self._asked(question, within)
        started = time.perf_counter()
        parts = self.parse_message(question, history, rewritten)
        kind = small_talk(question)
        if not parts and kind:
            return remark(_whole(question), kind, self._titles(within))
        if rewritten is None:
            parts = tuple(self._settled(part, within) for part in parts)
        spent = {"rewrite": time.perf_counter() - started} if history else {}
        found = [self._to_part(part, within) for part in parts]
        whole = found[0] if len(found) == 1 else combine_answers(found)
        stands_alone = rewritten is None and all(one.asked == one.rewritten for one in parts)
        return replace(
            whole,
            question=_whole(question),
            rewritten=None if stands_alone else " ".join(one.rewritten for one in parts),
            seconds=spent | whole.seconds,
        )

    def _settled(self, part: Subquestion, within: tuple[str, ...]) -> Subquestion:
        """The part as the passages nearest to it answer it most surely: rewritten, or as asked.

        Whether "Which formats are read?" goes on about what was said, its words alone do not
        tell. Where they do, as in "When was it founded?", what is as sure is not enough: an
        answer about something else would be.
        """
        if part.wordings == (part.asked,):
            return part
        *others, asked = part.wordings
        lead = POINTING_LEAD if points_back(part.asked) else 0.0
        threshold = self.settings.threshold
        # Where the nearest passages answer no wording, one further down may.
        for sureness in (self._sureness_nearby, self._sureness):
            confidences = {other: sureness(other, within) for other in others}
            rewritten = max(others, key=confidences.__getitem__)
            confidence = confidences[rewritten]
            if confidence >= threshold and confidence + lead >= 1:
                # Nothing can be surer by so much: what was asked need not be read.
                return Subquestion(part.asked, _plain(rewritten))
            bare = sureness(asked, within)
            if max(confidence, bare) >= threshold:
                break
        surer = confidence < threshold or bare > confidence + lead
        return Subquestion(part.asked, _plain(asked if bare >= threshold and surer else rewritten))

    def _sureness_nearby(self, question: str, within: tuple[str, ...]) -> float:
        """Confidence of the best answer in the passages nearest to a question."""
        return self._nearby(*self._asked(question, within))

    def _sureness(self, question: str, within: tuple[str, ...]) -> float:
        """Confidence of the best answer in all passages read for a question."""
        return self._alone(question, within).confidence

    def _to_part(self, part: Subquestion, within: tuple[str, ...]) -> Answer:
        """The answer to one question, or to what is asked of each thing that it compares."""
        compared = comparison_of(part.rewritten)
        if compared:
            sides = [
                max(
                    (self._alone(wording, within) for wording in wordings),
                    key=lambda answer: (answer.text is not None, answer.confidence),
                )
                for wordings in compared.questions
            ]
            # A conclusion is not drawn; where one side is not known, the documents may have it.
            if all(side.text is not None for side in sides):
                return combine_answers(sides)
        answer = self._alone(part.rewritten, within)
        rewritten = None if part.asked == part.rewritten else part.rewritten
        return replace(answer, question=part.asked, rewritten=rewritten)

    def _alone(self, question: str, within: tuple[str, ...]) -> Answer:
        """The answer to one question that is asked as it stands."""
        answer = self._kept(*self._asked(question, within))
        self._check_within(within, answer.hits)
        return answer

    def _titles(self, within: tuple[str, ...]) -> list[str]:
        places = within or self.within
        return list(dict.fromkeys(list_library(self.index, places).titles))

    def _asked(self, question: str, within: tuple[str, ...]) -> tuple[str, tuple[str, ...], str]:
        """What an answer depends on: the question's words, where to look, and the index's state."""
        asked = _plain(question)
        if not 0 < len(asked) <= self.settings.question_characters:
            raise ValueError(
                f"expected a question of 1 to {self.settings.question_characters:,} characters, "
                f"got {len(asked):,}"
            )
        places = within or self.within
        with self.index.snapshot() as snapshot:
            return asked, places, snapshot.state

    def _check_within(self, within: tuple[str, ...], hits: Sequence[Hit]) -> None:
        if within and not hits:
            named = ", ".join(within)
            raise NothingWithin(f"expected paths of the library, got {named}")

    # The state tells what was kept from what must be found anew.

    def _search(self, asked: str, paths: tuple[str, ...], state: str) -> tuple[Hit, ...]:
        return tuple(self.retriever.retrieve(asked, self.settings.hits, paths))

    def _try(self, asked: str, paths: tuple[str, ...], state: str) -> float:
        read = self.reader.read(asked, self._found(asked, paths, state)[:SETTLING_HITS])
        return read[0].confidence if read else 0.0

    def _answer(self, asked: str, paths: tuple[str, ...], state: str) -> Answer:
        started = time.perf_counter()
        hits = self._found(asked, paths, state)
        retrieved = time.perf_counter()
        answers = self.reader.read(asked, hits)
        seconds = {"retrieve": retrieved - started, "read": time.perf_counter() - retrieved}
        confidence = answers[0].confidence if answers else 0.0
        if not answers or confidence < self.settings.threshold:
            return Answer(asked, None, confidence, (), (), hits, _reason(hits), seconds)
        best, *rest = answers
        told = {span for one in best.contradicted_by for span in one.spans}
        others = [one for one in rest if told.isdisjoint(one.spans)][: self.settings.candidates]
        first = candidate_of(hits, best)
        return Answer(
            question=asked,
            text=first.text,
            confidence=confidence,
            citations=first.citations,
            candidates=tuple(candidate_of(hits, other) for other in others),
            hits=hits,
            reason=None,
            seconds=seconds,
            contradicted_by=tuple(candidate_of(hits, one) for one in best.contradicted_by),
        )


def _whole(question: str) -> str:
    """The question without halves of surrogate pairs, which a terminal can hand over."""
    return question.encode("utf-8", "replace").decode("utf-8")


def _plain(question: str) -> str:
    """The question with its white space joined."""
    return " ".join(_whole(question).split())


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


def precision_of(choice: Choice, *, packaged: bool) -> Precision:
    """The precision in which a model computes.

    Other models than the packaged ones compute in float32 unless another precision is named:
    what int8 costs was measured on the packaged ones alone.
    """
    return fastest(choice) if packaged or choice != "auto" else "float32"


def reader_of(settings: Settings, encoder: Encoder) -> Reader:
    """The reader that the settings name.

    Raises:
        ModelError: It is missing, damaged, or answers no questions.
    """
    model = load_reader(settings)
    # Its weights are read while those of the encoder are and while passages are searched.
    Thread(target=model.load_weights, daemon=True).start()
    return CombinedReader(SpanReader(model), SentenceReader(encoder))


def _parts(index: Index, encoder: Encoder, settings: Settings) -> tuple[Retriever, Reader]:
    retriever = Retriever(index, encoder, settings.word_weight)
    return retriever, reader_of(settings, encoder)


def candidate_of(hits: Sequence[Hit], answer: ReadAnswer) -> Candidate:
    """The answer that was read, with its citations.

    Args:
        hits: That were read.
        answer: As it was read in them.
    """
    citations = tuple(_cite(hits, span) for span in answer.spans)
    quotes = [citation.quote for citation in citations]
    text = " ".join(quotes) if answer.joined else quotes[0]
    return Candidate(text, answer.confidence, citations)


def _cite(hits: Sequence[Hit], span: Span) -> Citation:
    hit = hits[span.hit]
    start, end = _sentence(hit, span)
    return Citation(
        path=hit.path,
        also_at=hit.also_at,
        title=hit.title,
        page=hit.page_at(span.start),
        headings=hit.headings,
        start=span.start,
        end=span.end,
        quote=quoted(hits, span),
        sentence_start=start,
        sentence_end=end,
        passage=hit.text,
        passage_start=hit.start,
        sha256=hit.sha256,
        dated=hit.dated,
    )


def _sentence(hit: Hit, span: Span) -> tuple[int, int]:
    """The sentence in which a span stands, or the sentences over which it goes."""
    touched = [
        (start, end)
        for start, end in answer_units(hit.text)
        if start < span.end - hit.start and span.start - hit.start < end
    ]
    start = min(span.start, hit.start + touched[0][0]) if touched else span.start
    end = max(span.end, hit.start + touched[-1][1]) if touched else span.end
    return start, end


def _reason(hits: Sequence[Hit]) -> NothingFound:
    near = any(hit.vector_score >= NEAR for hit in hits)
    return "none answers" if near else "nothing near"
