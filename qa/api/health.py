"""Health routes: whether the server lives, whether it can answer, and figures for Prometheus."""

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from embeddings.errors import ChapterAndVerseError
from qa.api.callers import caller_of
from qa.api.problem_response import problem_response
from qa.service.problems import Problem, problem_of
from qa.service.service import Service

READY_SECONDS = 2
"""After which a server that is not ready is worth asking again."""


def add_health(server: FastAPI, service: Service, figures: Callable[[], tuple[bytes, str]]) -> None:
    """Add the routes to a server.

    Args:
        server: At whose root they lie.
        service: Of the whole library.
        figures: What Prometheus reads, and its media type.
    """

    @server.get("/healthz")
    async def healthz() -> dict[str, str]:  # Async, so that it needs no thread.
        return {"status": "ok"}

    @server.get("/readyz")
    def readyz() -> Response:
        if problem := not_ready(service):
            return problem_response(Problem("not-ready", problem, READY_SECONDS))
        return JSONResponse({"status": "ready"})

    @server.get("/metrics")
    def metrics(request: Request) -> Response:
        caller = caller_of(request.scope)
        # They count what all callers do, in the whole library.
        if caller.limit or not caller.may("ask"):
            return problem_response(Problem("not-allowed", "This key may not see the figures."))
        content, media_type = figures()
        return Response(content, media_type=media_type)


def not_ready(service: Service) -> str:
    """Why questions cannot be answered yet, as a sentence; empty if they can."""
    if service.queue.stopping:
        return "The server is ending."
    if not service.ready.is_set():
        return "The models are not loaded yet."
    try:
        with service.index.snapshot():
            service.index.check_encoder(service.answerer.retriever.encoder.model)
    except ChapterAndVerseError as error:
        return problem_of(error).sentence
    return ""
