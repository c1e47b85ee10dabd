"""Problem responses: why a request was not served, as RFC 9457 has it."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.service.codes import Code
from qa.service.problems import Problem, Refused, problem_of

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[Code, int] = {
    "invalid-request": 400,
    "host-not-allowed": 400,
    "not-authenticated": 401,
    "not-allowed": 403,
    "read-only": 403,
    "cross-site": 403,
    "not-signed": 403,
    "not-found": 404,
    "nothing-within": 404,
    "no-document": 404,
    "no-page": 404,
    "several-documents": 409,
    "no-job": 404,
    "method-not-allowed": 405,
    "too-slow": 408,
    "document-changed": 409,
    "library-locked": 409,
    "unreadable": 409,
    "length-required": 411,
    "too-large": 413,
    "wrong-media-type": 415,
    "invalid-fields": 422,
    "question-blank": 422,
    "question-too-long": 422,
    "not-a-receipt": 422,
    "too-many-requests": 429,
    "internal": 500,
    "index-damaged": 500,
    "busy": 503,
    "stopping": 503,
    "not-ready": 503,
    "issuer-unreachable": 503,
    "no-room": 507,
}
"""HTTP status of each problem."""

CLIENT_GONE = 499
"""Status of a response that nobody reads, as nginx logs it."""

MAX_ERRORS = 20
"""Invalid fields named in one problem."""


class InvalidField(BaseModel):
    """A field of a request that is not as expected."""

    location: str = Field(description="Where it stands, such as body.within.0.")
    message: str = Field(description="What was expected.")


class ProblemDetails(BaseModel):
    """Why a request was not served: RFC 9457, with a stable code for programs."""

    type: str = Field(default="about:blank", description="As RFC 9457; the code says more.")
    title: str = Field(description="Of the HTTP status.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="A sentence for people.")
    code: Code
    errors: list[InvalidField] = Field(default=[], description="Fields that are not as expected.")


class RefusalCounts:
    """ASGI middleware that has every problem counted that is told as a response.

    Args:
        app: The application.
        count: Called with the problem's code.
    """

    def __init__(self, app: ASGIApp, count: Callable[[str], object]) -> None:
        self.app = app
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = {**scope.get("state", {}), _COUNT: self.count}
        await self.app({**scope, "state": state}, receive, send)


_COUNT = "count_refusal"


class ProblemResponse(Response):
    """The response that tells a problem."""

    def __init__(self, problem: Problem, content: str, media_type: str) -> None:
        headers = {"Cache-Control": "no-store"}
        status = STATUSES[problem.code]
        if problem.retry_seconds:
            headers["Retry-After"] = str(problem.retry_seconds)
            # Kept open, it would end just when the client comes again.
            headers["Connection"] = "close"
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        super().__init__(content, status, headers, media_type)
        self.code = problem.code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope.get("state", {}).get(_COUNT, _not_counted)(self.code)
        await super().__call__(scope, receive, send)


def _not_counted(_: str) -> None:
    """For an application without the middleware."""


def problem_response(problem: Problem, errors: list[InvalidField] | None = None) -> Response:
    """The response that tells a problem.

    Args:
        problem: Why the request was not served.
        errors: Fields that are not as expected.
    """
    content = details_of(problem, errors).model_dump_json()
    return ProblemResponse(problem, content, MEDIA_TYPE)


def plain_response(problem: Problem) -> Response:
    """The response that tells a problem to the page, or to a person who opened an address."""
    return ProblemResponse(problem, problem.sentence, "text/plain")


def details_of(problem: Problem, errors: list[InvalidField] | None = None) -> ProblemDetails:
    """A problem as it is sent."""
    status = STATUSES[problem.code]
    return ProblemDetails(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=problem.sentence,
        code=problem.code,
        errors=errors or [],
    )


class ClientGone(Exception):
    """The client is gone; nobody reads a response."""


class ProblemRoute(APIRoute):
    """A route that tells as a problem whatever it raises.

    A handler of ``Exception`` would do so, too, but Starlette then raises it again, for the log.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function that serves a request."""
        handle, takes_json = super().get_route_handler(), self.body_field is not None

        async def handle_or_tell(request: Request) -> Response:
            try:
                if takes_json and _media_type(request) != "application/json":
                    raise Refused("wrong-media-type", "Expected Content-Type: application/json.")
                return await handle(request)
            except (HTTPException, RequestValidationError):
                raise
            except ClientGone:
                return Response(status_code=CLIENT_GONE)
            except Exception as error:
                return problem_response(problem_of(error))

        return handle_or_tell


def _media_type(request: Request) -> str:
    """What a request says that its body is, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def on_invalid_fields(_: Request, error: Exception) -> Response:
    """The response to a request whose fields are not as expected.

    FastAPI's own repeats what was sent, and fails where that is no text.
    """
    assert isinstance(error, RequestValidationError)
    errors = [
        InvalidField(location=".".join(map(str, each["loc"]))[:200], message=str(each["msg"])[:200])
        for each in error.errors()[:MAX_ERRORS]
    ]
    named = ", ".join(f"{each.location!a} ({each.message!a})" for each in errors)
    problem = Problem("invalid-fields", f"Not as expected: {named[:500]}.")
    return problem_response(problem, errors)


async def on_http_error(request: Request, error: Exception) -> Response:
    """The response where no route fits."""
    assert isinstance(error, HTTPException)
    problem = {
        404: Problem("not-found", "There is nothing at this address."),
        405: Problem("method-not-allowed", "This address takes other methods."),
    }.get(error.status_code, Problem("invalid-request", "The request is not as expected."))
    response = problem_response(problem)
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(_methods_at(request))
    return response


def _methods_at(request: Request) -> list[str]:
    """The methods of all routes at a request's path; Starlette names those of the first alone."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)


def documented(*codes: Code) -> dict[int | str, dict[str, Any]]:
    """The problems of a route for its description in OpenAPI, with those of every route.

    Args:
        codes: That the route itself can respond with.
    """
    statuses: dict[int, list[Code]] = {}
    for code in (*EVERYWHERE, *codes):
        statuses.setdefault(STATUSES[code], []).append(code)
    return {
        status: {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(sorted(set(names)))}",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
            **({"headers": _RETRY_AFTER} if status in (429, 503) else {}),
        }
        for status, names in sorted(statuses.items())
    }


WITH_BODY: tuple[Code, ...] = ("too-slow", "length-required", "too-large", "wrong-media-type")
"""Problems that any route can respond with whose requests may have a body."""

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which the request can be sent again with better hope.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}

EVERYWHERE: tuple[Code, ...] = (
    "invalid-request",
    "host-not-allowed",
    "not-authenticated",
    "not-allowed",
    "cross-site",
    "invalid-fields",
    "too-many-requests",
    "internal",
    "index-damaged",
    "busy",
    "issuer-unreachable",
)
"""Problems that any route can respond with."""
