"""The training loop: steps, checkpoints, and going on from one."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from qa.reading.windows import WindowTokenizer
from qa.training.examples import Batch, Labelled, Source, batches_of, examples_of, iterate
from qa.training.model import SpanModel, loss_of, taught_loss
from qa.training.variation import Names
from qa.training.working import Working, device_to_train_on

PROGRESS = "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        epochs: Passes over the data, each with other negatives and other wording.
        learning_rate: Highest one; it rises over the first twentieth and falls to 0.
        label_smoothing: Of the answerable output.
        dropout: Share of the hidden values left out in each step; it makes steps longer.
        taught: Weight of what teachers say; the answers have what is left of 1.
        seed: Of everything that is drawn in training.
        seconds_between: Time between two checkpoints.
        stop_after: Number of steps after which to stop with a checkpoint; none to go on.

    Raises:
        ValueError: The teachers' weight is not from 0 to 1.
    """

    epochs: int = 2
    learning_rate: float = 2e-4
    label_smoothing: float = 0.0
    dropout: float = 0.1
    taught: float = 0.0
    seed: int = 0
    seconds_between: float = 300
    stop_after: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.taught <= 1:
            raise ValueError(
                f"expected a weight of the teachers from 0 to 1, got {self.taught}; give --taught"
            )


OnStep = Callable[[int, int, int, float], None]
"""Called with (epoch from 0, step from 1, steps in the epoch, loss)."""


class Trainer:
    """Trains a span model, from the start or from a folder's checkpoint.

    The word embeddings stay as they are, which keeps rare words where the pretraining put them.

    Raises:
        ValueError: Teachers without a weight, or a weight without teachers; or the checkpoint is
            of another run.
    """

    def __init__(
        self,
        model: SpanModel,
        tokenizer: Tokenizer,
        plan: Plan,
        folder: Path,
        teachers: Sequence[SpanModel] = (),
    ) -> None:
        if teachers and not plan.taught:
            raise ValueError("expected a weight for the teachers, got 0; give --taught, up to 1")
        if plan.taught and not teachers:
            raise ValueError(
                f"expected teachers for their weight {plan.taught}, got none; give --teacher"
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
            Working.of(teacher.float().to(self.device)).model.eval() for teacher in teachers
        ]
        self.names = [name for name, one in self.full.named_parameters() if one.requires_grad]
        parameters = dict(self.full.named_parameters())
        self.weights = [parameters[name] for name in self.names]
        self.optimizer = torch.optim.AdamW(
            self.weights, lr=plan.learning_rate, weight_decay=0.01, fused=True
        )
        self.epoch = 0
        self.step = 0
        self.steps_done = 0
        self._begun: dict[str, object] | None = None
        # What must be the same for a run to go on; the sources are added when they are known.
        self.run: dict[str, object] = {
            "epochs": plan.epochs,
            "learning_rate": plan.learning_rate,
            "label_smoothing": plan.label_smoothing,
            "dropout": plan.dropout,
            "taught": plan.taught,
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
            on_step: Told of each step.
            on_epoch: Told of each epoch's end, with its number from 1.

        Raises:
            ValueError: The checkpoint is of a run with other sources.
        """
        digest = hashlib.sha256()
        for source in sources:
            ids = " ".join(question.id for question in source.questions)
            digest.update(f"{source.share} {ids}\n".encode())
            # One at a time: together they are hundreds of megabytes.
            for lacking in source.negatives:
                digest.update(repr([one.context for one in lacking]).encode())
        self.run |= {"sources": digest.hexdigest()}
        self._check(self.run)
        working = Working.of(self.full)
        names = Names([question.text for source in sources for question in source.questions])
        saved = time.monotonic()
        while self.epoch < self.plan.epochs:
            random = Random(f"{self.plan.seed} {self.epoch}")
            examples = examples_of(sources, names, random)
            batches = batches_of(examples, self.tokenizer, random)
            self.run["batches"] = _digest_of_batches(batches)
            if self.step:
                # In the midst of an epoch: the steps done must be those that would be done now.
                self._check({"batches": self.run["batches"]})
            working.model.train()
            for batch in iterate(batches, self.pad_id, self.step):
                if self.plan.stop_after is not None and self.steps_done >= self.plan.stop_after:
                    self.save()
                    return False
                self._set_rate((self.step + 0.5) / len(batches))
                # What is left out depends on the step alone, so that a run can go on.
                torch.manual_seed(hash((self.plan.seed, self.epoch, self.step)))
                loss = self._loss(working.model, batch)
                loss.backward()  # type: ignore[no-untyped-call]  # untyped library
                working.collect()
                torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
                self.optimizer.step()
                self.optimizer.zero_grad()
                working.renew()
                self.step += 1
                self.steps_done += 1
                on_step(self.epoch, self.step, len(batches), loss.item())
                if time.monotonic() - saved > self.plan.seconds_between:
                    self.save()
                    saved = time.monotonic()
            # Told before it is saved: what is interrupted here is told again.
            self.full.eval()
            on_epoch(self.epoch + 1)
            self.epoch, self.step = self.epoch + 1, 0
            self.save()
        return True

    def save(self) -> None:
        """Write the checkpoint; what was there stays whole until the new one is."""
        tensors = {f"weight {name}": one for name, one in self.full.state_dict().items()}
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
        self._begun = dict(progress["run"])
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
        for name, value in run.items():
            if self._begun is not None and self._begun.get(name) != value:
                raise ValueError(
                    f"expected {name} {self._begun.get(name)}, with which the run in {self.folder} "
                    f"began, got {value}; name another folder to begin anew"
                )

    def _set_rate(self, share: float) -> None:
        done = (self.epoch + share) / self.plan.epochs
        rate = self.plan.learning_rate * min(done / 0.05, (1 - done) / 0.95)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _loss(self, model: SpanModel, batch: Batch) -> torch.Tensor:
        ids, types, mask, inside, spans, groups = (
            torch.from_numpy(getattr(batch, field.name)).to(self.device) for field in fields(batch)
        )
        outputs = model(ids, mask, types)
        loss = loss_of(outputs, inside, spans, groups, self.plan.label_smoothing)
        if not self.teachers:
            return loss
        with torch.no_grad():
            taught = [teacher(ids, mask, types) for teacher in self.teachers]
        weight = self.plan.taught
        return (1 - weight) * loss + weight * taught_loss(outputs, taught, inside, groups)


def _digest_of(model: SpanModel) -> str:
    digest = hashlib.sha256()
    for one in model.state_dict().values():
        digest.update(one.cpu().numpy().tobytes())
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
