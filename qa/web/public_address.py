"""Public address: the host names and the path under which a proxy shows the page.

The page's own addresses are relative, so a proxy that removes the path from its requests needs no
more than its name allowed. One that does not sends whole paths, which would fit no route.
"""

import re
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")

_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


def parse_host(text: str) -> str:
    """A host name or address as the Host header has it, without port.

    >>> parse_host("QA.example.org"), parse_host("bücher.example"), parse_host("[2001:db8::1]")
    ('qa.example.org', 'xn--bcher-kva.example', '2001:db8::1')

    Raises:
        ValueError: It is neither.
    """
    name = text.removeprefix("[").removesuffix("]")
    with suppress(ValueError):
        return str(ip_address(name))
    with suppress(UnicodeError):
        name = name.encode("idna").decode().lower()
        if _HOST_NAME.fullmatch(name):
            return name
    raise ValueError(f"expected a host name without port, such as qa.example.org, got {text!r}")


def parse_origin(text: str) -> str:
    """An origin as browsers send it.

    >>> parse_origin("https://App.example.org/"), parse_origin("http://localhost:3000")
    ('https://app.example.org', 'http://localhost:3000')

    Raises:
        ValueError: It is none.
    """
    expected = f"expected an origin, such as https://app.example.org, got {text!r}"
    try:
        parts = urlsplit(text)
        host, port = parse_host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise ValueError(expected) from error
    if parts.scheme not in ("http", "https") or parts.path not in ("", "/"):
        raise ValueError(expected)
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(expected)
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}"


def parse_root_path(text: str) -> str:
    """The path with a slash at its beginning and none at its end; empty for the root.

    >>> parse_root_path("qa/"), parse_root_path("/a/b"), parse_root_path("/")
    ('/qa', '/a/b', '')

    Raises:
        ValueError: It is no path of plain names.
    """
    stripped = text.strip("/")
    path = f"/{stripped}" if stripped else ""
    if not _ROOT_PATH.fullmatch(path) or {".", ".."} & set(stripped.split("/")):
        raise ValueError(f"expected a path such as /qa, got {text!r}")
    return path


class RootPath:
    """ASGI middleware that takes the root path off a request's path, where it is there.

    Args:
        app: The application, which knows nothing of it.
        path: As ``parse_root_path`` gives it.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(f"{self.path}/"):
            raw = scope.get("raw_path") or scope["path"].encode()
            scope = {
                **scope,
                "path": scope["path"].removeprefix(self.path),
                "raw_path": raw.removeprefix(self.path.encode()),
            }
        await self.app(scope, receive, send)
