"""Combined reader: short spans where they answer, whole sentences where they cannot."""

from collections.abc import Sequence

from qa.reading.reader import ReadAnswer, Reader
from qa.reading.sentence_reader import asks_for_sentences, may_need_sentences
from qa.results import Hit

SURE = 0.5
"""Confidence from which a short span is enough for a question that may need sentences."""


class CombinedReader:
    """Reads with the reader that fits the question."""

    def __init__(self, spans: Reader, sentences: Reader) -> None:
        self.spans = spans
        self.sentences = sentences

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """Different answers, the likeliest first."""
        if asks_for_sentences(question):
            return self.sentences.read(question, hits)
        spans = self.spans.read(question, hits)
        if not may_need_sentences(question) or (spans and spans[0].confidence >= SURE):
            return spans
        sentences = self.sentences.read(question, hits)[:1]
        return sorted([*sentences, *spans], key=lambda answer: -answer.confidence)
