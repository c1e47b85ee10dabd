import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from qa.training.reader.model import SpanTransformer, distillation_loss, span_loss


def test_one_step_lowers_the_loss_of_its_batch(small: SpanTransformer) -> None:
    ids = torch.randint(1000, 2000, (4, 12), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    inside = torch.ones_like(ids, dtype=torch.bool)
    spans = torch.tensor([[3, 4], [0, 0], [7, 7], [0, 0]])
    groups = torch.tensor([0, 0, 1, 2])
    optimizer = torch.optim.AdamW(small.parameters(), lr=1e-3)
    before = span_loss(small(ids, mask, mask), inside, spans, groups)
    before.backward()  # type: ignore[no-untyped-call]  # untyped library
    optimizer.step()
    after = span_loss(small(ids, mask, mask), inside, spans, groups)
    assert after.item() < before.item() - 0.01


def test_loss_of_no_answer_points_at_the_first_token() -> None:
    starts = torch.tensor([[5.0, 0, 0], [0, 0, 5]])
    answerable = torch.tensor([-5.0, 5.0])
    inside = torch.tensor([[False, True, True]] * 2)
    spans = torch.tensor([[0, 0], [2, 2]])
    groups = torch.tensor([0, 1])
    right = span_loss((starts, starts, answerable), inside, spans, groups).item()
    wrong = span_loss((starts, starts, answerable), inside, spans.flip(0), groups).item()
    assert right < 0.03
    assert wrong > 9


def test_windows_of_one_question_compete_with_each_other_and_one_null_answer() -> None:
    # Of the null answer and the three tokens of both windows that an answer may hold, all have
    # a margin of 0 but the last, which has ln 4; what the padding says does not count.
    starts = torch.tensor([[7.0, 7, 99], [-2, -2, -2 + math.log(4)]])
    inside = torch.tensor([[False, True, False], [False, True, True]])
    answerable = torch.tensor([-99.0, 99.0])
    spans = torch.tensor([[0, 0], [2, 2]])
    together = span_loss((starts, starts, answerable), inside, spans, torch.tensor([0, 0])).item()
    assert together == pytest.approx(math.log((1 + 1 + 1 + 4) / 4))
    apart = span_loss((starts, starts, answerable), inside, spans, torch.tensor([0, 1])).item()
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
    found = span_loss((logits, logits, sure), inside, spans, torch.arange(3))
    assert found.item() == pytest.approx(float(expected), abs=1e-6)


def test_distillation_loss_is_cross_entropy_against_the_mean_of_the_teachers() -> None:
    # One question, two windows, three tokens that an answer may hold: of these and the null
    # answer the teachers give 1/4 each, and 0, 0, 1/2 and 1/2.
    inside = torch.tensor([[False, True, False], [False, True, True]])
    groups = torch.tensor([0, 0])
    even = torch.tensor([[3.0, 3, 99], [-2, -2, -2]])
    sure = torch.tensor([[3.0, -99, 99], [-2, -99, -2]])
    # The teachers' probabilities of an answer: 1/5 and 3/5 in the first window, 1/2 and 1/10.
    answerable_of_teachers = [[1 / 5, 1 / 2], [3 / 5, 1 / 10]]
    teachers = [
        (logits, logits, torch.logit(torch.tensor(probabilities)))
        for logits, probabilities in zip((even, sure), answerable_of_teachers, strict=True)
    ]
    student = torch.tensor([[5.0, 5, 0], [1, 1, 1 + math.log(5)]])
    answerable = torch.logit(torch.tensor([1 / 4, 3 / 4]))
    found = distillation_loss((student, student, answerable), teachers, inside, groups).item()
    # The student gives 1/8 each, but 5/8 to the last token.
    spans = -(1 / 8 + 1 / 8 + 3 / 8) * math.log(1 / 8) - 3 / 8 * math.log(5 / 8)
    first = -2 / 5 * math.log(1 / 4) - 3 / 5 * math.log(3 / 4)
    second = -3 / 10 * math.log(3 / 4) - 7 / 10 * math.log(1 / 4)
    assert found == pytest.approx(spans + (first + second) / 2, abs=1e-6)


def test_no_outputs_have_less_distillation_loss_than_the_teachers() -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, generator=random)
    inside = torch.tensor([[False, False, True, True, True]] * 3)
    groups = torch.tensor([0, 0, 1])
    answerable = torch.randn(3, generator=random)
    teachers = [(logits, logits.flip(1), answerable)]
    same = tuple(logits.clone().requires_grad_() for logits in teachers[0])
    starts, ends, has_answer = same
    loss = distillation_loss((starts, ends, has_answer), teachers, inside, groups)
    loss.backward()  # type: ignore[no-untyped-call]  # untyped library
    for output in same:
        assert output.grad is not None
        assert torch.allclose(output.grad, torch.zeros_like(output), atol=1e-6)


def test_average_of_models_has_the_mean_of_their_weights(
    small: SpanTransformer, tmp_path: Path
) -> None:
    before = {name: weight.clone() for name, weight in small.state_dict().items()}
    small.save(tmp_path / "first")
    with torch.no_grad():
        for weight in small.parameters():
            weight.add_(1)
    small.save(tmp_path / "second")
    found = SpanTransformer.load(
        SpanTransformer.average([tmp_path / "first", tmp_path / "second"], tmp_path / "mean")
    )
    for name, mean in found.state_dict().items():
        assert torch.allclose(mean, before[name] + 0.5, atol=1e-6), name


def test_saved_model_reads_like_the_one_in_memory(small: SpanTransformer, tmp_path: Path) -> None:
    small.save(tmp_path)
    loaded = SpanTransformer.load(tmp_path).eval()
    ids = torch.arange(1000, 1024).reshape(2, 12)
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        pairs = zip(small.eval()(ids, mask, mask), loaded(ids, mask, mask), strict=True)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in pairs)
