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
from qa.training.conversations import Lesson
from qa.training.export_terms import export_terms
from qa.training.term_loop import Example, example_of, fit, logits_of
from qa.training.term_model import TermModel, loss_of


@pytest.fixture
def small(small_transformer: BertModel) -> TermModel:
    return TermModel(small_transformer, 32)


@pytest.fixture
def lessons() -> list[Lesson]:
    names = ("Beldon", "Karst", "Doha", "Syria", "Astana", "Turkey")
    lessons = []
    for name in names:
        said = (Turn("", f"Who lives near {name} today?"),)
        lessons.append(Lesson("a", "When was it built?", f"When was {name} built?", said))
        lessons.append(Lesson("a", "Where is Paris?", "Where is Paris?", said))
    return lessons


@pytest.fixture
def examples(lessons: list[Lesson], tokenizer: Tokenizer) -> list[Example]:
    return [example_of(lesson, tokenizer) for lesson in lessons]


def test_example_says_which_words_belong(examples: list[Example]) -> None:
    assert [word.form for word in examples[0].window.words] == ["lives", "near", "Beldon", "today"]
    assert examples[0].belonging == (False, False, True, False) and examples[0].lacking
    assert examples[1].belonging == (False,) * 4 and not examples[1].lacking


def test_loss_counts_words_alone() -> None:
    words = torch.tensor([[0.0, 1.0, 1.0]])
    belonging = torch.tensor([[0.0, 1.0, 0.0]])
    zero = (torch.zeros(1, 3), torch.zeros(1))
    log2 = float(np.log(2))
    assert float(loss_of(zero, words, belonging, torch.ones(1))) == pytest.approx(2.5 * log2)
    sure = (torch.tensor([[99.0, 99.0, -99.0]]), torch.tensor([99.0]))
    assert float(loss_of(sure, words, belonging, torch.ones(1))) == pytest.approx(0, abs=1e-6)


def learn(
    model: TermModel, lessons: list[Lesson], tokenizer: Tokenizer, epochs: int
) -> list[float]:
    """The losses of training on so few lessons that each epoch is a step."""
    losses: list[float] = []

    def tell(step: int, of: int, loss: float) -> None:
        losses.append(loss)
        assert (step, of) == (len(losses), epochs)

    fit(model, [lessons] * epochs, tokenizer, 3e-3, Random(0), tell)
    assert len(losses) == epochs
    return losses


@pytest.mark.slow
def test_model_learns_which_words_belong(
    small: TermModel, lessons: list[Lesson], examples: list[Example], tokenizer: Tokenizer
) -> None:
    losses = learn(small, lessons, tokenizer, 60)
    assert losses[-1] < losses[0] / 4
    for example, (belongs, lacks) in zip(
        examples, logits_of(small, [one.window for one in examples]), strict=True
    ):
        assert (belongs > 0).tolist() == list(example.belonging)
        assert (lacks > 0) == example.lacking


@pytest.mark.slow
def test_steps_in_bfloat16_teach_the_same(
    small: TermModel,
    lessons: list[Lesson],
    tokenizer: Tokenizer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qa.training.working.multiplies_bfloat16", lambda device: True)
    losses = learn(small, lessons, tokenizer, 60)
    assert losses[-1] < losses[0] / 4
    assert {parameter.dtype for parameter in small.parameters()} == {torch.float32}


@pytest.mark.slow
def test_training_is_the_same_every_time(lessons: list[Lesson], tokenizer: Tokenizer) -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(1)
        config = BertConfig(
            hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
        )
        model = TermModel(BertModel(config, add_pooling_layer=False), 32)
        found.append(learn(model, lessons, tokenizer, 2))
    assert found[0] == found[1]


@pytest.mark.slow
def test_exported_model_says_the_same(
    small: TermModel, examples: list[Example], tmp_path: Path
) -> None:
    small.eval()
    small.save(tmp_path / "trained")
    export_terms(tmp_path / "trained", tmp_path / "model")
    logits = onnx_logits(tmp_path / "model" / GRAPH)
    windows = [example.window for example in examples]
    for window, (belongs, lacks) in zip(windows, logits_of(small, windows), strict=True):
        exported, lacking = logits(window)
        assert exported == pytest.approx(belongs, abs=0.02)
        assert lacking == pytest.approx(lacks, abs=0.02)
