"""Serving: runs the chat's server until a signal ends it, once what is being answered is done."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from qa.web.connections import BACKLOG, LimitedConnection

FINISH_SECONDS = 30
"""How long answers that are being given, and their responses, may delay the end. Chosen by hand."""

SHUTDOWN_SECONDS = 1
"""How long open connections may delay the end after that; each open page holds one for ever.
Chosen by hand."""

TICK_SECONDS = 0.1
"""How often it is looked whether all is finished; as uvicorn does for signals."""


def serve(
    server: FastAPI,
    listener: socket.socket,
    finish: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, of which nothing is logged; a second one ends at once.

    Args:
        server: The routes.
        listener: The socket on which connections arrive.
        finish: Takes no more questions, and waits until those that are being answered are.
    """
    config = uvicorn.Config(
        server,
        http=LimitedConnection,
        ws="none",
        backlog=BACKLOG,
        log_config=None,
        # A client could name any address as its own.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    running = _FinishingServer(config, finish)
    # At the end open pages are cut off on purpose: nothing to log, no traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda _: not running.is_cutting_off)
    with suppress(KeyboardInterrupt):
        running.run(sockets=[listener])
    if running.ended_by is not None:
        # In the background: what else is open is closed first.
        threading.Thread(target=_end_process, args=(running.ended_by,), daemon=True).start()


class _FinishingServer(uvicorn.Server):
    """Waits for answers before it ends as uvicorn does, which waits for open pages just as long.

    Attributes:
        is_cutting_off: Whether what is still open now is cut off.
        ended_by: The last signal.
    """

    def __init__(
        self, config: uvicorn.Config, finish: Callable[[], Awaitable[object]] | None
    ) -> None:
        super().__init__(config)
        self._finish = finish
        self.is_cutting_off = False
        self.ended_by: int | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at the second signal, whichever it is, end at once."""
        self.ended_by = sig
        super().handle_exit(signal.SIGINT if self.should_exit else sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, finish what is being answered, and cut off the rest."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        if self._finish is not None:
            await self._wait_until_finished(asyncio.ensure_future(self._finish()))
        self.is_cutting_off = True
        await super().shutdown(sockets)
        # Tasks are cancelled next, but one whose thread still answers ends with the thread.
        seconds = TICK_SECONDS if self.force_exit else SHUTDOWN_SECONDS
        asyncio.get_running_loop().call_later(seconds, _abandon_tasks)

    async def _wait_until_finished(self, finishing: "asyncio.Future[object]") -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                while not self.force_exit:
                    self._close_idle_connections()
                    await asyncio.sleep(TICK_SECONDS)
                    if finishing.done() and not self._is_sending():
                        break
        finishing.cancel()

    def _close_idle_connections(self) -> None:
        # Again and again: some were accepted a moment before the end. The others are closed with
        # the response that is pending.
        for connection in list(self.server_state.connections):
            if not connection.transport.is_closing():
                connection.shutdown()

    def _is_sending(self) -> bool:
        """Whether a response is complete whose client has not received it."""
        return any(
            isinstance(connection, LimitedConnection) and connection.awaits_head
            for connection in self.server_state.connections
        )


def _abandon_tasks() -> None:
    """End the event loop, which waits for its tasks; nothing is logged of those that are left."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    raise KeyboardInterrupt


def _end_process(number: int) -> None:
    """End the process soon after its main thread, though others still answer.

    Python would wait for them, and nothing can interrupt them.

    Args:
        number: Of the signal that ended the server.
    """
    threading.main_thread().join()
    time.sleep(SHUTDOWN_SECONDS)
    sys.stdout.flush()
    os._exit(128 + number)
