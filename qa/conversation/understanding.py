"""Understanding: the questions of a message, and several answers combined into one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qa.conversation.context import Turn
from qa.conversation.small_talk import Kind, reply, small_talk
from qa.conversation.splitting import split_questions, split_sentences
from qa.results import Answer
from qa.text import join_whitespace, replace_surrogates

Rewrite = Callable[[str, Sequence[Turn]], tuple[str, ...]]
"""From a question and the turns before it, oldest first, to its standalone wordings, likeliest
first."""


@dataclass(frozen=True, slots=True)
class Subquestion:
    """One question of a message.

    Attributes:
        question: As it stands in the message.
        standalone: The same, understandable without the conversation.
        alternatives: Other standalone wordings, less likely.
    """

    question: str
    standalone: str
    alternatives: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """All different wordings, the question as typed last."""
        return tuple(dict.fromkeys((self.standalone, *self.alternatives, self.question)))


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a conversation, parsed.

    Attributes:
        text: As typed.
        subquestions: The questions to ask of the documents; none for small talk.
        small_talk: Its kind, if the message is small talk.
        corrected: Whether the standalone question was given with the message.
        rewrite_seconds: Time spent on parsing; none if the message starts a conversation.
    """

    text: str
    subquestions: tuple[Subquestion, ...] = ()
    small_talk: Kind | None = None
    corrected: bool = False
    rewrite_seconds: float | None = field(default=None, compare=False)


def parse_message(
    text: str,
    history: Sequence[Answer | Turn],
    rewrite: Rewrite,
    standalone: str | None = None,
) -> Message:
    """The questions of a message, or the kind of small talk that it is.

    Args:
        text: As typed.
        history: The answers, or turns, of the conversation so far, oldest first.
        rewrite: Makes a question standalone.
        standalone: The standalone question, if it is known: it replaces the message and is not
            rewritten.

    Raises:
        ModelError: The question rewriting model is missing or damaged.
    """
    started = time.perf_counter()
    kind = None
    if standalone is not None:
        subquestions = [
            Subquestion(question, question)
            for question in questions_of(join_whitespace(replace_surrogates(standalone)))
        ]
    else:
        message = join_whitespace(replace_surrogates(text))
        kind = small_talk(message)
        subquestions = [] if kind else _rewritten(questions_of(message), turns_of(history), rewrite)
    return Message(
        text=replace_surrogates(text),
        subquestions=tuple(subquestions),
        small_talk=kind,
        corrected=standalone is not None,
        rewrite_seconds=time.perf_counter() - started if history else None,
    )


def questions_of(message: str) -> list[str]:
    """The questions of a message, without the sentences that are small talk.

    >>> questions_of("Hello! Who leads the IOFS? Where is it?")
    ['Who leads the IOFS?', 'Where is it?']
    """
    sentences = [sentence for sentence in split_sentences(message) if small_talk(sentence) is None]
    return split_questions(" ".join(sentences)) if sentences else [message]


def _rewritten(
    questions: Sequence[str], turns: Sequence[Turn], rewrite: Rewrite
) -> list[Subquestion]:
    """The questions made standalone, each after the turns and the questions before it."""
    turns = list(turns)
    subquestions: list[Subquestion] = []
    for question in questions:
        standalone, *alternatives = rewrite(question, turns) if turns else (question,)
        turns.append(Turn(question, standalone))
        subquestions.append(
            Subquestion(
                question,
                join_whitespace(standalone),
                tuple(join_whitespace(wording) for wording in alternatives),
            )
        )
    return subquestions


def turns_of(history: Sequence[Answer | Turn]) -> list[Turn]:
    """Answers as turns of the conversation, without replies to small talk."""
    return [
        turn_of(entry) if isinstance(entry, Answer) else entry
        for entry in history
        if isinstance(entry, Turn) or not entry.remark
    ]


def turn_of(answer: Answer) -> Turn:
    """The answer as a turn of the conversation."""
    sentences = dict.fromkeys("".join(citation.sentence) for citation in answer.citations)
    return Turn(answer.question, answer.standalone_question, answer.text or "", tuple(sentences))


def combine_answers(parts: Sequence[Answer]) -> Answer:
    """The answers to several questions as one, which cites what each of them quotes.

    Its confidence is the lowest of the parts that are answered, and what contradicts a part
    contradicts it. It has no other candidates: those are the parts'.
    """
    answered = [part for part in parts if part.text is not None]
    cited = [
        citation
        for part in answered
        for citation in (
            part.citations[:1] if part.text == part.citations[0].quote else part.citations
        )
    ]
    seconds: dict[str, float] = {}
    for part in parts:
        for stage, spent in part.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    return Answer(
        question=" ".join(part.question for part in parts),
        text=" ".join(citation.quote for citation in cited) if answered else None,
        confidence=min(part.confidence for part in answered or parts),
        citations=tuple(cited),
        candidates=(),
        hits=tuple(dict.fromkeys(hit for part in parts for hit in part.hits)),
        reason=None if answered else parts[0].reason,
        seconds=seconds,
        parts=tuple(parts),
        contradicted_by=tuple(other for part in answered for other in part.contradicted_by),
    )


def answer_small_talk(message: str, kind: Kind, titles: Sequence[str]) -> Answer:
    """The reply to small talk: nothing is searched or cited.

    Args:
        message: As typed.
        kind: Of small talk.
        titles: Of the documents that questions are answered from.
    """
    remark = reply(kind, titles)
    return Answer(message, None, 0.0, (), (), (), "nothing asked", {}, remark=remark)
