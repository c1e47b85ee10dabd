"""Ticket: a request for a place in the queue, which threads and tasks wait with."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal


def pending_future() -> "Future[None]":
    """A future that is not cancelled with the asyncio future that waits for it."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future


@dataclass(slots=True, eq=False)
class Turn:
    """A request as the queue knows it.

    Attributes:
        caller: Who requested it.
        granted: Done once it has a place, or never gets one.
        state: Changed with the queue's lock held.
        begun: Clock's time at which it got its place.
    """

    caller: str
    granted: "Future[None]" = field(default_factory=pending_future)
    state: Literal["waiting", "running", "over"] = "waiting"
    begun: float = 0.0


class Ticket:
    """A request for a place. Safe to use from several threads.

    Whoever has it leaves when the answer is given or not wanted any more. A ticket that is
    forgotten leaves by itself: a response whose client goes before it begins runs no ``finally``.
    """

    def __init__(self, turn: Turn, leave: Callable[[Turn], None]) -> None:
        self._turn = turn
        self._leave = leave

    @property
    def has_place(self) -> bool:
        """Whether it has a place now."""
        return self._turn.state == "running"

    def wait(self) -> None:
        """Wait until it has a place.

        Raises:
            Stopping: The queue was stopped before.
            concurrent.futures.CancelledError: ``leave`` was called before.
        """
        self._turn.granted.result()

    async def wait_async(self) -> None:
        """Wait until it has a place; to cancel that does not leave the queue.

        Raises:
            Stopping: The queue was stopped before.
            asyncio.CancelledError: The task was cancelled, or ``leave`` was called before.
        """
        await asyncio.wrap_future(self._turn.granted)

    def leave(self) -> None:
        """Give the place back, or wait no longer for one; again, it does nothing."""
        self._leave(self._turn)

    def __del__(self) -> None:
        self.leave()
