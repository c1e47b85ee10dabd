"""Children: processes that an attack may kill or crash, started in a few milliseconds each.

They are forked from an idle process that has imported what they need, so that a thousand of them
take minutes and none inherits a lock of the attacking process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import faiss

SECONDS = 60.0
"""Longest wait for a message of a child; a silent child hangs."""

_FORKING = get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.attacks.victims", "tests.attacks.examination"])


@dataclass(frozen=True, slots=True)
class Child:
    """A process that sends messages about what it has done."""

    process: ForkServerProcess
    messages: Connection

    def next(self) -> str | None:
        """Its next message; none if it has ended."""
        try:
            if not self.messages.poll(SECONDS):
                raise TimeoutError(f"a child sent no message for {SECONDS:g} s")
            return self.messages.recv_bytes().decode()
        except (EOFError, ConnectionResetError):
            return None

    def rest(self) -> list[str]:
        """All messages until it ends."""
        return list(iter(self.next, None))

    def kill(self) -> None:
        """End it with SIGKILL, wherever it is."""
        self.process.kill()

    def ended(self) -> int:
        """Its exit status, negative if a signal ended it."""
        self.process.join(SECONDS)
        if self.process.exitcode is None:
            raise TimeoutError(f"a child did not end within {SECONDS:g} s")
        return self.process.exitcode


@contextmanager
def child(run: Callable[..., None], *given: object) -> Iterator[Child]:
    """A process that calls ``run``, a function of a module, with a function to send messages.

    Args:
        run: Called with the function that sends a message, and the arguments.
        given: The arguments.
    """
    receiver, sender = _FORKING.Pipe(duplex=False)
    process = _FORKING.Process(target=_run, args=(run, sender, given), daemon=False)
    process.start()
    # Else the messages would never end.
    sender.close()
    try:
        yield Child(process, receiver)
    finally:
        process.kill()
        process.join(SECONDS)
        process.close()
        receiver.close()


def _run(run: Callable[..., None], sender: Connection, given: tuple[object, ...]) -> None:
    # With few vectors, several threads only wait for each other.
    faiss.omp_set_num_threads(1)
    run(lambda message: sender.send_bytes(message.encode()), *given)
