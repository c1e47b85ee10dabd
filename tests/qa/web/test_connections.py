"""Connections without a request lock nobody out; tested over real sockets."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from qa.web import connections
from qa.web.connections import BACKLOG, LimitedConnection

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
HEAD = HALF_A_HEAD + b"\r\n"

LARGE = 30_000_000
"""Bytes of a response, more than the system buffers."""


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"] == "/slow":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
    elif scope["type"] == "http" and scope["path"] == "/large":
        await PlainTextResponse("x" * LARGE, headers={"Connection": "close"})(scope, receive, send)
    elif scope["type"] == "http":
        await PlainTextResponse("hello")(scope, receive, send)


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            greet,
            http=LimitedConnection,
            ws="none",
            backlog=BACKLOG,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def is_served(port: int) -> bool:
    with connect(port) as wire:
        wire.sendall(HEAD)
        return wire.recv(12) == b"HTTP/1.1 200"


def is_ended(wire: socket.socket) -> bool:
    """Whether the server has ended the connection, waited for."""
    try:
        return wire.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.slow
def test_unfinished_heads_shut_nobody_out(port: int) -> None:
    with ExitStack() as open_ones:
        for _ in range(1_100):
            wire = open_ones.enter_context(connect(port))
            wire.sendall(HALF_A_HEAD)
        assert is_served(port)


def test_oldest_connection_that_only_waits_makes_room(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_HEADS_PER_ADDRESS", 3)
    with ExitStack() as open_ones:
        wires = [open_ones.enter_context(connect(port)) for _ in range(4)]
        assert is_ended(wires[0])
        for wire in wires[1:]:
            wire.sendall(HEAD)
            assert wire.recv(12) == b"HTTP/1.1 200"


@pytest.mark.slow
def test_head_has_its_time_and_drops_do_not_prolong_it(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connections, "MAX_HEADS_PER_ADDRESS", 10_000)
    with connect(port) as silent, connect(port) as dripping:
        begun = time.monotonic()
        dripping.settimeout(0.05)
        ended = False
        for byte in HALF_A_HEAD * 20:
            try:
                dripping.sendall(bytes([byte]))
                ended = dripping.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
            if ended:
                break
        assert ended and time.monotonic() - begun < 10
        assert is_ended(silent)
    # Half of a second head on a connection that was served has its time, too.
    with connect(port) as wire:
        wire.sendall(HEAD)
        assert wire.recv(12) == b"HTTP/1.1 200"
        wire.sendall(HALF_A_HEAD)
        while wire.recv(4_096):
            pass


def test_one_address_has_so_many_connections(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS_PER_ADDRESS", 5)
    with ExitStack() as open_ones:
        wires = [open_ones.enter_context(connect(port)) for _ in range(12)]
        assert [is_ended(wire) for wire in wires[:7]] == [True] * 7
        for wire in wires[7:]:
            wire.sendall(HEAD)
            assert wire.recv(12) == b"HTTP/1.1 200"


@pytest.mark.slow
def test_newcomer_takes_the_place_of_the_address_that_has_most(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 4)
    head = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ExitStack() as open_ones:
        held = []
        for number, client in enumerate(("127.0.0.2",) * 3 + ("127.0.0.3",)):
            source = (client, 0)
            wire = socket.create_connection(("127.0.0.1", port), 20, source_address=source)
            held.append(open_ones.enter_context(wire))
            wire.sendall(head)
            assert wire.recv(12) == b"HTTP/1.1 200", number
        assert is_served(port)
        assert is_ended_soon(held[0]) and not any(map(is_ended_soon, held[1:]))


def is_ended_soon(wire: socket.socket) -> bool:
    """Whether a reply that goes on for ever has been cut off."""
    wire.settimeout(1)
    try:
        while wire.recv(4_096):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


def test_what_is_no_request_is_refused_as_a_problem(port: int) -> None:
    for sent in (b"x\r\n\r\n", b"GET /" + b"x" * 3_000_000 + b" HTTP/1.1\r\n\r\n"):
        with connect(port) as wire, wire.makefile("rb") as received:
            wire.sendall(sent)
            head, _, body = received.read().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"application/problem+json" in head
        assert json.loads(body)["code"] == "invalid-request"


def large(wire: socket.socket) -> None:
    """Ask for more than the system buffers."""
    wire.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert wire.recv(12) == b"HTTP/1.1 200"


@pytest.mark.slow
def test_client_that_does_not_read_is_cut_off(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.3)
    with connect(port) as wire:
        large(wire)
        time.sleep(1)
        received = 0
        with suppress(ConnectionResetError):
            while part := wire.recv(1_000_000):
                received += len(part)
        assert received < LARGE


@pytest.mark.slow
def test_client_that_reads_slowly_gets_all(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "STALL_SECONDS", 0.3)
    with connect(port) as wire:
        large(wire)
        received = 12
        for _ in range(12):
            received += len(wire.recv(4_000_000))
            time.sleep(0.1)
        wire.shutdown(socket.SHUT_WR)
        while part := wire.recv(1_000_000):
            received += len(part)
    assert received > LARGE
