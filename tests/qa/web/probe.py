"""The replies of a real page to requests and hostile events, as JSON.

    python -m tests.qa.web.probe FOLDER

In a process of its own because Gradio leaves event loops open, of which pytest makes errors.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount

from qa import QuestionAnswerer, Settings
from qa.access.policy import Access
from qa.service.service import Service
from qa.service.services import Services
from qa.web.chats import Chats
from qa.web.server import ChatPage, ServerOptions, build_server
from qa.web.tabs.page import chat_page

SECRET = "swordfish"


def probe(place: Path) -> dict[str, Any]:
    """The replies of a chat and of a read-only chat to all routes and to hostile events."""
    town = place / "town"
    town.mkdir(parents=True)
    (town / "bridge.txt").write_text("The bridge was opened in 1901.")
    (place / "secret.txt").write_text(SECRET)
    os.mkfifo(place / "fifo.txt")
    settings = Settings(index=place / "index")
    found: dict[str, Any] = {}
    with QuestionAnswerer.from_documents(town, settings=settings) as answerer:
        chats = Chats(Services(Service(answerer, town)))
        uploads = chats.service.uploads
        uploads.open()
        access = Access.beside(settings.index, required=False)
        os.environ["GRADIO_TEMP_DIR"] = str(uploads.incoming.folder)
        for name, read_only in (("written", False), ("read", True)):
            page = chat_page(chats, read_only)
            server = build_server(chats, access, ServerOptions(read_only=read_only), page)
            found[name] = {
                "routes": {route: _reply(server, route) for route in _routes(server.routes)},
                "inputs": [list(kind.inputs) for kind in page.events.values()],
                "events": list(_hostile_events(server, page, place)),
                "queued": _queued_events(server, page),
            }
        found["unguarded"] = _unguarded(chat_page(chats, False), place)
        paths = [path for path in uploads.incoming.folder.rglob("*") if path.is_file()]
        found["copies"] = sum(SECRET.encode() in path.read_bytes() for path in paths)
        uploads.close()
    return found


def _routes(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    for route in routes:
        known: Any = route  # Each kind of route has other attributes.
        if isinstance(route, Mount):
            yield from _routes(route.routes, prefix + route.path)
        elif hasattr(known, "original_router"):  # How FastAPI keeps a router that was included.
            within = prefix + known.include_context.prefix
            yield from _routes(known.original_router.routes, within)
        else:
            for method in known.methods or ():
                yield f"{method} {prefix}{known.path}"


def _reply(server: FastAPI, route: str) -> tuple[int, str]:
    """The reply to a route with all parameters filled in; endless ones are not requested."""
    method, path = re.sub(r"\{\w+(:path)?\}", "x", route).split(" ")
    if "heartbeat" in path or "queue/data" in path:
        return 200, ""
    return _ask(server, method, path, {} if method == "POST" else None)


def _hostile_events(
    server: FastAPI, page: ChatPage, place: Path
) -> Iterator[tuple[int, list[str], int]]:
    names = [str(place / "secret.txt"), str(place / "fifo.txt"), "/dev/zero", "http://192.0.2.1/a"]
    for name in names:
        file = {"path": name, "meta": {"_type": "gradio.FileData"}}
        for number, kind in page.events.items():
            kinds = kind.inputs
            if not kinds:
                continue  # Nothing that is sent with it is passed on.
            for data in ([file] * len(kinds), [[file]] * len(kinds)):
                sent = {"fn_index": number, "data": data, "event_data": file, "session_hash": "x"}
                for path in ("/gradio_api/queue/join", "/gradio_api/run/predict"):
                    yield number, list(kinds), _ask(server, "POST", path, sent)[0]
    unknown = {"fn_index": 999, "data": [], "session_hash": "x"}
    yield 999, [], _ask(server, "POST", "/gradio_api/run/predict", unknown)[0]


def _queued_events(server: FastAPI, page: ChatPage) -> tuple[list[int], list[str], int]:
    """The replies to events of a server that was not started; those kept; how many are begun."""
    (gradio,) = (
        route.app
        for route in server.routes
        if isinstance(route, Mount) and hasattr(route.app, "get_blocks")
    )
    blocks = gradio.get_blocks()
    blocks._queue.stopped = False
    number = next(number for number, kind in page.events.items() if kind.queued)
    texts = [""] * len(page.events[number].inputs)
    sent = {"fn_index": number, "data": texts, "session_hash": "y"}
    statuses = [_ask(server, "POST", "/gradio_api/queue/join", sent)[0] for _ in range(10)]
    return statuses, list(page.waiting()), blocks.fns[number].concurrency_limit


def _unguarded(page: ChatPage, place: Path) -> tuple[int, str]:
    """Gradio's own reply to a file that was not received, without the guard."""
    server = FastAPI()
    page.mount(server)
    file = {"path": str(place / "secret.txt"), "meta": {"_type": "gradio.FileData"}}
    search = max(number for number, kind in page.events.items() if kind.inputs == ("text",))
    sent = {"fn_index": search, "data": [file], "session_hash": "x"}
    return _ask(server, "POST", "/gradio_api/run/predict", sent)


def _ask(server: FastAPI, method: str, path: str, sent: object = None) -> tuple[int, str]:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(server, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, json=sent)

    reply = asyncio.run(send())
    return reply.status_code, reply.text[:2_000]


if __name__ == "__main__":
    print(json.dumps(probe(Path(sys.argv[1]))))
