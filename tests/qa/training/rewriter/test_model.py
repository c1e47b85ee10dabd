"""The rewriting model: trained, saved, exported."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from qa.conversation.context import Turn
from qa.conversation.rewriter import GRAPH, onnx_logits
from qa.training.common import mixed_precision
from qa.training.rewriter.conversations import RewriteExample
from qa.training.rewriter.export import export_rewriter
from qa.training.rewriter.loop import LabelledWindow, fit, labelled_window_of, logits_of
from qa.training.rewriter.model import TermModel, rewriting_loss


@pytest.fixture
def small(small_transformer: BertModel) -> TermModel:
    return TermModel(small_transformer, 32)


@pytest.fixture
def examples() -> list[RewriteExample]:
    names = ("Beldon", "Karst", "Doha", "Syria", "Astana", "Turkey")
    examples = []
    for name in names:
        history = (Turn("", f"Who lives near {name} today?"),)
        examples.append(
            RewriteExample("a", "When was it built?", f"When was {name} built?", history)
        )
        examples.append(RewriteExample("a", "Where is Paris?", "Where is Paris?", history))
    return examples


@pytest.fixture
def windows(examples: list[RewriteExample], tokenizer: Tokenizer) -> list[LabelledWindow]:
    return [labelled_window_of(example, tokenizer) for example in examples]


def test_labels_are_the_words_that_belong(windows: list[LabelledWindow]) -> None:
    assert [word.form for word in windows[0].window.words] == ["lives", "near", "Beldon", "today"]
    assert windows[0].belonging == (False, False, True, False) and windows[0].lacking
    assert windows[1].belonging == (False,) * 4 and not windows[1].lacking


def test_loss_counts_words_alone() -> None:
    words = torch.tensor([[0.0, 1.0, 1.0]])
    belonging = torch.tensor([[0.0, 1.0, 0.0]])
    zero = (torch.zeros(1, 3), torch.zeros(1))
    log2 = float(np.log(2))
    assert float(rewriting_loss(zero, words, belonging, torch.ones(1))) == pytest.approx(2.5 * log2)
    sure = (torch.tensor([[99.0, 99.0, -99.0]]), torch.tensor([99.0]))
    assert float(rewriting_loss(sure, words, belonging, torch.ones(1))) == pytest.approx(
        0, abs=1e-6
    )


def learn(
    model: TermModel, examples: list[RewriteExample], tokenizer: Tokenizer, epochs: int
) -> list[float]:
    """The losses of training on so few examples that each epoch is a step."""
    losses: list[float] = []

    def on_step(step: int, of: int, loss: float) -> None:
        losses.append(loss)
        assert (step, of) == (len(losses), epochs)

    fit(model, [examples] * epochs, tokenizer, 3e-3, Random(0), on_step)
    assert len(losses) == epochs
    return losses


@pytest.mark.slow
def test_model_learns_which_words_belong(
    small: TermModel,
    examples: list[RewriteExample],
    windows: list[LabelledWindow],
    tokenizer: Tokenizer,
) -> None:
    losses = learn(small, examples, tokenizer, 60)
    assert losses[-1] < losses[0] / 4
    logits = logits_of(small, [labelled.window for labelled in windows])
    for labelled, (belongs, lacking) in zip(windows, logits, strict=True):
        assert (belongs > 0).tolist() == list(labelled.belonging)
        assert (lacking > 0) == labelled.lacking


@pytest.mark.slow
def test_steps_in_bfloat16_train_the_float32_weights(
    small: TermModel,
    examples: list[RewriteExample],
    tokenizer: Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mixed_precision, "multiplies_bfloat16", lambda device: True)
    losses = learn(small, examples, tokenizer, 60)
    assert losses[-1] < losses[0] / 4
    assert {parameter.dtype for parameter in small.parameters()} == {torch.float32}


@pytest.mark.slow
def test_training_is_the_same_every_time(
    examples: list[RewriteExample], tokenizer: Tokenizer
) -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(1)
        config = BertConfig(
            hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
        )
        model = TermModel(BertModel(config, add_pooling_layer=False), 32)
        found.append(learn(model, examples, tokenizer, 2))
    assert found[0] == found[1]


@pytest.mark.slow
def test_exported_model_has_the_same_logits(
    small: TermModel, windows: list[LabelledWindow], tmp_path: Path
) -> None:
    small.eval()
    small.save(tmp_path / "trained")
    export_rewriter(tmp_path / "trained", tmp_path / "model")
    logits = onnx_logits(tmp_path / "model" / GRAPH)
    expected = logits_of(small, [labelled.window for labelled in windows])
    for labelled, (belongs, lacking) in zip(windows, expected, strict=True):
        exported_belongs, exported_lacking = logits(labelled.window)
        assert exported_belongs == pytest.approx(belongs, abs=0.02)
        assert exported_lacking == pytest.approx(lacking, abs=0.02)
