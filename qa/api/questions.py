"""Question routes for programs: answers, searches, receipts and feedback."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import Field, TypeAdapter

from qa.access.caller import Caller
from qa.api.asking import answer, search, stages, while_connected
from qa.api.callers import Asking
from qa.api.problem_response import details_of, documented
from qa.results import Hit
from qa.service import operations
from qa.service.operations import StageReply
from qa.service.problems import problem_of
from qa.service.replies import Addresses, LinkedAnswer, UnderstoodEvent, Verification
from qa.service.requests import AskRequest, FeedbackRequest, SearchRequest, VerifyRequest
from qa.service.service import Service

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, server-sent events `understood`, `passages`, "
        "`answer` and `error`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


class StreamedAskRequest(AskRequest):
    """A question to the documents, over HTTP."""

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
        responses=_STREAM
        | documented("nothing-within", "question-blank", "question-too-long", "stopping"),
    )
    async def answers(
        caller: Asking, asked: StreamedAskRequest, request: Request
    ) -> LinkedAnswer | Response:
        """What the documents say; `text` is null where they do not say."""
        service = service_of(caller)
        if not asked.stream:
            return await while_connected(request, answer(service, asked, addresses, caller))
        return EventSourceResponse(_events(service, asked, addresses, caller))

    @app.post(
        "/searches",
        responses=documented("nothing-within", "question-blank", "question-too-long"),
    )
    async def searches(caller: Asking, asked: SearchRequest, request: Request) -> tuple[Hit, ...]:
        """The passages nearest to a question, best first, which are not read."""
        return await while_connected(request, search(service_of(caller), asked, caller))

    @app.post("/receipts/verify", responses=documented("not-a-receipt", "too-large"))
    def verify(caller: Asking, receipt: VerifyRequest) -> Verification:
        """Whether the documents still hold what an earlier answer quotes."""
        return operations.verify(service_of(caller), receipt)

    @app.post(
        "/feedback", status_code=204, responses=documented("not-signed", "too-large", "no-room")
    )
    def feedback(caller: Asking, rating: FeedbackRequest) -> None:
        """Store a rating of an answer that this server gave."""
        operations.rate(service_of(caller), rating, caller.name)


async def _events(
    service: Service, asked: AskRequest, addresses: Addresses, caller: Caller
) -> AsyncIterator[bytes]:
    """A question's stages as server-sent events; the last one is the answer or the problem."""
    try:
        async with aclosing(stages(service, asked, addresses, caller)) as replies:
            async for reply in replies:
                yield _event(reply)
    except Exception as error:  # The response has begun: its status cannot tell any more.
        problem = details_of(problem_of(error))
        yield format_sse_event(event="error", data_str=problem.model_dump_json())


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _event(reply: StageReply) -> bytes:
    name: str
    kind: Any
    match reply:
        case UnderstoodEvent():
            name, kind = "understood", UnderstoodEvent
        case LinkedAnswer():
            name, kind = "answer", LinkedAnswer
        case _:
            name, kind = "passages", tuple[Hit, ...]
    return format_sse_event(event=name, data_str=_adapter(kind).dump_json(reply).decode())
