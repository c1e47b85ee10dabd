"""SIGTERM while questions are answered, with the whole server."""

import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.chat_process import SECONDS, running
from tests.qa.api.conftest import write_library

ANSWER_SECONDS = 2.0

SLOW = f"""
import time
import app, qa.pipeline, qa.service.service

qa.service.service.CONCURRENT_ANSWERS = 2
answerer = qa.pipeline.QuestionAnswerer
read = answerer.read

def read_later(self, retrieval):
    time.sleep({ANSWER_SECONDS})
    return read(self, retrieval)

answerer.read = read_later
app.main()
"""
"""Answers two questions at a time, slowly."""


def wait_for_queue(url: str, running: int, waiting: int) -> None:
    """Wait until so many questions are being answered, and so many wait."""
    wanted = {f"qa_queue_running {running:.1f}", f"qa_queue_waiting {waiting:.1f}"}
    deadline = time.monotonic() + SECONDS
    while not wanted <= set(httpx.get(f"{url}/metrics").text.splitlines()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_signal_finishes_what_is_being_answered(tmp_path: Path) -> None:
    write_library(tmp_path / "town")
    place, options = tmp_path / "served", ["--api-only"]
    with running(place, tmp_path / "town", script=SLOW, options=options) as server:
        while httpx.get(f"{server.url}/readyz").status_code != 200:
            time.sleep(0.1)
        responses: dict[str, tuple[httpx.Response, float]] = {}

        def ask(name: str, **fields: Any) -> threading.Thread:
            def send() -> None:
                asked = {"question": f"When was the bridge opened? {name}", **fields}
                response = httpx.post(f"{server.url}/api/v1/answers", json=asked, timeout=SECONDS)
                responses[name] = response, time.monotonic()

            thread = threading.Thread(target=send)
            thread.start()
            return thread

        threads = [ask("whole"), ask("stream", stream=True)]
        wait_for_queue(server.url, 2, 0)
        threads += [ask("waiting"), ask("waiting stream", stream=True)]
        wait_for_queue(server.url, 2, 2)
        signalled = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        code = server.process.wait(SECONDS)
        ended = time.monotonic()

    whole, _ = responses["whole"]
    assert whole.status_code == 200 and whole.json()["text"] == "1901"
    stream, _ = responses["stream"]
    assert stream.status_code == 200 and stream.text.count("event: ") == 3
    assert "event: answer\ndata: " in stream.text and stream.text.endswith("\n\n")
    for name in ("waiting", "waiting stream"):
        refused, at = responses[name]
        assert refused.status_code == 503 and refused.json()["code"] == "stopping"
        assert int(refused.headers["retry-after"]) >= 1
        assert at - signalled < 1.5
    assert code == 0 and ended - signalled < ANSWER_SECONDS + 5
    assert "Traceback" not in server.logged()
