"""A model small enough to train in a test, and questions for it."""

import pytest
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer
from qa.evaluation.datasets import Gold, Question
from qa.training.reader.model import SpanTransformer

YEARS = {"bridge": "1901", "harbour": "1743", "school": "1888", "mill": "1650", "tower": "1999"}


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return load_tokenizer(SentenceTransformersEncoder.load().folder)


@pytest.fixture
def small_transformer() -> BertModel:
    """Two layers of 32 dimensions, the same weights every time."""
    import torch

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return BertModel(config, add_pooling_layer=False)


@pytest.fixture
def small(small_transformer: BertModel) -> SpanTransformer:
    """The reader's model on it."""
    return SpanTransformer(small_transformer, 32)


@pytest.fixture
def questions() -> list[Question]:
    found = []
    for number, (thing, year) in enumerate(YEARS.items()):
        context = f"The {thing} of the town was opened in {year} by the mayor."
        for text in (f"When was the {thing} opened?", f"In which year did the {thing} open?"):
            gold = Gold(year, context.index(year))
            found.append(Question(f"{number}{len(text)}", text, context, thing, (gold,), "made"))
    return found
