"""The training loop: steps, checkpoints, and going on from one."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from qa.reading.windows import WindowTokenizer
from qa.training.common.mixed_precision import MixedPrecisionModel, device_to_train_on
from qa.training.reader.augmentation import Names
from qa.training.reader.batches import Batch, Labelled, batches_of, iterate
from qa.training.reader.examples import Source, examples_of
from qa.training.reader.model import SpanTransformer, distillation_loss, span_loss
from qa.training.reader.plan import Plan

PROGRESS = "checkpoint.json"
"""File that names the newest checkpoint, beside it."""


OnStep = Callable[[int, int, int, float], None]
"""Called with (epoch from 0, step from 1, steps in the epoch, loss)."""


class Trainer:
    """Trains a span model, from the start or from a folder's checkpoint.

    The word embeddings stay as they are, which keeps rare words where the pretraining put them.

    Raises:
        ValueError: Teachers without a weight, or a weight without teachers; or the checkpoint
            belongs to another run.
    """

    def __init__(
        self,
        model: SpanTransformer,
        tokenizer: Tokenizer,
        plan: Plan,
        folder: Path,
        teachers: Sequence[SpanTransformer] = (),
    ) -> None:
        if teachers and not plan.distillation_weight:
            raise ValueError("expected a distillation weight above 0 with teachers, got 0")
        if plan.distillation_weight and not teachers:
            raise ValueError(
                f"expected teachers for the distillation weight {plan.distillation_weight}, "
                "got none"
            )
        self.device = device_to_train_on()
        self.plan = plan
        self.folder = folder
        self.tokenizer = tokenizer
        self.pad_id = WindowTokenizer(tokenizer).pad_id
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("word_embeddings" not in name)
        self.full = model.float().to(self.device)
        self.teachers = [
            MixedPrecisionModel.of(teacher.float().to(self.device)).model.eval()
            for teacher in teachers
        ]
        parameters = dict(self.full.named_parameters())
        self.names = [name for name, weight in parameters.items() if weight.requires_grad]
        self.weights = [parameters[name] for name in self.names]
        self.optimizer = torch.optim.AdamW(
            self.weights, lr=plan.learning_rate, weight_decay=0.01, fused=True
        )
        self.epoch = 0
        self.step = 0
        self.steps_done = 0
        self._resumed_run: dict[str, object] | None = None
        # What must be the same for a run to go on; the sources are added when they are known.
        self.run: dict[str, object] = {
            "epochs": plan.epochs,
            "learning_rate": plan.learning_rate,
            "label_smoothing": plan.label_smoothing,
            "dropout": plan.dropout,
            "distillation_weight": plan.distillation_weight,
            "seed": plan.seed,
            "start": _digest_of(self.full),
            "teachers": " ".join(sorted(_digest_of(teacher)[:8] for teacher in teachers)),
        }
        if (folder / PROGRESS).is_file():
            self._resume()

    def train(
        self, sources: list[Source], on_step: OnStep, on_epoch: Callable[[int], None]
    ) -> bool:
        """Train to the end of the plan; whether it got there before ``plan.stop_after``.

        Args:
            sources: To train on.
            on_step: Called after each step.
            on_epoch: Called at the end of each epoch, with its number from 1.

        Raises:
            ValueError: The checkpoint belongs to a run with other sources.
        """
        digest = hashlib.sha256()
        for source in sources:
            ids = " ".join(question.id for question in source.questions)
            digest.update(f"{source.share} {ids}\n".encode())
            # One at a time: together they are hundreds of megabytes.
            for negatives in source.negatives:
                digest.update(repr([negative.context for negative in negatives]).encode())
        self.run |= {"sources": digest.hexdigest()}
        self._check(self.run)
        mixed = MixedPrecisionModel.of(self.full)
        names = Names([question.text for source in sources for question in source.questions])
        saved = time.monotonic()
        while self.epoch < self.plan.epochs:
            random = Random(f"{self.plan.seed} {self.epoch}")
            examples = examples_of(sources, names, random)
            batches = batches_of(examples, self.tokenizer, random)
            self.run["batches"] = _digest_of_batches(batches)
            if self.step:
                # Within an epoch, the steps done must be those that would be done now.
                self._check({"batches": self.run["batches"]})
            mixed.model.train()
            for batch in iterate(batches, self.pad_id, self.step):
                if self.plan.stop_after is not None and self.steps_done >= self.plan.stop_after:
                    self.save()
                    return False
                self._set_rate((self.step + 0.5) / len(batches))
                # Dropout depends on the step alone, so that a run can go on.
                torch.manual_seed(hash((self.plan.seed, self.epoch, self.step)))
                loss = self._loss(mixed.model, batch)
                loss.backward()  # type: ignore[no-untyped-call]  # untyped library
                mixed.collect_gradients()
                torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
                self.optimizer.step()
                self.optimizer.zero_grad()
                mixed.update_copies()
                self.step += 1
                self.steps_done += 1
                on_step(self.epoch, self.step, len(batches), loss.item())
                if time.monotonic() - saved > self.plan.seconds_between:
                    self.save()
                    saved = time.monotonic()
            # Called before the checkpoint: a run that is interrupted here calls it again.
            self.full.eval()
            on_epoch(self.epoch + 1)
            self.epoch, self.step = self.epoch + 1, 0
            self.save()
        return True

    def save(self) -> None:
        """Write the checkpoint; the one before it stays until the new one is complete."""
        state = self.full.state_dict()
        tensors = {f"weight {name}": tensor for name, tensor in state.items()}
        for name, weight in zip(self.names, self.weights, strict=True):
            for key, value in self.optimizer.state.get(weight, {}).items():
                tensors[f"optimizer {key} {name}"] = value
        self.folder.mkdir(parents=True, exist_ok=True)
        progress = {"epoch": self.epoch, "step": self.step, "run": self.run}
        file = f"checkpoint-{self.epoch}-{self.step}.safetensors"
        before = self._progress()
        save_file(
            {name: tensor.contiguous().cpu() for name, tensor in tensors.items()},
            self.folder / file,
        )
        written = self.folder / f"{PROGRESS}.new"
        written.write_text(json.dumps({**progress, "file": file}), encoding="utf-8")
        written.replace(self.folder / PROGRESS)
        if before and before["file"] != file:
            (self.folder / before["file"]).unlink(missing_ok=True)

    def _progress(self) -> dict[str, str] | None:
        path = self.folder / PROGRESS
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def _resume(self) -> None:
        progress = json.loads((self.folder / PROGRESS).read_text(encoding="utf-8"))
        self._resumed_run = dict(progress["run"])
        self._check(self.run)
        tensors = load_file(self.folder / progress["file"])
        self.full.load_state_dict(
            {name[7:]: tensor for name, tensor in tensors.items() if name.startswith("weight ")}
        )
        for name, weight in zip(self.names, self.weights, strict=True):
            keys = ("step", "exp_avg", "exp_avg_sq")
            self.optimizer.state[weight] = {
                key: tensors[f"optimizer {key} {name}"].to(
                    "cpu" if key == "step" and self.device.type == "cpu" else self.device
                )
                for key in keys
                if f"optimizer {key} {name}" in tensors
            }
        self.epoch, self.step = int(progress["epoch"]), int(progress["step"])

    def _check(self, run: dict[str, object]) -> None:
        resumed = self._resumed_run
        for name, value in run.items():
            if resumed is not None and resumed.get(name) != value:
                raise ValueError(
                    f"expected {name} {resumed.get(name)}, with which the run in {self.folder} "
                    f"began, got {value}; name another folder to begin anew"
                )

    def _set_rate(self, share: float) -> None:
        done = (self.epoch + share) / self.plan.epochs
        rate = self.plan.learning_rate * min(done / 0.05, (1 - done) / 0.95)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _loss(self, model: SpanTransformer, batch: Batch) -> torch.Tensor:
        ids, types, mask, inside, spans, groups = (
            torch.from_numpy(getattr(batch, field.name)).to(self.device) for field in fields(batch)
        )
        outputs = model(ids, mask, types)
        loss = span_loss(outputs, inside, spans, groups, self.plan.label_smoothing)
        if not self.teachers:
            return loss
        with torch.no_grad():
            teachers = [teacher(ids, mask, types) for teacher in self.teachers]
        weight = self.plan.distillation_weight
        return (1 - weight) * loss + weight * distillation_loss(outputs, teachers, inside, groups)


def _digest_of(model: SpanTransformer) -> str:
    digest = hashlib.sha256()
    for weight in model.state_dict().values():
        digest.update(weight.cpu().numpy().tobytes())
    return digest.hexdigest()


def _digest_of_batches(batches: Sequence[Sequence[Sequence[Labelled]]]) -> str:
    digest = hashlib.sha256()
    for groups in batches:
        for group in groups:
            for window, span in group:
                digest.update(window.ids.tobytes())
                digest.update(repr(span).encode())
        digest.update(b"|")
    return digest.hexdigest()
