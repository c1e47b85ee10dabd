"""The plan of a training: how long, how fast, and with how much from teachers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    The defaults are those of the first teacher. The plans that were compared, and their figures,
    are in the model card of the reader.

    Attributes:
        epochs: Passes over the data, each with other negatives and other wording.
        learning_rate: The highest; it rises over the first twentieth and falls to 0.
        label_smoothing: Of the answerable output.
        dropout: Share of the hidden values left out in each step; it makes steps longer.
        distillation_weight: Of the loss against the teachers, 0 to 1; the loss against the
            answers has the rest.
        seed: Of everything that is drawn in training.
        seconds_between: Seconds between two checkpoints.
        stop_after: Number of steps after which to stop with a checkpoint; none to go on.

    Raises:
        ValueError: The distillation weight is not from 0 to 1.
    """

    epochs: int = 2
    learning_rate: float = 2e-4
    label_smoothing: float = 0.0
    dropout: float = 0.1
    distillation_weight: float = 0.0
    seed: int = 0
    seconds_between: float = 300
    stop_after: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.distillation_weight <= 1:
            raise ValueError(
                f"expected a distillation weight from 0 to 1, got {self.distillation_weight}"
            )
