"""Calibrate: fits the weights with which ``SentenceReader`` turns features into confidence.

    python -m qa.calibrate QUESTIONS [--sample 600]

Takes questions with their contexts (JSON lines, see ``qa.evaluate``), makes one library of all
contexts, and reads each question twice: as it is, and with its own context taken out of the
hits, so that half of the questions have no answer. Prints the weights to put into
``qa/reader.py``, and how well they do on questions left out of the fit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from embeddings.encoder import SentenceTransformersEncoder
from qa.answer import Hit
from qa.evaluate import Question, library_of, load_questions, sample
from qa.reader import FEATURES, SentenceReader, answer_units
from qa.retriever import Retriever, fuse
from qa.settings import Settings
from qa.terminal import counting_bar

BINS = 10
"""Of the expected calibration error."""


@dataclass(frozen=True, slots=True)
class Read:
    """One question as it was read.

    Attributes:
        features: ``(sentences, len(FEATURES))``.
        right: ``(sentences,)``, whether a sentence holds the answer in its own context.
        answerable: Whether its context was among the hits to choose from.
    """

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    answerable: bool


def without(hits: Sequence[Hit], document: int, word_weight: float) -> list[Hit]:
    """The hits as they would be scored if the document were not in the library."""
    left = [hit for hit in hits if hit.document != document]
    highest = max((hit.word_score for hit in left), default=0.0)
    return [
        replace(hit, score=fuse(hit.vector_score, hit.word_score, highest, word_weight))
        for hit in left
    ]


def fit(questions: Sequence[Read]) -> tuple[NDArray[np.float64], float]:
    """Weights ``(len(FEATURES),)`` and bias.

    A logistic model over all sentences orders them; its logit is then scaled (Platt, 1999) so
    that the best sentence of a question gets the probability of being right.
    """
    every = LogisticRegression(C=10, max_iter=2000)
    every.fit(
        np.concatenate([one.features for one in questions]),
        np.concatenate([one.right for one in questions]),
    )
    weights, bias = every.coef_[0], float(every.intercept_[0])
    logits, right = best(questions, weights, bias)
    scale = LogisticRegression(C=1e6).fit(logits[:, None], right)
    factor = float(scale.coef_[0, 0])
    return weights * factor, bias * factor + float(scale.intercept_[0])


def best(
    questions: Sequence[Read], weights: NDArray[np.float64], bias: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The highest logit of each question, and whether its sentence is right."""
    logits, right = [], []
    for one in questions:
        scores = one.features @ weights + bias
        at = int(np.argmax(scores))
        logits.append(float(scores[at]))
        right.append(bool(one.right[at]))
    return np.array(logits), np.array(right)


def calibration_error(confidences: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error over equal bins (Guo et al., 2017).

    >>> calibration_error(np.array([0.95, 0.95, 0.15, 0.15]), np.array([1, 1, 0, 0], dtype=bool))
    0.1
    """
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidences[bins == at].mean() - right[bins == at].mean()) * (bins == at).mean()
        for at in range(BINS)
        if (bins == at).any()
    ]
    return round(float(sum(gaps)), 10)


def best_threshold(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_]
) -> tuple[float, float]:
    """The threshold at which most readings end as they should, and the share that does.

    One that can be answered should be, rightly; one that cannot should be left open.

    >>> best_threshold(np.array([0.9, 0.4, 0.2]), np.array([1, 1, 0]) > 0, np.array([1, 1, 0]) > 0)
    (0.25, 1.0)
    """
    thresholds = np.arange(5, 100, 5) / 100
    shares = [float(np.mean(np.where(confidences >= at, right, ~answerable))) for at in thresholds]
    highest = int(np.argmax(shares))
    return float(thresholds[highest]), shares[highest]


def _read_all(path: Path, count: int, console: Console) -> Iterator[Read]:
    settings = Settings()
    questions = [question for question in load_questions(path) if question.answers]
    encoder = SentenceTransformersEncoder.load(settings.encoder)
    reader = SentenceReader(encoder)
    with TemporaryDirectory() as folder:
        with counting_bar(console, "Encoding passages") as tell:
            index, documents = library_of(questions, Path(folder), encoder, tell)
        retriever = Retriever(index, encoder, settings.word_weight)
        chosen = sample(questions, count)
        with counting_bar(console, "Reading") as tell:
            for done, question in enumerate(chosen, start=1):
                document = documents[question.context]
                hits = retriever.retrieve(question.text, settings.hits)
                features, right, own = _features(reader, question, hits, document)
                yield Read(features, right, answerable=True)
                left = without(hits, document, settings.word_weight)
                if left:
                    scores = {hit.rank: hit.score for hit in left}
                    taken = features[~own].copy()
                    ranks = [hit.rank for hit in hits for _ in answer_units(hit.text)]
                    taken[:, FEATURES.index("hit")] = [
                        scores[rank] for rank in ranks if rank in scores
                    ]
                    yield Read(taken, right[~own], answerable=False)
                tell(done, len(chosen))
        index.close()


def _features(
    reader: SentenceReader, question: Question, hits: Sequence[Hit], document: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each sentence: its features, whether it is right, and whether it is in ``document``."""
    spans = [
        (at, hit.start + start, hit.start + end)
        for at, hit in enumerate(hits)
        for start, end in answer_units(hit.text)
    ]
    texts = [
        hits[at].text[start - hits[at].start : end - hits[at].start] for at, start, end in spans
    ]
    own = np.array([hits[at].document == document for at, _, _ in spans])
    holds = np.array([any(answer in text for answer in question.answers) for text in texts])
    return reader.features(question.text, hits, spans), own & holds, own


@click.command()
@click.argument("questions", type=click.Path(exists=True, path_type=Path))
@click.option("--sample", "count", default=600, show_default=True, help="Questions to fit on.")
def main(questions: Path, count: int) -> None:
    """Fit the weights of the sentence reader on QUESTIONS."""
    read = list(_read_all(questions, count, Console(stderr=True)))
    fitted, left_out = read[: len(read) // 2], read[len(read) // 2 :]
    logits, right = best(left_out, *fit(fitted))
    confidences = 1 / (1 + np.exp(-logits))
    answerable = np.array([one.answerable for one in left_out])
    weights, bias = fit(read)
    click.echo(f"FEATURES = {FEATURES}")
    click.echo(f"WEIGHTS = {tuple(float(weight) for weight in weights.round(2))}")
    click.echo(f"BIAS = {bias:.2f}")
    click.echo(f"on the {len(left_out)} readings left out of the fit, half without an answer:")
    click.echo(f"  right sentence first, where there is one: {right[answerable].mean():.3f}")
    click.echo(f"  AUROC of answerable: {roc_auc_score(answerable, confidences):.3f}")
    click.echo(f"  expected calibration error: {calibration_error(confidences, right):.3f}")
    threshold, share = best_threshold(confidences, right, answerable)
    click.echo(f"  best threshold: {threshold:.2f}, with {share:.3f} rightly answered or left open")


if __name__ == "__main__":
    main()
