"""Shell: Gradio's page with a head of our own, and the scripts that it loads.

Gradio's page names Gradio in what search engines and messengers show of it, and has no place for
a script that is there before its own; so its HTML is changed on its way out.
"""

import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPTS = Path(__file__).with_name("scripts")
"""The page's own scripts: ES modules; ``main.js`` imports the others."""

SCRIPTS_ROUTE = "scripts"
"""Path of the scripts, relative to the chat's."""

_METADATA = re.compile(rb"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*")

# Modules run in the order of the document: ours before Gradio's, whose events call it.
_BEFORE = b"<script>window.gradio_config"

_ROOT_STYLE = Path(__file__).with_name("html") / "css" / "root.css"

_HEAD = (
    f"<style>{_ROOT_STYLE.read_text(encoding='utf-8')}</style>"
    f'<script type="module" src="./{SCRIPTS_ROUTE}/main.js"></script>\n'
).encode()


def add_scripts(server: FastAPI) -> None:
    """Serve the page's scripts.

    Args:
        server: Before the page is mounted.
    """
    files = StaticFiles(directory=SCRIPTS)

    @server.get(f"/{SCRIPTS_ROUTE}/{{name}}")
    async def script(name: str, request: Request) -> Response:
        return await files.get_response(name, request.scope)


class Shell:
    """ASGI middleware that changes the head of the page.

    Args:
        app: The application that serves it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            changed = with_head(bytes(body))
            MutableHeaders(scope=start)["content-length"] = str(len(changed))
            await send(start)
            await send({"type": "http.response.body", "body": changed})

        await self.app(scope, receive, send_changed)


def with_head(page: bytes) -> bytes:
    """Gradio's page with our head."""
    return _METADATA.sub(b"", page).replace(_BEFORE, _HEAD + _BEFORE, 1)
