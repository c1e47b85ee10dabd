"""Asking: questions are answered in threads, in turn, and only while somebody waits for them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from qa.access.caller import Caller
from qa.api.problem_response import ClientGone
from qa.cancellation import IsWanted
from qa.results import Hit
from qa.service import operations
from qa.service.answer_queue import CONCURRENT_ANSWERS
from qa.service.observing import observed
from qa.service.operations import StageReply
from qa.service.replies import Addresses, LinkedAnswer, Verification
from qa.service.requests import AskRequest, SearchRequest, VerifyRequest
from qa.service.service import Service

Result = TypeVar("Result")

# A place is given back only once its thread is free, so there is always one.
_threads = ThreadPoolExecutor(CONCURRENT_ANSWERS, thread_name_prefix="answer")


async def stages(
    service: Service, request: AskRequest, addresses: Addresses, caller: Caller
) -> AsyncGenerator[StageReply, None]:
    """The stages of a question, as ``operations.ask``, once it is the caller's turn.

    They are not held up by whoever takes them: a client that reads slowly keeps no place.

    Args:
        service: Of the caller.
        request: The question.
        addresses: Of the server.
        caller: Who asks.

    Raises:
        Busy: Too many questions wait, or the server ends.
    """
    loop = asyncio.get_running_loop()
    replies: asyncio.Queue[StageReply | None] = asyncio.Queue()

    def work(is_wanted: IsWanted) -> None:
        for reply in _asked(service, request, addresses, is_wanted):
            loop.call_soon_threadsafe(replies.put_nowait, reply)

    task = asyncio.create_task(_in_turn(service, caller, work))
    task.add_done_callback(lambda _: replies.put_nowait(None))
    try:
        while (reply := await replies.get()) is not None:
            yield reply
        await task
    finally:
        task.cancel()


async def answer(
    service: Service, request: AskRequest, addresses: Addresses, caller: Caller
) -> LinkedAnswer:
    """The answer to a question, once it is the caller's turn.

    Args:
        service: Of the caller.
        request: The question.
        addresses: Of the server.
        caller: Who asks.

    Raises:
        Busy: Too many questions wait, or the server ends.
    """

    def work(is_wanted: IsWanted) -> StageReply:
        *_, last = _asked(service, request, addresses, is_wanted)
        return last

    last = await _in_turn(service, caller, work)
    if not isinstance(last, LinkedAnswer):
        raise TypeError(f"expected an answer as the last stage, got {type(last).__name__}")
    return last


def _asked(
    service: Service, request: AskRequest, addresses: Addresses, is_wanted: IsWanted
) -> Iterator[StageReply]:
    """The stages of a question, which is counted as one by HTTP."""
    asked = operations.ask(service, request, addresses, is_wanted)
    return observed(asked, service.metrics, "http")


async def search(service: Service, request: SearchRequest, caller: Caller) -> tuple[Hit, ...]:
    """The passages for a question, as ``operations.search``, once it is the caller's turn.

    Args:
        service: Of the caller.
        request: The search.
        caller: Who searches.

    Raises:
        Busy: Too many questions wait, or the server ends.
    """
    return await _in_turn(
        service, caller, lambda is_wanted: operations.search(service, request, is_wanted)
    )


async def verify(service: Service, request: VerifyRequest, caller: Caller) -> Verification:
    """What has become of quotes, as ``operations.verify``, once it is the caller's turn.

    It can take as long as many answers.

    Args:
        service: Of the caller.
        request: The receipt.
        caller: Who asks.

    Raises:
        Busy: Too many questions wait, or the server ends.
    """
    return await _in_turn(service, caller, lambda _: operations.verify(service, request))


async def _in_turn(service: Service, caller: Caller, work: Callable[[IsWanted], Result]) -> Result:
    """What some work returns in a thread, once it is the caller's turn.

    A thread cannot be cancelled: where the task is, the work is told that it is not wanted any
    more, and its place is given back when the thread has ended.
    """
    wanted = True
    ticket = service.queue.request(caller.name)
    try:
        await ticket.wait_async()
        future = _threads.submit(work, lambda: wanted)
    except BaseException:  # Also of a cancelled task: no thread will give the place back.
        ticket.leave()
        raise
    future.add_done_callback(lambda _: ticket.leave())
    try:
        return await asyncio.wrap_future(future)
    finally:
        wanted = False


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """The result of some work, which is cancelled once the client is gone.

    Args:
        request: Whose body was read.
        work: To be awaited.

    Raises:
        ClientGone: The client is gone.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        task.cancel()
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
