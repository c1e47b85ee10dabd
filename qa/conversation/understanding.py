"""Conversation: what a message asks after what was said before, and several answers as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.conversation.context import Turn
from qa.conversation.small_talk import Kind, reply, small_talk
from qa.conversation.splitting import parts_of
from qa.results import Answer


@dataclass(frozen=True, slots=True)
class Subquestion:
    """One question of a message.

    Attributes:
        asked: As it stands in the message.
        rewritten: The same, standing alone.
        others: What else it can have meant, less likely.
    """

    asked: str
    rewritten: str
    others: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """All in which it is tried, as it was asked last."""
        return tuple(dict.fromkeys((self.rewritten, *self.others, self.asked)))


def parse_message(
    message: str,
    history: Sequence[Turn],
    complete: Callable[[str, Sequence[Turn]], tuple[str, ...]],
) -> tuple[Subquestion, ...]:
    """The questions in a message; none if it is small talk.

    Args:
        message: As typed, white space joined.
        history: What was said before, oldest first.
        complete: Rewrites a question after what was said before it, likeliest first.
    """
    if small_talk(message):
        return ()
    said = list(history)
    parts: list[Subquestion] = []
    for asked in parts_of(message):
        rewritten, *others = complete(asked, said) if said else (asked,)
        part = Subquestion(asked, rewritten, tuple(others))
        parts.append(part)
        said.append(Turn(part.asked, part.rewritten))
    return tuple(parts)


def turns_of(history: Sequence[Answer | Turn]) -> list[Turn]:
    """Answers as turns of the conversation; small talk is none."""
    return [
        turn_of(one) if isinstance(one, Answer) else one
        for one in history
        if isinstance(one, Turn) or not one.remark
    ]


def turn_of(answer: Answer) -> Turn:
    """The answer as a turn of the conversation."""
    sentences = dict.fromkeys("".join(citation.sentence) for citation in answer.citations)
    return Turn(answer.question, answer.standalone_question, answer.text or "", tuple(sentences))


def combine_answers(parts: Sequence[Answer]) -> Answer:
    """The answers to several questions as one, which cites what each of them quotes.

    Its confidence is that of the least sure part that is answered, and what contradicts a part
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


def remark(question: str, kind: Kind, titles: Sequence[str]) -> Answer:
    """What is answered to small talk: nothing is looked up, and nothing cited.

    Args:
        question: As asked.
        kind: Of small talk.
        titles: Of the documents that questions are answered from.
    """
    said = reply(kind, titles)
    return Answer(question, None, 0.0, (), (), (), "nothing asked", {}, remark=said)
