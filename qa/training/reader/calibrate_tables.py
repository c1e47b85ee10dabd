"""Calibrate the table reader: fits its weights on questions about tables."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from embeddings.document import CELL_SEPARATOR
from qa.evaluation.datasets import Question
from qa.evaluation.metrics import best, exact_match
from qa.reading.calibration import feature_matrix
from qa.reading.table_reader import FEATURES, lookups
from qa.results import Hit
from qa.training.reader.calibrate_sentences import Reading

_DELIMITER = " | "


def read_tables(questions: Sequence[Question]) -> Iterator[Reading]:
    """The cells that the table reader finds for each question, all rows of its table being hits.

    Each is read with a look-up made from its table. Those for which nothing is found are left out.

    Args:
        questions: With a table as context: a row a line, cells parted by bars, the header first.
    """
    random = Random(0)
    for question in questions:
        hits = list(_rows(question.context))
        golds = [gold.text for gold in question.answers]
        for asked, answers in ((question.text, golds), *_looked_up(hits, random)):
            found = lookups(asked, hits)
            if found:
                right = [best(exact_match, lookup.text, answers) > 0 for lookup in found]
                features = feature_matrix([lookup.features for lookup in found], FEATURES)
                yield Reading(features, np.array(right), answerable=True)


def _looked_up(hits: Sequence[Hit], random: Random) -> Iterator[tuple[str, list[str]]]:
    """A look-up made from the table: most questions that people wrote on it need several rows."""
    rows = [(hit, hit.text.split(CELL_SEPARATOR)) for hit in hits]
    labels = Counter(cells[0] for _, cells in rows)
    unique = [(hit, cells) for hit, cells in rows if cells[0] and labels[cells[0]] == 1]
    if unique:
        hit, cells = random.choice(unique)
        column = random.randrange(1, len(cells))
        if cells[column] and column < len(hit.columns) and hit.columns[column]:
            yield f"What is the {hit.columns[column]} of {cells[0]}?", [cells[column]]


def _rows(table: str) -> Iterator[Hit]:
    """The rows of a table as hits."""
    header, *lines = table.split("\n")
    columns = tuple(header.split(_DELIMITER))
    for number, line in enumerate(lines):
        if _DELIMITER not in line:
            continue
        text = line.replace(_DELIMITER, CELL_SEPARATOR)
        yield Hit(
            document=0,
            path="",
            also_at=(),
            near_duplicates=(),
            title="",
            sha256="",
            dated="",
            page=None,
            page_breaks=(),
            headings=(),
            context="",
            start=0,
            end=len(text),
            text=text,
            score=0.0,
            rank=number + 1,
            vector_score=0.0,
            vector_rank=None,
            word_score=0.0,
            word_rank=None,
            columns=columns,
        )
