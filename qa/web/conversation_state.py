"""Conversation state: which reply each session awaits.

The conversation itself is stored in the browser alone and outlives the session. A reply that was
given up, perhaps while its question was still waiting in the queue, must not be shown.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from qa.web.sessions import MAX_SESSIONS


@dataclass(frozen=True, slots=True, eq=False)
class PendingReply:
    """A reply that is being written.

    Attributes:
        session: The session that asked; None for a client without one.
        turn: Id of the turn.
    """

    session: str | None
    turn: str


class ConversationState:
    """The pending reply of each session, and the turns that were given up.

    Args:
        most_abandoned: Turns that were given up and are remembered; the oldest is forgotten first.
    """

    def __init__(self, most_abandoned: int = 10 * MAX_SESSIONS) -> None:
        self._most_abandoned = most_abandoned
        self._pending: dict[str | None, PendingReply] = {}
        self._abandoned: OrderedDict[tuple[str | None, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, session: str | None, turn: str) -> PendingReply:
        """A new pending reply of the session; an earlier one is no longer awaited.

        Args:
            session: That asked.
            turn: Id of the turn; if it was given up, the reply is not awaited either.
        """
        pending = PendingReply(session, turn)
        with self._lock:
            if (session, turn) not in self._abandoned:
                self._pending[session] = pending
        return pending

    def is_awaited(self, pending: PendingReply) -> bool:
        """Whether the reply has neither ended nor been given up or replaced by a later one."""
        return self._pending.get(pending.session) is pending

    def end(self, pending: PendingReply) -> None:
        """End a reply; one that is no longer awaited leaves the later one as it is."""
        with self._lock:
            if self._pending.get(pending.session) is pending:
                del self._pending[pending.session]

    def abandon(self, session: str | None, turns: Iterable[str]) -> None:
        """Give up replies of a session.

        Args:
            session: Of the page.
            turns: Ids of the turns that are given up, whose questions may be waiting still.
        """
        with self._lock:
            for turn in turns:
                self._abandoned[session, turn] = None
                pending = self._pending.get(session)
                if pending is not None and pending.turn == turn:
                    del self._pending[session]
            while len(self._abandoned) > self._most_abandoned:
                self._abandoned.popitem(last=False)
