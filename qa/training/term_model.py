"""The rewriting model: which words of the history belong to the question."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from qa.conversation.context import FACTS
from qa.training.transformer import TransformerModel

WIDTH = 64
"""Of the layer between transformer and outputs."""


class TermModel(TransformerModel):
    """For each token whether the word that begins there belongs to the question.

    So do Voskarides et al. (2020). A second output says whether the question lacks any word.
    Both see the facts of ``HistoryWindow`` beside what the transformer makes of a token.
    """

    weights = "term_model.safetensors"

    def __init__(self, transformer: PreTrainedModel, width: int) -> None:
        super().__init__(transformer, width)
        # Before the outputs alone.
        self.dropout = nn.Dropout(0.1)
        self.belongs = nn.Sequential(
            nn.Linear(width + FACTS, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1)
        )
        self.lacks = nn.Sequential(nn.Linear(width + FACTS, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, facts: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of each token's word ``(batch, tokens)`` and of each question ``(batch,)``."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        seen = torch.cat([self.dropout(hidden), facts.to(hidden.dtype)], dim=-1)
        belongs, lacks = self.belongs(seen), self.lacks(seen[:, 0])
        return belongs.float().squeeze(-1), lacks.float().squeeze(-1)


def loss_of(
    outputs: tuple[Tensor, Tensor], words: Tensor, belonging: Tensor, lacking: Tensor
) -> Tensor:
    """Mean loss of the words, and of the questions.

    Args:
        outputs: Of ``TermModel.forward``.
        words: ``(batch, tokens)`` float32, 1 where a word begins that can be added.
        belonging: ``(batch, tokens)`` float32, 1 where it belongs to the question.
        lacking: ``(batch,)`` float32, 1 where the question lacks any.
    """
    belongs, lacks = outputs
    each = functional.binary_cross_entropy_with_logits(belongs, belonging, reduction="none")
    of_words = (each * words).sum() / words.sum().clamp(min=1)
    return 2 * of_words + functional.binary_cross_entropy_with_logits(lacks, lacking) / 2
