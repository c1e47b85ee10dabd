"""Problem responses: why a request was not served, as RFC 9457 has it."""

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match

from qa.service.codes import Code
from qa.service.problems import Problem, problem_of

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


def problem_response(problem: Problem, errors: list[InvalidField] | None = None) -> Response:
    """The response that tells a problem.

    Args:
        problem: Why the request was not served.
        errors: Fields that are not as expected.
    """
    content = details_of(problem, errors).model_dump_json()
    return Response(content, STATUSES[problem.code], _headers(problem), media_type=MEDIA_TYPE)


def plain_response(problem: Problem) -> Response:
    """The response that tells a problem to the page, or to a person who opened an address."""
    return PlainTextResponse(problem.sentence, STATUSES[problem.code], _headers(problem))


def _headers(problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if problem.retry_seconds:
        headers["Retry-After"] = str(problem.retry_seconds)
    if STATUSES[problem.code] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


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


async def on_error(_: Request, error: Exception) -> Response:
    """The response to what a route raised."""
    return problem_response(problem_of(error))


async def on_invalid_fields(_: Request, error: Exception) -> Response:
    """The response to a request whose fields are not as expected.

    FastAPI's own repeats what was sent, and fails where that is no text.
    """
    assert isinstance(error, RequestValidationError)
    errors = [
        InvalidField(location=".".join(map(str, each["loc"]))[:200], message=str(each["msg"])[:200])
        for each in error.errors()[:MAX_ERRORS]
    ]
    named = ", ".join(ascii(each.location) for each in errors)
    problem = Problem("invalid-fields", f"Not as expected: {named[:300]}.")
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
        }
        for status, names in sorted(statuses.items())
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
