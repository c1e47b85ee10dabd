"""Cancellation: answering is stopped when nobody waits for the answer any more.

Whoever asks gives a function that says whether the answer is still wanted. It is asked between the
batches that the models compute, some tens of milliseconds each, and kept in a context variable: the
readers and models below the pipeline need not hand it to each other.

    with wanted_while(connected):
        check_wanted()  # raises Cancelled once connected() is false
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

IsWanted = Callable[[], bool]
"""Whether an answer is still wanted; it returns at once, and is called by the thread that
answers."""


class Cancelled(Exception):
    """Nobody wants the answer any more; nothing of it is kept."""


def always_wanted() -> bool:
    """For an answer that is wanted to the end."""
    return True


_is_wanted: ContextVar[IsWanted] = ContextVar("is_wanted", default=always_wanted)


@contextmanager
def wanted_while(is_wanted: IsWanted) -> Iterator[None]:
    """What this thread computes inside is wanted while a function says so."""
    token = _is_wanted.set(is_wanted)
    try:
        yield
    finally:
        _is_wanted.reset(token)


def check_wanted(*_: object) -> None:
    """Go on if what is computed is still wanted. Takes what it is told of the progress.

    Raises:
        Cancelled: It is not.
    """
    if not _is_wanted.get()():
        raise Cancelled("expected an answer that is wanted, got one that is not any more")
