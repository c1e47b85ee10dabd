"""The span model: the encoder's transformer with an output for spans and one for answerable."""

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


def loss_of(
    outputs: tuple[Tensor, Tensor, Tensor],
    inside: Tensor,
    spans: Tensor,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Mean loss: cross-entropy of the start, of the end, and of whether there is an answer.

    Args:
        outputs: Of ``SpanModel.forward``.
        inside: ``(batch, tokens)``, whether an answer may hold the token.
        spans: ``(batch, 2)``, first and last token of the answer; both 0 if there is none.
        label_smoothing: Of the answerable output, 0 to 1.
    """
    starts, ends, answerable = outputs
    allowed = inside.clone()
    allowed[:, 0] = True
    loss = functional.cross_entropy(starts.masked_fill(~allowed, IMPOSSIBLE), spans[:, 0])
    loss = loss + functional.cross_entropy(ends.masked_fill(~allowed, IMPOSSIBLE), spans[:, 1])
    there = (spans[:, 1] > 0).float() * (1 - label_smoothing) + label_smoothing / 2
    return loss / 2 + functional.binary_cross_entropy_with_logits(answerable, there)
