"""The working copy that training steps run on."""

import pytest
import torch
from torch import nn

from qa.training.working import Working


@pytest.fixture
def full() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].weight.requires_grad_(False)
    return model


def test_steps_in_bfloat16_change_what_is_kept_in_float32(
    full: nn.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.training.working.multiplies_bfloat16", lambda device: True)
    working = Working.of(full)
    assert {parameter.dtype for parameter in working.model.parameters()} == {torch.bfloat16}
    assert {parameter.dtype for parameter in full.parameters()} == {torch.float32}
    trained = [parameter for parameter in full.parameters() if parameter.requires_grad]
    assert [id(weight) for weight, _ in working.copies] == [id(one) for one in trained]
    working.model(torch.ones(1, 3, dtype=torch.bfloat16)).sum().backward()
    found = [copied.grad.float() for _, copied in working.copies if copied.grad is not None]
    working.collect()
    assert all(torch.equal(one.grad, two) for one, two in zip(trained, found, strict=True))  # type: ignore[arg-type]  # set by the line before
    assert all(copied.grad is None for _, copied in working.copies)
    with torch.no_grad():
        trained[0].add_(1e-4)
    before = working.copies[0][1].clone()
    working.renew()
    assert torch.equal(working.copies[0][1], trained[0].bfloat16())
    assert working.copies[0][1].shape == before.shape


def test_steps_elsewhere_run_on_the_model_itself(
    full: nn.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.training.working.multiplies_bfloat16", lambda device: False)
    working = Working.of(full)
    assert working.model is full and not working.copies
