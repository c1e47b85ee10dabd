"""Answer queue: places for answering questions, which callers are given in turn.

Shared by the page, whose answers run in threads, and by HTTP and MCP, which run in asyncio.
"""

import asyncio
import math
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from qa.service.busy import CallerBusy, QueueFull, Stopping
from qa.service.ticket import Ticket, Turn, pending_future

CONCURRENT_ANSWERS = os.cpu_count() or 1
"""Questions answered at a time: an answer keeps a core busy, so more would wait for each other."""

MAX_WAITING = 32
"""Questions that wait for their turn; at a second each the last one waits half a minute. Chosen
by hand."""

MAX_WAITING_OF_ONE = 8
"""Of them of one caller where no other waits; five callers wait with some four each, which leaves
twelve free. Chosen by hand."""

EXPECTED_SECONDS = 1.0
"""Time per answer that is assumed until some were given."""

RECENT_WEIGHT = 0.2
"""Of the last answer in the mean time per answer: some ten answers count. Chosen by hand."""


class AnswerQueue:
    """Places for answering questions, and the requests that wait for one.

    Free places go round robin over the callers that wait, and within one caller in order of
    arrival: a caller with one request waits at most for one of each other caller. What may wait of
    one caller is a share of what is free (Choudhury and Hahne, "Dynamic queue length thresholds for
    shared-memory packet switches", 1998), so that callers with many leave room for the next one.
    Safe to use from several threads and event loops.

    Args:
        running: Places.
        waiting: Requests that may wait in all.
        waiting_of_one: Of them of one caller where no other waits; the more wait, the fewer.
        clock: Seconds.

    Raises:
        ValueError: A number is below 1.
    """

    def __init__(
        self,
        running: int,
        waiting: int,
        waiting_of_one: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if min(running, waiting, waiting_of_one) < 1:
            given = f"{running}, {waiting} and {waiting_of_one}"
            raise ValueError(f"expected numbers from 1, got {given}")
        self._max_running, self._max_waiting = running, waiting
        self._max_waiting_of_one = waiting_of_one
        self._clock = clock
        self._lock = threading.Lock()
        self._running = self._waiting = 0
        # The callers that wait, the next one first.
        self._callers: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._leaving: deque[Turn] = deque()
        # What futures are told once the lock is released: who is woken by one finds it free.
        self._outcomes: list[Callable[[], None]] = []
        self._stopping = False
        self._mean_seconds = EXPECTED_SECONDS
        self._idle = pending_future()
        self._idle.set_result(None)

    @property
    def running(self) -> int:
        """Number of places that are taken."""
        return self._running

    @property
    def stopping(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopping

    @property
    def waiting(self) -> int:
        """Number of requests that wait."""
        return self._waiting

    def request(self, caller: str) -> "Ticket":
        """Request a place; the ticket has it at once where one is free.

        Args:
            caller: Who requests it; those of the same caller come one after another.

        Raises:
            CallerBusy: As many requests of this caller wait as may.
            QueueFull: As many requests wait as may.
            Stopping: ``stop`` was called.
        """
        turn = Turn(caller)
        with self._exclusively():
            if self._stopping:
                raise self._stopped()
            of_caller = len(self._callers.get(caller, ()))
            # Nobody waits while a place is free.
            if self._running < self._max_running:
                self._start(turn)
            elif self._has_its_share(of_caller):
                what = f"has {of_caller} of your questions waiting already"
                # One of them is begun within a round.
                raise CallerBusy(what, self._seconds_of(len(self._callers)))
            elif self._waiting >= self._max_waiting:
                what = f"is busy: {self._waiting} questions wait already"
                raise QueueFull(what, self._seconds_of(self._waiting))
            else:
                self._callers.setdefault(caller, deque()).append(turn)
                self._waiting += 1
        return Ticket(turn, self._leave)

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Hold a place; the thread waits for it.

        Raises:
            Busy: As ``request``; also of a request that waits when ``stop`` is called.
        """
        ticket = self.request(caller)
        try:
            ticket.wait()
            yield
        finally:
            ticket.leave()

    @asynccontextmanager
    async def place_async(self, caller: str) -> AsyncIterator[None]:
        """Hold a place; the task waits for it, and leaves the queue when it is cancelled.

        Raises:
            Busy: As ``place``.
        """
        ticket = self.request(caller)
        try:
            await ticket.wait_async()
            yield
        finally:
            ticket.leave()

    def stop(self) -> None:
        """Take no more requests, and refuse those that wait; who has a place goes on."""
        with self._exclusively():
            self._stopping = True
            refused = [turn for turns in self._callers.values() for turn in turns]
            self._callers.clear()
            self._waiting = 0
            for turn in refused:
                turn.state = "over"
                self._outcomes.append(partial(turn.granted.set_exception, self._stopped()))

    def wait_idle(self, timeout: float | None) -> bool:
        """Wait until no place is taken; whether that is so.

        Args:
            timeout: Seconds; without end if None.
        """
        try:
            self._idle.result(timeout)
        except TimeoutError:
            return False
        return True

    async def wait_idle_async(self, timeout: float | None) -> bool:
        """As ``wait_idle``, without keeping the thread."""
        try:
            await asyncio.wait_for(asyncio.wrap_future(self._idle), timeout)
        except TimeoutError:
            return False
        return True

    async def finish(self) -> None:
        """Stop, and wait until no place is taken."""
        self.stop()
        await self.wait_idle_async(None)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        outcomes: list[Callable[[], None]] = []
        try:
            with self._lock:
                try:
                    self._settle()
                    yield
                finally:
                    outcomes, self._outcomes = self._outcomes, outcomes
        finally:
            for tell in outcomes:
                tell()
            self._settle_unless_locked()

    def _leave(self, turn: Turn) -> None:
        # The garbage collector may close a generator that has a place, or drop a ticket, in the
        # midst of a change in the same thread; to wait for the lock would be for ever.
        self._leaving.append(turn)
        self._settle_unless_locked()

    def _settle_unless_locked(self) -> None:
        """Let those go that leave; whoever holds the lock does so after having released it."""
        while self._leaving and self._lock.acquire(blocking=False):
            try:
                self._settle()
                outcomes, self._outcomes = self._outcomes, []
            finally:
                self._lock.release()
            for tell in outcomes:
                tell()

    def _settle(self) -> None:
        while self._leaving:
            turn = self._leaving.popleft()
            if turn.state == "running":
                turn.state = "over"
                self._running -= 1
                seconds = self._clock() - turn.begun
                self._mean_seconds += RECENT_WEIGHT * (seconds - self._mean_seconds)
                self._start_next()
            elif turn.state == "waiting":
                turn.state = "over"
                self._remove(turn)
                # Who still waits for it, in another thread, waits no longer.
                self._outcomes.append(partial(turn.granted.set_exception, CancelledError()))

    def _remove(self, turn: Turn) -> None:
        turns = self._callers[turn.caller]
        turns.remove(turn)
        self._waiting -= 1
        if not turns:
            del self._callers[turn.caller]

    def _start_next(self) -> None:
        if self._callers:
            caller, turns = self._callers.popitem(last=False)
            turn = turns.popleft()
            self._waiting -= 1
            if turns:
                self._callers[caller] = turns
            self._start(turn)
        elif not self._running:
            self._outcomes.append(partial(self._idle.set_result, None))

    def _start(self, turn: Turn) -> None:
        if not self._running:
            self._idle = pending_future()
        self._running += 1
        turn.state = "running"
        turn.begun = self._clock()
        self._outcomes.append(partial(turn.granted.set_result, None))

    def _has_its_share(self, waiting: int) -> bool:
        """Whether no more may wait now of a caller of whom so many wait."""
        of_one = self._max_waiting_of_one
        others, free = self._max_waiting - of_one, self._max_waiting - self._waiting
        # One who waits alone then has just as many as one may have.
        return waiting > 0 and waiting * others >= of_one * free

    def _stopped(self) -> Stopping:
        return Stopping("is stopping", self._seconds_of(self._running))

    def _seconds_of(self, answers: int) -> int:
        """Estimated seconds until so many more answers are given, at least 1."""
        return max(1, math.ceil(self._mean_seconds * answers / self._max_running))
