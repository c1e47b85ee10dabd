"""The span model: the encoder's transformer with an output for spans and one for answerable."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from qa.training.transformer import TransformerModel

IMPOSSIBLE = -1e4
"""Logit of a token that no answer may begin or end with."""


Outputs = tuple[Tensor, Tensor, Tensor]
"""What ``SpanModel.forward`` gives."""


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

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Outputs:
        """Logits of starts and of ends ``(batch, tokens)``, and of answerable ``(batch,)``."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        starts, ends = self.span(hidden).float().unbind(-1)
        return starts, ends, self.answerable(hidden[:, 0]).float().squeeze(-1)


def loss_of(
    outputs: Outputs,
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
    width = inside.shape[1]
    # The null answer's token has the margin 0, as the null answer has.
    right = [functional.one_hot(tokens, width).float() for tokens in spans.unbind(1)]
    there = (spans[:, 1] > 0).float() * (1 - label_smoothing) + label_smoothing / 2
    return _cross_entropy(outputs, right, there, inside, groups)


def taught_loss(
    outputs: Outputs, taught: Sequence[Outputs], inside: Tensor, groups: Tensor
) -> Tensor:
    """Mean loss as ``loss_of``, with what teachers say in place of the answers.

    What is right is then the mean of the teachers' probabilities: that of each start among
    those of all windows of the question, and of the null answer; of each end likewise; and of
    each window having an answer (knowledge distillation from an ensemble, Hinton et al., 2015).
    It tells more than the answer does: which other spans would do, and how sure one can be.

    Args:
        outputs: Of ``SpanModel.forward``.
        taught: Likewise, of each teacher.
        inside: As for ``loss_of``.
        groups: As for ``loss_of``.
    """
    *sides, answerable = ([teacher[at] for teacher in taught] for at in range(len(outputs)))
    right = [
        torch.stack([_probabilities(one, inside, groups) for one in side]).mean(dim=0)
        for side in sides
    ]
    there = torch.stack(answerable).sigmoid().mean(dim=0)
    return _cross_entropy(outputs, right, there, inside, groups)


def _cross_entropy(
    outputs: Outputs,
    right: Sequence[Tensor],
    there: Tensor,
    inside: Tensor,
    groups: Tensor,
) -> Tensor:
    """Mean loss against the probabilities that are right: of starts, of ends, of an answer.

    What is left of 1 in a group is the null answer's, which adds nothing: its margin is 0.
    """
    *logits, answerable = outputs
    loss = functional.binary_cross_entropy_with_logits(answerable, there)
    for side, shares in zip(logits, right, strict=True):
        margins, everything = _margins(side, inside, groups)
        loss = loss + (everything.sum() - (shares * margins).sum()) / (2 * len(everything))
    return loss


def _margins(logits: Tensor, inside: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Of each token above its window's null, and of each group the log of the sum over all."""
    margins = logits - logits[:, :1]
    of_windows = margins.masked_fill(~inside, IMPOSSIBLE).logsumexp(dim=1)
    count = int(groups.max()) + 1
    belongs = groups == torch.arange(count, device=groups.device).unsqueeze(1)
    of_groups = of_windows.expand(count, -1).masked_fill(~belongs, IMPOSSIBLE)
    null = of_groups.new_zeros(count, 1)
    return margins, torch.cat([of_groups, null], dim=1).logsumexp(dim=1)


def _probabilities(logits: Tensor, inside: Tensor, groups: Tensor) -> Tensor:
    """Of each token in its group; what is left of 1 is the null answer's."""
    margins, everything = _margins(logits, inside, groups)
    return (margins - everything[groups].unsqueeze(1)).exp().masked_fill(~inside, 0)
