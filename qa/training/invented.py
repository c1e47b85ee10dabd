"""Invented conversations: questions of one article, in which what was named before is not again.

Real conversations with rewrites are few; questions of articles are many. Of a question that
repeats words of those before it, the words are taken out as a speaker would: a pronoun in
their place, or nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from urllib.parse import unquote

from qa.conversation.context import Turn, content
from qa.evaluation.datasets import Question
from qa.text import STOP_WORDS, stem
from qa.training.conversations import Lesson

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<!^)\b[A-Z]\w+")
_BEFORE = frozenset("of in for at about by to with from during on between".split())
_AUXILIARIES = frozenset("did does do was were is are has had have".split())
_OPENINGS = ("Tell me about {}.", "What is {}?", "What do you know about {}?", "Who or what is {}?")
_REMARKS = ("Interesting.", "Thanks.", "OK.", "I see.", "Great!", "Hm,", "And", "So", "Oh.")
_SHORT = ("Why?", "When?", "How?", "Who?", "Where?", "Why not?", "How so?", "Since when?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def invented(questions: Sequence[Question], random: Random) -> Iterator[Lesson]:
    """Conversations over the questions' articles, one for each question that allows it.

    Args:
        questions: With the titles of their articles.
        random: Draws everything.
    """
    articles: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        articles[question.title].append(question)
    titles = [title for title, found in articles.items() if len(found) > 1]
    for title in titles:
        for question in articles[title]:
            near = [q for q in articles[title] if q.context == question.context and q != question]
            pool = near if near and random.random() < 0.6 else articles[title]
            before = random.sample(pool, min(len(pool), random.randint(1, 5)))
            before = [one for one in before if one.text != question.text]
            drawn = random.random()
            if drawn < 0.15:
                elsewhere = articles[random.choice(titles)]
                if elsewhere[0].title != title and _NAME.search(question.text):
                    history = _history(elsewhere[:4], elsewhere[0].title, random)
                    yield Lesson(title, question.text, question.text, history)
                continue
            history = _history(before, title, random)
            if not history:
                continue
            if drawn < 0.25:
                if _NAME.search(question.text):
                    yield Lesson(title, question.text, question.text, history)
            elif drawn < 0.30:
                last = history[-1].rewritten
                short = random.choice(_SHORT)
                yield Lesson(title, short, f"{short} {last}", history)
            elif drawn < 0.37:
                lesson = _what_about(title, question, history, random)
                if lesson:
                    yield lesson
            else:
                lesson = _leaning(title, question, history, random)
                if lesson:
                    yield lesson


def _history(before: Sequence[Question], title: str, random: Random) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    named = " ".join(unquote(title).replace("_", " ").split())
    if named and len(named) < 60 and random.random() < 0.5:
        opening = random.choice(_OPENINGS).format(named)
        turns.append(Turn(opening, opening))
    answered = random.random() < 0.7
    for question in before:
        said = ""
        if answered and question.answers:
            gold = question.answers[0]
            if random.random() < 0.5:
                start = max(question.context.rfind(". ", 0, gold.start) + 1, 0)
                said = f"{gold.text} {question.context[start : start + 300].strip()}"
            else:
                said = question.context[:600]
        turns.append(Turn(question.text, question.text, said))
    return tuple(turns)


def _leaning(
    title: str, question: Question, history: Sequence[Turn], random: Random
) -> Lesson | None:
    """The question without one to three runs of words that were said before."""
    text = question.text
    asked = set().union(*(content(turn.rewritten) for turn in history))
    said = set().union(*(content(turn.answer) for turn in history))
    known = asked | said if random.random() < 0.6 else asked
    words = list(_WORD.finditer(text))
    runs: list[tuple[int, int]] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and (
            (stem(words[end][0]) in known and words[end][0].lower() not in STOP_WORDS)
            or (end > at and words[end][0].lower() in ("of", "the", "and"))
        ):
            end += 1
        while end > at and words[end - 1][0].lower() in STOP_WORDS:
            end -= 1
        before = words[at - 1][0].lower() if at else ""
        named = any(word[0][0].isupper() for word in words[at:end] if word.start())
        if end > at and (named or before in _BEFORE or before in ("the", "a", "an")):
            runs.append((at, end))
        at = max(end, at + 1)
    if not runs:
        return None
    count = random.choice((1, 1, 2, 3))
    if random.random() < 0.6:  # names rather than other runs, long ones rather than short ones
        runs.sort(key=lambda run: (words[run[0]][0][0].isupper(), run[1] - run[0]))
        chosen = runs[-count:]
    else:
        chosen = random.sample(runs, min(count, len(runs)))
    shortened = text
    # From the end: what stands before stays where it is.
    for left, (first, last) in reversed([*enumerate(sorted(chosen))]):
        if left and random.random() < 0.7:
            shortened = _cut(shortened, words, first, last)
        else:
            shortened = _without(shortened, words, first, last, random)
    if not content(shortened) and random.random() < 0.8:
        return None
    if random.random() < 0.12:
        shortened = f"{random.choice(_REMARKS)} {shortened}"
    return Lesson(title, shortened, text, tuple(history))


def _cut(text: str, words: Sequence[re.Match[str]], first: int, last: int) -> str:
    """The text without those words, and the preposition and the article before them."""
    while first and words[first - 1][0].lower() in (*_BEFORE, "the", "a", "an"):
        first -= 1
    return text[: words[first].start()].rstrip() + text[words[last - 1].end() :]


def _without(
    text: str, words: Sequence[re.Match[str]], first: int, last: int, random: Random
) -> str:
    start, end = words[first].start(), words[last - 1].end()
    name = text[start:end]
    before = words[first - 1][0].lower() if first else ""
    if before in ("the", "a", "an"):
        start = words[first - 1].start()
        before = words[first - 2][0].lower() if first > 1 else ""
        preposition = words[first - 2].start() if first > 1 else start
    else:
        preposition = words[first - 1].start() if first else start
    rest = text[end:]
    person = len(name.split()) == 2 and name.istitle()
    subject, possessive = random.choices(
        [("it", "its"), ("they", "their"), ("he", "his"), ("she", "her")],
        [4, 2, 3, 3] if person else [6, 3, 0.5, 0.5],
    )[0]
    thing = {"he": "him", "she": "her", "they": "them"}.get(subject, subject)
    if re.match(r"['’]s\b", rest):
        return text[:start] + possessive + rest[2:]
    if rest.startswith(("'", "’")):
        return text[:start] + possessive + rest[1:]
    after = words[last][0].lower() if last < len(words) else ""
    if before in _BEFORE and random.random() < 0.7:
        dropped = random.random() < 0.75
        return (text[:preposition].rstrip() if dropped else text[:start] + thing) + rest
    noun_follows = after and after not in STOP_WORDS and text[end : words[last].start()] == " "
    if noun_follows and not _is_verb_place(words, first):
        put = random.choice((possessive, "the", "the", "this"))
        return text[:start] + put + rest
    if not rest.strip("?. ") and random.random() < 0.3:
        return text[:start].rstrip() + rest
    put = random.choice((subject, subject, subject, "this", "these")) if after else thing
    return text[:start] + put + rest


def _is_verb_place(words: Sequence[re.Match[str]], first: int) -> bool:
    """Whether a verb may follow: after "did X" or "does X" comes one."""
    before = [word[0].lower() for word in words[max(first - 2, 0) : first]]
    return not _AUXILIARIES.isdisjoint(before)


def _what_about(
    title: str, question: Question, history: tuple[Turn, ...], random: Random
) -> Lesson | None:
    """A bare "What about Y?" in place of the last question asked again with another name."""
    last = history[-1].rewritten
    names = [name for name in _NAME.findall(question.text) if stem(name) not in content(last)]
    in_last = _NAME.findall(last)
    if not names or not in_last:
        return None
    name = random.choice(names)
    short = random.choice(
        ("What about {}?", "And {}?", "How about {}?", "what about in {}?")
    ).format(name)
    return Lesson(title, short, last.replace(random.choice(in_last), name), history)
