"""The completion model: which words of the history belong to the question."""

from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedModel

from qa.history import FACTS

WIDTH = 64
"""Of the layer between transformer and outputs."""

WEIGHTS = "term_model.safetensors"


class TermModel(nn.Module):
    """For each token whether the word that begins there belongs to the question.

    So do Voskarides et al. (2020). A second output says whether the question lacks any word.
    Both see the facts of ``HistoryWindow`` beside what the transformer makes of a token.
    """

    def __init__(self, transformer: PreTrainedModel, width: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.config = transformer.config
        self.dropout = nn.Dropout(0.1)
        self.belongs = nn.Sequential(
            nn.Linear(width + FACTS, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1)
        )
        self.lacks = nn.Sequential(nn.Linear(width + FACTS, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))

    @classmethod
    def start_from(cls, folder: Path, seed: int) -> Self:
        """The pretrained transformer in a folder, with new outputs.

        Dropout stands before those alone: steps without it in the transformer are half as long.
        """
        torch.manual_seed(seed)
        transformer = AutoModel.from_pretrained(
            folder,
            attn_implementation="sdpa",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            add_pooling_layer=False,
            local_files_only=True,
            dtype=torch.float32,
        )
        return cls(transformer, transformer.config.hidden_size)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model that ``save`` wrote."""
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        transformer = AutoModel.from_config(  # type: ignore[no-untyped-call]  # untyped library
            config, attn_implementation="eager", dtype=torch.float32
        )
        # The pooled output is of no use here.
        transformer.pooler = None
        model = cls(transformer, config.hidden_size)
        model.load_state_dict(load_file(folder / WEIGHTS))
        return model

    def save(self, folder: Path) -> None:
        """Write the weights and the transformer's configuration into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.config.save_pretrained(folder)
        weights = {name: one.detach().contiguous() for name, one in self.state_dict().items()}
        save_file(weights, folder / WEIGHTS)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, facts: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of each token's word ``(batch, tokens)`` and of each question ``(batch,)``."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        seen = torch.cat([self.dropout(hidden), facts], dim=-1)
        return self.belongs(seen).squeeze(-1), self.lacks(seen[:, 0]).squeeze(-1)


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
