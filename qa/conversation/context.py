"""History: what was said before, as the tokens and facts that the rewriting model reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from qa.text import STOP_WORDS, stem

MAX_TOKENS = 192
"""Tokens of a window: question, history and special tokens."""

QUESTION_TOKENS = 64
"""Of them, at most for the question, and for each question before."""

ANSWER_TOKENS = (64, 16)
"""Tokens read of the last answer, and of the one before it; of older ones, none."""

TURNS_READ = 20
"""Turns looked at: the first, which names what it is all about, and the last ones."""

MOST_CHARACTERS = 2_000
"""Characters looked at of a question or an answer: more do not fit into its tokens."""

_WORD = re.compile(r"\w+")

_MARKERS = (
    re.compile(r"\b(it|its|itself)\b", re.I),
    re.compile(r"\b(they|them|their|theirs|themselves)\b", re.I),
    re.compile(r"\b(he|him|his|she|her|hers|himself|herself)\b", re.I),
    re.compile(r"\b(this|that|these|those)\b", re.I),
    re.compile(r"\bthere\b", re.I),
    re.compile(r"\b(ones?|two|both|first|second|third|last)\b", re.I),
    re.compile(r"\b(others?|another|else|more|same|different|differences?|compared?)\b", re.I),
    re.compile(r"\bthe\b", re.I),
    re.compile(r"\b(of|in|on|at|for|with|by|from|to|about)\b", re.I),
    re.compile(r"\b(what|how) about\b", re.I),
    re.compile(r"^\W*(and|but|so|or|no|yes|ok|okay|also)\b", re.I),
    re.compile(r"^\W*(and )?(why|how|when|where|who|which)( not)?\W*$", re.I),
    re.compile(r"\b(i|my|me|we|our)\b", re.I),
    re.compile(r"(?<!^)(?<![.!?] )\b[A-Z]\w"),
)
"""What a question can have that says how far it leans on what was said before."""

WORD_FACTS = 16
FACTS = WORD_FACTS + len(_MARKERS) + 3
"""Facts given with each word beside its tokens."""

_WHO = re.compile(r"^\W{0,3}(?:and |but |so )?who(?:m|se)?\b", re.I)
_WHO_IS = re.compile(
    r"^\W{0,3}(?:and |but |so )?(?:who (?:is|was)|who['’]s) (?P<name>[^?!]+?)\W{0,3}$", re.I
)
_CAPITALISED = re.compile(r"(?<!^)\b[A-Z]")
_PARTICLES = frozenset("de da di la van von der bin ibn al el".split())
_NO_PERSON = frozenset(
    "the agency assembly association bank board commission committee company conference "
    "corporation council department federation foundation fund government group institute "
    "ministry organisation organization party society union university".split()
)

NAME_CHARACTERS = 80
"""Longest name of a person."""

ASKED_CHARACTERS = 200
"""Characters of a question in which a person is looked for."""

_LEADING = frozenset("of for about in on with by from to at".split())


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of the conversation, and what came back.

    Attributes:
        question: As it was asked.
        rewritten: The question that was answered, which stands alone.
        answer: What the documents said; empty if they did not.
        cited: The sentences in which the answer stands.
    """

    question: str
    rewritten: str
    answer: str = ""
    cited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the history that the question lacks.

    Attributes:
        token: Position of its first token in the window.
        stem: Of the word.
        form: As it is written.
        turn: Position of its turn in the history.
        in_answer: Whether it stands in what came back.
        start: Offset of its first character into the piece of history it stands in.
    """

    token: int
    stem: str
    form: str
    turn: int
    in_answer: bool
    start: int


@dataclass(frozen=True, slots=True)
class HistoryWindow:
    """What the rewriting model reads at once: the question, then the history, latest first.

    Attributes:
        ids: ``(tokens,)`` int64, of the vocabulary.
        types: ``(tokens,)`` int64, 0 for the question and 1 for the history.
        facts: ``(tokens, FACTS)`` float32, of the word that begins at a token; 0 elsewhere,
            but for the first token, which has the facts of the question.
        words: That can be added to the question.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    facts: NDArray[np.float32]
    words: tuple[Word, ...]


