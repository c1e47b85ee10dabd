"""Synthetic conversations: questions of one article that leave out what was named before.

Real conversations with rewrites are few; questions of articles are many. Where a question repeats
words of those before it, the words are removed as a speaker would: replaced with a pronoun, or
left out. All odds, wordings and weights in this module were chosen by hand and not fitted.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random
from urllib.parse import unquote

from qa.conversation.context import Turn
from qa.conversation.features import content_stems
from qa.evaluation.datasets import Question
from qa.text import STOP_WORDS, stem
from qa.training.rewriter.conversations import RewriteExample

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<!^)\b[A-Z]\w+")
_PREPOSITIONS = frozenset("of in for at about by to with from during on between".split())
_AUXILIARIES = frozenset("did does do was were is are has had have".split())
_OPENINGS = ("Tell me about {}.", "What is {}?", "What do you know about {}?", "Who or what is {}?")
_REMARKS = ("Interesting.", "Thanks.", "OK.", "I see.", "Great!", "Hm,", "And", "So", "Oh.")
_BARE_QUESTIONS = ("Why?", "When?", "How?", "Who?", "Where?", "Why not?", "How so?", "Since when?")

NEAR_ODDS = 0.6
"""Odds that the questions before are of the same context, where it has others."""

# Of a number drawn from 0 to 1: up to which each kind of example is generated.
UNRELATED_BELOW = 0.15
"""A question that stands alone, after questions of another article."""

STANDALONE_BELOW = 0.25
"""A question that stands alone, after questions of its own article."""

BARE_BELOW = 0.30
"""A bare question word, which asks the question before again."""

WHAT_ABOUT_BELOW = 0.37
"""A bare "What about Y?"; above it a question with words left out."""


def synthetic_conversations(
    questions: Sequence[Question], random: Random
) -> Iterator[RewriteExample]:
    """Examples over the questions' articles, one for each question that allows it.

    Args:
        questions: With the titles of their articles.
        random: Draws everything.
    """
    articles: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        articles[question.title].append(question)
    titles = [title for title, of_article in articles.items() if len(of_article) > 1]
    for title in titles:
        for question in articles[title]:
            near = [q for q in articles[title] if q.context == question.context and q != question]
            pool = near if near and random.random() < NEAR_ODDS else articles[title]
            before = random.sample(pool, min(len(pool), random.randint(1, 5)))
            before = [earlier for earlier in before if earlier.text != question.text]
            drawn = random.random()
            if drawn < UNRELATED_BELOW:
                elsewhere = articles[random.choice(titles)]
                if elsewhere[0].title != title and _NAME.search(question.text):
                    history = _history(elsewhere[:4], elsewhere[0].title, random)
                    yield RewriteExample(title, question.text, question.text, history)
                continue
            history = _history(before, title, random)
            if not history:
                continue
            if drawn < STANDALONE_BELOW:
                if _NAME.search(question.text):
                    yield RewriteExample(title, question.text, question.text, history)
            elif drawn < BARE_BELOW:
                last = history[-1].standalone
                bare = random.choice(_BARE_QUESTIONS)
                yield RewriteExample(title, bare, f"{bare} {last}", history)
            else:
                generate = _what_about if drawn < WHAT_ABOUT_BELOW else _shortened
                example = generate(title, question, history, random)
                if example:
                    yield example


def _history(before: Sequence[Question], title: str, random: Random) -> tuple[Turn, ...]:
    """The turns before: some open with the article's name; most have answers."""
    turns: list[Turn] = []
    name = " ".join(unquote(title).replace("_", " ").split())
    if name and len(name) < 60 and random.random() < 0.5:
        opening = random.choice(_OPENINGS).format(name)
        turns.append(Turn(opening, opening))
    answered = random.random() < 0.7
    for question in before:
        answer = ""
        if answered and question.answers:
            gold = question.answers[0]
            if random.random() < 0.5:
                start = max(question.context.rfind(". ", 0, gold.start) + 1, 0)
                answer = f"{gold.text} {question.context[start : start + 300].strip()}"
            else:
                answer = question.context[:600]
        turns.append(Turn(question.text, question.text, answer))
    return tuple(turns)


