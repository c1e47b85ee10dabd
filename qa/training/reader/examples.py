"""Examples: the questions and passages that one epoch of training reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from qa.evaluation.datasets import Gold, Question
from qa.training.reader.augmentation import Names, as_typed, near_miss
from qa.training.reader.templates import as_bullets

# The odds below were chosen by hand and not fitted, except where a line says otherwise; the
# reader's model card lists the plans that were compared.

TITLE_ODDS = 0.5
"""Odds that a passage is read with its title, so that the reader knows both."""

NEGATIVES_ODDS = 0.8
"""Odds that a question is read with some of the passages that were retrieved for it."""

MAX_NEGATIVES = 6
"""Most retrieved passages read for one question; raised from 3 (model card, plans 2 and 3)."""

WITHOUT_ANSWER_ODDS = 0.15
"""Odds that such a question is read without its own passage, so that none answers it."""

NEAR_MISS_ODDS = 0.2
"""Odds that a question is read again with a name, year, number or word swapped, if it has any."""

BULLETS_ODDS = 0.15
"""Odds that a list in a sentence is set as lines of a list."""


@dataclass(frozen=True, slots=True)
class Source:
    """Questions to train on.

    Attributes:
        questions: All of them.
        share: Share of the questions that an epoch reads, drawn anew for each; 0 to 1.
        negatives: For each question its hard negatives: retrieved contexts without the answer,
            each as a question about it; empty if none were searched.
    """

    questions: Sequence[Question]
    share: float = 1.0
    negatives: Sequence[Sequence[Question]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with a passage, and the answer in it, if there is one."""

    question: str
    heading: str
    text: str
    gold: Gold | None


def examples_of(sources: Sequence[Source], names: Names, random: Random) -> list[list[Example]]:
    """The examples of an epoch, in groups: what is read for one question.

    At most one passage of a group holds the answer. The others are hard negatives; sometimes
    the passage with the answer is left out. A near miss is a group of its own.

    Args:
        sources: To draw from, each with its share.
        names: Of all questions, to swap for one another.
        random: Draws everything.
    """
    groups: list[list[Example]] = []
    for source in sources:
        for number, question in enumerate(source.questions):
            if random.random() >= source.share:
                continue
            text = as_typed(question.text, random)
            group = [_example(text, question, random)]
            # What is retrieved for a question without an answer may well answer it.
            usable = source.negatives and question.answers
            negatives = source.negatives[number] if usable else ()
            if negatives and random.random() < NEGATIVES_ODDS:
                most = min(MAX_NEGATIVES, len(negatives))
                drawn = random.sample(negatives, random.randint(1, most))
                group += [_example(text, replace(each, answers=()), random) for each in drawn]
                if random.random() < WITHOUT_ANSWER_ODDS:
                    del group[0]
            groups.append(group)
            if question.answers and random.random() < NEAR_MISS_ODDS:
                missed = near_miss(question.text, question.context, names, random)
                if missed:
                    unanswered = replace(question, answers=())
                    groups.append([_example(as_typed(missed, random), unanswered, random)])
    return groups


def _example(text: str, question: Question, random: Random) -> Example:
    if question.answers and random.random() < BULLETS_ODDS:
        question = as_bullets(question) or question
    heading = question.title if random.random() < TITLE_ODDS else ""
    gold = majority_answer(question.answers) if question.answers else None
    return Example(text, heading, question.context, gold)


def majority_answer(answers: Sequence[Gold]) -> Gold:
    """The answer that most annotators gave; the first of several that are given as often.

    >>> majority_answer([Gold("in 2013", 10), Gold("2013", 13), Gold("2013", 13)]).text
    '2013'
    """
    return max(answers, key=answers.count)
