import copy
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy

from qa.questions import Question
from qa.training.examples import Source
from qa.training.loop import PROGRESS, Plan, Trainer
from qa.training.model import SpanModel, average, loss_of
from qa.training.working import Working


def trained(
    model: SpanModel, tokenizer: Tokenizer, questions: list[Question], plan: Plan, folder: Path
) -> tuple[Trainer, list[float]]:
    losses: list[float] = []
    trainer = Trainer(model, tokenizer, plan, folder)
    lacking = [[other for other in questions if other.context != one.context] for one in questions]
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


def test_training_lowers_the_loss(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    _, losses = trained(small, tokenizer, questions, Plan(8, 3e-3), tmp_path)
    assert len(losses) >= 16
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("bfloat16", [False, True])
def test_resumed_run_equals_an_uninterrupted_one(
    small: SpanModel,
    tokenizer: Tokenizer,
    questions: list[Question],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dropout: float,
    bfloat16: bool,
) -> None:
    monkeypatch.setattr("qa.training.working.multiplies_bfloat16", lambda device: bfloat16)
    for part in small.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = dropout
    one, other, again = small, copy.deepcopy(small), copy.deepcopy(small)
    plan = Plan(2, 1e-3, dropout=dropout)
    plain, losses = trained(one, tokenizer, questions, plan, tmp_path / "plain")
    stopped = replace(plan, stop_after=len(losses) // 2 + 1)
    broken, first = trained(other, tokenizer, questions, stopped, tmp_path / "resumed")
    assert len(first) == stopped.stop_after
    assert broken.epoch == 1
    resumed, rest = trained(again, tokenizer, questions, plan, tmp_path / "resumed")
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
    assert {one.dtype for one in trainer.full.parameters()} == {torch.float32}
    steps = {one.dtype for one in Working.of(trainer.full).model.parameters()}
    assert steps == {torch.bfloat16}


def test_word_embeddings_stay_as_they_are(
    small: SpanModel, tokenizer: Tokenizer, questions: list[Question], tmp_path: Path
) -> None:
    before = {name: weight.clone() for name, weight in small.state_dict().items()}
    trainer, _ = trained(small, tokenizer, questions, Plan(1, 1e-3), tmp_path)
    after = trainer.full.state_dict()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {"transformer.embeddings.word_embeddings.weight"}


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


def test_average_of_models_has_the_mean_of_their_weights(small: SpanModel, tmp_path: Path) -> None:
    before = {name: one.clone() for name, one in small.state_dict().items()}
    small.save(tmp_path / "one")
    with torch.no_grad():
        for weight in small.parameters():
            weight.add_(1)
    small.save(tmp_path / "other")
    found = SpanModel.load(average([tmp_path / "one", tmp_path / "other"], tmp_path / "mean"))
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
