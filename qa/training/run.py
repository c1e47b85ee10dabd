"""One run of training: from files of questions to a folder with the trained model."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from embeddings.encoder import SentenceTransformersEncoder
from embeddings.model_folder import load_tokenizer
from qa.questions import Question, sample
from qa.settings import Settings
from qa.terminal import counting_bar
from qa.training.data import TrainingSet, load_sets
from qa.training.examples import Source
from qa.training.loop import Plan, Trainer
from qa.training.made import made_questions
from qa.training.model import SpanModel
from qa.training.negatives import Blind, contexts_of, mine
from qa.training.validate import validate

SHARES = {
    "squadshifts_reddit": 0.3,
    "squadshifts_amazon_reviews": 0.3,
    "qed_nq_train": 0.5,
    "afriqa_en_train_dev": 0.5,
    "fairytaleqa_train": 0.05,
    "qamr_dev": 0.02,
    "synthetic_unanswerable_squad1_train": 0.3,
}
"""Of a source, the share of questions drawn for each epoch; of any other source, all.

Less of what is unlike questions asked of documents, or of another style."""

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

MISFITS_NAMED = 5


def train(
    files: Sequence[Path],
    work: Path,
    plan: Plan,
    console: Console,
    shares: Mapping[str, float] | None = None,
    only: int | None = None,
) -> Path:
    """Train, or go on from the checkpoint in ``work``; the folder of the trained model.

    Args:
        files: Of questions.
        work: Checkpoints, retrieved negatives, a log and a model for each epoch lie there.
        plan: How to train.
        console: Shown how it goes on.
        shares: Of sources, in place of ``SHARES``.
        only: Questions of each source at most, to compare plans.

    Raises:
        ValueError: A file is no good, or another run began in ``work``.
        OSError: A file cannot be read or written.
    """
    work.mkdir(parents=True, exist_ok=True)
    sets = load_sets(files)
    for one in sets:
        _tell_set(one, console)
    encoder = SentenceTransformersEncoder.load()
    sources = _sources(sets, SHARES | dict(shares or {}), encoder, work, console, only, plan.seed)
    tokenizer = load_tokenizer(encoder.folder)
    model = SpanModel.start_from(encoder.folder, plan.seed, plan.dropout)
    trainer = Trainer(model, tokenizer, plan, work)
    answerable = [question for one in sets for question in one.held_back if question.answers]
    checked = sample(answerable, VALIDATED)
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
    named = ", ".join(question.id for question in one.misfits[:MISFITS_NAMED])
    console.print(
        f"{one.name}: {len(one.train):,} to train on, {len(one.held_back):,} held back, "
        f"{len(one.misfits)} do not fit{f' ({named})' if named else ''}",
        markup=False,
        highlight=False,
    )


def _sources(
    sets: Sequence[TrainingSet],
    shares: Mapping[str, float],
    encoder: SentenceTransformersEncoder,
    work: Path,
    console: Console,
    only: int | None,
    seed: int,
) -> list[Source]:
    sources: list[Source] = []
    for one in sets:
        lacking: list[list[Question]] = [[] for _ in one.train]
        if one.name not in NOT_MINED:
            encoded = one.name in ENCODED
            with counting_bar(console, f"Retrieving negatives of {one.name}") as tell:
                lacking = mine(
                    one.train,
                    encoder if encoded else Blind(encoder),
                    Settings().word_weight if encoded else 1.0,
                    work / f"negatives-{one.name}.json",
                    tell,
                )
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
    contexts = contexts_of([question for one in sets for question in one.train])
    made = list(made_questions(contexts, Random(seed)))
    sources.append(Source(made, MADE_SHARE))
    return sources
