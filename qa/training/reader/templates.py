"""Template questions: kinds that data sets hold few of, generated from patterns in contexts.

What an abbreviation stands for, who somebody is, and lists whose answer is the whole list. The
patterns and wordings were chosen by hand.
"""

import re
from collections.abc import Iterable, Iterator
from random import Random

from qa.evaluation.datasets import Gold, Question

_MINOR_WORD = r"(?:of|and|for|the|in|on|to|de|&)"
_SHORT = re.compile(r"\(([A-Z]{2,8})\)")
_ROLE = (
    r"(?:[Pp]resident|[Vv]ice [Pp]resident|[Pp]rime [Mm]inister|[Mm]inister|[Ss]ecretary|"
    r"[Dd]irector|[Dd]irector[- ][Gg]eneral|[Cc]hancellor|[Pp]rofessor|[Gg]overnor|[Mm]ayor|"
    r"[Aa]mbassador|[Ss]enator|[Cc]hairman|[Cc]hief|CEO|[Cc]aptain|[Bb]ishop|[Cc]oach|[Ff]ounder|"
    r"[Aa]uthor|[Ww]riter|[Ss]inger|[Ii]nventor|[Aa]rchitect|[Ee]ditor|[Ee]conomist|[Hh]istorian|"
    r"[Jj]ournalist|[Ll]eader|[Hh]ead|[Mm]anager|[Ss]cientist|[Aa]rtist|[Cc]omposer|[Gg]eneral)"
)
_PERSON = r"[A-Z][a-z]+(?: [A-Z]\.)?(?: [A-Z][a-z’'-]+){1,2}"
_ROLE_AFTER = re.compile(
    rf"\b({_PERSON}), ((?:the |an? |then[- ]|former )?(?:[\w’'-]+ ){{0,4}}{_ROLE}\b"
    r"(?: (?:of|for|at|in) [\w’' -]{3,60}?)?)(?=[,.;])"
)
_ROLE_BEFORE = re.compile(
    rf"\b((?:[A-Z][\w’'-]+ ){{0,3}}{_ROLE}(?: (?:of|for) (?:the )?[A-Z]\w+(?: [A-Z]\w+)?)?) "
    rf"({_PERSON})\b"
)
_LIST = re.compile(
    r"\b([a-z]+s) (?:such as|including|like|are|were|include) "
    r"((?:[\w’'-]+(?: [\w’'-]+){0,3}, ){2,8}(?:and|or) [\w’'-]+(?: [A-Z][\w’'-]+)?)(?=[.,;])"
)
_JOINED = re.compile(r",? (?:and|or) |, ")

_ABBREVIATION_QUESTIONS = (
    "What does {} stand for?",
    "What is {} short for?",
    "What is the full name of {}?",
    "What does the abbreviation {} mean?",
    "what is {}",
)
_ROLE_QUESTIONS = ("Who is {}?", "Who was {}?", "What is the role of {}?", "who is {}")
_LIST_QUESTIONS = ("Which {} are named?", "What {} are there?", "What are the {}?", "List the {}.")


def abbreviations(context: str) -> Iterator[tuple[int, int, str]]:
    """Start and end of each long form, and the abbreviation in parentheses behind it.

    >>> text = "The World Health Organization (WHO) was founded in 1948."
    >>> [(text[start:end], short) for start, end, short in abbreviations(text)]
    [('World Health Organization', 'WHO')]
    """
    for match in _SHORT.finditer(context):
        short = match[1]
        words = list(re.finditer(r"[\w’'&-]+", context[: match.start()]))
        left = len(short) - 1
        for word in reversed(words[-3 * len(short) :]):
            if left >= 0 and word[0][0].upper() == short[left] and not _is_minor(word[0], left):
                left -= 1
            elif not _is_minor(word[0], left):
                break
            if left < 0:
                yield word.start(), words[-1].end(), short
                break


def _is_minor(word: str, left: int) -> bool:
    return left >= 0 and bool(re.fullmatch(_MINOR_WORD, word))


def template_questions(contexts: Iterable[Question], random: Random) -> Iterator[Question]:
    """Questions of the three kinds that the contexts answer.

    Args:
        contexts: One question of each context, of which context and title are used.
        random: Chooses the wording.
    """
    for base in contexts:
        context = base.context
        for start, end, short in abbreviations(context):
            if context[start:end].count("(") == 0 and end - start < 100:
                text = random.choice(_ABBREVIATION_QUESTIONS).format(short)
                yield _question(base, text, start, end)
        for match in _ROLE_AFTER.finditer(context):
            text = random.choice(_ROLE_QUESTIONS).format(match[1])
            yield _question(base, text, *match.span(2))
        for match in _ROLE_BEFORE.finditer(context):
            text = random.choice(_ROLE_QUESTIONS).format(match[2])
            yield _question(base, text, *match.span(1))
        for match in _LIST.finditer(context):
            text = random.choice(_LIST_QUESTIONS).format(match[1])
            yield _question(base, text, *match.span(2))


def as_bullets(question: Question) -> Question | None:
    """The question with its answer, a list within a sentence, set as lines of a list instead."""
    gold = question.answers[0] if question.answers else None
    if gold is None or gold.text.count(", ") < 2 or " and " not in gold.text:
        return None
    members = [member for member in _JOINED.split(gold.text) if member.strip()]
    before, after = question.context[: gold.start], question.context[gold.end :]
    lines = "\n".join(members)
    before = before.rstrip() + ":\n"
    context = f"{before}{lines}\n{after.lstrip(' .,;')}"
    return Question(
        question.id, question.text, context, question.title, (Gold(lines, len(before)),)
    )


def _question(base: Question, text: str, start: int, end: int) -> Question:
    return Question(
        # Part of the digest by which a checkpoint knows its sources.
        f"made {base.id} {start}",
        text,
        base.context,
        base.title,
        (Gold(base.context[start:end], start),),
    )
