"""One run of training: from files of questions to a folder with the trained model."""

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
from qa.training.data import TrainingSet, load_sets
from qa.training.examples import Source
from qa.training.loop import Plan, Trainer
from qa.training.made import made_questions
from qa.training.model import SpanModel
from qa.training.negatives import Blind, contexts_of, mine
from qa.training.validate import validate

SHARES = {
    "squadshifts_reddit": 0.45,
    "squadshifts_amazon_reviews": 0.45,
    "fairytaleqa_train": 0.05,
    "qamr_dev": 0.02,
    "synthetic_unanswerable_squad1_train": 0.3,
}
"""Of a source, the share of questions drawn for each epoch; of any other source, all.

Less of what is unlike questions asked of documents, or of another style."""

OUTPUTS_SEED = 0
"""Of the outputs' weights of a model that starts from the encoder."""

MADE_SHARE = 0.2

ENCODED = ("squad1_train_merged",)
"""Sets of which passages are searched by vectors too; of others by words alone, which costs
no encoding."""

NOT_MINED = ("fairytaleqa", "qamr_dev", "tatqa_textspan", "synthetic_unanswerable")
"""Sets for whose questions retrieval finds nothing that is worth reading: they are asked of
single sentences, of narrative, or have no answer to begin with."""

VALIDATED = 800
"""Questions held back that are read after each epoch."""

LOGGED = 25
"""Steps between two lines of the log."""

MISALIGNED_NAMED = 5


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every training on the same files begins with.

    Attributes:
        sets: The questions.
        lacking: For each question to train on of each set, passages that were retrieved for it
            and lack the answer.
        encoder: Whose transformer is trained.
    """

    sets: Sequence[TrainingSet]
    lacking: Sequence[Sequence[Sequence[Question]]]
    encoder: SentenceTransformersEncoder


def prepare(files: Sequence[Path], work: Path, console: Console) -> Prepared:
    """Load questions, and retrieve what lacks their answers.

    Args:
        files: Of questions.
        work: What is retrieved is kept there for the next time.
        console: Shown how it goes on.

    Raises:
        ValueError: A file is no good.
        OSError: A file cannot be read or written.
    """
    work.mkdir(parents=True, exist_ok=True)
    sets = load_sets(files)
    for one in sets:
        _tell_set(one, console)
    encoder = SentenceTransformersEncoder.load()
    lacking = [_lacking(one, encoder, work, console) for one in sets]
    return Prepared(sets, lacking, encoder)


def train(
    prepared: Prepared,
    work: Path,
    plan: Plan,
    console: Console,
    shares: Mapping[str, float] | None = None,
    only: int | None = None,
    start: Path | None = None,
    teachers: Sequence[Path] = (),
) -> Path:
    """Train, or go on from the checkpoint in ``work``; the folder of the trained model.

    Args:
        prepared: Questions to train on, and to validate with.
        work: Checkpoints, a log and a model for each epoch lie there.
        plan: How to train.
        console: Shown how it goes on.
        shares: Of sources, in place of ``SHARES``.
        only: Questions of each source at most, to compare plans.
        start: Folder of a trained model to start from, in place of the encoder.
        teachers: Folders of trained models to learn from, too.

    Raises:
        ValueError: Another run began in ``work``.
        OSError: A file cannot be read or written.
    """
    work.mkdir(parents=True, exist_ok=True)
    sources = _sources(prepared, SHARES | dict(shares or {}), only, plan.seed)
    tokenizer = load_tokenizer(prepared.encoder.folder)
    if start is None:
        # Outputs that begin alike, whatever the seed: else the models could not be averaged.
        model = SpanModel.start_from(prepared.encoder.folder, OUTPUTS_SEED, plan.dropout)
    else:
        model = SpanModel.load(start, plan.dropout, attention="sdpa")
    trainer = Trainer(
        model,
        tokenizer,
        plan,
        work,
        [SpanModel.load(teacher, attention="sdpa") for teacher in teachers],
    )
    held_back = [question for one in prepared.sets for question in one.held_back]
    checked = sample([question for question in held_back if question.answers], VALIDATED)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with (
        (work / "log.jsonl").open("a", encoding="utf-8") as log,
        # A step takes seconds: the speed is that of the last ten minutes.
        Progress(*columns, console=console, speed_estimate_period=600) as bar,
    ):
        task = bar.add_task("Training", total=plan.epochs, rewritten=trainer.epoch)
        recent: list[float] = []

        def write(row: Mapping[str, object]) -> None:
            log.write(json.dumps({**row, "at": time.time()}) + "\n")
            log.flush()

        def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
            recent.append(loss)
            mean = sum(recent[-100:]) / len(recent[-100:])
            done = epoch + step / steps
            bar.update(task, completed=done, description=f"Training, loss {mean:.3f}")
            if step % LOGGED == 0 or step == steps:
                write({"epoch": epoch, "step": step, "of": steps, "loss": mean})

        def on_epoch(done: int) -> None:
            trainer.full.save(work / f"epoch-{done}")
            if checked:
                found = asdict(validate(trainer.full, tokenizer, checked))
                told = ", ".join(f"{name} {figure:.3f}" for name, figure in found.items())
                console.print(f"epoch {done}: {told}", highlight=False)
                write({"epoch": done, **found})

        trainer.train(sources, on_step, on_epoch)
    return work / f"epoch-{plan.epochs}"


def _tell_set(one: TrainingSet, console: Console) -> None:
    named = ", ".join(question.id for question in one.misaligned[:MISALIGNED_NAMED])
    console.print(
        f"{one.name}: {len(one.train):,} to train on, {len(one.held_back):,} held back, "
        f"{len(one.misaligned)} do not fit{f' ({named})' if named else ''}",
        markup=False,
        highlight=False,
    )


def _lacking(
    one: TrainingSet, encoder: SentenceTransformersEncoder, work: Path, console: Console
) -> list[list[Question]]:
    if one.name in NOT_MINED:
        return [[] for _ in one.train]
    encoded = one.name in ENCODED
    with counting_bar(console, f"Retrieving negatives of {one.name}") as tell:
        return mine(
            one.train,
            encoder if encoded else Blind(encoder),
            Settings().word_weight if encoded else 1.0,
            work / f"negatives-{one.name}.json",
            tell,
        )


def _sources(
    prepared: Prepared, shares: Mapping[str, float], only: int | None, seed: int
) -> list[Source]:
    sources: list[Source] = []
    for one, lacking in zip(prepared.sets, prepared.lacking, strict=True):
        by_source: dict[str, list[int]] = {}
        for at, question in enumerate(one.train):
            by_source.setdefault(question.source, []).append(at)
        for source, found in by_source.items():
            chosen = found if only is None else Random(seed).sample(found, min(only, len(found)))
            sources.append(
                Source(
                    [one.train[at] for at in chosen],
                    shares.get(source, 1.0),
                    [lacking[at] for at in chosen],
                )
            )
    contexts = contexts_of([question for one in prepared.sets for question in one.train])
    made = list(made_questions(contexts, Random(seed)))
    sources.append(Source(made, MADE_SHARE))
    return sources
