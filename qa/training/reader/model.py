"""The span model: the encoder's transformer with an output for spans and one for answerable."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from qa.training.common.transformer import TransformerModel

IMPOSSIBLE = -1e4
"""Logit of a token that no answer may begin or end with."""

Outputs = tuple[Tensor, Tensor, Tensor]
"""Of ``SpanTransformer.forward``: logits of starts, of ends and of answerable."""


class SpanTransformer(TransformerModel):
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


def span_loss(
    outputs: Outputs,
    inside: Tensor,
    spans: Tensor,
    groups: Tensor,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Mean loss: cross-entropy of the start, of the end, and of whether there is an answer.

    A start competes with those of all windows that are read for the question, each measured
    from its own window's null start, and with one null answer for all of them, which has 0:
    how windows compare in use is learnt, too (shared normalisation, Clark and Gardner,
    2018). With one window a question this is the usual loss. Ends likewise.

    Args:
        outputs: Of ``SpanTransformer.forward``.
        inside: ``(batch, tokens)``, whether an answer may hold the token.
        spans: ``(batch, 2)``, first and last token of the answer; both 0 if there is none. At
            most one window of a group has one.
        groups: ``(batch,)``, number of the question that the window is read for, from 0.
        label_smoothing: Of the answerable output, 0 to 1.
    """
    width = inside.shape[1]
    # The null answer's token has the margin 0, as the null answer has.
    targets = [functional.one_hot(tokens, width).float() for tokens in spans.unbind(1)]
    answerable = (spans[:, 1] > 0).float() * (1 - label_smoothing) + label_smoothing / 2
    return _cross_entropy(outputs, targets, answerable, inside, groups)


def distillation_loss(
    outputs: Outputs, teachers: Sequence[Outputs], inside: Tensor, groups: Tensor
) -> Tensor:
    """Mean loss as ``span_loss``, against the teachers' outputs in place of the answers.

    The targets are the mean of the teachers' probabilities: of each start among those of all
    windows of the question and of the null answer; of each end likewise; and of each window
    holding an answer (knowledge distillation from an ensemble, Hinton et al., 2015). They hold
    more than the answer does: which other spans are acceptable, and how confident to be.

    Args:
        outputs: Of ``SpanTransformer.forward``, of the student.
        teachers: Likewise, of each teacher.
        inside: As for ``span_loss``.
        groups: As for ``span_loss``.
    """
    *sides, answerable = zip(*teachers, strict=True)
    targets = [
        torch.stack([_probabilities(logits, inside, groups) for logits in side]).mean(dim=0)
        for side in sides
    ]
    probabilities = torch.stack(answerable).sigmoid().mean(dim=0)
    return _cross_entropy(outputs, targets, probabilities, inside, groups)


def _cross_entropy(
    outputs: Outputs,
    targets: Sequence[Tensor],
    answerable: Tensor,
    inside: Tensor,
    groups: Tensor,
) -> Tensor:
    """Mean loss against target probabilities: of starts, of ends, and of an answer.

    What is left of 1 in a group is the null answer's, which adds nothing: its margin is 0.
    """
    *sides, answerable_logits = outputs
    loss = functional.binary_cross_entropy_with_logits(answerable_logits, answerable)
    for logits, probabilities in zip(sides, targets, strict=True):
        margins, totals = _margins(logits, inside, groups)
        loss = loss + (totals.sum() - (probabilities * margins).sum()) / (2 * len(totals))
    return loss


def _margins(logits: Tensor, inside: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Logit of each token above its window's null, and the log-sum-exp of each group."""
    margins = logits - logits[:, :1]
    of_windows = margins.masked_fill(~inside, IMPOSSIBLE).logsumexp(dim=1)
    count = int(groups.max()) + 1
    belongs = groups == torch.arange(count, device=groups.device).unsqueeze(1)
    of_groups = of_windows.expand(count, -1).masked_fill(~belongs, IMPOSSIBLE)
    null = of_groups.new_zeros(count, 1)
    return margins, torch.cat([of_groups, null], dim=1).logsumexp(dim=1)


def _probabilities(logits: Tensor, inside: Tensor, groups: Tensor) -> Tensor:
    """Of each token in its group; what is left of 1 is the null answer's."""
    margins, totals = _margins(logits, inside, groups)
    return (margins - totals[groups].unsqueeze(1)).exp().masked_fill(~inside, 0)
