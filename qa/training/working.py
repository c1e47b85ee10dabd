"""The working copy: training steps in bfloat16 on weights that are kept in float32."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import torch
from torch import nn

Model = TypeVar("Model", bound=nn.Module)


def device_to_train_on() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it; where it has none they are slowly imitated."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@dataclass(frozen=True, slots=True)
class Working(Generic[Model]):
    """A model to run steps on, whose optimiser changes the weights of another.

    Where the device multiplies bfloat16, steps are twice as fast or more in it, and an optimiser
    still adds its small changes in float32 (Micikevicius et al., 2018). Elsewhere both models
    are the same.

    Attributes:
        model: To run steps on.
        copies: Each weight that is trained with its copy in ``model``; none if they are the same.
    """

    model: Model
    copies: Sequence[tuple[torch.Tensor, torch.Tensor]]

    @classmethod
    def of(cls, full: Model) -> Self:
        """The working copy of a model in float32."""
        if not multiplies_bfloat16(next(full.parameters()).device):
            return cls(full, ())
        model = copy.deepcopy(full).to(torch.bfloat16)
        pairs = zip(full.parameters(), model.parameters(), strict=True)
        return cls(model, [(one, copied) for one, copied in pairs if one.requires_grad])

    def collect(self) -> None:
        """Move what the last step found onto the weights that are kept."""
        for weight, copied in self.copies:
            weight.grad = None if copied.grad is None else copied.grad.float()
            copied.grad = None

    @torch.no_grad()
    def renew(self) -> None:
        """Take the weights over after the optimiser changed them."""
        for weight, copied in self.copies:
            copied.copy_(weight)
