"""One run of the rewriting model's training: five folds that measure it, then all of the data."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from tokenizers import Tokenizer

from embeddings.file_system import file_sha256
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer, write_checksums
from embeddings.models.precision import Precision, resolve_precision
from qa.cli.terminal import counting_bar
from qa.conversation.context import ANSWER_TOKENS, MAX_TOKENS
from qa.conversation.rewriter import FILES, QuestionRewriter, Thresholds
from qa.evaluation.datasets import load_questions
from qa.training.common.mixed_precision import device_to_train_on
from qa.training.reader.model import SpanTransformer
from qa.training.rewriter.conversations import (
    FOLDS,
    RewriteExample,
    folds_of,
    load_conversations,
    varied,
)
from qa.training.rewriter.export import export_rewriter
from qa.training.rewriter.loop import fit, logits_of
from qa.training.rewriter.measure import (
    Figures,
    Reading,
    baselines,
    best_thresholds,
    figures,
    read_all,
)
from qa.training.rewriter.model import TermModel
from qa.training.rewriter.synthetic import synthetic_conversations

SYNTHETIC_MODEL = "synthetic"
"""Folder in the work folder of the model trained on synthetic conversations."""

SYNTHETIC_COUNT = 32_000
"""Synthetic conversations trained on first; F1 was lower with 7,000 (model card)."""

ROUNDS = 3
"""Conversations generated about each question; enough for ``SYNTHETIC_COUNT``."""

WITHOUT_ARTICLES = ("squadshifts_reddit", "squadshifts_amazon_reviews")
"""Sources whose questions share no article, so that no conversation is generated from them."""

SYNTHETIC_RATE, RATE = 2e-4, 1e-4
"""Highest learning rate, on synthetic and on real conversations. Chosen by hand."""

EPOCHS = 3
"""Passes over the real conversations, each varied anew. Chosen by hand."""

MODELS = 2
"""Models trained on the same conversations, with different order and variations, whose weights are
averaged; F1 of the mean is within the error of that of one (model card)."""

WIDTH = 120
"""Least characters in a line of the table of figures."""

INITIAL_THRESHOLDS = Thresholds(1.0, 3.0)
"""For rewriting the questions before while thresholds are searched; better than -0.5 and 0.5 (model
card)."""


def train_rewriter(
    conversations: Path,
    sets: Sequence[Path],
    reader: Path,
    work: Path,
    folder: Path,
    console: Console,
) -> None:
    """Train, measure by folds, and write the model; models in ``work`` are not trained again.

    Args:
        conversations: File of turns with their rewrites.
        sets: Files of questions, from which synthetic conversations are generated.
        reader: Folder of the trained reader, from whose transformer it starts.
        work: Folder of the model trained on synthetic conversations and, for each fold and for
            all conversations, of the models trained on them and their mean.
        folder: To write the model into.
        console: Shows the progress and the figures.

    Raises:
        ValueError: A file is of another kind, or the models in ``work`` are from other files.
        OSError: A file cannot be read or written.
    """
    examples = load_conversations(conversations)
    _begin(work, [conversations, *sets, reader / SpanTransformer.weights])
    training = Training(work, load_tokenizer(SentenceTransformersEncoder.load().folder), console)
    training.on_synthetic(sets, reader)
    folds = list(zip(examples, folds_of(examples), strict=True))
    held_back = [[each for each, of in folds if of == fold] for fold in range(FOLDS)]
    models = [
        training.on([each for each, of in folds if of != fold], f"fold-{fold}", 7 + fold)
        for fold in range(FOLDS)
    ]
    initial = [
        training.read(model, fold_examples, INITIAL_THRESHOLDS)
        for model, fold_examples in zip(models, held_back, strict=True)
    ]
    of_all_folds = list(chain.from_iterable(held_back))
    measured = dict(baselines(of_all_folds))
    added: list[list[set[str]]] = []
    for fold, model in enumerate(models):
        thresholds = best_thresholds([*chain(*initial[:fold], *initial[fold + 1 :])])
        readings = training.read(model, held_back[fold], thresholds)
        added.append([reading.added_words(thresholds) for reading in readings])
        measured[f"rewritten, fold {fold}"] = figures(held_back[fold], added[fold])
    measured["rewritten, all folds"] = figures(of_all_folds, list(chain.from_iterable(added)))
    training.on(examples, "all", 7 + FOLDS)
    export_rewriter(work / "all", folder)
    thresholds = best_thresholds(list(chain.from_iterable(initial)))
    thresholds.save(folder)
    write_checksums(folder, FILES)
    _print_table(measured, len(examples), console)
    for precision in dict.fromkeys((resolve_precision("auto"), "float32")):
        median, p95 = _milliseconds(examples, folder, precision)
        console.print(
            f"milliseconds a question, {precision}: median {median:.1f}, 95th percentile {p95:.1f}"
        )


def _begin(work: Path, files: Sequence[Path]) -> None:
    """Note in the work folder what its models are trained on; refuse a folder of another run."""
    run = {
        "files": [file_sha256(path) for path in files],
        "constants": [
            *(SYNTHETIC_COUNT, ROUNDS, SYNTHETIC_RATE, RATE, EPOCHS, MODELS),
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
    """The training of all models of a run.

    Attributes:
        work: Folder with a folder of each model.
        tokenizer: Of the models.
        console: Shows the progress.
    """

    work: Path
    tokenizer: Tokenizer
    console: Console

    def on_synthetic(self, sets: Sequence[Path], reader: Path) -> None:
        """Train the model from which all others start, unless it is there already."""
        if (self.work / SYNTHETIC_MODEL / TermModel.weights).is_file():
            return
        random = Random(0)
        questions = [
            question
            for path in sets
            for question in load_questions(path)
            if question.source not in WITHOUT_ARTICLES
        ]
        examples: list[RewriteExample] = []
        for _ in range(ROUNDS):
            generated = list(synthetic_conversations(questions, random))
            random.shuffle(generated)
            examples += generated
        model = TermModel.start_from(SentenceTransformersEncoder.load().folder, 0)
        weights = load_file(reader / SpanTransformer.weights)
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
        with counting_bar(self.console, "Training on synthetic conversations") as on_progress:
            epochs = [examples[:SYNTHETIC_COUNT]]
            self._fit(model, epochs, SYNTHETIC_RATE, Random(1), on_progress)
        model.save(self.work / SYNTHETIC_MODEL)

    def on(self, examples: Sequence[RewriteExample], name: str, seed: int) -> TermModel:
        """The mean of the models trained on those examples; trained unless it is there already."""
        folder = self.work / name
        if not (folder / TermModel.weights).is_file():
            parts = [
                self._single_on(examples, f"{name}-{number}", seed + (FOLDS + 1) * number)
                for number in range(MODELS)
            ]
            TermModel.average(parts, folder)
        return TermModel.load(folder, attention="sdpa").to(device_to_train_on()).eval()

    def _single_on(self, examples: Sequence[RewriteExample], name: str, seed: int) -> Path:
        folder = self.work / name
        if (folder / TermModel.weights).is_file():
            return folder
        model = TermModel.load(self.work / SYNTHETIC_MODEL, attention="sdpa")
        random = Random(seed)
        epochs = [
            [varied(example, examples, random) for example in examples if example.history]
            for _ in range(EPOCHS)
        ]
        model.to(device_to_train_on())
        # So that dropout does not depend on what was trained before.
        torch.manual_seed(seed)
        with counting_bar(self.console, f"Training, {name}") as on_progress:
            self._fit(model, epochs, RATE, random, on_progress)
        model.save(folder)
        return folder

    def _fit(
        self,
        model: TermModel,
        epochs: Sequence[Sequence[RewriteExample]],
        rate: float,
        random: Random,
        on_progress: Callable[[int, int], None],
    ) -> None:
        fit(model, epochs, self.tokenizer, rate, random, lambda step, of, _: on_progress(step, of))

    def read(
        self, model: TermModel, examples: Sequence[RewriteExample], thresholds: Thresholds
    ) -> list[Reading]:
        """The examples as the model reads them, with its own rewrites in the history."""
        return read_all(
            examples, lambda windows: logits_of(model, windows), self.tokenizer, thresholds
        )


def _milliseconds(
    examples: Sequence[RewriteExample], folder: Path, precision: Precision
) -> tuple[float, float]:
    """Milliseconds to rewrite a question in that precision, median and 95th percentile."""
    rewriter = QuestionRewriter(folder, precision)
    later = [example for example in examples if example.history]
    rewriter.rewrite(later[0].question, later[0].history)
    spent = []
    for example in later:
        started = time.perf_counter()
        rewriter.rewrite(example.question, example.history)
        spent.append(1_000 * (time.perf_counter() - started))
    return float(np.median(spent)), float(np.percentile(spent, 95))


def _print_table(measured: Mapping[str, Figures], turns: int, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{turns:,} turns")
    for name in ("F1", "precision", "recall", "mean F1", "unchanged", "but first turns"):
        table.add_column(name, justify="right")
    for name, row in measured.items():
        rates = (row.f1, row.precision, row.recall, row.mean_f1, row.unchanged, row.unchanged_later)
        table.add_row(name, *(f"{rate:.3f}" for rate in rates))
    # A file or a pipe has lines of 80 characters by default, which would cut the table.
    Console(file=console.file, width=max(console.width, WIDTH)).print(table)
