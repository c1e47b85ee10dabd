"""Children: processes that an attack may kill or crash, started in a few milliseconds each.

They are forked from a process that has imported all that they need and does nothing else, so
that a thousand of them take minutes and none inherits a lock of this one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

import faiss

SECONDS = 60.0
"""Longest wait for a word of a child; one that says nothing hangs."""

_FORKING = get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.attacks.killed", "tests.attacks.damaged"])


@dataclass(frozen=True, slots=True)
class Child:
    """A process that tells what it has done."""

    process: ForkServerProcess
    said: Connection

    def next(self) -> str | None:
        """What it says next; none if it has ended."""
        try:
            if not self.said.poll(SECONDS):
                raise TimeoutError(f"a child said nothing for {SECONDS:g} s")
            return self.said.recv_bytes().decode()
        except (EOFError, ConnectionResetError):
            return None

    def rest(self) -> list[str]:
        """All that it says until it ends."""
        return list(iter(self.next, None))

    def kill(self) -> None:
        """End it with SIGKILL, wherever it is."""
        self.process.kill()

    def ended(self) -> int:
        """Its exit status, negative if a signal ended it."""
        self.process.join(SECONDS)
        if self.process.exitcode is None:
            raise TimeoutError(f"a child went on for {SECONDS:g} s")
        return self.process.exitcode


@contextmanager
def child(run: Callable[..., None], *given: object) -> Iterator[Child]:
    """A process that calls ``run``, a function of a module, with where to say what it does.

    Args:
        run: Called with a function that takes what is to be said, and what is given.
        given: To be called with.
    """
    said, says = _FORKING.Pipe(duplex=False)
    process = _FORKING.Process(target=_telling, args=(run, says, given), daemon=False)
    process.start()
    # Else what it said would never end.
    says.close()
    try:
        yield Child(process, said)
    finally:
        process.kill()
        process.join(SECONDS)
        process.close()
        said.close()


def _telling(run: Callable[..., None], says: Connection, given: tuple[object, ...]) -> None:
    # More threads than one only wait for each other where vectors are few.
    faiss.omp_set_num_threads(1)
    run(lambda what: says.send_bytes(what.encode()), *given)
