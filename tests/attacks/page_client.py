"""Page client: what the script of the page sends and reads, without a browser.

The page is opened first, its configuration read, a heartbeat kept open; events go by the queue or
past it, as the configuration says of each.
"""

import json
from collections.abc import Iterator, Mapping
from random import Random
from types import TracebackType
from typing import Any, Literal, Self

import httpx

SECONDS = 60.0
"""Longest wait for a reply, or for the next word of one."""

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

BUSY = ("the server is busy", "try again")
"""Of sentences that say that the server has too much to do."""

Outcome = Literal["answered", "busy", "failed"]


class Refused(Exception):
    """The server refused a request, with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message[:200]}")
        self.status = status


class PageClient:
    """One open page. Closes its connections at the end."""

    def __init__(self, url: str, chance: Random, seconds: float = SECONDS) -> None:
        self.url = url
        self.session = "".join(chance.choices(LETTERS, k=11))
        self._http = httpx.Client(
            base_url=url,
            headers={"User-Agent": "Mozilla/5.0", "Accept-Language": "en"},
            timeout=seconds,
            trust_env=False,
        )
        self._heartbeat: httpx.Response | None = None
        self.turns: list[str] = []
        """The conversation as the browser keeps it: JSON of each turn."""

    def __enter__(self) -> Self:
        """Open the page."""
        self._checked(self._http.get("/", headers={"Accept": "text/html"}))
        self.config = self._checked(self._http.get("/config")).json()
        self.components = {component["id"]: component for component in self.config["components"]}
        self.events = {event["id"]: event for event in self.config["dependencies"]}
        heartbeat = self._http.build_request("GET", f"/gradio_api/heartbeat/{self.session}")
        self._heartbeat = self._http.send(heartbeat, stream=True)
        for event in self.events_of("load"):
            self.trigger(event, None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._heartbeat:
            self._heartbeat.close()
        self._http.close()

    def component(self, elem_id: str) -> int:
        """Id of the component of that name."""
        return next(
            int(id)
            for id, component in self.components.items()
            if component["props"].get("elem_id") == elem_id
        )

    def events_of(self, how: str, elem_id: str = "") -> list[dict[str, Any]]:
        """The events that something brings about, to a certain component or to any."""
        target = self.component(elem_id) if elem_id else None
        return [
            event
            for event in self.events.values()
            # The others are carried out by the page's script.
            if event["backend_fn"]
            and any(what == how and target in (None, of) for of, what in event["targets"])
        ]

    def inputs(self, event: dict[str, Any], given: Mapping[str, object]) -> list[object]:
        """What the page sends with an event: values by the components' names, or as they stand."""
        values: list[object] = []
        for id in event["inputs"]:
            component = self.components[id]
            kind, props = component["type"], component["props"]
            name = props.get("elem_id") or kind
            # The server stores a state itself.
            values.append(given.get(name, None if kind == "state" else props.get("value")))
        return values

    def trigger(
        self, event: dict[str, Any], trigger: int | None, **given: object
    ) -> dict[int, object]:
        """Have an event happen; what it changes at last, by component.

        Raises:
            Refused: The server does not take it, or it fails.
        """
        body = {
            "data": self.inputs(event, given),
            "event_data": None,
            "fn_index": event["id"],
            "trigger_id": trigger,
            "session_hash": self.session,
        }
        data = self._queued(body) if event["queue"] else self._at_once(body)
        return dict(zip(event["outputs"], data, strict=True))

    def post(self, route: str, body: object, **headers: str) -> httpx.Response:
        """Send JSON to a route of Gradio's as the page does.

        Raises:
            Refused: With a status of 400 or more.
        """
        named = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"} | headers
        return self._checked(self._http.post(f"/gradio_api/{route}", json=body, headers=named))

    def _at_once(self, body: dict[str, object]) -> list[object]:
        data: list[object] = self.post("run/predict", body).json()["data"]
        return data

    def _queued(self, body: dict[str, object]) -> list[object]:
        """What an event changes, each component as it was changed last."""
        event = self.post("queue/join?", body).json()["event_id"]
        changed: list[object] = []
        for message in self.messages():
            if message.get("event_id") != event:
                continue
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise Refused(500, json.dumps(message["output"]))
                return _merged(changed, message["output"]["data"])
            if message["msg"] == "process_generating" and message["success"]:
                changes = message["output"]["data"]
                # The first message is complete, the others are differences.
                changed = _merged(changed, list(map(_replaced, changes))) if changed else changes
        raise Refused(500, "the stream ended without a reply")

    def messages(self) -> Iterator[dict[str, Any]]:
        """The messages about this page's events until the stream is closed."""
        query = {"session_hash": self.session}
        headers = {"Accept": "text/event-stream"}
        with self._http.stream(
            "GET", "/gradio_api/queue/data", params=query, headers=headers
        ) as stream:
            if stream.status_code >= 400:
                stream.read()
            self._checked(stream)
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line.removeprefix("data:"))
                    if message["msg"] == "close_stream":
                        return
                    yield message

    def ask(self, question: str) -> tuple[Outcome, str]:
        """Ask a question as the page does; the outcome, and the reply or the message."""
        asked: dict[str, object] = {
            "id": f"turn-{len(self.turns)}",
            "question": question,
            "standalone": None,
            "within": "{}",
            "turns": f"[{','.join(self.turns)}]",
        }
        (event,) = self.events_of("change", "cv-request")
        request = {"cv-request": json.dumps(asked)}
        try:
            changes = self.trigger(event, self.component("cv-request"), **request)
        except Refused as refused:
            message = str(refused)
            full = refused.status in (429, 503) or "queue" in message.lower()
            return "busy" if full else "failed", message
        chat = changes[self.component("chat")]
        reply = str(chat[-1]["content"]) if isinstance(chat, list) and chat else ""
        outcome = changes[self.component("cv-outcome")]
        stored = json.loads(outcome) if isinstance(outcome, str) else {}
        if "turn" in stored:
            self.turns.append(stored["turn"])
        if "cv-answer" in reply or "cv-nothing" in reply or "do not say" in reply:
            return "answered", reply
        message = stored.get("problem") or reply
        return "busy" if any(words in message for words in BUSY) else "failed", message

    def upload(self, files: Mapping[str, bytes]) -> str:
        """Add files to the library as the page does; what the page then shows of each."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        form = [("files", (name, content)) for name, content in files.items()]
        sent = self._checked(self._http.post("/gradio_api/upload", files=form, headers=headers))
        added = self._http.post("/sources/add", json=sent.json(), headers=headers)
        lines = list(map(json.loads, self._checked(added).text.splitlines()))
        return str(lines[-1].get("arrived") or lines[-1].get("changed"))

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.status_code >= 400:
            raise Refused(response.status_code, response.text)
        return response


_UNCHANGED: dict[str, object] = {"__type__": "update"}

_ALIKE = (_UNCHANGED, {"props": _UNCHANGED, **_UNCHANGED})
"""Ways to say that a component stays as it is."""


def _replaced(differences: list[list[object]]) -> object:
    """What a component is replaced with; the last message holds finer differences."""
    whole = [value for action, path, value in differences if action == "replace" and not path]
    return whole[-1] if whole else _UNCHANGED


def _merged(before: list[object], now: list[object]) -> list[object]:
    """The later values, where something was changed."""
    before = before or [_UNCHANGED] * len(now)
    return [old if new in _ALIKE else new for old, new in zip(before, now, strict=True)]