def _shortened(
    title: str, question: Question, history: Sequence[Turn], random: Random
) -> RewriteExample | None:
    """The question without one to three runs of words that the history names."""
    text = question.text
    in_questions = set().union(*(content_stems(turn.standalone) for turn in history))
    in_answers = set().union(*(content_stems(turn.answer) for turn in history))
    known = in_questions | in_answers if random.random() < 0.6 else in_questions
    words = list(_WORD.finditer(text))
    runs: list[tuple[int, int]] = []
    start = 0
    while start < len(words):
        end = start
        while end < len(words) and (
            (stem(words[end][0]) in known and words[end][0].lower() not in STOP_WORDS)
            or (end > start and words[end][0].lower() in ("of", "the", "and"))
        ):
            end += 1
        while end > start and words[end - 1][0].lower() in STOP_WORDS:
            end -= 1
        before = words[start - 1][0].lower() if start else ""
        is_name = any(word[0][0].isupper() for word in words[start:end] if word.start())
        if end > start and (is_name or before in _PREPOSITIONS or before in ("the", "a", "an")):
            runs.append((start, end))
        start = max(end, start + 1)
    if not runs:
        return None
    count = random.choice((1, 1, 2, 3))
    if random.random() < 0.6:  # Names before other runs, long runs before short ones.
        runs.sort(key=lambda run: (words[run[0]][0][0].isupper(), run[1] - run[0]))
        chosen = runs[-count:]
    else:
        chosen = random.sample(runs, min(count, len(runs)))
    shortened = text
    # From the end, so that the offsets before stay valid.
    for number, (first, last) in reversed([*enumerate(sorted(chosen))]):
        if number and random.random() < 0.7:
            shortened = _cut(shortened, words, first, last)
        else:
            shortened = _replaced(shortened, words, first, last, random)
    if not content_stems(shortened) and random.random() < 0.8:
        return None
    if random.random() < 0.12:
        shortened = f"{random.choice(_REMARKS)} {shortened}"
    return RewriteExample(title, shortened, text, tuple(history))


def _cut(text: str, words: Sequence[re.Match[str]], first: int, last: int) -> str:
    """The text without those words, and the preposition and the article before them."""
    while first and words[first - 1][0].lower() in (*_PREPOSITIONS, "the", "a", "an"):
        first -= 1
    return text[: words[first].start()].rstrip() + text[words[last - 1].end() :]


def _replaced(
    text: str, words: Sequence[re.Match[str]], first: int, last: int, random: Random
) -> str:
    """The text with a pronoun, an article or nothing in place of those words."""
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
    pronoun = {"he": "him", "she": "her", "they": "them"}.get(subject, subject)
    if re.match(r"['’]s\b", rest):
        return text[:start] + possessive + rest[2:]
    if rest.startswith(("'", "’")):
        return text[:start] + possessive + rest[1:]
    after = words[last][0].lower() if last < len(words) else ""
    if before in _PREPOSITIONS and random.random() < 0.7:
        dropped = random.random() < 0.75
        return (text[:preposition].rstrip() if dropped else text[:start] + pronoun) + rest
    noun_follows = after and after not in STOP_WORDS and text[end : words[last].start()] == " "
    if noun_follows and not _verb_may_follow(words, first):
        determiner = random.choice((possessive, "the", "the", "this"))
        return text[:start] + determiner + rest
    if not rest.strip("?. ") and random.random() < 0.3:
        return text[:start].rstrip() + rest
    if after:
        pronoun = random.choice((subject, subject, subject, "this", "these"))
    return text[:start] + pronoun + rest


def _verb_may_follow(words: Sequence[re.Match[str]], first: int) -> bool:
    """Whether a verb may follow the words, as after "did X" or "does X"."""
    before = [word[0].lower() for word in words[max(first - 2, 0) : first]]
    return not _AUXILIARIES.isdisjoint(before)


def _what_about(
    title: str, question: Question, history: tuple[Turn, ...], random: Random
) -> RewriteExample | None:
    """A bare "What about Y?" in place of the question before with another name."""
    last = history[-1].standalone
    names = [name for name in _NAME.findall(question.text) if stem(name) not in content_stems(last)]
    in_last = _NAME.findall(last)
    if not names or not in_last:
        return None
    name = random.choice(names)
    bare = random.choice(
        ("What about {}?", "And {}?", "How about {}?", "what about in {}?")
    ).format(name)
    return RewriteExample(title, bare, last.replace(random.choice(in_last), name), history)
