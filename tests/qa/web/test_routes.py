"""Every route and event that Gradio brings along is known; only those of the page are open.

A new version of Gradio that adds one makes this fail until somebody has reviewed it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qa.service.answer_queue import CONCURRENT_ANSWERS, MAX_WAITING_OF_ONE

ROOT = Path(__file__).parent.parent.parent.parent

OPEN = {
    "GET /",
    "GET /about",
    "HEAD /",
    "GET /assets/{path:path}",
    "GET /config",
    "GET /document",
    "GET /favicon.ico",
    "GET /favicon.svg",
    "GET /find",
    "GET /gradio_api/app_id",
    "GET /gradio_api/heartbeat/{session_hash}",
    "GET /gradio_api/queue/data",
    "GET /gradio_api/startup-events",
    "GET /healthz",
    "GET /metrics",
    "GET /page.png",
    "GET /panel",
    "GET /readyz",
    "GET /robots.txt",
    "GET /scripts/{version}/{name}",
    "GET /sign-in",
    "GET /sources",
    "GET /sources/state",
    "GET /static/{path:path}",
    "GET /svelte/{path:path}",
    "GET /theme.css",
    "POST /gradio_api/queue/join",
    "POST /gradio_api/run/{api_name}",
    "POST /gradio_api/upload",
    "POST /sign-in",
    "POST /sign-out",
    "POST /sources/add",
    "POST /sources/index",
    "POST /sources/limit",
    "POST /sources/remove",
}
"""Of ``run/{api_name}`` only ``run/predict``, which takes an event by its number."""

PROGRAMS = {
    "DELETE /api/v1/documents",
    "GET /api/v1/documents",
    "GET /api/v1/documents/{sha256}",
    "GET /api/v1/documents/{sha256}/pages/{number}.png",
    "GET /api/v1/documents/{sha256}/text",
    "GET /api/v1/jobs/{id}",
    "GET /api/v1/openapi.json",
    "HEAD /api/v1/openapi.json",
    "POST /api/v1/answers",
    "POST /api/v1/documents",
    "POST /api/v1/feedback",
    "POST /api/v1/receipts/verify",
    "POST /api/v1/searches",
    "DELETE /mcp",
    "GET /mcp",
    "HEAD /mcp",
    "POST /mcp",
}

UPLOADING = {
    "DELETE /api/v1/documents",
    "GET /api/v1/jobs/{id}",
    "POST /api/v1/documents",
    "POST /gradio_api/upload",
    "POST /sources/add",
    "POST /sources/index",
    "POST /sources/remove",
}

NOT_FOUND = ([404, "Not found"], [404, ""])
"""To GET and POST, and to HEAD."""


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("routes") / "place"
    command = [sys.executable, "-m", "tests.qa.web.probe", str(place)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    # The only one that is refused by Gradio itself.
    assert done.stderr.count("Traceback") == done.stderr.count("InvalidPathError: ") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("chat", ["written", "read"])
def test_all_routes_but_those_of_the_page_are_shut(probed: dict[str, Any], chat: str) -> None:
    replies = probed[chat]["routes"]
    # Programs are told that it is only read.
    opened = OPEN | PROGRAMS if chat == "written" else OPEN - UPLOADING | PROGRAMS
    assert len(replies) > 60
    assert replies.keys() >= opened
    shut = {route: reply for route, reply in replies.items() if route not in opened}
    unexpected = {route: reply for route, reply in shut.items() if reply not in NOT_FOUND}
    assert unexpected == {}


@pytest.mark.parametrize("chat", ["written", "read"])
def test_no_event_takes_a_file_that_was_not_received(probed: dict[str, Any], chat: str) -> None:
    kinds = probed[chat]["inputs"]
    assert all(kind in ("text", "state") for inputs in kinds for kind in inputs)
    events = probed[chat]["events"]
    assert len(events) == 4 * 2 * 2 * sum(map(bool, kinds)) + 1
    assert [event for event in events if event[2] != 422] == []
    assert probed["copies"] == 0


@pytest.mark.parametrize("chat", ["written", "read"])
def test_one_caller_does_not_fill_the_queue_of_the_page(probed: dict[str, Any], chat: str) -> None:
    statuses, waiting, begun = probed[chat]["queued"]
    assert statuses == [200] * MAX_WAITING_OF_ONE + [429, 429]
    assert waiting == ["y"] * MAX_WAITING_OF_ONE
    # So many that who is next is decided by the service's queue, within the server's 40 threads.
    assert begun == min(CONCURRENT_ANSWERS + 2 * MAX_WAITING_OF_ONE, 32)


def test_gradio_itself_refuses_a_file_that_was_not_received(probed: dict[str, Any]) -> None:
    # The second wall, which rests on a name that is Gradio's own: ``has_launched``.
    status, text = probed["unguarded"]
    assert status == 500 and "swordfish" not in text
