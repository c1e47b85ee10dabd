"""Serving: runs the chat's server until a signal ends it."""

import logging
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from qa.web.connections import BACKLOG, LimitedConnection

SHUTDOWN_SECONDS = 1
"""How long open connections may delay the end; each open page holds one for ever. Chosen by
hand."""


def serve(server: FastAPI, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, of which nothing is logged.

    Args:
        server: The routes.
        listener: The socket on which connections arrive.
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
    running = uvicorn.Server(config)
    # At the end open pages are cut off on purpose: nothing to log, no traceback.
    logging.getLogger("uvicorn.error").addFilter(lambda _: not running.should_exit)
    with suppress(KeyboardInterrupt):
        running.run(sockets=[listener])
