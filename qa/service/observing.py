"""Observing: what came of each question, and how long it took, for the figures."""

import time
from collections.abc import Generator, Iterator
from typing import TypeVar

from qa.cancellation import Cancelled
from qa.results import Answer
from qa.service.metrics import Face, Metrics, Outcome
from qa.service.problems import Refused
from qa.service.read_only import Answered

Reply = TypeVar("Reply")


def observed(stages: Iterator[Reply], metrics: Metrics, face: Face) -> Generator[Reply]:
    """The stages of a question, which is counted once it ends.

    Args:
        stages: Of ``Service.answer`` or ``operations.ask``.
        metrics: Of the server.
        face: By what it was asked.
    """
    started = time.perf_counter()
    # A client that goes away closes the generator.
    outcome: Outcome = "cancelled"
    try:
        for stage in stages:
            answer = stage.answer if isinstance(stage, Answered) else stage
            if isinstance(answer, Answer):
                outcome = _outcome(answer)
                seconds = time.perf_counter() - started
                # A cached answer tells the times of when it was given first.
                fresh = sum(answer.seconds.values()) <= seconds
                metrics.observe_answer(seconds, answer.seconds if fresh else {})
            yield stage
    except Cancelled:
        raise
    except (Refused, ValueError):
        outcome = "refused"
        raise
    except Exception:  # Whatever it is: counted here, and told by whoever asked.
        outcome = "failed"
        raise
    finally:
        metrics.count_answer(face, outcome)


def _outcome(answer: Answer) -> Outcome:
    if answer.remark:
        return "small_talk"
    return "not_said" if answer.text is None else "answered"
