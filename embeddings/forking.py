"""Forking: what keeps a process that was forked from this one from hanging.

A fork copies one thread. A lock that another thread held stays locked in the child, a pool of
threads has none, and SQLite takes the parent's locks on a file for the child's own. So a fork waits
until no thread is inside SQLite or loads a model (``undisturbed``) and closes the connections that
are open; both processes then open them again. Where it cannot wait any longer, the child is told
(``was_disturbed``), and opens nothing.

Nothing of this happens to a program that is started anew, as by ``subprocess`` or by the start
method "spawn".
"""

import ctypes
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident
from typing import Any, Protocol
from weakref import WeakSet

WAIT_SECONDS = 5.0
"""How long a fork waits for the other threads. Chosen by hand: searches take milliseconds, loading
models a second; indexing takes longer than anyone would wait."""


class Forkable(Protocol):
    """What a fork closes."""

    def close_before_fork(self) -> None:
        """Close the files; they are opened again when they are needed."""
        ...


class _Forks:
    """Where the threads of this process are, and what a fork closes or keeps."""

    def __init__(self) -> None:
        self.closed_before: WeakSet[Forkable] = WeakSet()
        self.kept: WeakSet[Any] = WeakSet()
        self.was_disturbed = False
        self._inside: Counter[int] = Counter()
        self._forking = False
        self._changed = Condition()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        thread = get_ident()
        with self._changed:
            # A thread that is inside already may go on, or the fork would wait for it for ever.
            while self._forking and thread not in self._inside:
                self._changed.wait()
            self._inside[thread] += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[thread] -= 1
                # Below 0 in a child that was forked inside.
                if self._inside[thread] <= 0:
                    del self._inside[thread]
                    self._changed.notify_all()

    def before(self) -> None:
        """Wait for the other threads, and close what is open."""
        until = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while self._forking:  # Another thread forks.
                self._changed.wait()
            self._forking = True
            while set(self._inside) - {get_ident()} and time.monotonic() < until:
                self._changed.wait(until - time.monotonic())
            is_quiet = not self._inside
        if is_quiet:
            for forkable in list(self.closed_before):
                forkable.close_before_fork()

    def after_in_parent(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def after_in_child(self) -> None:
        self.was_disturbed |= bool(self._inside)
        self._inside, self._forking, self._changed = Counter(), False, Condition()
        # It is closed, or the parent's.
        self.closed_before = WeakSet()
        for kept in list(self.kept):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))


_forks = _Forks()

# Not on Windows.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_forks.before,
        after_in_parent=_forks.after_in_parent,
        after_in_child=_forks.after_in_child,
    )

undisturbed = _forks.undisturbed
"""``with undisturbed():`` no other thread forks while this one is inside."""


def was_disturbed() -> bool:
    """Whether this process was forked while a thread was inside ``undisturbed``."""
    return _forks.was_disturbed


def close_before_fork(forkable: Forkable) -> None:
    """Close this, for as long as it exists, whenever the process forks."""
    _forks.closed_before.add(forkable)


def keep_in_child(owner_of_threads: object) -> None:
    """Never delete this in a forked process: it would wait for threads that are not there."""
    _forks.kept.add(owner_of_threads)
