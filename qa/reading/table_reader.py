"""Table reader: looks a cell up by the names of its row and its column.

"What is the speed of pump P077?" names a row, by its cell "P077", and a column, "Speed": where
they cross stands the answer. The cells of a row that the question says are its labels. Lines such
as "- Treasurer: Dimitri Sokolov" are rows of two cells. A logistic
model estimates from what the labels, the column and the headings leave unsaid of the question
whether the cell answers it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, fields

import numpy as np

from embeddings.document import CELL_SEPARATOR
from embeddings.passages import HEADING_SEPARATOR
from qa.notations import dates
from qa.reading.calibration import feature_matrix
from qa.reading.lists import LIST_MARKER, introduces_answer
from qa.reading.question_type import fits_answer_type
from qa.reading.reader import ReadAnswer, Span
from qa.reading.repetition import repeats_question
from qa.results import Hit
from qa.text import normalise, stem, stems, terms

MAX_LABEL_WORDS = 12
"""A longer cell is no label. Chosen by hand."""

MIN_LABELLED = 2
"""Lines "label: value" of a passage that make a list; one alone may be any sentence. Chosen by
hand."""

INTRODUCED_CONFIDENCE = 0.7
"""Of the first cells of all rows of a table that the line before it introduces as what is asked
for. Chosen by hand."""

# What needs several rows to be compared, counted or summed up is no look-up.
_COMPARES = re.compile(
    r"\b(\w+est|most|least|first|last|next|previous|before|after|more|less|fewer|other|only|top"
    r"|total|average|difference|how many (?:times|rows|different)|between|than|same|both|above"
    r"|below|consecutive)\b",
    re.I,
)
# "What is a dongle in this house?", but not "What is a pump's speed?"
_DEFINES = re.compile(
    r"^\W*what(?: is|'s) an? (?!.* of )(?P<term>[^'’]{1,80}?)"
    r"(?: (?:in|on|at|for|by|with) [^'’]*)?$",
    re.I,
)
_SMALL = re.compile(r"\d{1,2}")
_LABELLED = re.compile(
    rf"^(?:{LIST_MARKER}[ \t]*)?(?P<label>[^\n:]{{1,60}}):[ \t]+(?P<value>\S.*)$"
    rf"|^{LIST_MARKER}[ \t]*(?P<term>[^\n:]{{1,60}}) [–—-] (?P<meaning>\S.*)$",
    re.MULTILINE,
)
_NEGATIONS = frozenset("no non not never without".split())
_UNIT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class LookupFeatures:
    """What is known of a cell.

    Attributes:
        labels: Share of the question's words that the labels of its row hold.
        column: Share of the question's words that the name of its column holds.
        context: Share of them that only the headings, the introduction or the title hold.
        rest: Share of them that nothing of these holds.
        unsaid: Number of names and numbers among the rest.
        rivals: Logarithm of the number of rows with the same labels, this one among them.
        is_first: Whether a label is the first cell of its row.
        is_number: Whether all labels are numbers of at most two digits, which say little.
        compares: Whether the question compares rows.
        fits: Whether the cell holds the kind of thing asked for: 1 yes, 0 no, 0.5 unknown.
    """

    labels: float
    column: float
    context: float
    rest: float
    unsaid: float
    rivals: float
    is_first: float
    is_number: float
    compares: float
    fits: float


FEATURES = tuple(field.name for field in fields(LookupFeatures))

# Fitted by `python -m qa.training calibrate --tables` on 5,202 questions on tables
# (WikiTableQuestions) and as many look-ups made from these.
WEIGHTS = {
    "labels": 0.16,
    "column": 1.38,
    "context": 0.0,
    "rest": -3.07,
    "unsaid": 0.33,
    "rivals": -0.85,
    "is_first": 2.37,
    "is_number": -0.59,
    "compares": -0.69,
    "fits": 2.43,
}
BIAS = -0.76


@dataclass(frozen=True, slots=True)
class _Row:
    """A table's row, or a labelled line of a list, among the hits.

    Attributes:
        hit: Position of its hit.
        cells: Text, offset into ``Document.text`` and name of the column of each cell.
        labels: Normalised texts of the cells that the question says, by their positions.
        is_line: Whether it is a labelled line.
    """

    hit: int
    cells: tuple[tuple[str, int, str], ...]
    labels: dict[int, str]
    is_line: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """A cell with its features."""

    span: Span
    text: str
    features: LookupFeatures


class TableReader:
    """Answers with the cell whose row and column the question names."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        """The cells by how likely they answer, the likeliest first; often none."""
        if labels := _introduced_labels(question, hits):
            return [labels]
        found = lookups(question, hits)
        rows = feature_matrix([lookup.features for lookup in found], FEATURES)
        logits = rows @ np.array([WEIGHTS[name] for name in FEATURES]) + BIAS
        answers = (
            ReadAnswer((lookup.span,), float(1 / (1 + np.exp(-logit))))
            for lookup, logit in zip(found, logits, strict=True)
        )
        return sorted(answers, key=lambda answer: -answer.confidence)


def _introduced_labels(question: str, hits: Sequence[Hit]) -> ReadAnswer | None:
    """The first cells of a table's rows, if the line before it says that these are asked for."""
    rows = [
        (at, hit)
        for at, hit in enumerate(hits)
        if CELL_SEPARATOR in hit.text
        and "\n" not in hit.text
        and introduces_answer(question, hit.context.rpartition(HEADING_SEPARATOR)[2])
    ]
    if not rows:
        return None
    document, context = rows[0][1].document, rows[0][1].context
    same = [(at, hit) for at, hit in rows if (hit.document, hit.context) == (document, context)]
    spans = (
        Span(at, hit.start, hit.start + len(hit.text.partition(CELL_SEPARATOR)[0]))
        for at, hit in sorted(same, key=lambda row: row[1].start)
    )
    return ReadAnswer(tuple(spans), INTRODUCED_CONFIDENCE, joined=True)


