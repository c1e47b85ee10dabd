"""The copy in bfloat16 that training steps run on."""

import pytest
import torch
from torch import nn

from qa.training.common import mixed_precision
from qa.training.common.mixed_precision import MixedPrecisionModel


@pytest.fixture
def full() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].weight.requires_grad_(False)
    return model


def test_steps_in_bfloat16_change_the_float32_weights(
    full: nn.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed_precision, "multiplies_bfloat16", lambda device: True)
    mixed = MixedPrecisionModel.of(full)
    assert {parameter.dtype for parameter in mixed.model.parameters()} == {torch.bfloat16}
    assert {parameter.dtype for parameter in full.parameters()} == {torch.float32}
    trained = [parameter for parameter in full.parameters() if parameter.requires_grad]
    assert [id(weight) for weight, _ in mixed.copies] == [id(weight) for weight in trained]
    mixed.model(torch.ones(1, 3, dtype=torch.bfloat16)).sum().backward()
    grads = [copied.grad.float() for _, copied in mixed.copies if copied.grad is not None]
    mixed.collect_gradients()
    assert all(torch.equal(weight.grad, grad) for weight, grad in zip(trained, grads, strict=True))  # type: ignore[arg-type]  # set by the line before
    assert all(copied.grad is None for _, copied in mixed.copies)
    with torch.no_grad():
        trained[0].add_(1e-4)
    before = mixed.copies[0][1].clone()
    mixed.update_copies()
    assert torch.equal(mixed.copies[0][1], trained[0].bfloat16())
    assert mixed.copies[0][1].shape == before.shape


def test_steps_elsewhere_run_on_the_model_itself(
    full: nn.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed_precision, "multiplies_bfloat16", lambda device: False)
    mixed = MixedPrecisionModel.of(full)
    assert mixed.model is full and not mixed.copies
