"""Streamable HTTP: the tools at an address of a web server."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from qa.access.caller import Caller
from qa.mcp.server import mcp_server
from qa.mcp.tools import Asker
from qa.service.read_only import ReadOnlyService
from qa.service.replies import Addresses

PATH = "/mcp"
"""Of the tools."""


_UNUSED = ("DELETE", "GET")
"""Methods that the protocol has for sessions and streams, and clients do without."""


class McpFace:
    """The tools as an ASGI application, for one start of a server.

    A middleware before it tells the caller, as ``scope["state"]["caller"]``, and checks host and
    origin. Add ``route`` to a server, and enter ``lifespan`` in that of the server.

    Args:
        service_of: The service of a caller.
        place: Held while a question is answered.
        root_path: Path below which a proxy shows the server, without a slash at its end.
    """

    def __init__(
        self,
        service_of: Callable[[Caller], ReadOnlyService],
        place: Callable[[Caller], AbstractAsyncContextManager[None]],
        root_path: str = "",
    ) -> None:
        self._service_of = service_of
        self._root_path = root_path
        self._manager = StreamableHTTPSessionManager(
            mcp_server(self._asker, place),
            # Each request stands by itself: there are no sessions that a client could exhaust, or
            # that a restart or another process would not know.
            stateless=True,
            # The SDK's streams of events end as soon as the server is told to, answered or not.
            json_response=True,
        )

    @property
    def route(self) -> Route:
        """Of the tools."""
        # GET would open a stream for messages that there are none of, DELETE end a session: as the
        # protocol has it, clients do without.
        return Route(PATH, self, methods=["POST", *_UNUSED], include_in_schema=False)

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Serves requests while it is entered; once."""
        return self._manager.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as long as its client is connected."""
        if scope["method"] != "POST":
            refusal = PlainTextResponse("Method Not Allowed", 405, {"Allow": "POST"})
            await refusal(scope, receive, send)
            return
        # With JSON as responses the SDK does not look whether the client is still there.
        put, taken = anyio.create_memory_object_stream[Message]()

        async def watch() -> None:
            while (message := await receive())["type"] != "http.disconnect":
                await put.send(message)
            tasks.cancel_scope.cancel()

        with put, taken:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch)
                await self._manager.handle_request(scope, taken.receive, send)
                tasks.cancel_scope.cancel()

    def _asker(self, request: Request | None) -> Asker:
        if request is None:
            raise TypeError("expected a request of HTTP")
        caller: Caller = request.scope["state"]["caller"]
        # Whole addresses: an assistant shows them to people, who have no page to which others
        # would be relative.
        root = f"{str(request.base_url).rstrip('/')}{self._root_path}"
        return Asker(caller, self._service_of(caller), Addresses(root))
