"""Mixed precision: training steps in bfloat16, weights in float32 (Micikevicius et al., 2018)."""

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
    """Whether the device has instructions for bfloat16; emulation is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@dataclass(frozen=True, slots=True)
class MixedPrecisionModel(Generic[Model]):
    """A copy in bfloat16 to run steps on, of a model whose float32 weights are optimised.

    Where the device multiplies bfloat16, steps are at least twice as fast in it, and the optimiser
    still adds its small changes in float32. Elsewhere ``model`` is the full model itself.

    Attributes:
        model: To run steps on.
        copies: Each trained weight with its copy in ``model``; none if they are the same.
    """

    model: Model
    copies: Sequence[tuple[torch.Tensor, torch.Tensor]]

    @classmethod
    def of(cls, full: Model) -> Self:
        """The copy of a model in float32."""
        if not multiplies_bfloat16(next(full.parameters()).device):
            return cls(full, ())
        model = copy.deepcopy(full).to(torch.bfloat16)
        pairs = zip(full.parameters(), model.parameters(), strict=True)
        return cls(model, [(weight, copied) for weight, copied in pairs if weight.requires_grad])

    def collect_gradients(self) -> None:
        """Move the gradients of the last step onto the float32 weights."""
        for weight, copied in self.copies:
            weight.grad = None if copied.grad is None else copied.grad.float()
            copied.grad = None

    @torch.no_grad()
    def update_copies(self) -> None:
        """Copy the weights back after the optimiser has changed them."""
        for weight, copied in self.copies:
            copied.copy_(weight)
