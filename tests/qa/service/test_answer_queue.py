"""Places are given in turn, none is lost and none given twice, whoever leaves when."""

import asyncio
import gc
import math
import random
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qa.service.answer_queue import MAX_WAITING, MAX_WAITING_OF_ONE, AnswerQueue
from qa.service.busy import Busy, CallerBusy, QueueFull, Stopping
from qa.service.ticket import Ticket

RUNNING, WAITING, WAITING_OF_ONE = 2, 6, 4


class Places(RuleBasedStateMachine):
    """The queue beside a plain model of it: lists, and a count for each round."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = AnswerQueue(RUNNING, WAITING, WAITING_OF_ONE)
        self.running: list[Ticket] = []
        self.waiting: OrderedDict[str, list[Ticket]] = OrderedDict()
        self.over: list[Ticket] = []
        self.stopped = False

    @property
    def count(self) -> int:
        return sum(map(len, self.waiting.values()))

    @rule(caller=st.sampled_from("abc"))
    def ask(self, caller: str) -> None:
        refusal: type[Busy] | None = None
        if self.stopped:
            refusal = Stopping
        elif len(self.running) == RUNNING:
            of_caller, free = len(self.waiting.get(caller, [])), WAITING - self.count
            if of_caller and of_caller >= WAITING_OF_ONE / (WAITING - WAITING_OF_ONE) * free:
                refusal = CallerBusy
            elif self.count == WAITING:
                refusal = QueueFull
        if refusal is not None:
            with pytest.raises(refusal) as refused:
                self.queue.request(caller)
            assert refused.value.retry_seconds >= 1
            return
        ticket = self.queue.request(caller)
        if len(self.running) < RUNNING:
            self.running.append(ticket)
        else:
            self.waiting.setdefault(caller, []).append(ticket)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.running))
        ticket.leave()
        self.running.remove(ticket)
        self.over.append(ticket)
        if self.waiting:
            caller, tickets = self.waiting.popitem(last=False)
            self.running.append(tickets.pop(0))
            if tickets:
                self.waiting[caller] = tickets

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def wait_no_longer(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(list(self.waiting)))
        ticket = data.draw(st.sampled_from(self.waiting[caller]))
        ticket.leave()
        self.over.append(ticket)
        self.waiting[caller].remove(ticket)
        if not self.waiting[caller]:
            del self.waiting[caller]

    @precondition(lambda self: self.over)
    @rule(data=st.data())
    def leave_again(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.over)).leave()

    @precondition(lambda self: self.count + len(self.running) == RUNNING + WAITING)
    @rule()
    def stop(self) -> None:
        self.queue.stop()
        self.stopped = True
        for tickets in self.waiting.values():
            for ticket in tickets:
                with pytest.raises(Stopping):
                    ticket.wait()
        self.waiting.clear()

    @invariant()
    def places_are_as_in_the_model(self) -> None:
        assert (self.queue.running, self.queue.waiting) == (len(self.running), self.count)
        assert all(ticket.has_place for ticket in self.running)
        others = [ticket for tickets in self.waiting.values() for ticket in tickets]
        assert not any(ticket.has_place for ticket in others + self.over)
        assert self.queue.wait_idle(0) == (not self.running)


TestPlaces = Places.TestCase
TestPlaces.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_queue_without_room_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected numbers from 1, got"):
        AnswerQueue(*numbers)


def test_caller_with_one_request_waits_at_most_one_round() -> None:
    queue = AnswerQueue(1, 40, 30)
    held = queue.request("many")
    many = [queue.request("many") for _ in range(30)]
    other, one = queue.request("other"), queue.request("one")
    order = []
    for _ in range(5):
        held.leave()
        (held,) = [ticket for ticket in (*many, other, one) if ticket.has_place]
        order.append(held)
    # Without the other caller it would be the second.
    assert order == [many[0], other, one, many[1], many[2]]


def test_callers_with_many_requests_leave_room_for_others() -> None:
    queue = AnswerQueue(1, MAX_WAITING, MAX_WAITING_OF_ONE)
    held = [queue.request("first")]

    def fill(caller: str) -> int:
        """How many requests of a caller may wait."""
        before = queue.waiting
        with pytest.raises(CallerBusy):
            while True:
                held.append(queue.request(caller))
        return queue.waiting - before

    assert [fill(f"greedy {number}") for number in range(5)] == [8, 6, 5, 4, 3]
    # Each of those with a single request is still taken.
    held += [queue.request(f"modest {number}") for number in range(MAX_WAITING - queue.waiting)]
    assert queue.waiting == MAX_WAITING


def test_refusal_tells_when_to_ask_again() -> None:
    now = 0.0
    queue = AnswerQueue(2, 6, 3, lambda: now)
    first, second = queue.request("a"), queue.request("b")
    waiting = [queue.request(caller) for caller in "aaabbc"]
    with pytest.raises(CallerBusy) as of_caller:
        queue.request("a")
    with pytest.raises(QueueFull) as of_all:
        queue.request("d")
    # A second each, until it is known better: a round of three callers, and six answers.
    assert (of_caller.value.retry_seconds, of_all.value.retry_seconds) == (2, 3)
    assert str(of_caller.value) == (
        "The server has 3 of your questions waiting already. Try again in a moment."
    )
    assert str(of_all.value) == (
        "The server is busy: 6 questions wait already. Try again in a moment."
    )
    now = 6.0
    first.leave()
    second.leave()
    more = [queue.request(caller) for caller in "de"]
    with pytest.raises(QueueFull) as slower:
        queue.request("f")
    # Two answers of six seconds: on average 1 + 0.2 · 5 = 2, then 2 + 0.2 · 4 = 2.8.
    assert slower.value.retry_seconds == math.ceil(2.8 * 6 / 2)
    queue.stop()
    with pytest.raises(Stopping) as stopped:
        queue.request("d")
    assert str(stopped.value) == "The server is stopping. Try again in a moment."
    assert stopped.value.retry_seconds == math.ceil(2.8 * 2 / 2)
    assert [ticket.has_place for ticket in waiting] == [True, False, False, True, False, False]
    assert not any(ticket.has_place for ticket in more)


def test_fast_answers_are_still_retried_after_a_second() -> None:
    queue = AnswerQueue(1, 1, 1, lambda: 0.0)
    for _ in range(100):
        queue.request("a").leave()
    held, waiting = queue.request("a"), queue.request("b")
    with pytest.raises(QueueFull) as refused:
        queue.request("c")
    assert refused.value.retry_seconds == 1
    assert held.has_place and not waiting.has_place


def test_place_is_given_back_after_an_error() -> None:
    queue = AnswerQueue(1, 1, 1)
    with pytest.raises(RuntimeError, match="boom"), queue.place("a"):
        assert queue.running == 1
        raise RuntimeError("boom")
    assert queue.running == 0


def test_threads_get_places_in_turn_and_never_too_many() -> None:
    queue = AnswerQueue(3, 200, 200)
    lock = threading.Lock()
    held = most = answered = 0

    def answer(number: int) -> None:
        nonlocal held, most, answered
        with queue.place(f"caller {number % 7}"):
            with lock:
                held += 1
                most = max(most, held)
            time.sleep(0.001)
            with lock:
                held -= 1
                answered += 1

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(answer, range(200)))
    assert (most, answered) == (3, 200)
    assert (queue.running, queue.waiting) == (0, 0)
    assert queue.wait_idle(0)


def test_leaving_from_another_thread_while_the_place_is_granted_loses_no_place() -> None:
    queue = AnswerQueue(2, 100, 100)
    chance = random.Random(7)
    outcomes = []

    def ask(ticket: Ticket) -> None:
        try:
            ticket.wait()
            outcomes.append("granted")
        except CancelledError:
            outcomes.append("left")
        ticket.leave()

    for _ in range(60):
        tickets = [queue.request(chance.choice("abc")) for _ in range(12)]
        leaving = [*tickets]
        chance.shuffle(leaving)
        threads = [threading.Thread(target=ask, args=(ticket,)) for ticket in tickets]
        threads += [threading.Thread(target=ticket.leave) for ticket in leaving]
        chance.shuffle(threads)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert (queue.running, queue.waiting) == (0, 0)
    assert len(outcomes) == 720
    # Each of both places can be had.
    assert [queue.request("a").has_place for _ in range(2)] == [True, True]


def test_forgotten_ticket_gives_its_place_back() -> None:
    queue = AnswerQueue(1, 4, 4)

    def respond(ticket: Ticket) -> Iterator[str]:
        try:
            yield "answer"
        finally:
            ticket.leave()

    begun = respond(queue.request("a"))
    never_begun = respond(queue.request("b"))
    assert next(begun) == "answer"
    assert (queue.running, queue.waiting) == (1, 1)
    del begun
    assert (queue.running, queue.waiting) == (1, 0)
    del never_begun
    assert (queue.running, queue.waiting) == (0, 0)


def test_garbage_collector_may_let_go_in_the_midst_of_a_change() -> None:
    collecting = False

    def collect() -> float:
        # The clock is read with the lock held.
        if collecting:
            gc.collect()
        return 0.0

    queue = AnswerQueue(2, 1, 1, collect)

    def cycle() -> None:
        ticket = queue.request("a")
        held = [ticket]
        held.append(held)  # type: ignore[arg-type]

    gc.disable()
    try:
        cycle()
        assert queue.running == 1
        collecting = True
        kept = queue.request("b")
    finally:
        gc.enable()
    assert queue.running == 1 and kept.has_place


def test_task_waits_without_keeping_the_thread() -> None:
    queue = AnswerQueue(1, 9, 9)
    order = []

    async def answer(caller: str) -> None:
        async with queue.place_async(caller):
            order.append(caller)
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*map(answer, "aaabbc"))

    asyncio.run(main())
    # The first is let in at once; the others go round.
    assert order == list("aabcab")
    assert queue.wait_idle(0)


def test_thread_gives_its_place_to_a_task() -> None:
    queue = AnswerQueue(1, 1, 1)
    held = queue.request("page")

    async def main() -> None:
        async def answer() -> int:
            async with queue.place_async("api"):
                return queue.running

        task = asyncio.create_task(answer())
        await asyncio.sleep(0)
        assert queue.waiting == 1
        threading.Thread(target=held.leave).start()
        assert await asyncio.wait_for(task, 10) == 1

    asyncio.run(main())
    assert (queue.running, queue.waiting) == (0, 0)


def test_cancelled_task_leaves_the_queue_at_once() -> None:
    queue = AnswerQueue(1, 2, 2)

    async def main() -> None:
        async def answer() -> None:
            async with queue.place_async("a"):
                raise AssertionError("it had no place")

        held = queue.request("a")
        task = asyncio.create_task(answer())
        await asyncio.sleep(0)
        assert queue.waiting == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (queue.running, queue.waiting) == (1, 0)
        held.leave()

    asyncio.run(main())
    assert queue.wait_idle(0)


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_task_cancelled_as_its_place_is_granted_passes_it_on(cancelled_first: bool) -> None:
    queue = AnswerQueue(1, 3, 3)

    async def main() -> None:
        ran = []

        async def answer(name: str) -> None:
            async with queue.place_async(name):
                ran.append(name)

        held = queue.request("first")
        task = asyncio.create_task(answer("cancelled"))
        next_task = asyncio.create_task(answer("next"))
        await asyncio.sleep(0)
        # Both before the loop runs again.
        if cancelled_first:
            task.cancel()
        held.leave()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(next_task, 10)
        assert ran == ["next"]

    asyncio.run(main())
    assert (queue.running, queue.waiting) == (0, 0)


def test_many_tasks_cancelled_at_any_time_lose_no_place() -> None:
    queue = AnswerQueue(2, 300, 300)
    chance = random.Random(11)
    held = most = 0

    async def answer(caller: str) -> None:
        nonlocal held, most
        async with queue.place_async(caller):
            held += 1
            most = max(most, held)
            try:
                await asyncio.sleep(chance.random() * 0.002)
            finally:
                held -= 1

    async def main() -> list[bool]:
        tasks = [asyncio.create_task(answer(chance.choice("abcd"))) for _ in range(300)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(chance.random() * 0.002)
            chance.choice(tasks).cancel()
        return [task.cancelled() for task in tasks]

    cancelled = asyncio.run(main())
    assert most == 2 and True in cancelled and False in cancelled
    assert (queue.running, queue.waiting) == (0, 0)


def test_loop_that_ends_takes_its_requests_along(caplog: pytest.LogCaptureFixture) -> None:
    queue = AnswerQueue(1, 2, 2)
    held = queue.request("page")

    async def wait() -> None:
        async with queue.place_async("api"):
            pass

    async def main() -> AsyncIterator[None]:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        yield
        await task

    loop = asyncio.new_event_loop()
    waiting = main()
    loop.run_until_complete(anext(waiting))
    assert queue.waiting == 1
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    held.leave()
    assert (queue.running, queue.waiting) == (0, 0)
    assert not caplog.records


def test_stop_refuses_those_that_wait_and_lets_the_others_finish() -> None:
    queue = AnswerQueue(1, 4, 4)
    refused = []

    def wait() -> None:
        try:
            with queue.place("thread"):
                raise AssertionError("it had no place")
        except Stopping as error:
            refused.append(error.retry_seconds)

    async def main() -> None:
        async with queue.place_async("first"):
            thread = threading.Thread(target=wait)
            thread.start()
            while queue.waiting < 1:
                await asyncio.sleep(0.001)
            task = asyncio.create_task(queue.place_async("task").__aenter__())
            await asyncio.sleep(0)
            finishing = asyncio.create_task(queue.finish())
            with pytest.raises(Stopping):
                await task
            thread.join(10)
            assert refused == [1]
            assert (queue.running, queue.waiting) == (1, 0)
            with pytest.raises(Stopping):
                queue.request("late")
            assert not await queue.wait_idle_async(0.01)
            assert not finishing.done()
        await asyncio.wait_for(finishing, 10)
        assert await queue.wait_idle_async(0.01)

    asyncio.run(main())


def test_wait_for_the_last_to_finish_ends_with_it() -> None:
    queue = AnswerQueue(2, 1, 1)
    tickets = [queue.request("a"), queue.request("b")]
    assert not queue.wait_idle(0.01)
    for ticket in tickets:
        threading.Timer(0.02, ticket.leave).start()
    assert queue.wait_idle(10)
    assert queue.running == 0
    # It is busy again.
    again = queue.request("a")
    assert not queue.wait_idle(0)
    again.leave()
    assert queue.wait_idle(0)
