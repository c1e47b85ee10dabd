import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from qa.evaluation.datasets import Question
from qa.training.common import mixed_precision
from qa.training.common.mixed_precision import MixedPrecisionModel
from qa.training.reader.examples import Source
from qa.training.reader.loop import PROGRESS, Trainer
from qa.training.reader.model import SpanTransformer
from qa.training.reader.plan import Plan


def trained(
    model: SpanTransformer,
    tokenizer: Tokenizer,
    questions: list[Question],
    plan: Plan,
    folder: Path,
    teachers: Sequence[SpanTransformer] = (),
) -> tuple[Trainer, list[float]]:
    losses: list[float] = []
    trainer = Trainer(model, tokenizer, plan, folder, teachers)
    negatives = [
        [other for other in questions if other.context != question.context]
        for question in questions
    ]
    trainer.train(
        [Source(questions * 6, negatives=negatives * 6)],
        lambda _1, _2, _3, loss: losses.append(loss),
        lambda _: None,
    )
    return trainer, losses


@pytest.mark.slow
def test_training_lowers_the_loss(
    small: SpanTransformer, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    _, losses = trained(small, tokenizer, questions, Plan(8, 3e-3), tmp_path)
    assert len(losses) >= 16
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


@pytest.mark.slow
@pytest.mark.parametrize(("dropout", "distillation"), [(0.0, 0.0), (0.1, 0.0), (0.1, 0.5)])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_resumed_run_equals_an_uninterrupted_one(
    small: SpanTransformer,
    tokenizer: Tokenizer,
    questions: list[Question],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dropout: float,
    distillation: float,
    bfloat16: bool,
) -> None:
    monkeypatch.setattr(mixed_precision, "multiplies_bfloat16", lambda device: bfloat16)
    for part in small.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = dropout
    teachers = [copy.deepcopy(small)] if distillation else []
    for teacher in teachers:
        torch.nn.init.normal_(teacher.span.weight)
    first, second, third = small, copy.deepcopy(small), copy.deepcopy(small)
    plan = Plan(2, 1e-3, dropout=dropout, distillation_weight=distillation)
    plain, losses = trained(first, tokenizer, questions, plan, tmp_path / "plain", teachers)
    stopped = replace(plan, stop_after=len(losses) // 2 + 1)
    broken, losses_before = trained(
        second, tokenizer, questions, stopped, tmp_path / "resumed", teachers
    )
    assert len(losses_before) == stopped.stop_after
    assert broken.epoch == 1
    resumed, losses_after = trained(
        third, tokenizer, questions, plan, tmp_path / "resumed", teachers
    )
    assert losses_before + losses_after == losses
    for name, weight in plain.full.state_dict().items():
        assert torch.equal(weight, resumed.full.state_dict()[name]), name


@pytest.mark.slow
def test_steps_in_bfloat16_train_the_weights_in_full_precision(
    small: SpanTransformer,
    tokenizer: Tokenizer,
    questions: list[Question],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mixed_precision, "multiplies_bfloat16", lambda device: True)
    trainer, losses = trained(small, tokenizer, questions, Plan(8, 3e-3), tmp_path)
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
    assert {parameter.dtype for parameter in trainer.full.parameters()} == {torch.float32}
    steps = {
        parameter.dtype for parameter in MixedPrecisionModel.of(trainer.full).model.parameters()
    }
    assert steps == {torch.bfloat16}


@pytest.mark.slow
def test_word_embeddings_stay_as_they_are(
    small: SpanTransformer, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    before = {name: weight.clone() for name, weight in small.state_dict().items()}
    trainer, _ = trained(small, tokenizer, questions, Plan(1, 1e-3), tmp_path)
    after = trainer.full.state_dict()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {"transformer.embeddings.word_embeddings.weight"}


@pytest.mark.slow
def test_another_run_does_not_go_on_from_a_checkpoint(
    small: SpanTransformer, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    begun, same, other = small, copy.deepcopy(small), copy.deepcopy(small)
    trained(begun, tokenizer, questions, Plan(1, 1e-3, stop_after=1), tmp_path)
    with pytest.raises(ValueError, match=r"expected seed 0, .* got 7; name another folder"):
        Trainer(same, tokenizer, Plan(1, 1e-3, seed=7), tmp_path)
    with pytest.raises(ValueError, match=r"expected sources \w+, .* name another folder"):
        trained(same, tokenizer, questions[1:], Plan(1, 1e-3), tmp_path)
    with torch.no_grad():
        other.span.bias.add_(1)
    with pytest.raises(ValueError, match=r"expected start \w+, .* name another folder"):
        Trainer(other, tokenizer, Plan(1, 1e-3), tmp_path)


@pytest.mark.slow
def test_one_checkpoint_is_stored(
    small: SpanTransformer, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    trained(small, tokenizer, questions, Plan(2, 1e-3), tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint-2-0.safetensors", PROGRESS]


@pytest.mark.slow
def test_student_learns_from_its_teacher_alone(
    small: SpanTransformer, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    teacher = copy.deepcopy(small)
    with torch.no_grad():
        teacher.answerable.bias.fill_(-9)
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    plan = Plan(8, 3e-3, distillation_weight=1.0)
    trainer = Trainer(small, tokenizer, plan, tmp_path, [teacher])
    trainer.train([Source(questions * 6)], lambda *_: None, lambda _: None)
    # Most of the questions have an answer; the teacher says that none has.
    ids = torch.arange(1000, 1024).reshape(2, 12)
    with torch.inference_mode():
        *_, answerable = trainer.full.eval()(ids, torch.ones_like(ids), torch.zeros_like(ids))
    assert (answerable < -1).all()
    assert all(torch.equal(tensor, before[name]) for name, tensor in teacher.state_dict().items())


@pytest.mark.slow
def test_teachers_have_a_weight_and_are_those_that_the_run_began_with(
    small: SpanTransformer, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    teacher = copy.deepcopy(small)
    with pytest.raises(ValueError, match="expected a distillation weight above 0 with teachers"):
        Trainer(small, tokenizer, Plan(), tmp_path, [teacher])
    with pytest.raises(ValueError, match=r"expected a distillation weight from 0 to 1, got 2"):
        Trainer(small, tokenizer, Plan(distillation_weight=2), tmp_path, [teacher])
    with pytest.raises(ValueError, match=r"expected teachers for .* weight 0\.5, got none"):
        Trainer(small, tokenizer, Plan(distillation_weight=0.5), tmp_path)
    plan = Plan(1, 1e-3, distillation_weight=0.5, stop_after=1)
    same = copy.deepcopy(small)
    trainer = Trainer(small, tokenizer, plan, tmp_path, [teacher])
    trainer.train([Source(questions)], lambda *_: None, lambda _: None)
    with torch.no_grad():
        teacher.span.bias.add_(1)
    with pytest.raises(ValueError, match=r"expected teachers \w+, .*name another folder"):
        Trainer(same, tokenizer, plan, tmp_path, [teacher])
