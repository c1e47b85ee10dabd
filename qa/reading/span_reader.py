"""Span reader: answers with the shortest stretch of text, found by a span model.

The model scores the spans of each passage and whether the passage answers at all; the scores are
compared across passages, and the answers across documents.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from qa.reading.base import SpanModel
from qa.reading.candidates import (
    CandidateSpans,
    answer_features,
    candidate_spans,
    group_answers,
    table_of,
)
from qa.reading.contradiction import contradictions
from qa.reading.reader import ReadAnswer
from qa.reading.spans import read_passages
from qa.results import Hit


class SpanReader:
    """Answers with the spans that a model finds, compared across passages."""

    def __init__(self, model: SpanModel) -> None:
        self.model = model

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """Different answers, the likeliest first; each with all places that give it.

        The first one carries the answers of other documents that contradict it.
        """
        candidates = self.find(question, hits)
        calibration = self.model.calibration
        logits = calibration.span_logits(candidates.features)
        answers: list[ReadAnswer] = []
        highest = 1.0
        for group in group_answers(candidates, logits):
            features = answer_features(candidates, group)
            # The confidence is fitted on answers that come first: no later one is higher.
            highest = min(highest, calibration.confidence(features))
            spans = tuple(candidates.spans[at] for at in group.places)
            answers.append(ReadAnswer(spans, highest))
        answers = _among_rows(answers, hits)
        if answers:
            against = contradictions(question, hits, candidates, calibration, answers)
            answers[0] = replace(answers[0], contradicted_by=against)
        return answers

    def find(self, question: str, hits: Sequence[Hit]) -> CandidateSpans:
        """The best spans of each hit and their features.

        Raises:
            QuestionTooLong: It is longer than the model can read.
        """
        self.model.window_tokenizer.check(question)
        pairs = [(question, hit.shown) for hit in hits]
        passage_spans = read_passages(self.model, pairs, [hit.context for hit in hits])
        return candidate_spans(question, hits, passage_spans)


def _among_rows(answers: Sequence[ReadAnswer], hits: Sequence[Hit]) -> list[ReadAnswer]:
    """The answers, the likeliest first, those of a table's rows sharing one confidence.

    Each row is judged as if it alone had been read, and reads like the next one: where several
    rows of a document give different answers, all but one are wrong.
    """
    documents = [table_of(hits[answer.spans[0].hit]) for answer in answers]
    totals: dict[int, float] = defaultdict(float)
    for document, answer in zip(documents, answers, strict=True):
        if document is not None:
            totals[document] += answer.confidence
    shared = [
        answer
        if document is None
        else replace(answer, confidence=answer.confidence / max(1.0, totals[document]))
        for document, answer in zip(documents, answers, strict=True)
    ]
    return sorted(shared, key=lambda answer: -answer.confidence)
