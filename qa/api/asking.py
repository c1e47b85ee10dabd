"""Asking: questions are answered in threads, in turn, and only while somebody waits for them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from typing import TypeVar

from anyio import CancelScope
from starlette.requests import Request

from qa.access.caller import Caller
from qa.results import Hit
from qa.service import operations
from qa.service.answer_queue import CONCURRENT_ANSWERS
from qa.service.observing import observed
from qa.service.operations import StageReply
from qa.service.problems import Refused
from qa.service.replies import Addresses, LinkedAnswer
from qa.service.requests import AskRequest, SearchRequest
from qa.service.service import Service

Result = TypeVar("Result")

# A place is given back only once its thread is free, so there is always one.
_threads = ThreadPoolExecutor(CONCURRENT_ANSWERS, thread_name_prefix="answer")


async def stages(
    service: Service, request: AskRequest, addresses: Addresses, caller: Caller
) -> AsyncGenerator[StageReply, None]:
    """The stages of a question, as ``operations.ask``, once it is the caller's turn.

    Cancelled or closed, it stops within a second, and keeps its place until then.

    Args:
        service: Of the caller.
        request: The question.
        addresses: Of the server.
        caller: Who asks.

    Raises:
        Busy: Too many questions wait.
    """
    wanted = True
    loop = asyncio.get_running_loop()
    async with service.queue.place_async(caller.name):
        asked = operations.ask(service, request, addresses, lambda: wanted)
        replies = observed(asked, service.metrics, "http")
        future: asyncio.Future[StageReply | None] | None = None
        try:
            while True:
                future = loop.run_in_executor(_threads, next, replies, None)
                reply = await asyncio.shield(future)
                if reply is None:
                    return
                yield reply
        finally:
            wanted = False
            # A thread cannot be cancelled, and the place is the thread's.
            with CancelScope(shield=True):
                if future is not None and not future.done():
                    await asyncio.wait([future])
                    future.exception()
                await loop.run_in_executor(_threads, replies.close)


async def answer(
    service: Service, request: AskRequest, addresses: Addresses, caller: Caller
) -> LinkedAnswer:
    """The answer to a question.

    Args:
        service: Of the caller.
        request: The question.
        addresses: Of the server.
        caller: Who asks.

    Raises:
        Busy: Too many questions wait.
    """
    async with aclosing(stages(service, request, addresses, caller)) as replies:
        *_, last = [reply async for reply in replies]
    if not isinstance(last, LinkedAnswer):
        raise TypeError(f"expected an answer as the last stage, got {type(last).__name__}")
    return last


async def search(service: Service, request: SearchRequest, caller: Caller) -> tuple[Hit, ...]:
    """The passages for a question, as ``operations.search``, once it is the caller's turn.

    Args:
        service: Of the caller.
        request: The search.
        caller: Who searches.

    Raises:
        Busy: Too many questions wait.
    """
    async with service.queue.place_async(caller.name):
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(_threads, operations.search, service, request)
        with CancelScope(shield=True):
            hits = await future
    return hits


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """The result of some work, which is cancelled once the client is gone.

    Args:
        request: Whose body was read.
        work: To be awaited.

    Raises:
        Refused: The client is gone; nobody reads it.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        raise Refused("invalid-request", "The client is gone.")
    finally:
        task.cancel()
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
