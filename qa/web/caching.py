"""Caching: how long browsers keep what the server sends.

What has a digest of its content in its address never changes there. All else is compared with the
server's each time, which costs a request but no bytes: it has an ETag.
"""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IMMUTABLE = "public, max-age=31536000, immutable"
"""Of an address with a digest: kept for a year without a request."""

_COMPARED = "no-cache"
"""Of the others: kept, but compared with the server's each time."""

CREDENTIALS = "Authorization, Cookie, X-API-Key"
"""Headers that tell who sends a request: what is kept for one caller is not shown to another who
uses the same browser."""

_HASHED_PATH = re.compile(r"/assets/[\w.-]*-[\w-]{8}\d?\.\w+")
_HASHED_QUERY = re.compile(rb"v=[0-9a-f]{64}")


class CacheHeaders:
    """ASGI middleware that adds ``Cache-Control`` where the response has none.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        hashed = _HASHED_PATH.fullmatch(scope["path"]) or (
            scope["path"] == "/theme.css" and _HASHED_QUERY.fullmatch(scope["query_string"])
        )

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = hashed and message["status"] in (200, 304)
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", IMMUTABLE if kept else _COMPARED)
                if headers["Cache-Control"].startswith("private"):
                    headers.add_vary_header(CREDENTIALS)
            await send(message)

        await self.app(scope, receive, send_with_header)
