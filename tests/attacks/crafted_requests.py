"""Crafted requests, which attack the routes and events of a chat."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.attacks.page_client import PageClient

ELSEWHERE = "elsewhere.example"
"""A host of which nothing may be heard."""

FILL = ("0", "nothing", "..%2f..%2f..%2fetc%2fhostname", "a" * 5000)
"""For a parameter of a path, beside the files that must not be had."""

DEEP = "[" * 100_000 + "]" * 100_000

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nA form.\r\n--x--\r\n"
)

TAKES_FORMS = ("/gradio_api/upload", "/api/v1/documents", "/sign-out")
"""Paths at which a form is no fault; signing out does not look at it."""

RAW = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        method: Of HTTP.
        path: With what is asked.
        body: As it is sent.
        headers: Beside those of every request.
        refused: Whether a status below 400 is a fault.
        awaited: A session whose events are then waited for.
    """

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    refused: bool = False
    awaited: str = ""

    def __str__(self) -> str:
        """All of it, shortened, as it is printed to be repeated."""
        body = self.body[:300].decode("utf-8", "replace")
        return f"{self.method} {self.path[:200]} {self.headers} {body}"


def posted(path: str, body: object, **more: Any) -> Request:
    """JSON to a path of Gradio's."""
    return Request("POST", f"/gradio_api/{path}", json.dumps(body).encode(), RAW, **more)


def to_routes(routes: Sequence[tuple[str, str]], files: Sequence[str]) -> Iterator[Request]:
    """Each route with odd parameters and, where it takes a body, odd bodies."""
    for method, route in routes:
        for fill in (*FILL, *(quote(file, safe="/:") for file in files)):
            path = _filled(route, fill)
            if method in ("GET", "HEAD"):
                yield Request(
                    method, f"{path}?session_hash={quote(fill)}&path={quote(fill)}&page=1"
                )
            else:
                body = {"data": [named(fill)], "session_hash": "attack", "fn_index": 0}
                yield Request(method, path, json.dumps(body).encode(), RAW)
            if path == route:
                break
        if method == "POST":
            path = _filled(route, "0")
            yield Request(method, path)
            yield Request(method, path, b"{", RAW)
            yield Request(method, path, DEEP.encode(), RAW)
            yield Request(method, path, f'{{"data": {DEEP}}}'.encode(), RAW)
            yield Request(method, path, b"\xff\xfe\x00", RAW)
            if path not in TAKES_FORMS:
                form = {"Content-Type": "multipart/form-data; boundary=x"}
                yield Request(method, path, FORM, form, refused=True)


def to_events(page: PageClient, files: Sequence[str]) -> Iterator[Request]:
    """Each event with a file, named by path or address, in the place of each input."""
    for event in page.events.values():
        plain = page.inputs(event, {})
        for number in range(len(plain)):
            for file in files:
                for value in (named(file), [named(file)], {"a": [named(file)]}):
                    data = [*plain[:number], value, *plain[number + 1 :]]
                    yield from by_every_way(event, data)
        yield from by_every_way(event, plain, event_data=named(files[0]))


def by_every_way(
    event: dict[str, Any], data: list[object], event_data: object = None
) -> Iterator[Request]:
    """An event asked for by the queue and past it."""
    id, name = event["id"], event["api_name"] or "predict"
    session = f"attack{id}"
    body = {"data": data, "event_data": event_data, "fn_index": id, "session_hash": session}
    yield posted("queue/join?", body | {"trigger_id": 1}, awaited=session)
    yield posted("run/predict", body)
    yield posted(f"run/{name}", {"data": data})
    yield posted(f"api/{name}", {"data": data})
    yield posted(f"call/{name}", {"data": data})


def to_unknown_events(most: int) -> Iterator[Request]:
    """Functions that are not there; ``most`` is the highest id that is."""
    for id in (most + 1, 9999, -1, 2**40, "a", None, 1.5):
        body = {"data": ["a"], "fn_index": id, "session_hash": "attack"}
        yield posted("queue/join?", body, refused=True)
        yield posted("run/predict", body, refused=True)
    for name in ("nothing", "..", "a" * 5000):
        for way in ("run", "api", "call"):
            yield posted(f"{way}/{name}", {"data": []}, refused=True)


def to_odd_addresses() -> Iterator[Request]:
    """Addresses that brought about an error of the server or a traceback."""
    yield Request("GET", "/?page=1")
    yield Request("GET", "/gradio_api/queue/data?session_hash=unknown")
    yield Request("GET", "/gradio_api/call/search/unknown")
    for folder in ("static", "assets", "svelte"):
        yield Request("GET", f"/{folder}/{'a' * 300}")


def with_other_hosts() -> Iterator[Request]:
    """The page and its configuration as asked for by way of another host."""
    for path in ("/", "/config", "/gradio_api/info", "/theme.css"):
        for name in ("Host", "Scheme", "Server", "Prefix", "Proto", "Port"):
            value = "https" if name in ("Scheme", "Proto") else ELSEWHERE
            yield Request("GET", path, headers={f"X-Forwarded-{name}": value})
        both = {"X-Forwarded-Host": ELSEWHERE, "X-Forwarded-Proto": "https"}
        yield Request("GET", path, headers=both)
        yield Request("GET", path, headers={"Forwarded": f"host={ELSEWHERE};proto=https"})
        yield Request("GET", path, headers={"X-Gradio-Server": f"https://{ELSEWHERE}"})
        yield Request("GET", path, headers={"X-Direct-Url": f"https://{ELSEWHERE}"})


def with_devices(page: PageClient, devices: Sequence[Path]) -> Iterator[Request]:
    """Events with what never ends in the place of a file."""
    for device in devices:
        # 80 bytes that stopped the server for good.
        yield posted("run/search", {"data": [named(str(device))]})
    for event in page.events.values():
        if event["inputs"]:
            plain = page.inputs(event, {})
            for device in devices:
                yield from by_every_way(event, [named(str(device)), *plain[1:]])
                yield from by_every_way(event, [[named(str(device))], *plain[1:]])


def named(path: str) -> dict[str, object]:
    """A file as Gradio's client names it."""
    file: dict[str, object] = {"path": path, "meta": {"_type": "gradio.FileData"}}
    return file | ({"url": path, "path": ""} if "://" in path else {})


def _filled(route: str, fill: str) -> str:
    parts = route.split("{")
    return parts[0] + "".join(fill + part.partition("}")[2] for part in parts[1:])
