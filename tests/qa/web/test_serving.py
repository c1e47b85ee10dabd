"""A signal ends the server once what is being answered is done; tested on a real process."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SERVER = """
import asyncio, signal, socket, sys, time
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from qa.service.answer_queue import AnswerQueue
from qa.service.busy import Busy
from qa.web import serving

signal.signal(signal.SIGTERM, signal.default_int_handler)
seconds, length, serving.FINISH_SECONDS = map(float, sys.argv[1:])
queue = AnswerQueue(1, 4, 4)
server = FastAPI()

@server.exception_handler(Busy)
async def refuse(_, error):
    return JSONResponse({"detail": str(error)}, 503)

@server.get("/answers")
async def answer():
    async with queue.place_async("task"):
        await asyncio.sleep(seconds)
    return {"text": "x" * int(length)}

@server.get("/page")
def answer_in_a_thread():
    with queue.place("thread"):
        time.sleep(seconds)
    return {"text": "x" * int(length)}

@server.get("/queue")
async def count():
    return [queue.running, queue.waiting]

@server.get("/stream")
async def stream():
    async def endless():
        while True:
            yield b"."
            await asyncio.sleep(0.02)
    return StreamingResponse(endless())

with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    serving.serve(server, listener, queue.finish)
print("ended", flush=True)
"""
"""Answers one question at a time, in so many seconds, with so many characters."""

SECONDS = 60
"""Within which a process starts or ends on a busy machine."""


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    port: int
    connections: ExitStack

    def get(self, path: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        self.connections.callback(connection.close)
        connection.request("GET", path)
        return connection

    def wait_for(self, running: int, waiting: int) -> None:
        """Wait until so many questions are being answered, and so many wait."""
        while True:
            connection = self.get("/queue")
            with connection.getresponse() as response:
                counts = json.load(response)
            connection.close()
            if counts == [running, waiting]:
                return

    def end(self, code: int = 0) -> None:
        """Wait for the process, which ends in order, silently and with this code."""
        output, errors = self.process.communicate(timeout=SECONDS)
        assert (output, errors, self.process.returncode) == ("ended\n", "", code)


@contextmanager
def serving(seconds: float, length: int = 10, finish_seconds: float = 30) -> Iterator[Server]:
    numbers = map(str, (seconds, length, finish_seconds))
    with (
        ExitStack() as connections,
        subprocess.Popen(
            [sys.executable, "-c", SERVER, *numbers],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            yield Server(process, int(process.stdout.readline()), connections)
        finally:
            process.kill()


def text(connection: http.client.HTTPConnection) -> str:
    """The answer, which arrives whole."""
    with connection.getresponse() as response:
        assert response.status == 200
        return str(json.load(response)["text"])


def is_cut_off(connection: http.client.HTTPConnection) -> bool:
    """Whether no answer came: uvicorn still tells a client to whom nothing was sent so far."""
    try:
        with connection.getresponse() as response:
            return response.status == 500
    except (http.client.HTTPException, ConnectionError):
        return True


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/answers", "/page"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signal_finishes_what_is_being_answered_and_nothing_else(
    path: str, how: signal.Signals
) -> None:
    with serving(seconds=2) as server:
        stream = server.connections.enter_context(server.get("/stream").getresponse())
        assert stream.read(1) == b"."
        idle = server.get("/queue")
        idle.getresponse().read()
        answered = server.get(path)
        server.wait_for(1, 0)
        waiting = server.get(path)
        server.wait_for(1, 1)
        begun = time.monotonic()
        server.process.send_signal(how)
        with waiting.getresponse() as refused:
            assert refused.status == 503
            said = json.load(refused)["detail"]
        assert said == "The server is stopping. Try again in a moment."
        assert time.monotonic() - begun < 1.5
        # No new work, on no connection; the stream goes on as long as the answer takes.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        assert idle.sock.recv(1) == b""
        assert stream.read(1) == b"."
        assert text(answered) == "x" * 10
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            stream.read()
        server.end()
        # The answer's two seconds, a second for streams, and uvicorn's ticks.
        assert 1.5 < time.monotonic() - begun < 4.5


@pytest.mark.slow
def test_pipelined_request_is_not_begun_after_the_signal() -> None:
    with (
        serving(seconds=1) as server,
        socket.create_connection(("127.0.0.1", server.port), SECONDS) as wire,
    ):
        wire.sendall(b"GET /answers HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.wait_for(1, 0)
        server.process.send_signal(signal.SIGTERM)
        wire.sendall(b"GET /answers HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        with wire.makefile("rb") as file:
            received = file.read()
        assert received.count(b"HTTP/1.1") == 1 and received.endswith(b'{"text":"xxxxxxxxxx"}')
        server.end()


@pytest.mark.slow
def test_response_that_is_being_sent_is_finished() -> None:
    length = 30_000_000  # More than the system buffers.
    with serving(0.3, length) as server:
        answered = server.get("/answers")
        server.wait_for(1, 0)
        server.process.send_signal(signal.SIGTERM)
        # Longer than streams have.
        time.sleep(2)
        assert text(answered) == "x" * length
        server.end()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/answers", "/page"])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_second_signal_ends_at_once(path: str, second: signal.Signals) -> None:
    with serving(seconds=40) as server:
        answered = server.get(path)
        server.wait_for(1, 0)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None
        server.process.send_signal(second)
        begun = time.monotonic()
        # A thread that still answers is not waited for.
        server.end(code=128 + second if path == "/page" else 0)
        assert time.monotonic() - begun < 4
        assert is_cut_off(answered)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/answers", "/page"])
def test_answer_that_takes_too_long_is_cut_off(path: str) -> None:
    with serving(seconds=40, finish_seconds=0.5) as server:
        answered = server.get(path)
        server.wait_for(1, 0)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.end(code=128 + signal.SIGTERM if path == "/page" else 0)
        assert 1.4 < time.monotonic() - begun < 5
        assert is_cut_off(answered)
