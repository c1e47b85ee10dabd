"""Measures of rewritten questions, each after the model's own rewrites of those before it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.conversation.context import HistoryWindow, Turn, window_of
from qa.conversation.features import content_stems
from qa.conversation.rewriter import Thresholds, rewrite_ellipsis, rewrite_pronoun, rewritings
from qa.training.rewriter.conversations import RewriteExample

MIN_UNCHANGED = 0.96
"""Least share of standalone questions that thresholds must leave unchanged. Above the aim of 95%,
since thresholds are chosen on other conversations; chosen by hand."""

NEGLIGIBLE = 0.02
"""Difference in F1 that is not significant: about the standard error of F1 on the conversations of
TREC CAsT, by the bootstrap."""

GRID = (np.arange(-2.5, 2.01, 0.25), np.arange(-4.0, 4.01, 0.25))
"""Thresholds tried, of words and of questions, as logits. Range and step chosen by hand."""

Logits = tuple[NDArray[np.float32], float]

Run = Callable[[Sequence[HistoryWindow]], Sequence[Logits]]
"""From windows to the logits of their words, and of any word lacking."""

_Place = tuple[str, tuple[tuple[str, str], ...], str]
"""A turn of a conversation: the conversation, the questions and answers before, the question."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An example as a model reads it, after its own rewrites of the questions before.

    Attributes:
        example: With those rewrites in its history.
        window: That was read; none for the first turn of a conversation.
        logits: Of the window; none likewise.
    """

    example: RewriteExample
    window: HistoryWindow | None
    logits: Logits | None

    def rewritten(self, thresholds: Thresholds) -> str:
        """The question as the program rewrites it."""
        question, history = self.example.question, self.example.history
        if self.window is None or self.logits is None:
            return question
        return rewritings(question, history, self.window, self.logits, thresholds)[0]

    def added_words(self, thresholds: Thresholds) -> set[str]:
        """The stems of the words in the rewritten question that the question lacks."""
        return content_stems(self.rewritten(thresholds)) - content_stems(self.example.question)

    def selected_words(self, thresholds: Thresholds) -> set[str]:
        """The same without wording the question, which takes longer."""
        question, history = self.example.question, self.example.history
        if self.window is None or self.logits is None:
            return set()
        for rule in (rewrite_ellipsis, rewrite_pronoun):
            rewritten = rule(question, history)
            if rewritten is not None:
                return content_stems(rewritten) - content_stems(question)
        belongs, lacks = self.logits
        if lacks < thresholds.question:
            return set()
        words = zip(self.window.words, belongs, strict=True)
        return {word.stem for word, logit in words if logit >= thresholds.word}


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of rewritten questions, 0 to 1.

    Attributes:
        f1: Of the stems of added words against a person's, summed over all turns.
        precision: Likewise.
        recall: Likewise.
        mean_f1: Mean of the F1 of each turn, without first turns; 1 where neither adds a word, so
            that it rewards unchanged questions, too.
        unchanged: Share left unchanged of the questions to which a person adds nothing.
        unchanged_later: The same without first turns, to which nothing can be added.
    """

    f1: float
    precision: float
    recall: float
    mean_f1: float
    unchanged: float
    unchanged_later: float


def figures(examples: Sequence[RewriteExample], added: Sequence[set[str]]) -> Figures:
    """The words added to each question against those that a person added."""
    turns = list(zip(examples, added, strict=True))
    right = sum(len(example.added & words) for example, words in turns)
    given = sum(map(len, added))
    expected = sum(len(example.added) for example in examples)
    f1_of_turns = [
        2 * len(example.added & words) / (len(example.added) + len(words))
        if example.added or words
        else 1.0
        for example, words in turns
        if example.history
    ]
    standalone = [(example, words) for example, words in turns if not example.added]
    later = [not words for example, words in standalone if example.history]
    return Figures(
        2 * right / max(given + expected, 1),
        right / max(given, 1),
        right / max(expected, 1),
        sum(f1_of_turns) / max(len(f1_of_turns), 1),
        sum(not words for _, words in standalone) / max(len(standalone), 1),
        sum(later) / max(len(later), 1),
    )


