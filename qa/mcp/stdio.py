"""Standard input and output: the tools for the program that started this one."""

import anyio
from mcp.server.stdio import stdio_server
from starlette.requests import Request

from qa.access.caller import Caller
from qa.mcp.server import mcp_server
from qa.mcp.tools import Asker
from qa.service.read_only import ReadOnlyService
from qa.service.replies import Addresses

_LOCAL = Caller("local", frozenset(("ask",)))


def serve(service: ReadOnlyService) -> None:
    """Serve until the standard input ends; nothing else reaches the standard output meanwhile.

    Args:
        service: Whose documents are answered from.
    """
    asker = Asker(_LOCAL, service, Addresses(None))

    def asker_of(_: Request | None) -> Asker:
        return asker

    async def run() -> None:
        server = mcp_server(asker_of)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(run)
