"""The rewriting model: which words of the history belong to the question."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from qa.conversation.features import FEATURES
from qa.training.common.transformer import TransformerModel

WIDTH = 64
"""Of the layer between transformer and outputs. Chosen by hand; not fitted."""


class TermModel(TransformerModel):
    """Classifies for each token whether the word that begins there belongs to the question.

    Query resolution as term classification (Voskarides et al., 2020). A second output classifies
    whether the question lacks any word. The input of both is the transformer's hidden state with
    the features of ``HistoryWindow``.
    """

    weights = "term_model.safetensors"

    def __init__(self, transformer: PreTrainedModel, width: int) -> None:
        super().__init__(transformer, width)
        # Applied to the outputs' input alone.
        self.dropout = nn.Dropout(0.1)
        self.belongs = nn.Sequential(
            nn.Linear(width + len(FEATURES), WIDTH), nn.GELU(), nn.Linear(WIDTH, 1)
        )
        self.lacks = nn.Sequential(
            nn.Linear(width + len(FEATURES), WIDTH), nn.GELU(), nn.Linear(WIDTH, 1)
        )

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, features: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of each token's word ``(batch, tokens)`` and of each question ``(batch,)``."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        states = torch.cat([self.dropout(hidden), features.to(hidden.dtype)], dim=-1)
        belongs, lacks = self.belongs(states), self.lacks(states[:, 0])
        return belongs.float().squeeze(-1), lacks.float().squeeze(-1)


def rewriting_loss(
    outputs: tuple[Tensor, Tensor], words: Tensor, belonging: Tensor, lacking: Tensor
) -> Tensor:
    """Weighted sum of the mean losses of words and of questions.

    The weights, 2 and 1/2, were chosen by hand; not fitted.

    Args:
        outputs: Of ``TermModel.forward``.
        words: ``(batch, tokens)`` float32, 1 where a word begins that can be added.
        belonging: ``(batch, tokens)`` float32, 1 where it belongs to the question.
        lacking: ``(batch,)`` float32, 1 where the question lacks any.
    """
    belongs, lacks = outputs
    by_token = functional.binary_cross_entropy_with_logits(belongs, belonging, reduction="none")
    of_words = (by_token * words).sum() / words.sum().clamp(min=1)
    return 2 * of_words + functional.binary_cross_entropy_with_logits(lacks, lacking) / 2