def read_all(
    examples: Sequence[RewriteExample], run: Run, tokenizer: Tokenizer, thresholds: Thresholds
) -> list[Reading]:
    """Each example as the model reads it, turn after turn, as in a conversation.

    Args:
        examples: Of any conversations.
        run: The model.
        tokenizer: Of the model.
        thresholds: By which the questions before are rewritten.
    """
    depths: dict[_Place, int] = {}
    for example in examples:
        for depth in range(len(example.history) + 1):
            depths[_place(example, depth)] = depth
    readings: dict[_Place, Reading] = {}
    rewritten: dict[_Place, str] = {}
    rewrites = {_place(example, len(example.history)): example.rewrite for example in examples}
    for level in range(max(depths.values(), default=-1) + 1):
        places = [place for place, depth in depths.items() if depth == level]
        unread: list[Reading] = []
        for conversation, turns, question in places:
            history = tuple(
                Turn(earlier, rewritten[conversation, turns[:number], earlier], answer)
                for number, (earlier, answer) in enumerate(turns)
            )
            rewrite = rewrites.get((conversation, turns, question), question)
            example = RewriteExample(conversation, question, rewrite, history)
            window = window_of(question, history, tokenizer) if history else None
            unread.append(Reading(example, window, None))
        windows = [reading.window for reading in unread if reading.window is not None]
        logits = iter(run(windows))
        for place, reading in zip(places, unread, strict=True):
            if reading.window is not None:
                reading = replace(reading, logits=next(logits))
            readings[place] = reading
            rewritten[place] = reading.rewritten(thresholds)
    return [readings[_place(example, len(example.history))] for example in examples]


def best_thresholds(readings: Sequence[Reading]) -> Thresholds:
    """The strictest thresholds of words whose F1 is as good as the best.

    Of those that leave enough questions unchanged. As with the one-standard-error rule (Hastie et
    al., The Elements of Statistical Learning, 7.10) the stricter of equals is chosen: a word added
    wrongly is visible, and is passed on to the questions after it.

    Args:
        readings: Of conversations that the model was not trained on.
    """
    examples = [reading.example for reading in readings]
    candidates: list[tuple[float, Thresholds]] = []
    for belongs, lacks in product(*GRID):
        thresholds = Thresholds(float(belongs), float(lacks))
        scored = figures(examples, [reading.selected_words(thresholds) for reading in readings])
        if scored.unchanged >= MIN_UNCHANGED:
            candidates.append((scored.f1, thresholds))
    least = max((f1 for f1, _ in candidates), default=0.0) - NEGLIGIBLE
    equals = [(thresholds.word, f1, thresholds) for f1, thresholds in candidates if f1 >= least]
    return max(equals, key=lambda equal: equal[:2])[2] if equals else Thresholds()


def baselines(examples: Sequence[RewriteExample]) -> Mapping[str, Figures]:
    """Of the bare question; of it with all questions before; and with all answers too."""
    with_questions, with_answers = [], []
    for example in examples:
        own = content_stems(example.question)
        in_questions = content_stems(" ".join(turn.question for turn in example.history))
        in_answers = content_stems(" ".join(turn.answer for turn in example.history))
        with_questions.append(in_questions - own)
        with_answers.append((in_questions | in_answers) - own)
    return {
        "the bare question": figures(examples, [set() for _ in examples]),
        "with all questions before it": figures(examples, with_questions),
        "with all questions and answers before it": figures(examples, with_answers),
    }


def _place(example: RewriteExample, depth: int) -> _Place:
    """The place of the turn with so many turns before it."""
    turns = tuple((turn.question, turn.answer) for turn in example.history)
    question = turns[depth][0] if depth < len(turns) else example.question
    return example.conversation, turns[:depth], question