def lookups(question: str, hits: Sequence[Hit]) -> list[Lookup]:
    """Cells whose row has a label in the question, and whose column is named there.

    Args:
        question: As asked.
        hits: The passages; what is no row of a table or labelled line is passed over.
    """
    words = f" {normalise(question)} {' '.join(_dates(question))} "
    rows = [row for at, hit in enumerate(hits) for row in _rows(at, hit, words)]
    if defined := _DEFINES.match(question):
        term = normalise(defined["term"])
        rows = [row for row in rows if term in row.labels.values()]
    asked = [stem(term) for term in terms(question)]
    names = {stem(word) for word in re.findall(r"\b[A-Z]\w*|\w*\d\w*", question[1:])}
    compares = float(bool(_COMPARES.search(question)))
    found: list[Lookup] = []
    for row in rows:
        rivals = sum(row.labels.items() <= other.labels.items() for other in rows)
        best = sum(len(other.labels) > len(row.labels) for other in rows)
        label_stems = stems(" ".join(row.labels.values()))
        hit = hits[row.hit]
        above = stems("\n".join((hit.context, *hit.headings))) - label_stems
        for at, column_stems in _asked_cells(row, set(asked) - label_stems):
            text, start, _ = row.cells[at]
            # A line to be filled in has no words.
            if repeats_question(question, text) or not normalise(text):
                continue
            known = label_stems | column_stems | above
            # Anything may be labelled: a line must be about all that is asked.
            if row.is_line and not set(asked) <= known | stems(text):
                continue
            features = LookupFeatures(
                labels=_share(asked, label_stems),
                column=_share(asked, column_stems),
                context=_share(asked, above - column_stems),
                rest=1 - _share(asked, known),
                unsaid=float(len((names & set(asked)) - known)),
                rivals=float(np.log(rivals + best)),
                is_first=float(0 in row.labels),
                is_number=float(all(map(_SMALL.fullmatch, row.labels.values()))),
                compares=compares,
                fits=fits_answer_type(question, text),
            )
            found.append(Lookup(Span(row.hit, start, start + len(text)), text, features))
    return found


def _dates(question: str) -> Iterator[str]:
    """The dates of the question in other notations, as ``normalise`` leaves them."""
    for date in dates(question):
        for notation in date.notations():
            # Of a month also its first day, which stands for it in tables.
            yield from (notation, notation.replace(" ", ""))
        if date.day is None:
            yield from _dates(f"{date.year}-{date.month:02}-01")


def _rows(at: int, hit: Hit, question: str) -> Iterator[_Row]:
    """The rows and labelled lines in a hit of which the question says a cell."""
    if CELL_SEPARATOR in hit.text:
        if "\n" not in hit.text:
            yield from _named_row(at, _cells(hit), question, is_line=False)
        return
    lines = list(_LABELLED.finditer(hit.text))
    labels = Counter(normalise(line["label"] or line["term"]) for line in lines)
    for line in lines if len(lines) >= MIN_LABELLED else ():
        groups = ("label", "value") if line["label"] else ("term", "meaning")
        label = normalise(line[groups[0]])
        # A label that comes back belongs to several things, of which other lines tell.
        same = _NEGATIONS & set(label.split()) == _NEGATIONS & set(question.split())
        if labels[label] == 1 and same:
            cells = tuple((line[name].strip(), hit.start + line.start(name), "") for name in groups)
            yield from _named_row(at, cells, question, is_line=True)


def _cells(hit: Hit) -> tuple[tuple[str, int, str], ...]:
    cells: list[tuple[str, int, str]] = []
    offset = hit.start
    for number, cell in enumerate(hit.text.split(CELL_SEPARATOR)):
        name = hit.columns[number] if number < len(hit.columns) else ""
        if cell:
            cells.append((cell, offset, name))
        offset += len(cell) + 1
    return tuple(cells)


def _named_row(
    at: int, cells: tuple[tuple[str, int, str], ...], question: str, *, is_line: bool
) -> Iterator[_Row]:
    """The row of these cells, if the question says one of them."""
    labels = {
        number: label
        for number, (cell, _, _) in enumerate(cells)
        if (label := normalise(cell))
        and len(label.split()) <= MAX_LABEL_WORDS
        and f" {label} " in question
    }
    is_pair = len(cells) == 2 and not any(name for _, _, name in cells)
    # "What is the name of the boat?" asks for the row "Name of boat".
    if is_pair and not labels and stems(cells[0][0]) <= stems(question):
        labels = {0: normalise(cells[0][0])}
    if labels:
        yield _Row(at, cells, labels, is_line)


def _asked_cells(row: _Row, asked: Set[str]) -> Iterator[tuple[int, set[str]]]:
    """The cells whose columns the question names best, with the words of those names."""
    if len(row.cells) == 2 and not any(name for _, _, name in row.cells):
        if 1 not in row.labels:
            yield 1, set()
        return
    named: list[tuple[int, set[str]]] = []
    for at, (_, _, name) in enumerate(row.cells):
        words = {stem(term) for term in terms(_UNIT.sub(" ", name))} if name else set()
        if at not in row.labels and words and words <= asked:
            named.append((at, words))
    most = max((len(words) for _, words in named), default=0)
    yield from (cell for cell in named if len(cell[1]) == most)


def _share(words: Sequence[str], of: Set[str]) -> float:
    return sum(word in of for word in words) / len(words) if words else 0.0
