"""Cross-origin: pages of named origins may send requests to the paths for programs."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from qa.web.guard import PROGRAM_PATHS


class CrossOrigin(CORSMiddleware):
    """Tells browsers that a page may read what it is sent: in front of all that refuses requests.

    What comes from elsewhere, or is for another path, is left to the guard.

    Args:
        app: The application.
        origins: That are named.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "X-API-Key",
                "MCP-Protocol-Version",
                "Mcp-Method",
                "Mcp-Name",
            ),
            expose_headers=("Retry-After",),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if (
            scope["type"] == "http"
            and PROGRAM_PATHS.fullmatch(scope["path"])
            and Headers(scope=scope).get("origin") in self.allow_origins
        ):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)
