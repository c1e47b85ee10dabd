"""The transformer under both models: loaded from the encoder or a folder, averaged, saved."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoModel, PreTrainedModel


class TransformerModel(nn.Module):
    """A transformer to which subclasses add outputs."""

    weights: ClassVar[str]
    """Name of the file that ``save`` writes them to."""

    def __init__(self, transformer: PreTrainedModel, width: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.config = transformer.config

    @classmethod
    def start_from(cls, folder: Path, seed: int, dropout: float = 0.0) -> Self:
        """The pretrained transformer in a folder, with new outputs.

        Args:
            folder: Of a transformers model.
            seed: Of the outputs' weights.
            dropout: Of hidden values. Attention has none, which would double the time of a step.
        """
        torch.manual_seed(seed)
        transformer = AutoModel.from_pretrained(
            folder,
            attn_implementation="sdpa",
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=0.0,
            add_pooling_layer=False,
            local_files_only=True,
            dtype=torch.float32,
        )
        return cls(transformer, transformer.config.hidden_size)

    @classmethod
    def load(cls, folder: Path, dropout: float = 0.0, attention: str = "eager") -> Self:
        """The model that ``save`` wrote.

        Args:
            folder: That it was written to.
            dropout: As in ``start_from``.
            attention: How it is computed: ``eager`` can be exported, ``sdpa`` trains faster.
        """
        config = AutoConfig.from_pretrained(
            folder, hidden_dropout_prob=dropout, local_files_only=True
        )
        transformer = AutoModel.from_config(  # type: ignore[no-untyped-call]  # untyped library
            config, attn_implementation=attention, dtype=torch.float32
        )
        # No output uses the pooled one.
        transformer.pooler = None
        model = cls(transformer, config.hidden_size)
        model.load_state_dict(load_file(folder / cls.weights))
        return model

    @classmethod
    def average(cls, folders: Sequence[Path], to: Path) -> Path:
        """Write the model with the mean of the weights of others; ``to``.

        The mean of models trained from the same weights, or from one another, is often better than
        each of them (model soups, Wortsman et al., 2022).

        Args:
            folders: Of trained models.
            to: Folder to write into.
        """
        model = cls.load(folders[0])
        states = [cls.load(folder).state_dict() for folder in folders]
        model.load_state_dict(
            {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}
        )
        model.save(to)
        return to

    def save(self, folder: Path) -> None:
        """Write the weights and the transformer's configuration into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.config.save_pretrained(folder)
        weights = {
            name: tensor.detach().float().contiguous() for name, tensor in self.state_dict().items()
        }
        save_file(weights, folder / self.weights)
