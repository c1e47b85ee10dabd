"""The application for programs, with its description in OpenAPI."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from qa.api.description import INTRODUCTION, describe
from qa.api.documents import add_document_routes
from qa.api.problem_response import (
    ProblemRoute,
    on_http_error,
    on_invalid_fields,
)
from qa.api.questions import add_question_routes
from qa.service.jobs import Jobs
from qa.service.replies import API, Addresses
from qa.service.services import Services


def api_app(services: Services, addresses: Addresses, read_only: bool) -> FastAPI:
    """The application, to be mounted at ``API``.

    Args:
        services: Of the server.
        addresses: Of the server.
        read_only: Whether nothing changes the library.
    """
    app = FastAPI(
        title="Chapter and Verse",
        version=version("chapter-and-verse"),
        description=INTRODUCTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        servers=[{"url": f"{addresses.root or ''}{API}"}],
        root_path_in_servers=False,
        # A redirect would name an address that is not the server's behind a proxy.
        redirect_slashes=False,
        # The names of the functions in clients that are generated.
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        exception_handlers={
            RequestValidationError: on_invalid_fields,
            HTTPException: on_http_error,
        },
    )
    app.router.route_class = ProblemRoute
    add_question_routes(app, services.of, addresses)
    add_document_routes(app, services.of, addresses, Jobs(), read_only)
    describe(app)
    return app
