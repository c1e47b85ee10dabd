import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy

from qa.evaluation.datasets import Question
from qa.training.examples import Source
from qa.training.loop import PROGRESS, Plan, Trainer
from qa.training.model import SpanModel, loss_of, taught_loss
from qa.training.working import Working


def trained(
    model: SpanModel,
    tokenizer: Tokenizer,
    questions: list[Question],
    plan: Plan,
    folder: Path,
    teachers: Sequence[SpanModel] = (),
) -> tuple[Trainer, list[float]]:
    losses: list[float] = []
    trainer = Trainer(model, tokenizer, plan, folder, teachers)
    lacking = [
        [other for other in questions if other.context != question.context]
        for question in questions
    ]
    trainer.train(
        [Source(questions * 6, negatives=lacking * 6)],
        lambda _1, _2, _3, loss: losses.append(loss),
        lambda _: None,
    )
    return trainer, losses


def test_one_step_lowers_the_loss_of_its_batch(small: SpanModel) -> None:
    ids = torch.randint(1000, 2000, (4, 12), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    inside = torch.ones_like(ids, dtype=torch.bool)
    spans = torch.tensor([[3, 4], [0, 0], [7, 7], [0, 0]])
    groups = torch.tensor([0, 0, 1, 2])
    optimizer = torch.optim.AdamW(small.parameters(), lr=1e-3)
    before = loss_of(small(ids, mask, mask), inside, spans, groups)
    before.backward()  # type: ignore[no-untyped-call]  # untyped library
    optimizer.step()
    after = loss_of(small(ids, mask, mask), inside, spans, groups)
    assert after.item() < before.item() - 0.01


@pytest.mark.slow
def test_training_lowers_the_loss(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    _, losses = trained(small, tokenizer, questions, Plan(8, 3e-3), tmp_path)
    assert len(losses) >= 16
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


@pytest.mark.slow
@pytest.mark.parametrize(("dropout", "taught"), [(0.0, 0.0), (0.1, 0.0), (0.1, 0.5)])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_resumed_run_equals_an_uninterrupted_one(
    small: SpanModel,
    tokenizer: Tokenizer,
    questions: list[Question],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dropout: float,
    taught: float,
    bfloat16: bool,
) -> None:
    monkeypatch.setattr("qa.training.working.multiplies_bfloat16", lambda device: bfloat16)
    for part in small.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = dropout
    teachers = [copy.deepcopy(small)] if taught else []
    for teacher in teachers:
        torch.nn.init.normal_(teacher.span.weight)
    one, other, again = small, copy.deepcopy(small), copy.deepcopy(small)
    plan = Plan(2, 1e-3, dropout=dropout, taught=taught)
    plain, losses = trained(one, tokenizer, questions, plan, tmp_path / "plain", teachers)
    stopped = replace(plan, stop_after=len(losses) // 2 + 1)
    broken, first = trained(other, tokenizer, questions, stopped, tmp_path / "resumed", teachers)
    assert len(first) == stopped.stop_after
    assert broken.epoch == 1
    resumed, rest = trained(again, tokenizer, questions, plan, tmp_path / "resumed", teachers)
    assert first + rest == losses
    for name, weight in plain.full.state_dict().items():
        assert torch.equal(weight, resumed.full.state_dict()[name]), name


def test_steps_in_bfloat16_train_the_weights_in_full_precision(
    small: SpanModel,
    tokenizer: Tokenizer,
    questions: list[Question],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qa.training.working.multiplies_bfloat16", lambda device: True)
    trainer, losses = trained(small, tokenizer, questions, Plan(8, 3e-3), tmp_path)
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
    assert {parameter.dtype for parameter in trainer.full.parameters()} == {torch.float32}
    steps = {parameter.dtype for parameter in Working.of(trainer.full).model.parameters()}
    assert steps == {torch.bfloat16}


@pytest.mark.slow
def test_word_embeddings_stay_as_they_are(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    before = {name: weight.clone() for name, weight in small.state_dict().items()}
    trainer, _ = trained(small, tokenizer, questions, Plan(1, 1e-3), tmp_path)
    after = trainer.full.state_dict()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {"transformer.embeddings.word_embeddings.weight"}


@pytest.mark.slow
def test_another_run_does_not_go_on_from_a_checkpoint(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
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
def test_one_checkpoint_is_kept(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    trained(small, tokenizer, questions, Plan(2, 1e-3), tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint-2-0.safetensors", PROGRESS]


def test_loss_of_no_answer_points_at_the_first_token() -> None:
    starts = torch.tensor([[5.0, 0, 0], [0, 0, 5]])
    answerable = torch.tensor([-5.0, 5.0])
    inside = torch.tensor([[False, True, True]] * 2)
    spans = torch.tensor([[0, 0], [2, 2]])
    groups = torch.tensor([0, 1])
    right = loss_of((starts, starts, answerable), inside, spans, groups).item()
    wrong = loss_of((starts, starts, answerable), inside, spans.flip(0), groups).item()
    assert right < 0.03
    assert wrong > 9


def test_windows_of_one_question_compete_with_each_other_and_one_null_answer() -> None:
    # Of the null answer and the three tokens of both windows that an answer may hold, all have
    # a margin of 0 but the last, which has ln 4; what the padding says does not count.
    starts = torch.tensor([[7.0, 7, 99], [-2, -2, -2 + math.log(4)]])
    inside = torch.tensor([[False, True, False], [False, True, True]])
    answerable = torch.tensor([-99.0, 99.0])
    spans = torch.tensor([[0, 0], [2, 2]])
    together = loss_of((starts, starts, answerable), inside, spans, torch.tensor([0, 0])).item()
    assert together == pytest.approx(math.log((1 + 1 + 1 + 4) / 4))
    apart = loss_of((starts, starts, answerable), inside, spans, torch.tensor([0, 1])).item()
    assert apart == pytest.approx((math.log(1 + 1) + math.log((1 + 1 + 4) / 4)) / 2)


def test_loss_of_single_windows_is_cross_entropy_over_tokens_and_null() -> None:
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    inside = torch.tensor([[False, False, True, True, True]] * 3)
    spans = torch.tensor([[2, 3], [0, 0], [4, 4]])
    allowed = inside.clone()
    allowed[:, 0] = True
    masked = logits.masked_fill(~allowed, -1e9)
    expected = sum(cross_entropy(masked, spans[:, at]) for at in (0, 1)) / 2
    sure = torch.tensor([99.0, -99.0, 99.0])
    found = loss_of((logits, logits, sure), inside, spans, torch.arange(3))
    assert found.item() == pytest.approx(float(expected), abs=1e-6)


def test_taught_loss_is_cross_entropy_against_the_mean_of_the_teachers() -> None:
    # One question, two windows, three tokens that an answer may hold: of these and the null
    # answer the teachers give 1/4 each, and 0, 0, 1/2 and 1/2.
    inside = torch.tensor([[False, True, False], [False, True, True]])
    groups = torch.tensor([0, 0])
    even = torch.tensor([[3.0, 3, 99], [-2, -2, -2]])
    sure = torch.tensor([[3.0, -99, 99], [-2, -99, -2]])
    # Of an answer in each window the teachers are sure by 1/5 and 3/5, and by 1/2 and 1/10.
    there = [[1 / 5, 1 / 2], [3 / 5, 1 / 10]]
    taught = [
        (one, one, torch.logit(torch.tensor(each)))
        for one, each in zip((even, sure), there, strict=True)
    ]
    student = torch.tensor([[5.0, 5, 0], [1, 1, 1 + math.log(5)]])
    answerable = torch.logit(torch.tensor([1 / 4, 3 / 4]))
    found = taught_loss((student, student, answerable), taught, inside, groups).item()
    # The student gives 1/8 each, but 5/8 to the last token.
    spans = -(1 / 8 + 1 / 8 + 3 / 8) * math.log(1 / 8) - 3 / 8 * math.log(5 / 8)
    first = -2 / 5 * math.log(1 / 4) - 3 / 5 * math.log(3 / 4)
    second = -3 / 10 * math.log(3 / 4) - 7 / 10 * math.log(1 / 4)
    assert found == pytest.approx(spans + (first + second) / 2, abs=1e-6)


def test_nobody_is_taught_better_than_by_saying_the_same() -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, generator=random)
    inside = torch.tensor([[False, False, True, True, True]] * 3)
    groups = torch.tensor([0, 0, 1])
    answerable = torch.randn(3, generator=random)
    taught = [(logits, logits.flip(1), answerable)]
    same = tuple(one.clone().requires_grad_() for one in taught[0])
    starts, ends, there = same
    loss = taught_loss((starts, ends, there), taught, inside, groups)
    loss.backward()  # type: ignore[no-untyped-call]  # untyped library
    for one in same:
        assert one.grad is not None
        assert torch.allclose(one.grad, torch.zeros_like(one), atol=1e-6)


@pytest.mark.slow
def test_student_learns_from_its_teacher_alone(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    teacher = copy.deepcopy(small)
    with torch.no_grad():
        teacher.answerable.bias.fill_(-9)
    before = {name: one.clone() for name, one in teacher.state_dict().items()}
    plan = Plan(8, 3e-3, taught=1.0)
    trainer = Trainer(small, tokenizer, plan, tmp_path, [teacher])
    trainer.train([Source(questions * 6)], lambda *_: None, lambda _: None)
    # Most of the questions have an answer; the teacher says that none has.
    ids = torch.arange(1000, 1024).reshape(2, 12)
    with torch.inference_mode():
        *_, said = trainer.full.eval()(ids, torch.ones_like(ids), torch.zeros_like(ids))
    assert (said < -1).all()
    assert all(torch.equal(one, before[name]) for name, one in teacher.state_dict().items())


@pytest.mark.slow
def test_teachers_have_a_weight_and_are_those_that_the_run_began_with(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    teacher = copy.deepcopy(small)
    with pytest.raises(ValueError, match="expected a weight for the teachers, got 0"):
        Trainer(small, tokenizer, Plan(), tmp_path, [teacher])
    with pytest.raises(ValueError, match=r"expected a weight of the teachers from 0 to 1, got 2"):
        Trainer(small, tokenizer, Plan(taught=2), tmp_path, [teacher])
    with pytest.raises(ValueError, match=r"expected teachers for their weight 0\.5, got none"):
        Trainer(small, tokenizer, Plan(taught=0.5), tmp_path)
    plan = Plan(1, 1e-3, taught=0.5, stop_after=1)
    same = copy.deepcopy(small)
    trainer = Trainer(small, tokenizer, plan, tmp_path, [teacher])
    trainer.train([Source(questions)], lambda *_: None, lambda _: None)
    with torch.no_grad():
        teacher.span.bias.add_(1)
    with pytest.raises(ValueError, match=r"expected teachers \w+, .*name another folder"):
        Trainer(same, tokenizer, plan, tmp_path, [teacher])


def test_average_of_models_has_the_mean_of_their_weights(small: SpanModel, tmp_path: Path) -> None:
    before = {name: one.clone() for name, one in small.state_dict().items()}
    small.save(tmp_path / "one")
    with torch.no_grad():
        for weight in small.parameters():
            weight.add_(1)
    small.save(tmp_path / "other")
    found = SpanModel.load(
        SpanModel.average([tmp_path / "one", tmp_path / "other"], tmp_path / "mean")
    )
    for name, one in found.state_dict().items():
        assert torch.allclose(one, before[name] + 0.5, atol=1e-6), name


def test_saved_model_reads_like_the_one_in_memory(small: SpanModel, tmp_path: Path) -> None:
    small.save(tmp_path)
    loaded = SpanModel.load(tmp_path).eval()
    ids = torch.arange(1000, 1024).reshape(2, 12)
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        pairs = zip(small.eval()(ids, mask, mask), loaded(ids, mask, mask), strict=True)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in pairs)
