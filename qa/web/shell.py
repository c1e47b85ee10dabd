"""Shell: what of the page is there at once, and what surrounds Gradio's part of it.

Gradio's page names Gradio in what search engines and messengers show of it, is empty until its
scripts have run, and asks for some files at the root of the host. So its HTML is changed on its
way out: a head of our own, the page's scripts, and a first picture of the page.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI
from fastapi.requests import Request
from fastapi.responses import FileResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.web.caching import IMMUTABLE
from qa.web.html.shell_page import first_picture, html_attributes, page_head

SCRIPTS = Path(__file__).with_name("scripts")
"""The page's own scripts: ES modules."""

MAIN_SCRIPT = "main.js"
"""The one that imports the others."""

SCRIPTS_ROUTE = "scripts"
"""Path of the scripts, relative to the chat's; their version and name follow."""

ICONS = Path(__file__).with_name("icons")
"""The page's icon, as browsers and as search engines ask for it."""

ICON_MAX_AGE = 86_400
"""Seconds for which a browser caches it."""

PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'"
)
"""Content-Security-Policy: no other host, and no script in a page but those that were sent in it.

Gradio's scripts need ``unsafe-eval`` for two things, and for no other: each ``gr.HTML`` makes a
function of its template whenever it is drawn, even of the one that is nothing but its value, and
each ``js=`` of an event is made a function when the page is built. Without it the first shows
nothing, and the page is not built at all where there is one of the second.
"""

# Gradio's own name, and what is asked for at another path or never used.
_REMOVED = re.compile(
    rb"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*"
    rb"|<link rel=\"manifest\"[^>]*>\s*"
    rb"|<base href[^>]*>\s*"
    rb"|<script>\s*\(\(\) => \{\s*const root = (?:(?!</script>).)*iframeResizer.*?</script>\s*",
    re.DOTALL,
)

_VIEWPORT = re.compile(rb"<meta\s+name=\"viewport\"[^>]*>")
_OWN_VIEWPORT = (
    b'<meta name="viewport" content="width=device-width, initial-scale=1, '
    b'interactive-widget=resizes-content"/>'
)

# Modules run in the order of the document, once it is there: ours before Gradio's, whose events
# call it.
_CONFIGURATION = b"<script>window.gradio_config"

_HTML = b"<html"

_APP = b"<gradio-app"

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


def scripts_version() -> str:
    """The digest of all scripts: a change of any is a new address for each."""
    digest = sha256()
    for path in sorted(SCRIPTS.glob("*.js")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def add_scripts(server: FastAPI) -> None:
    """Serve the page's scripts and its icon.

    Args:
        server: Before the page is mounted.
    """
    files, current = StaticFiles(directory=SCRIPTS), scripts_version()

    @server.get(f"/{SCRIPTS_ROUTE}/{{version}}/{{name}}")
    async def script(version: str, name: str, request: Request) -> Response:
        if version != current:
            raise HTTPException(404)
        response = await files.get_response(name, request.scope)
        response.headers["Cache-Control"] = IMMUTABLE
        return response

    for path in sorted(ICONS.iterdir()):
        server.get(f"/{path.name}")(_icon_route(path))


def _icon_route(path: Path) -> Callable[[], Awaitable[Response]]:
    async def icon() -> Response:
        return FileResponse(path, headers={"Cache-Control": f"public, max-age={ICON_MAX_AGE}"})

    return icon


class Shell:
    """ASGI middleware that changes the page on its way out.

    Args:
        app: The application that serves it.
        folder: Name of the folder that the chat is about.
        attributes: Of the page's HTML, for a request.
    """

    def __init__(
        self, app: ASGIApp, folder: str, attributes: Callable[[Scope], Mapping[str, str]]
    ) -> None:
        self.app = app
        self.attributes = attributes
        others = sorted(path.name for path in SCRIPTS.glob("*.js") if path.name != MAIN_SCRIPT)
        place = f"./{SCRIPTS_ROUTE}/{scripts_version()}"
        scripts = [f"{place}/{name}" for name in (MAIN_SCRIPT, *others)]
        self._head = page_head(folder, scripts).encode()
        self._body = first_picture(folder).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        # What lies where in the library is looked up for it.
        attributes = await asyncio.to_thread(self.attributes, scope)
        start: Message = {}
        body = bytearray()

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            changed = self.changed(bytes(body), attributes)
            headers = MutableHeaders(scope=start)
            headers["content-length"] = str(len(changed))
            headers["Content-Security-Policy"] = policy_of(changed)
            await send(start)
            await send({"type": "http.response.body", "body": changed})

        await self.app(scope, receive, send_changed)

    def changed(self, page: bytes, attributes: Mapping[str, str]) -> bytes:
        """Gradio's page with our head, and the first picture of the page in its body.

        Args:
            page: As Gradio has it.
            attributes: Of its HTML.
        """
        page = page.replace(_HTML, _HTML + html_attributes(attributes).encode(), 1)
        page = _VIEWPORT.sub(_OWN_VIEWPORT, _REMOVED.sub(b"", page))
        page = page.replace(_CONFIGURATION, self._head + _CONFIGURATION, 1)
        return page.replace(_APP, self._body + _APP, 1)


def policy_of(page: bytes) -> str:
    """The policy under which the scripts in a page may run, and none that is added later."""
    scripts = dict.fromkeys(_INLINE_SCRIPT.findall(page))
    digests = (b64encode(sha256(script).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return PAGE_POLICY.replace("script-src 'self'", f"script-src 'self' {allowed}")
