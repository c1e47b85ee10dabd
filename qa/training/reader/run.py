"""One run of the reader's training: from files of questions to a folder with the model."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer
from qa.cli.terminal import counting_bar
from qa.evaluation.datasets import Question, sample
from qa.settings import Settings
from qa.training.reader.data import TrainingSet, load_sets
from qa.training.reader.examples import Source
from qa.training.reader.hard_negatives import ConstantEncoder, contexts_of, mine
from qa.training.reader.loop import Trainer
from qa.training.reader.model import SpanTransformer
from qa.training.reader.plan import Plan
from qa.training.reader.templates import template_questions
from qa.training.reader.validate import validate

SHARES = {
    "squadshifts_reddit": 0.45,
    "squadshifts_amazon_reviews": 0.45,
    "fairytaleqa_train": 0.05,
    "qamr_dev": 0.02,
    "synthetic_unanswerable_squad1_train": 0.3,
}
"""Share of a source's questions drawn for each epoch; of other sources all. Less of those unlike
questions asked of documents. Chosen by hand; the model card compares leaving some out."""

OUTPUTS_SEED = 0
"""Seed of the output weights of a model that starts from the encoder."""

TEMPLATE_SHARE = 0.2
"""Share of the template questions drawn for each epoch. Chosen by hand; not fitted."""

ENCODED = ("squad1_train_merged",)
"""Sets searched by vectors too; others are searched by words alone, which needs no encoding."""

NOT_MINED = ("fairytaleqa", "qamr_dev", "tatqa_textspan", "synthetic_unanswerable")
"""Sets without useful hard negatives: their questions are about single sentences or stories, or
have no answer."""

VALIDATED = 800
"""Questions held back that are read after each epoch. Chosen by hand."""

LOGGED_STEPS = 25
"""Steps between two lines of the log."""

MISALIGNED_NAMED = 5
"""Misaligned questions of a set that are named."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every training on the same files starts from.

    Attributes:
        sets: The questions.
        negatives: For each question to train on of each set, its hard negatives.
        encoder: Whose transformer is trained.
    """

    sets: Sequence[TrainingSet]
    negatives: Sequence[Sequence[Sequence[Question]]]
    encoder: SentenceTransformersEncoder


def prepare(files: Sequence[Path], work: Path, console: Console) -> Prepared:
    """Load questions, and retrieve their hard negatives.

    Args:
        files: Of questions.
        work: Folder that stores the hard negatives for the next run.
        console: Shows the progress.

    Raises:
        ValueError: A file holds no questions, or misaligned answers.
        OSError: A file cannot be read or written.
    """
    work.mkdir(parents=True, exist_ok=True)
    sets = load_sets(files)
    for questions in sets:
        _print_set(questions, console)
    encoder = SentenceTransformersEncoder.load()
    negatives = [_negatives(questions, encoder, work, console) for questions in sets]
    return Prepared(sets, negatives, encoder)


def train(
    prepared: Prepared,
    work: Path,
    plan: Plan,
    console: Console,
    *,
    shares: Mapping[str, float] | None = None,
    only: int | None = None,
    start: Path | None = None,
    teachers: Sequence[Path] = (),
) -> Path:
    """Train, or go on from the checkpoint in ``work``; the folder of the trained model.

    Args:
        prepared: Questions to train on, and to validate with.
        work: Folder of the checkpoints, the log and a model for each epoch.
        plan: How to train.
        console: Shows the progress.
        shares: Of sources, in place of those in ``SHARES``.
        only: Questions of each source at most, to compare plans.
        start: Folder of a trained model to start from, in place of the encoder.
        teachers: Folders of trained models to distil.

    Raises:
        ValueError: Another run began in ``work``.
        OSError: A file cannot be read or written.
    """
    work.mkdir(parents=True, exist_ok=True)
    sources = _sources(prepared, SHARES | dict(shares or {}), only, plan.seed)
    tokenizer = load_tokenizer(prepared.encoder.folder)
    if start is None:
        # The same output weights at the start, whatever the seed: only then can models be averaged.
        model = SpanTransformer.start_from(prepared.encoder.folder, OUTPUTS_SEED, plan.dropout)
    else:
        model = SpanTransformer.load(start, plan.dropout, attention="sdpa")
    trainer = Trainer(
        model,
        tokenizer,
        plan,
        work,
        [SpanTransformer.load(teacher, attention="sdpa") for teacher in teachers],
    )
    held_back = [question for questions in prepared.sets for question in questions.held_back]
    validated = sample([question for question in held_back if question.answers], VALIDATED)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with (
        (work / "log.jsonl").open("a", encoding="utf-8") as log,
        # A step takes seconds: the speed is that of the last ten minutes.
        Progress(*columns, console=console, speed_estimate_period=600) as bar,
    ):
        task = bar.add_task("Training", total=plan.epochs, completed=trainer.epoch)
        recent: list[float] = []

        def write(row: Mapping[str, object]) -> None:
            log.write(json.dumps({**row, "at": time.time()}) + "\n")
            log.flush()

        def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
            recent.append(loss)
            mean = sum(recent[-100:]) / len(recent[-100:])
            done = epoch + step / steps
            bar.update(task, completed=done, description=f"Training, loss {mean:.3f}")
            if step % LOGGED_STEPS == 0 or step == steps:
                write({"epoch": epoch, "step": step, "of": steps, "loss": mean})

        def on_epoch(done: int) -> None:
            trainer.full.save(work / f"epoch-{done}")
            if validated:
                validation = asdict(validate(trainer.full, tokenizer, validated))
                figures = ", ".join(f"{name} {figure:.3f}" for name, figure in validation.items())
                console.print(f"epoch {done}: {figures}", highlight=False)
                write({"epoch": done, **validation})

        trainer.train(sources, on_step, on_epoch)
    return work / f"epoch-{plan.epochs}"


def _print_set(questions: TrainingSet, console: Console) -> None:
    named = ", ".join(question.id for question in questions.misaligned[:MISALIGNED_NAMED])
    console.print(
        f"{questions.name}: {len(questions.train):,} to train on, "
        f"{len(questions.held_back):,} held back, "
        f"{len(questions.misaligned)} misaligned{f' ({named})' if named else ''}",
        markup=False,
        highlight=False,
    )


def _negatives(
    questions: TrainingSet, encoder: SentenceTransformersEncoder, work: Path, console: Console
) -> list[list[Question]]:
    if questions.name in NOT_MINED:
        return [[] for _ in questions.train]
    encoded = questions.name in ENCODED
    with counting_bar(console, f"Retrieving hard negatives of {questions.name}") as on_progress:
        return mine(
            questions.train,
            encoder if encoded else ConstantEncoder(encoder),
            Settings().word_weight if encoded else 1.0,
            work / f"negatives-{questions.name}.json",
            on_progress,
        )


def _sources(
    prepared: Prepared, shares: Mapping[str, float], only: int | None, seed: int
) -> list[Source]:
    sources: list[Source] = []
    for questions, negatives in zip(prepared.sets, prepared.negatives, strict=True):
        by_source: dict[str, list[int]] = {}
        for number, question in enumerate(questions.train):
            by_source.setdefault(question.source, []).append(number)
        for source, numbers in by_source.items():
            chosen = numbers
            if only is not None:
                chosen = Random(seed).sample(numbers, min(only, len(numbers)))
            sources.append(
                Source(
                    [questions.train[number] for number in chosen],
                    shares.get(source, 1.0),
                    [negatives[number] for number in chosen],
                )
            )
    trained = [question for questions in prepared.sets for question in questions.train]
    generated = list(template_questions(contexts_of(trained), Random(seed)))
    sources.append(Source(generated, TEMPLATE_SHARE))
    return sources
