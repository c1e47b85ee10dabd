"""Question routes for programs: answers, searches, receipts and feedback."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import ConfigDict, Field, TypeAdapter
from starlette.types import Receive, Scope, Send

from qa.access.caller import Caller
from qa.api.asking import answer, search, stages, verify, while_connected
from qa.api.callers import Asking
from qa.api.problem_response import WITH_BODY, details_of, documented
from qa.service import operations
from qa.service.codes import Code
from qa.service.operations import StageReply
from qa.service.problems import problem_of
from qa.service.replies import (
    Addresses,
    LinkedAnswer,
    PassageList,
    UnderstoodEvent,
    Verification,
)
from qa.service.requests import AskRequest, FeedbackRequest, SearchRequest, VerifyRequest
from qa.service.service import Service

_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["understood", "passages", "answer", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
"""Of a stream, in which each event is one."""

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, server-sent events `understood`, `passages`, "
        "`answer` and `error`.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}


_ASKED: tuple[Code, ...] = (
    "nothing-within",
    "question-blank",
    "question-too-long",
    "stopping",
)
"""Problems of a question."""

_STREAM_HEADERS = {
    "Cache-Control": "no-store",
    # nginx would send what it has collected.
    "X-Accel-Buffering": "no",
}


class StreamedAskRequest(AskRequest):
    """A question to the documents, over HTTP."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "When was the IOFS founded?"}]}
    )

    stream: bool = Field(
        default=False, description="Whether to send what is found meanwhile, as server-sent events."
    )


def add_question_routes(
    app: FastAPI, service_of: Callable[[Caller], Service], addresses: Addresses
) -> None:
    """Add the routes.

    Args:
        app: Of the programs.
        service_of: The service of a caller.
        addresses: Of the server.
    """

    @app.post(
        "/answers",
        response_model=LinkedAnswer,
        responses=_STREAM | documented(*_ASKED, *WITH_BODY),
    )
    async def ask(
        caller: Asking, asked: StreamedAskRequest, request: Request
    ) -> LinkedAnswer | Response:
        """What the documents say; `text` is null where they do not say.

        With `stream` the response is of server-sent events: `understood` with the questions that
        are answered, `passages` as a search returns them, and last `answer`, or `error` with a
        problem. What goes wrong before the first of them is a problem with its status.
        """
        service = service_of(caller)
        if not asked.stream:
            return await while_connected(request, answer(service, asked, addresses, caller))
        replies = stages(service, asked, addresses, caller)
        # Until the first stage the status can tell why there is no answer.
        first = await while_connected(request, anext(replies))
        return _EventStream(_events(service, first, replies), headers=_STREAM_HEADERS)

    @app.post(
        "/searches",
        responses=documented(*_ASKED, *WITH_BODY),
    )
    async def search_passages(
        caller: Asking, asked: SearchRequest, request: Request
    ) -> PassageList:
        """The passages nearest to a question, best first, which are not read."""
        searched = search(service_of(caller), asked, caller)
        return PassageList(await while_connected(request, searched))

    @app.post("/receipts/verify", responses=documented("not-a-receipt", "stopping", *WITH_BODY))
    async def verify_receipt(
        caller: Asking, receipt: VerifyRequest, request: Request
    ) -> Verification:
        """Whether the documents still hold what an earlier answer quotes."""
        return await while_connected(request, verify(service_of(caller), receipt, caller))

    @app.post(
        "/feedback", status_code=204, responses=documented("not-signed", "no-room", *WITH_BODY)
    )
    def rate_answer(caller: Asking, rating: FeedbackRequest) -> None:
        """Store a rating of an answer that this server gave."""
        operations.rate(service_of(caller), rating, caller.name)


class _EventStream(EventSourceResponse):
    """Server-sent events; the question is given up at once when the client goes."""

    def __init__(self, events: AsyncGenerator[bytes, None], headers: Mapping[str, str]) -> None:
        super().__init__(events, headers=headers)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


async def _events(
    service: Service, first: StageReply, replies: AsyncGenerator[StageReply, None]
) -> AsyncGenerator[bytes, None]:
    """A question's stages as server-sent events; the last one is the answer or the problem."""
    async with aclosing(replies):
        try:
            yield _event(first)
            async for reply in replies:
                yield _event(reply)
        except Exception as error:  # The response has begun: its status cannot tell any more.
            problem = problem_of(error)
            service.metrics.count_refusal(problem.code)
            details = details_of(problem).model_dump_json()
            yield format_sse_event(event="error", data_str=details)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _event(reply: StageReply) -> bytes:
    shown = PassageList(reply) if isinstance(reply, tuple) else reply
    kind: Any = type(shown)
    return format_sse_event(event=_EVENTS[kind], data_str=_adapter(kind).dump_json(shown).decode())


_EVENTS: dict[type, str] = {
    UnderstoodEvent: "understood",
    PassageList: "passages",
    LinkedAnswer: "answer",
}
