"""The span model: the encoder's transformer with an output for spans and one for answerable."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from qa.training.transformer import TransformerModel

IMPOSSIBLE = -1e4
"""Logit of a token that no answer may begin or end with."""


class SpanModel(TransformerModel):
    """Where the answer may begin and end, and whether there is one.

    The null answer is a span too, at the first token (Devlin et al., 2019); ``answerable``
    says the same from an output of its own.
    """

    weights = "span_model.safetensors"

    def __init__(self, transformer: PreTrainedModel, width: int) -> None:
        super().__init__(transformer, width)
        self.span = nn.Linear(width, 2)
        self.answerable = nn.Linear(width, 1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of starts and of ends ``(batch, tokens)``, and of answerable ``(batch,)``."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        starts, ends = self.span(hidden).float().unbind(-1)
        return starts, ends, self.answerable(hidden[:, 0]).float().squeeze(-1)


def average(folders: Sequence[Path], to: Path) -> Path:
    """Write the model with the mean of the weights of others; ``to``.

    Of models that were trained on from one another it is often better than each (Wortsman et
    al., 2022).

    Args:
        folders: Of trained models.
        to: Folder to write into.
    """
    model = SpanModel.load(folders[0])
    states = [SpanModel.load(folder).state_dict() for folder in folders]
    model.load_state_dict(
        {name: torch.stack([one[name] for one in states]).mean(dim=0) for name in states[0]}
    )
    model.save(to)
    return to


def loss_of(
    outputs: tuple[Tensor, Tensor, Tensor],
    inside: Tensor,
    spans: Tensor,
    groups: Tensor,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Mean loss: cross-entropy of the start, of the end, and of whether there is an answer.

    A start competes with those of all windows that are read for the question, each measured
    from its own window's null start, and with one null answer for all of them, which has 0:
    what tells windows apart in use is learnt, too (shared normalisation, Clark and Gardner,
    2018). With one window a question this is the usual loss. Ends likewise.

    Args:
        outputs: Of ``SpanModel.forward``.
        inside: ``(batch, tokens)``, whether an answer may hold the token.
        spans: ``(batch, 2)``, first and last token of the answer; both 0 if there is none. At
            most one window of a group has one.
        groups: ``(batch,)``, number of the question that the window is read for, from 0.
        label_smoothing: Of the answerable output, 0 to 1.
    """
    starts, ends, answerable = outputs
    loss = _across(starts, inside, spans[:, 0], groups) + _across(ends, inside, spans[:, 1], groups)
    there = (spans[:, 1] > 0).float() * (1 - label_smoothing) + label_smoothing / 2
    return loss / 2 + functional.binary_cross_entropy_with_logits(answerable, there)


def _across(logits: Tensor, inside: Tensor, tokens: Tensor, groups: Tensor) -> Tensor:
    margins = logits - logits[:, :1]
    of_windows = margins.masked_fill(~inside, IMPOSSIBLE).logsumexp(dim=1)
    count = int(groups.max()) + 1
    belongs = groups == torch.arange(count, device=groups.device).unsqueeze(1)
    of_groups = of_windows.expand(count, -1).masked_fill(~belongs, IMPOSSIBLE)
    null = of_groups.new_zeros(count, 1)
    everything = torch.cat([of_groups, null], dim=1).logsumexp(dim=1)
    # The margin of the null answer's token is 0, as the null answer's is.
    right = margins.gather(1, tokens.unsqueeze(1)).squeeze(1).sum()
    return (everything.sum() - right) / count
