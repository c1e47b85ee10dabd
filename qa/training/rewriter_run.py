"""One run of training of the rewriting model: five folds that measure it, then all of it."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from tokenizers import Tokenizer

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import file_sha256, load_tokenizer, write_checksums
from embeddings.models.precision import Precision, resolve_precision
from qa.cli.terminal import counting_bar
from qa.conversation.context import ANSWER_TOKENS, MAX_TOKENS
from qa.conversation.rewriter import FILES, THRESHOLDS, QuestionRewriter, Thresholds
from qa.evaluation.datasets import load_questions
from qa.training.conversations import FOLDS, Lesson, fold_of, load_conversations, varied
from qa.training.export_terms import export_terms
from qa.training.invented import invented
from qa.training.model import SpanModel
from qa.training.rewritings import (
    Figures,
    Read,
    baselines,
    best_thresholds,
    figures,
    read_all,
)
from qa.training.term_loop import fit, logits_of
from qa.training.term_model import TermModel
from qa.training.working import device_to_train_on

INVENTED_MODEL = "invented"

INVENTED = 32_000
"""Invented conversations trained on first."""

ROUNDS = 3
"""Times that a conversation is invented about each question."""

NOT_INVENTED_OF = ("squadshifts_reddit", "squadshifts_amazon_reviews")
"""Sources whose questions share no article."""

INVENTED_RATE, RATE = 2e-4, 1e-4
"""Highest learning rate, on invented conversations and on real ones."""

EPOCHS = 3
"""Passes over the real conversations, each varied anew."""

MODELS = 2
"""Trained on the same conversations, each in an order and with variations of its own; the mean of
their weights is kept."""

WIDTH = 120
"""Characters in a line of the table of figures, at least."""

FIRST = Thresholds(1.0, 3.0)
"""With which the questions before are rewritten while thresholds are looked for."""


def train_rewriter(
    conversations: Path,
    sets: Sequence[Path],
    reader: Path,
    work: Path,
    folder: Path,
    console: Console,
) -> None:
    """Train, measure by folds, and write the model; what lies in ``work`` is not done again.

    Args:
        conversations: Turns with their rewrites.
        sets: Files of questions, of which conversations are invented.
        reader: Folder of the trained reader, from whose transformer it starts.
        work: A model lies there for the invented conversations, and for each fold and for all
            conversations the models trained on them and their mean.
        folder: To write the model into.
        console: Shown how it goes on, and the figures.

    Raises:
        ValueError: A file is no good, or the models in ``work`` were made from others.
        OSError: A file cannot be read or written.
    """
    lessons = load_conversations(conversations)
    _begin(work, [conversations, *sets, reader / SpanModel.weights])
    folds = fold_of(lessons)
    training = Training(work, load_tokenizer(SentenceTransformersEncoder.load().folder), console)
    training.on_invented(sets, reader)
    parted = [
        [(lesson, of == fold) for lesson, of in zip(lessons, folds, strict=True)]
        for fold in range(FOLDS)
    ]
    held = [[lesson for lesson, back in part if back] for part in parted]
    models = [
        training.on([lesson for lesson, back in part if not back], f"fold-{fold}", 7 + fold)
        for fold, part in enumerate(parted)
    ]
    first = [training.read(model, some, FIRST) for model, some in zip(models, held, strict=True)]
    measured = dict(baselines([lesson for some in held for lesson in some]))
    added: list[list[set[str]]] = []
    for fold, model in enumerate(models):
        others = [read for at, reads in enumerate(first) if at != fold for read in reads]
        thresholds = best_thresholds(others)
        reads = training.read(model, held[fold], thresholds)
        added.append([read.added_words(thresholds) for read in reads])
        measured[f"rewritten, fold {fold}"] = figures(held[fold], added[fold])
    measured["rewritten, all folds"] = figures(
        [lesson for some in held for lesson in some], [one for some in added for one in some]
    )
    training.on(lessons, "all", 7 + FOLDS)
    export_terms(work / "all", folder)
    thresholds = best_thresholds([read for reads in first for read in reads])
    (folder / THRESHOLDS).write_text(json.dumps(asdict(thresholds)) + "\n", encoding="utf-8")
    write_checksums(folder, FILES)
    _show(measured, len(lessons), console)
    for precision in dict.fromkeys((resolve_precision("auto"), "float32")):
        median, most = _milliseconds(lessons, folder, precision)
        console.print(
            f"milliseconds a question, {precision}: median {median:.1f}, 95th percentile {most:.1f}"
        )


def _begin(work: Path, files: Sequence[Path]) -> None:
    """Note in the work folder what its models are made from; refuse those of something else."""
    run = {
        "files": [file_sha256(path) for path in files],
        "constants": [
            *(INVENTED, ROUNDS, INVENTED_RATE, RATE, EPOCHS, MODELS),
            *(MAX_TOKENS, *ANSWER_TOKENS),
        ],
    }
    note = work / "run.json"
    if note.is_file():
        if json.loads(note.read_text(encoding="utf-8")) != run:
            raise ValueError(
                f"expected the files and constants with which the run in {work} began, got "
                "others; name another folder to begin anew"
            )
        return
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(run), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Training:
    """What every model of a run shares.

    Attributes:
        work: Each model lies there in a folder of its own.
        tokenizer: Of the models.
        console: Shown how it goes on.
    """

    work: Path
    tokenizer: Tokenizer
    console: Console

    def on_invented(self, sets: Sequence[Path], reader: Path) -> None:
        """The model from which all others start, unless it is there."""
        if (self.work / INVENTED_MODEL / TermModel.weights).is_file():
            return
        random = Random(0)
        questions = [
            load_question
            for path in sets
            for load_question in load_questions(path)
            if load_question.source not in NOT_INVENTED_OF
        ]
        made: list[Lesson] = []
        for _ in range(ROUNDS):
            found = list(invented(questions, random))
            random.shuffle(found)
            made += found
        model = TermModel.start_from(SentenceTransformersEncoder.load().folder, 0)
        weights = load_file(reader / SpanModel.weights)
        prefix = "transformer."
        model.transformer.load_state_dict(
            {
                name.removeprefix(prefix): weight
                for name, weight in weights.items()
                if name.startswith(prefix)
            }
        )
        model.to(device_to_train_on())
        torch.manual_seed(1)
        with counting_bar(self.console, "Training on invented conversations") as tell:
            self._fit(model, [made[:INVENTED]], INVENTED_RATE, Random(1), tell)
        model.save(self.work / INVENTED_MODEL)

    def on(self, lessons: Sequence[Lesson], name: str, seed: int) -> TermModel:
        """The mean of the models trained on those lessons, unless it is there already."""
        folder = self.work / name
        if not (folder / TermModel.weights).is_file():
            parts = [
                self._one_on(lessons, f"{name}-{at}", seed + (FOLDS + 1) * at)
                for at in range(MODELS)
            ]
            TermModel.average(parts, folder)
        return TermModel.load(folder, attention="sdpa").to(device_to_train_on()).eval()

    def _one_on(self, lessons: Sequence[Lesson], name: str, seed: int) -> Path:
        folder = self.work / name
        if (folder / TermModel.weights).is_file():
            return folder
        model = TermModel.load(self.work / INVENTED_MODEL, attention="sdpa")
        random = Random(seed)
        epochs = [
            [varied(lesson, lessons, random) for lesson in lessons if lesson.history]
            for _ in range(EPOCHS)
        ]
        model.to(device_to_train_on())
        # What is left out of a step does not depend on what was trained before.
        torch.manual_seed(seed)
        with counting_bar(self.console, f"Training, {name}") as tell:
            self._fit(model, epochs, RATE, random, tell)
        model.save(folder)
        return folder

    def _fit(
        self,
        model: TermModel,
        epochs: Sequence[Sequence[Lesson]],
        rate: float,
        random: Random,
        tell: Callable[[int, int], None],
    ) -> None:
        fit(model, epochs, self.tokenizer, rate, random, lambda step, of, _: tell(step, of))

    def read(
        self, model: TermModel, lessons: Sequence[Lesson], thresholds: Thresholds
    ) -> list[Read]:
        """The lessons as the model reads them, its own rewritings in the history."""
        return read_all(
            lessons, lambda windows: logits_of(model, windows), self.tokenizer, thresholds
        )


def _milliseconds(
    lessons: Sequence[Lesson], folder: Path, precision: Precision
) -> tuple[float, float]:
    """Time to complete a question as it is served here, median and 95th percentile."""
    rewriter = QuestionRewriter(folder, precision)
    later = [lesson for lesson in lessons if lesson.history]
    rewriter.rewrite(later[0].question, later[0].history)
    spent = []
    for lesson in later:
        started = time.perf_counter()
        rewriter.rewrite(lesson.question, lesson.history)
        spent.append(1_000 * (time.perf_counter() - started))
    return float(np.median(spent)), float(np.percentile(spent, 95))


def _show(measured: Mapping[str, Figures], turns: int, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{turns:,} turns")
    for name in ("F1", "precision", "recall", "F1 of turns", "left alone", "but first turns"):
        table.add_column(name, justify="right")
    for name, one in measured.items():
        rates = (one.f1, one.precision, one.recall, one.of_turns, one.left_alone, one.later)
        table.add_row(name, *(f"{rate:.3f}" for rate in rates))
    # In a file or a pipe, where a line has 80 characters by default, it would be cut.
    Console(file=console.file, width=max(console.width, WIDTH)).print(table)