def content(text: str) -> set[str]:
    """The stems of the words that carry meaning.

    >>> sorted(content("What's the IOFS's aim?"))
    ['aim', 'iof']
    """
    return {stem(word) for word in _WORD.findall(text) if _carries_meaning(word)}


def window_of(question: str, history: Sequence[Turn], tokenizer: Tokenizer) -> HistoryWindow:
    """The window of a question and what was said before.

    Args:
        question: As asked.
        history: The turns before, oldest first; only the first and the last ones are read.
        tokenizer: Of the model.
    """
    pieces = pieces_of(history)
    asked = question[:MOST_CHARACTERS]
    encoded = tokenizer.encode_batch(
        [asked, *(text for *_, text in pieces)], add_special_tokens=False
    )
    start, end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    ids = [start, *encoded[0].ids[:QUESTION_TOKENS], end]
    types = [0] * len(ids)
    own = content(asked)
    placed: list[tuple[int, int, bool, str, int, list[tuple[int, int]]]] = []
    for (turn, in_answer, most, text), tokens in zip(pieces, encoded[1:], strict=True):
        count = min(len(tokens.ids), most, MAX_TOKENS - len(ids) - 1)
        if count <= 0:
            continue
        placed.append((turn, len(ids), in_answer, text, count, tokens.offsets))
        ids += [*tokens.ids[:count], end]
        types += [1] * (count + 1)
    words = [word for one in placed for word in _words(*one, own)]
    facts = np.zeros((len(ids), FACTS), np.float32)
    of_question = _question_facts(asked, len(own), len(history))
    facts[0, WORD_FACTS:] = of_question
    texts = {(turn, in_answer): text for turn, _, in_answer, text, _, _ in placed}
    for word, row in zip(words, _word_facts(words, texts, len(history), own), strict=True):
        facts[word.token] = [*row, *of_question]
    return HistoryWindow(np.array(ids, np.int64), np.array(types, np.int64), facts, tuple(words))


def person_of(history: Sequence[Turn]) -> str | None:
    """Who was last asked about by name, or named as the answer to a question for a person.

    None if something else was named since, or if it is not known who was asked for.

    >>> person_of([Turn("", "Who is Ada Lovelace?", "a mathematician"), Turn("", "Where?")])
    'Ada Lovelace'
    >>> person_of([Turn("", "Who leads the IOFS?", "Berik Aryn")])
    'Berik Aryn'
    """
    since: list[str] = []
    for turn in reversed(history[-TURNS_READ:]):
        asked = " ".join(turn.rewritten[:ASKED_CHARACTERS].split())
        name = _person_named(asked, turn.answer)
        if name is not None:
            return name if all(name.split()[-1] in one for one in since) else None
        if _WHO.match(asked):
            return None
        if _CAPITALISED.search(asked):
            since.append(asked)
    return None


def _person_named(asked: str, answer: str) -> str | None:
    about = _WHO_IS.match(asked)
    said = " ".join(answer[: NAME_CHARACTERS + 1].split())
    for name in (about["name"] if about else "", said if _WHO.match(asked) else ""):
        if _is_person(name):
            return name
    return None


def _is_person(name: str) -> bool:
    """Whether it looks like the name of a person: capitalised words that name nothing else."""
    words = name.split()
    letters = [re.sub(r"[.'’-]", "", word) for word in words]
    return (
        0 < len(words) <= 5
        and len(name) <= NAME_CHARACTERS
        and all(letter.isalpha() for letter in letters)
        and all(letter[0].isupper() or letter in _PARTICLES for letter in letters)
        and letters[0][0].isupper()
        and not any(letter.isupper() and len(letter) > 1 for letter in letters)
        and not any(letter.lower() in _NO_PERSON for letter in letters)
    )


