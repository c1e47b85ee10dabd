"""Validation: how well a model reads questions of articles that were held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer

from embeddings.rendering import rendered
from qa.evaluation.datasets import Question
from qa.evaluation.metrics import best, exact_match, f1
from qa.reading.spans import best_spans
from qa.reading.windows import Window, WindowTokenizer
from qa.training.reader.batches import padded
from qa.training.reader.hard_negatives import contexts_of
from qa.training.reader.model import SpanTransformer


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures on questions held back from training.

    Attributes:
        exact: EM with the question's own context, 0 to 1.
        f1: F1 likewise.
        null_auroc: AUROC of the span's score above the null span's, for the question's own
            context against another of its article.
        answerable_auroc: AUROC of the answerable output, likewise.
    """

    exact: float
    f1: float
    null_auroc: float
    answerable_auroc: float


def validate(
    model: SpanTransformer, tokenizer: Tokenizer, questions: Sequence[Question]
) -> Validation:
    """Read each question with its own context, and with another of the same article.

    Args:
        model: In any precision.
        tokenizer: Of the model.
        questions: With answers.
    """
    contexts: dict[str, list[str]] = {}
    for first_question in contexts_of(questions):
        contexts.setdefault(first_question.title, []).append(first_question.context)
    all_contexts = [text for texts in contexts.values() for text in texts]
    random = Random(0)
    pairs = [(question.text, question.context) for question in questions]
    for question in questions:
        of_article = contexts[question.title]
        pool = of_article if len(of_article) > 1 else all_contexts
        others = [text for text in pool if text != question.context]
        negatives = [t for t in others if not any(gold.text in t for gold in question.answers)]
        pairs.append((question.text, random.choice(negatives or all_contexts)))
    headings = [question.title for question in questions] * 2
    texts, margins, answerable = read_all(model, tokenizer, pairs, headings)
    golds = [[gold.text for gold in question.answers] for question in questions]
    answered = list(zip(texts[: len(questions)], golds, strict=True))
    has_answer = np.arange(len(pairs)) < len(questions)
    return Validation(
        float(np.mean([best(exact_match, text, right) for text, right in answered])),
        float(np.mean([best(f1, text, right) for text, right in answered])),
        float(roc_auc_score(has_answer, margins)),
        float(roc_auc_score(has_answer, answerable)),
    )


def read_all(
    model: SpanTransformer,
    tokenizer: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    headings: Sequence[str],
    size: int = 64,
) -> tuple[list[str], list[float], list[float]]:
    """Of each pair the best span's text, its score above the null span's, the answerable logit.

    Args:
        model: In any precision.
        tokenizer: Of the model.
        pairs: Question and passage.
        headings: Of each passage.
        size: Windows in a batch.
    """
    window_tokenizer = WindowTokenizer(tokenizer)
    windows = sorted(window_tokenizer.split(pairs, headings), key=lambda window: len(window.ids))
    texts = [""] * len(pairs)
    margins, answerable = [-np.inf] * len(pairs), [-np.inf] * len(pairs)
    device = next(model.parameters()).device
    for start in range(0, len(windows), size):
        part = windows[start : start + size]
        batch = padded([[(window, (0, 0))] for window in part], window_tokenizer.pad_id)
        inputs = (
            torch.from_numpy(array).to(device) for array in (batch.ids, batch.mask, batch.type_ids)
        )
        with torch.inference_mode():
            outputs = [logits.float().cpu().numpy() for logits in model(*inputs)]
        for window, *logits in zip(part, *outputs, strict=True):
            _update_best(window, logits, pairs[window.passage][1], texts, margins, answerable)
    return texts, margins, answerable


def _update_best(
    window: Window,
    logits: Sequence[np.ndarray],
    text: str,
    texts: list[str],
    margins: list[float],
    answerable: list[float],
) -> None:
    starts, ends, has_answer = logits
    spans = best_spans(starts, ends, window, rendered(text), limit=1)
    pair = window.passage
    answerable[pair] = max(answerable[pair], float(has_answer))
    if spans and spans[0].score - starts[0] - ends[0] > margins[pair]:
        margins[pair] = float(spans[0].score - starts[0] - ends[0])
        texts[pair] = text[spans[0].start : spans[0].end]
