"""Span reader: answers with the shortest stretch of text, found by a span model.

The model says for each passage where its answer stands and whether there is one; what it says is
compared across passages, and then across documents.
"""

from collections.abc import Sequence
from dataclasses import replace

from qa.reading.base import SpanModel
from qa.reading.disagreement import contradictions
from qa.reading.reader import Found, ReadAnswer, answer_features, answers_of, compare, read_passages
from qa.results import Hit


class SpanReader:
    """Answers with the spans that a model finds, compared across passages."""

    def __init__(self, model: SpanModel) -> None:
        self.model = model

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """Different answers, the likeliest first; each with all places that say it.

        The first one carries what other documents say instead.
        """
        found = self.find(question, hits)
        calibration = self.model.calibration
        logits = calibration.span_logits(found.features)
        read: list[ReadAnswer] = []
        highest = 1.0
        for answer in answers_of(found, logits):
            features = answer_features(found, logits, answer)
            # The confidence is fitted on answers that come first: no later one is surer.
            highest = min(highest, calibration.confidence(features))
            read.append(ReadAnswer(tuple(found.spans[at] for at in answer.places), highest))
        if read:
            against = contradictions(question, hits, found, calibration, read)
            read[0] = replace(read[0], contradicted_by=against)
        return read

    def find(self, question: str, hits: Sequence[Hit]) -> Found:
        """The best spans of each hit and their features.

        Raises:
            QuestionTooLong: It is longer than the model can read.
        """
        self.model.window_tokenizer.check(question)
        pairs = [(question, hit.text) for hit in hits]
        read = read_passages(self.model, pairs, [hit.context for hit in hits])
        return compare(question, hits, read)