def _carries_meaning(word: str) -> bool:
    return word.lower() not in STOP_WORDS and (len(word) > 1 or word.isdigit())


def pieces_of(history: Sequence[Turn]) -> list[tuple[int, bool, int, str]]:
    """Position, whether it is an answer, most tokens and text of each piece, in reading order."""
    count = len(history)
    last = range(count - 1, max(count - TURNS_READ, 0) - 1, -1)
    chosen = [*last] if 0 in last or not count else [*last, 0]
    # The first turn comes second: where there is no room for all, it is read still.
    if len(chosen) > 2:
        chosen = [chosen[0], chosen[-1], *chosen[1:-1]]
    pieces: list[tuple[int, bool, int, str]] = []
    for at in chosen:
        turn = history[at]
        pieces.append((at, False, QUESTION_TOKENS, turn.rewritten[:MOST_CHARACTERS]))
        back = count - 1 - at
        said = " ".join((turn.answer, *turn.cited))[:MOST_CHARACTERS]
        if back < len(ANSWER_TOKENS) and said.strip():
            pieces.append((at, True, ANSWER_TOKENS[back], said))
    return pieces


def _words(
    turn: int,
    first: int,
    in_answer: bool,
    text: str,
    count: int,
    offsets: Sequence[tuple[int, int]],
    own: set[str],
) -> list[Word]:
    starts = {start: first + at for at, (start, _) in reversed([*enumerate(offsets[:count])])}
    found: list[Word] = []
    for match in _WORD.finditer(text):
        token = starts.get(match.start())
        word = match[0]
        if token is not None and _carries_meaning(word) and stem(word) not in own:
            found.append(Word(token, stem(word), word, turn, in_answer, match.start()))
    return found


def _question_facts(question: str, content_words: int, turns: int) -> list[float]:
    markers = [float(bool(marker.search(question))) for marker in _MARKERS]
    length = len(_WORD.findall(question))
    return [*markers, min(content_words, 10) / 5, min(length, 30) / 10, min(turns, 16) / 8]


def _word_facts(
    words: Sequence[Word],
    texts: dict[tuple[int, bool], str],
    turns: int,
    own: set[str],
) -> list[list[float]]:
    """What is known of each word: where it stands, how often it was said, what is beside it."""
    asked: dict[str, set[int]] = {}
    said: dict[str, set[int]] = {}
    capital: set[str] = set()
    for word in words:
        (said if word.in_answer else asked).setdefault(word.stem, set()).add(word.turn)
        if word.start and word.form[0].isupper():
            capital.add(word.stem)
    rows: list[list[float]] = []
    beside: dict[tuple[int, bool, int], tuple[str, str]] = {}
    for place, text in texts.items():
        spans = [(0, 0), *(match.span() for match in _WORD.finditer(text)), (0, 0)]
        forms = [text[start:end].lower() for start, end in spans]
        for at, (start, _) in enumerate(spans[1:-1], start=1):
            beside[(*place, start)] = forms[at - 1], forms[at + 1]
    for word in words:
        back = turns - 1 - word.turn
        before, after = beside[word.turn, word.in_answer, word.start]
        in_turns = asked.get(word.stem, set())
        rows.append(
            [
                float(word.in_answer),
                float(back == 0),
                float(back == 1),
                float(word.turn == 0),
                min(back, 8) / 8,
                len(in_turns) / max(turns, 1),
                min(len(in_turns), 5) / 5,
                float(turns - 1 in in_turns),
                float(0 in in_turns),
                float(bool(said.get(word.stem))),
                float(word.stem in capital),
                float(word.form.isdigit()),
                float(before in _LEADING),
                float(not before or before in STOP_WORDS),
                float(not after or after in STOP_WORDS),
                float(bool(before and stem(before) in own) or bool(after and stem(after) in own)),
            ]
        )
    return rows
