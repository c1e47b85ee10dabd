"""Validation: how well a model reads questions of articles that were held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from qa.evaluation.datasets import Question
from qa.evaluation.metrics import best, exact_match, f1
from qa.reading.spans import best_spans
from qa.reading.windows import Window, WindowTokenizer
from qa.training.examples import padded
from qa.training.model import SpanModel
from qa.training.negatives import contexts_of


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures on questions held back.

    Attributes:
        exact: EM with the question's own context, 0 to 1.
        f1: F1 likewise.
        null_auroc: How well the span's score above the null span's tells the question's own
            context from another of its article.
        answerable_auroc: How well the answerable output does.
    """

    exact: float
    f1: float
    null_auroc: float
    answerable_auroc: float


def validate(model: SpanModel, tokenizer: Tokenizer, questions: Sequence[Question]) -> Validation:
    """Read each question with its own context, and with another one of its article.

    Args:
        model: In any precision.
        tokenizer: Of the model.
        questions: With answers.
    """
    contexts: dict[str, list[str]] = {}
    for one in contexts_of(questions):
        contexts.setdefault(one.title, []).append(one.context)
    everything = [text for texts in contexts.values() for text in texts]
    random = Random(0)
    pairs = [(question.text, question.context) for question in questions]
    for question in questions:
        near = contexts[question.title] if len(contexts[question.title]) > 1 else everything
        others = [text for text in near if text != question.context]
        lacking = [t for t in others if not any(gold.text in t for gold in question.answers)]
        pairs.append((question.text, random.choice(lacking or everything)))
    headings = [question.title for question in questions] * 2
    texts, margins, answerable = read_all(model, tokenizer, pairs, headings)
    golds = [[gold.text for gold in question.answers] for question in questions]
    own = texts[: len(questions)]
    there = np.arange(len(pairs)) < len(questions)
    return Validation(
        float(np.mean([best(exact_match, *one) for one in zip(own, golds, strict=True)])),
        float(np.mean([best(f1, *one) for one in zip(own, golds, strict=True)])),
        float(roc_auc_score(there, margins)),
        float(roc_auc_score(there, answerable)),
    )


def read_all(
    model: SpanModel,
    tokenizer: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    headings: Sequence[str],
    size: int = 64,
) -> tuple[list[str], list[float], list[float]]:
    """The best span's text, its score above the null span's, and the answerable logit."""
    window_tokenizer = WindowTokenizer(tokenizer)
    found = sorted(window_tokenizer.split(pairs, headings), key=lambda one: len(one.ids))
    texts = [""] * len(pairs)
    margins, answerable = [-np.inf] * len(pairs), [-np.inf] * len(pairs)
    device = next(model.parameters()).device
    for start in range(0, len(found), size):
        some = found[start : start + size]
        batch = padded([[(window, (0, 0))] for window in some], window_tokenizer.pad_id)
        inputs = (
            torch.from_numpy(one).to(device) for one in (batch.ids, batch.mask, batch.type_ids)
        )
        with torch.inference_mode():
            outputs = [one.float().cpu().numpy() for one in model(*inputs)]
        for window, *logits in zip(some, *outputs, strict=True):
            _keep_best(window, logits, pairs[window.passage][1], texts, margins, answerable)
    return texts, margins, answerable


def _keep_best(
    window: Window,
    logits: Sequence[np.ndarray],
    text: str,
    texts: list[str],
    margins: list[float],
    answerable: list[float],
) -> None:
    starts, ends, there = logits
    spans = best_spans(starts, ends, window, text, limit=1)
    at = window.passage
    answerable[at] = max(answerable[at], float(there))
    if spans and spans[0].score - starts[0] - ends[0] > margins[at]:
        margins[at] = float(spans[0].score - starts[0] - ends[0])
        texts[at] = text[spans[0].start : spans[0].end]
