"""How well questions are rewritten, each after the program's own rewritings of those before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.conversation.context import HistoryWindow, Turn, content, window_of
from qa.conversation.rewriter import Thresholds, asked_again, rewritings, with_person
from qa.training.conversations import Lesson

LEFT_ALONE = 0.96
"""Share of the questions that stand alone which thresholds must leave alone; above the 95% that
is wanted, since they are chosen on other conversations."""

NEGLIGIBLE = 0.02
"""Difference in F1 that means nothing: about the standard error of F1 on these conversations, by
drawing as many of them again and again."""

GRID = (np.arange(-2.5, 2.01, 0.25), np.arange(-4.0, 4.01, 0.25))
"""Thresholds tried, of words and of questions."""

Logits = tuple[NDArray[np.float32], float]

Run = Callable[[Sequence[HistoryWindow]], Sequence[Logits]]
"""From windows to the logits of their words, and of anything lacking."""


@dataclass(frozen=True, slots=True)
class Read:
    """A lesson as a model read it, after its own rewritings of the questions before.

    Attributes:
        lesson: With those rewritings in its history.
        window: That was read; none at the beginning of a conversation.
        logits: Of the window; none likewise.
    """

    lesson: Lesson
    window: HistoryWindow | None
    logits: Logits | None

    def rewritten(self, thresholds: Thresholds) -> str:
        """The question as the program completes it."""
        lesson = self.lesson
        if self.window is None or self.logits is None:
            return lesson.question
        found = rewritings(lesson.question, lesson.history, self.window, self.logits, thresholds)
        return found[0]

    def added_words(self, thresholds: Thresholds) -> set[str]:
        """The stems of the words in the rewritten question that the question lacks."""
        return content(self.rewritten(thresholds)) - content(self.lesson.question)

    def marked(self, thresholds: Thresholds) -> set[str]:
        """The same without wording the question, which takes longer."""
        lesson = self.lesson
        if self.window is None or self.logits is None:
            return set()
        for rule in (asked_again, with_person):
            whole = rule(lesson.question, lesson.history)
            if whole is not None:
                return content(whole) - content(lesson.question)
        belongs, lacks = self.logits
        if lacks < thresholds.lacks:
            return set()
        kept = zip(self.window.words, belongs, strict=True)
        return {word.stem for word, logit in kept if logit >= thresholds.belongs}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of questions in their conversations.

    Attributes:
        f1: Of the stems of added words against a person's, summed over all turns.
        precision: Likewise.
        recall: Likewise.
        of_turns: F1 of each turn but first ones by itself, on average; 1 where neither adds a
            word, so that it rewards what is left alone, too.
        left_alone: Share left alone of the turns to which a person adds nothing.
        later: The same without the first turns of conversations, to which nothing can be added.
    """

    f1: float
    precision: float
    recall: float
    of_turns: float
    left_alone: float
    later: float


def figures(lessons: Sequence[Lesson], added: Sequence[set[str]]) -> Figures:
    """What was added to each question against what a person added."""
    right = sum(len(lesson.added & one) for lesson, one in zip(lessons, added, strict=True))
    given = sum(map(len, added))
    wanted = sum(len(lesson.added) for lesson in lessons)
    of_turns = [
        2 * len(lesson.added & one) / (len(lesson.added) + len(one)) if lesson.added or one else 1.0
        for lesson, one in zip(lessons, added, strict=True)
        if lesson.history
    ]
    alone = [(lesson, one) for lesson, one in zip(lessons, added, strict=True) if not lesson.added]
    later = [not one for lesson, one in alone if lesson.history]
    return Figures(
        2 * right / max(given + wanted, 1),
        right / max(given, 1),
        right / max(wanted, 1),
        sum(of_turns) / max(len(of_turns), 1),
        sum(not one for _, one in alone) / max(len(alone), 1),
        sum(later) / max(len(later), 1),
    )


def read_all(
    lessons: Sequence[Lesson], run: Run, tokenizer: Tokenizer, thresholds: Thresholds
) -> list[Read]:
    """Each lesson as the model reads it, turn after turn, as in a conversation.

    Args:
        lessons: Of any conversations.
        run: The model.
        tokenizer: Of the model.
        thresholds: By which the questions before are rewritten.
    """
    depth: dict[tuple[str, tuple[tuple[str, str], ...], str], int] = {}
    for lesson in lessons:
        for at in range(len(lesson.history) + 1):
            depth[_place(lesson, at)] = at
    done: dict[tuple[str, tuple[tuple[str, str], ...], str], Read] = {}
    texts: dict[tuple[str, tuple[tuple[str, str], ...], str], str] = {}
    rewrites = {_place(lesson, len(lesson.history)): lesson.rewrite for lesson in lessons}
    for level in range(max(depth.values(), default=-1) + 1):
        places = [place for place, at in depth.items() if at == level]
        reads: list[Read] = []
        for conversation, said, question in places:
            history = tuple(
                Turn(asked, texts[conversation, said[:at], asked], answer)
                for at, (asked, answer) in enumerate(said)
            )
            rewrite = rewrites.get((conversation, said, question), question)
            lesson = Lesson(conversation, question, rewrite, history)
            window = window_of(question, history, tokenizer) if history else None
            reads.append(Read(lesson, window, None))
        windows = [read.window for read in reads if read.window is not None]
        logits = iter(run(windows))
        for place, read in zip(places, reads, strict=True):
            full = read if read.window is None else replace(read, logits=next(logits))
            done[place] = full
            texts[place] = full.rewritten(thresholds)
    return [done[_place(lesson, len(lesson.history))] for lesson in lessons]


def best_thresholds(reads: Sequence[Read]) -> Thresholds:
    """The strictest thresholds of words that are as good as the best, by F1.

    Of those that leave enough questions alone. As with the rule of one standard error (Hastie et
    al., The Elements of Statistical Learning, 7.10) the plainer of equals is chosen: a word added
    wrongly is seen, and goes on in the questions after it.

    Args:
        reads: Of conversations that the model was not trained on.
    """
    lessons = [read.lesson for read in reads]
    found: list[tuple[float, Thresholds]] = []
    for belongs, lacks in product(*GRID):
        thresholds = Thresholds(float(belongs), float(lacks))
        scored = figures(lessons, [read.marked(thresholds) for read in reads])
        if scored.left_alone >= LEFT_ALONE:
            found.append((scored.f1, thresholds))
    least = max((f1 for f1, _ in found), default=0.0) - NEGLIGIBLE
    equals = [(one.belongs, f1, one) for f1, one in found if f1 >= least]
    return max(equals, key=lambda equal: equal[:2])[2] if equals else Thresholds()


def baselines(lessons: Sequence[Lesson]) -> Mapping[str, Figures]:
    """The bare question; and it with all questions before; and with all answers too."""
    questions, everything = [], []
    for lesson in lessons:
        own = content(lesson.question)
        asked = content(" ".join(turn.question for turn in lesson.history))
        said = content(" ".join(turn.answer for turn in lesson.history))
        questions.append(asked - own)
        everything.append((asked | said) - own)
    return {
        "the bare question": figures(lessons, [set() for _ in lessons]),
        "with all questions before it": figures(lessons, questions),
        "with all questions and answers before it": figures(lessons, everything),
    }


def _place(lesson: Lesson, at: int) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """What tells a turn of a conversation from others: all that was said before it."""
    said = tuple((turn.question, turn.answer) for turn in lesson.history)
    question = said[at][0] if at < len(said) else lesson.question
    return lesson.conversation, said[:at], question
