"""Fitting: the confidence of the readers, on what training held back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.metrics import roc_auc_score

from embeddings.models.encoder import SentenceTransformersEncoder
from qa.cli.terminal import counting_bar
from qa.evaluation.corpus import library_of, passages_of
from qa.evaluation.datasets import Question, sample
from qa.evaluation.metrics import RIGHT_F1, best_threshold, calibration_error
from qa.reading.onnx_reader import OnnxSpanModel
from qa.reading.sentence_reader import FEATURES, SentenceReader
from qa.retrieval.retriever import Retriever
from qa.settings import Settings
from qa.training import calibrate, sentences
from qa.training.data import load_sets
from qa.training.run import NOT_MINED

NOT_FITTED = ("squadshifts_reddit", "squadshifts_amazon_reviews")
"""Sources whose questions do not fit the confidence: their contexts are posts, not documents."""


@dataclass(frozen=True, slots=True)
class Held:
    """A question that was held back, in a library of all contexts that were.

    Attributes:
        question: With answers.
        document: Its context's document id.
        own: Ids of that document's passages.
    """

    question: Question
    document: int
    own: frozenset[int]


def fit_spans(files: Sequence[Path], folder: Path, count: int, console: Console) -> None:
    """Fit the span reader's confidence; write ``calibration.json`` beside the model.

    Args:
        files: Of questions, those that it was trained on.
        folder: Of the model.
        count: Questions to fit on.
        console: Shown how it goes on; the figures go to standard output.
    """
    model = OnnxSpanModel(folder)
    readings: list[calibrate.Read] = []
    with (
        _held_back(files, count, console) as (retriever, held, hits),
        counting_bar(console, "Reading") as tell,
    ):
        for number, one in enumerate(held, start=1):
            readings += calibrate.read_twice(one.question, one.own, retriever, model, hits)
            tell(number, len(held))
    confidences, scores, answerable = calibrate.cross_validated(readings)
    _tell(confidences, scores >= RIGHT_F1, answerable)
    click.echo(f"  F1 where there is an answer: {scores[answerable].mean():.3f}")
    threshold, mean = best_threshold(confidences, scores, answerable)
    click.echo(f"  best threshold: {threshold:.2f}, with F1 {mean:.3f} over both kinds")
    calibrate.fit(readings).save(folder)


def fit_sentences(files: Sequence[Path], count: int, console: Console) -> None:
    """Fit the sentence reader's weights; print them, to be put into its module.

    Args:
        files: Of questions.
        count: Questions to fit on.
        console: Shown how it goes on; weights and figures go to standard output.
    """
    readings: list[list[sentences.Read]] = []
    with _held_back(files, count, console) as (retriever, held, hits):
        reader = SentenceReader(retriever.encoder)
        with counting_bar(console, "Reading") as tell:
            for number, one in enumerate(held, start=1):
                twice = sentences.read_twice(
                    one.question, one.document, one.own, retriever, reader, hits
                )
                readings.append(list(twice))
                tell(number, len(held))
    half = len(readings) // 2
    fitted, left_out = (
        [read for both in some for read in both] for some in (readings[:half], readings[half:])
    )
    logits, right = sentences.first(left_out, *sentences.fit(fitted))
    _tell(1 / (1 + np.exp(-logits)), right, np.array([one.answerable for one in left_out]))
    weights, bias = sentences.fit([*fitted, *left_out])
    by_name = dict(zip(FEATURES, map(float, weights.round(2)), strict=True))
    click.echo(f"WEIGHTS = {by_name}")
    click.echo(f"BIAS = {bias:.2f}")


@contextmanager
def _held_back(
    files: Sequence[Path], count: int, console: Console
) -> Iterator[tuple[Retriever, list[Held], int]]:
    """A retriever over all contexts held back, questions to ask, and hits to read for each."""
    sets = [load_set for load_set in load_sets(files) if load_set.name not in NOT_MINED]
    questions = [question for one in sets for question in one.held_back if question.answers]
    asked = [question for question in questions if question.source not in NOT_FITTED]
    if not asked:
        raise ValueError(
            f"expected sets of which questions are held back, got {', '.join(map(str, files))}; "
            "name the files that the model was trained on"
        )
    encoder, settings = SentenceTransformersEncoder.load(), Settings()
    with TemporaryDirectory() as scratch:
        with counting_bar(console, "Encoding passages") as tell:
            index, documents = library_of(questions, Path(scratch), encoder, tell)
        held = [
            Held(one, documents[one.context], passages_of(index, documents[one.context]))
            for one in sample(asked, count)
        ]
        try:
            yield Retriever(index, encoder, settings.word_weight), held, settings.hits
        finally:
            index.close()


def _tell(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_]
) -> None:
    click.echo(f"on {len(right):,} readings left out of the fit, half of them without an answer:")
    click.echo(f"  right, where there is an answer: {right[answerable].mean():.3f}")
    click.echo(f"  AUROC of answerable: {roc_auc_score(answerable, confidences):.3f}")
    click.echo(f"  expected calibration error: {calibration_error(confidences, right):.3f}")
