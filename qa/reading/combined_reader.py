"""Combined reader: the other readers, each for what it reads best, on the passages that may answer.

Left out are passages about another code than the question's, and those of another version of a
document than the one asked for.
"""

from collections.abc import Sequence
from dataclasses import replace

from embeddings.document import CELL_SEPARATOR
from qa.abbreviations import spelled_out
from qa.reading.checklists import read_checklist
from qa.reading.definitions import read_definition
from qa.reading.lists import whole_list
from qa.reading.other_statements import is_row_of_another_day, names_another_code
from qa.reading.question_type import asks_for_sentences, asks_why, may_need_sentences
from qa.reading.reader import ReadAnswer, Reader, Span, quoted
from qa.reading.references import read_reference
from qa.reading.sentence_reader import answer_units
from qa.reading.versions import newest_first, select_version
from qa.results import Hit
from qa.text import normalise

MIN_SPAN_CONFIDENCE = 0.5
"""Confidence from which a short span is enough for a question that may need sentences. Chosen by
hand; not fitted."""


class CombinedReader:
    """Cells that are looked up, else short spans, and whole sentences where these cannot answer."""

    def __init__(self, spans: Reader, sentences: Reader, tables: Reader) -> None:
        self.spans = spans
        self.sentences = sentences
        self.tables = tables

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """Different answers, the likeliest first."""
        version = select_version(question, hits)
        texts = {at: f"{hits[at].context}\n{hits[at].shown.text}" for at in version.kept}
        kept = [
            at
            for at, text in texts.items()
            if not names_another_code(question, text)
            and not is_row_of_another_day(question, hits[at].text)
        ]
        passages = [hits[at] for at in kept]
        spelled = spelled_out(version.question, [texts[at] for at in kept])
        answers = self._read(spelled, passages)
        if answers and not answers[0].joined:
            spans = whole_list(passages, answers[0].spans[0])
            if len(spans) > 1:
                answers[0] = replace(answers[0], spans=spans, joined=True)
        return newest_first([_placed(answer, kept) for answer in answers], hits)

    def _read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        if reference := read_reference(question, hits):
            return reference
        checklist = read_checklist(question, hits)
        if checklist is not None:
            return checklist
        if definition := read_definition(question, hits):
            return definition
        if asks_for_sentences(question):
            return self.sentences.read(question, hits)
        lookups = _with_contradictions(self.tables.read(question, hits), hits)
        spans = _with_lookup(lookups, self.spans.read(question, hits))
        if asks_why(question):
            spans = _with_row(spans, hits)
        span_is_enough = bool(spans) and spans[0].confidence >= MIN_SPAN_CONFIDENCE
        if span_is_enough or not may_need_sentences(question):
            return spans
        sentences = self.sentences.read(question, hits)[:1]
        return sorted([*sentences, *spans], key=lambda answer: -answer.confidence)


def _with_row(answers: list[ReadAnswer], hits: Sequence[Hit]) -> list[ReadAnswer]:
    """The answers, of which the first is a whole row, of one place, if it stands in one.

    One of its cells says what is done, another one why.
    """
    if not answers or answers[0].joined:
        return answers
    first, hit = answers[0].spans[0], hits[answers[0].spans[0].hit]
    units = (Span(first.hit, hit.start + a, hit.start + b) for a, b in answer_units(hit.text))
    whole = next(filter(first.overlaps, units), first)
    if CELL_SEPARATOR not in quoted(hits, whole):
        return answers
    others = [answer for answer in answers[1:] if not answer.spans[0].overlaps(whole)]
    return [replace(answers[0], spans=(whole,)), *others]


def _placed(answer: ReadAnswer, kept: Sequence[int]) -> ReadAnswer:
    """The answer with the positions that its hits have among all hits."""
    return replace(
        answer,
        spans=tuple(replace(span, hit=kept[span.hit]) for span in answer.spans),
        contradicted_by=tuple(_placed(other, kept) for other in answer.contradicted_by),
    )


def _with_contradictions(lookups: list[ReadAnswer], hits: Sequence[Hit]) -> list[ReadAnswer]:
    """The cells, the first with those of other documents that are as likely and say otherwise."""
    if not lookups:
        return lookups
    first = lookups[0]
    documents = {hits[first.spans[0].hit].document}
    others: list[ReadAnswer] = []
    for other in lookups[1:]:
        document = hits[other.spans[0].hit].document
        differs = _words(other, hits) != _words(first, hits)
        if differs and document not in documents and other.confidence == first.confidence:
            documents.add(document)
            others.append(other)
    return [replace(first, contradicted_by=tuple(others)), *lookups[1:]]


def _words(answer: ReadAnswer, hits: Sequence[Hit]) -> str:
    return normalise(quoted(hits, answer.spans[0]))


def _with_lookup(lookups: Sequence[ReadAnswer], spans: list[ReadAnswer]) -> list[ReadAnswer]:
    """The cell that was looked up before the spans, if it is the likelier answer."""
    if not lookups or (spans and spans[0].confidence >= lookups[0].confidence):
        return spans
    cell = lookups[0].spans[0]
    others = [answer for answer in spans if not answer.spans[0].overlaps(cell)]
    same = bool(spans) and spans[0] not in others
    contradicted_by = spans[0].contradicted_by if same else ()
    contradicted_by = lookups[0].contradicted_by or contradicted_by
    return [replace(lookups[0], contradicted_by=contradicted_by), *others]
