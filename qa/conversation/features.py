"""Features: what the rewriting model is given of words and questions beside their tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qa.text import STOP_WORDS, stem

WORD = re.compile(r"\w+")

_MARKERS = {
    "it": re.compile(r"\b(it|its|itself)\b", re.I),
    "they": re.compile(r"\b(they|them|their|theirs|themselves)\b", re.I),
    "he_or_she": re.compile(r"\b(he|him|his|she|her|hers|himself|herself)\b", re.I),
    "this_or_that": re.compile(r"\b(this|that|these|those)\b", re.I),
    "there": re.compile(r"\bthere\b", re.I),
    "ordinal": re.compile(r"\b(ones?|two|both|first|second|third|last)\b", re.I),
    "other": re.compile(
        r"\b(others?|another|else|more|same|different|differences?|compared?)\b", re.I
    ),
    "definite_article": re.compile(r"\bthe\b", re.I),
    "preposition": re.compile(r"\b(of|in|on|at|for|with|by|from|to|about)\b", re.I),
    "what_about": re.compile(r"\b(what|how) about\b", re.I),
    "starts_with_conjunction": re.compile(r"^\W*(and|but|so|or|no|yes|ok|okay|also)\b", re.I),
    "bare_question_word": re.compile(r"^\W*(and )?(why|how|when|where|who|which)( not)?\W*$", re.I),
    "first_person": re.compile(r"\b(i|my|me|we|our)\b", re.I),
    "name": re.compile(r"(?<!^)(?<![.!?] )\b[A-Z]\w"),
}
"""Signs in a question of how far it depends on the conversation; in the model's order."""

_LEADING = frozenset("of for about in on with by from to at".split())


class WordFeatures(NamedTuple):
    """Of a word of the history; in the model's order, each 0 to 1.

    Attributes:
        in_answer: It occurs in an answer, not in a question.
        in_last_turn: Its turn is the last one.
        in_turn_before_last: Its turn is the one before.
        in_first_turn: Its turn is the first one.
        turns_back: Distance of its turn from the last one, in eighths, at most 1.
        share_of_questions: Share of the turns whose question has the word.
        question_count: Number of questions with the word, in fifths, at most 1.
        in_last_question: The last question has it.
        in_first_question: The first question has it.
        in_any_answer: An answer has it.
        capitalised: It begins with a capital somewhere inside a text.
        is_number: It consists of digits.
        after_preposition: The word before it is a preposition.
        starts_phrase: A function word, or none, stands before it.
        ends_phrase: A function word, or none, stands behind it.
        beside_question_word: A word beside it occurs in the question, too.
    """

    in_answer: float
    in_last_turn: float
    in_turn_before_last: float
    in_first_turn: float
    turns_back: float
    share_of_questions: float
    question_count: float
    in_last_question: float
    in_first_question: float
    in_any_answer: float
    capitalised: float
    is_number: float
    after_preposition: float
    starts_phrase: float
    ends_phrase: float
    beside_question_word: float


WORD_FEATURES = WordFeatures._fields

QUESTION_FEATURES = (*_MARKERS, "content_words", "words", "turns")

FEATURES = (*WORD_FEATURES, *QUESTION_FEATURES)
"""Names of the features that the model reads at a word, in its order."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the history that the question does not have.

    Attributes:
        token: Position of its first token in the window.
        stem: Of the word.
        form: As it is written.
        turn: Position of its turn in the history.
        in_answer: Whether it occurs in the answer of that turn.
        start: Offset of its first character into the text of its segment.
    """

    token: int
    stem: str
    form: str
    turn: int
    in_answer: bool
    start: int


def content_stems(text: str) -> set[str]:
    """The stems of the words that carry meaning.

    >>> sorted(content_stems("What's the IOFS's aim?"))
    ['aim', 'iof']
    """
    return {stem(word) for word in WORD.findall(text) if is_content_word(word)}


def is_content_word(word: str) -> bool:
    """Whether a word carries meaning: no function word, and no single letter."""
    return word.lower() not in STOP_WORDS and (len(word) > 1 or word.isdigit())


def question_features(question: str, content_words: int, turns: int) -> list[float]:
    """The features of a question, in the order of ``QUESTION_FEATURES``.

    Args:
        question: As typed.
        content_words: Number of its different content words.
        turns: Number of turns before it.
    """
    markers = [float(bool(marker.search(question))) for marker in _MARKERS.values()]
    length = len(WORD.findall(question))
    return [*markers, min(content_words, 10) / 5, min(length, 30) / 10, min(turns, 16) / 8]


def word_features(
    words: Sequence[Word],
    texts: dict[tuple[int, bool], str],
    turns: int,
    question_stems: set[str],
) -> list[WordFeatures]:
    """The features of each word.

    Args:
        words: Of the history.
        texts: The segments in which they occur, by turn and whether it is an answer.
        turns: Number of turns in the history.
        question_stems: Of the content words of the question.
    """
    in_questions: dict[str, set[int]] = {}
    in_answers: dict[str, set[int]] = {}
    capitalised: set[str] = set()
    for word in words:
        turns_with = in_answers if word.in_answer else in_questions
        turns_with.setdefault(word.stem, set()).add(word.turn)
        if word.start and word.form[0].isupper():
            capitalised.add(word.stem)
    neighbours: dict[tuple[int, bool, int], tuple[str, str]] = {}
    for segment, text in texts.items():
        spans = [(0, 0), *(match.span() for match in WORD.finditer(text)), (0, 0)]
        forms = [text[start:end].lower() for start, end in spans]
        for at, (start, _) in enumerate(spans[1:-1], start=1):
            neighbours[(*segment, start)] = forms[at - 1], forms[at + 1]
    rows: list[WordFeatures] = []
    for word in words:
        back = turns - 1 - word.turn
        before, after = neighbours[word.turn, word.in_answer, word.start]
        with_word = in_questions.get(word.stem, set())
        rows.append(
            WordFeatures(
                in_answer=float(word.in_answer),
                in_last_turn=float(back == 0),
                in_turn_before_last=float(back == 1),
                in_first_turn=float(word.turn == 0),
                turns_back=min(back, 8) / 8,
                share_of_questions=len(with_word) / max(turns, 1),
                question_count=min(len(with_word), 5) / 5,
                in_last_question=float(turns - 1 in with_word),
                in_first_question=float(0 in with_word),
                in_any_answer=float(bool(in_answers.get(word.stem))),
                capitalised=float(word.stem in capitalised),
                is_number=float(word.form.isdigit()),
                after_preposition=float(before in _LEADING),
                starts_phrase=float(not before or before in STOP_WORDS),
                ends_phrase=float(not after or after in STOP_WORDS),
                beside_question_word=float(
                    any(form and stem(form) in question_stems for form in (before, after))
                ),
            )
        )
    return rows
