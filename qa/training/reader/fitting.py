"""Fitting: the confidence of the readers, on the questions that training held back."""

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
from qa.evaluation.datasets import Question, load_questions, sample
from qa.evaluation.metrics import RIGHT_F1, best_threshold, calibration_error
from qa.reading import sentence_reader, table_reader
from qa.reading.onnx_reader import OnnxSpanModel
from qa.reading.sentence_reader import SentenceReader
from qa.retrieval.retriever import Retriever
from qa.settings import Settings
from qa.training.reader import calibrate, calibrate_sentences, calibrate_tables
from qa.training.reader.data import load_sets
from qa.training.reader.run import NOT_MINED

NOT_FITTED_SOURCES = ("squadshifts_reddit", "squadshifts_amazon_reviews")
"""Sources that the confidence is not fitted on: their contexts are posts, not documents."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A question that was held back, with its place in the library of all such contexts.

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
        console: Shows the progress; the figures go to standard output.
    """
    model = OnnxSpanModel(folder)
    readings: list[calibrate.Reading] = []
    with (
        _held_back(files, count, console) as (retriever, held_back, hits),
        counting_bar(console, "Reading") as on_progress,
    ):
        for number, held in enumerate(held_back, start=1):
            readings += calibrate.read_twice(held.question, held.own, retriever, model, hits)
            on_progress(number, len(held_back))
    confidences, scores, answerable = calibrate.cross_validated(readings)
    _print_figures(confidences, scores >= RIGHT_F1, answerable)
    click.echo(f"  F1 where there is an answer: {scores[answerable].mean():.3f}")
    threshold, mean = best_threshold(confidences, scores, answerable)
    click.echo(f"  best threshold: {threshold:.2f}, with F1 {mean:.3f} over both kinds")
    calibrate.fit(readings).save(folder)


def fit_sentences(files: Sequence[Path], count: int, console: Console) -> None:
    """Fit the sentence reader's weights; print them, to be copied into its module.

    Args:
        files: Of questions.
        count: Questions to fit on.
        console: Shows the progress; weights and figures go to standard output.
    """
    readings: list[list[calibrate_sentences.Reading]] = []
    with _held_back(files, count, console) as (retriever, held_back, hits):
        reader = SentenceReader(retriever.encoder)
        with counting_bar(console, "Reading") as on_progress:
            for number, held in enumerate(held_back, start=1):
                twice = calibrate_sentences.read_twice(
                    held.question, held.document, held.own, retriever, reader, hits
                )
                readings.append(list(twice))
                on_progress(number, len(held_back))
    half = len(readings) // 2
    _fit_weights(
        [reading for both in readings[:half] for reading in both],
        [reading for both in readings[half:] for reading in both],
        sentence_reader.FEATURES,
    )


def fit_tables(files: Sequence[Path]) -> None:
    """Fit the table reader's weights; print them, to be copied into its module.

    Args:
        files: Of questions whose contexts are tables.
    """
    questions = [question for path in files for question in load_questions(path)]
    half = len(questions) // 2
    fitted, left_out = (
        list(calibrate_tables.read_tables(part)) for part in (questions[:half], questions[half:])
    )
    _fit_weights(fitted, left_out, table_reader.FEATURES)


def _fit_weights(
    fitted: Sequence[calibrate_sentences.Reading],
    left_out: Sequence[calibrate_sentences.Reading],
    features: Sequence[str],
) -> None:
    """Print figures on what is left out of a fit, and the weights fitted on both parts."""
    logits, right = calibrate_sentences.best_of_each(left_out, *calibrate_sentences.fit(fitted))
    answerable = np.array([reading.answerable for reading in left_out])
    _print_figures(1 / (1 + np.exp(-logits)), right, answerable)
    weights, bias = calibrate_sentences.fit([*fitted, *left_out])
    by_name = dict(zip(features, map(float, weights.round(2)), strict=True))
    click.echo(f"WEIGHTS = {by_name}")
    click.echo(f"BIAS = {bias:.2f}")


@contextmanager
def _held_back(
    files: Sequence[Path], count: int, console: Console
) -> Iterator[tuple[Retriever, list[HeldBack], int]]:
    """A retriever over all contexts held back, questions to fit on, and the hits of each."""
    sets = [questions for questions in load_sets(files) if questions.name not in NOT_MINED]
    answered = [q for questions in sets for q in questions.held_back if q.answers]
    fitted = [question for question in answered if question.source not in NOT_FITTED_SOURCES]
    if not fitted:
        raise ValueError(
            f"expected sets with questions held back, got {', '.join(map(str, files))}; "
            "name the files that the model was trained on"
        )
    encoder, settings = SentenceTransformersEncoder.load(), Settings()
    with TemporaryDirectory() as scratch:
        with counting_bar(console, "Encoding passages") as on_progress:
            index, documents = library_of(answered, Path(scratch), encoder, on_progress)
        held_back = [
            HeldBack(question, document, passages_of(index, document))
            for question in sample(fitted, count)
            for document in [documents[question.context]]
        ]
        try:
            yield Retriever(index, encoder, settings.word_weight), held_back, settings.hits
        finally:
            index.close()


def _print_figures(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_]
) -> None:
    click.echo(
        f"on {len(right):,} readings left out of the fit, "
        f"{np.count_nonzero(~answerable):,} of them without an answer:"
    )
    click.echo(f"  right, where there is an answer: {right[answerable].mean():.3f}")
    if not answerable.all():
        click.echo(f"  AUROC of answerable: {roc_auc_score(answerable, confidences):.3f}")
    click.echo(f"  expected calibration error: {calibration_error(confidences, right):.3f}")
