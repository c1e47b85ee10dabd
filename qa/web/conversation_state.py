"""Conversation state: which reply each session awaits, and which conversation it stored last.

The conversation itself is stored in the browser alone and outlives the session. An event brings
the conversation as it was when the event was queued: meanwhile it may have been cleared, or have
gone on. A reply to such an event, or one that is no longer awaited, must not be stored.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from qa.web.sessions import MAX_SESSIONS


@dataclass(frozen=True, slots=True, eq=False)
class PendingReply:
    """A reply that is being written.

    Attributes:
        session: The session that asked; None for a client without one.
    """

    session: str | None


class ConversationState:
    """The pending reply and the last stored conversation of each session.

    Args:
        most_sessions: Sessions whose stored conversation is remembered. The one that stored least
            recently is forgotten first, after which nothing that it sends counts as stale.
    """

    def __init__(self, most_sessions: int = MAX_SESSIONS) -> None:
        self._most_sessions = most_sessions
        self._pending: dict[str | None, PendingReply] = {}
        self._stored: OrderedDict[str | None, int] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, session: str | None) -> PendingReply:
        """A new pending reply of the session; an earlier one is no longer awaited."""
        pending = PendingReply(session)
        with self._lock:
            self._pending[session] = pending
        return pending

    def is_awaited(self, pending: PendingReply) -> bool:
        """Whether the reply has neither ended nor been cancelled or replaced by a later one."""
        return self._pending.get(pending.session) is pending

    def end(self, pending: PendingReply) -> None:
        """End a reply; one that is no longer awaited leaves the later one as it is."""
        with self._lock:
            if self._pending.get(pending.session) is pending:
                del self._pending[pending.session]

    def cancel(self, session: str | None) -> None:
        """Await no reply in this session any more."""
        with self._lock:
            self._pending.pop(session, None)

    def store(self, session: str | None, conversation: str) -> None:
        """Remember what the session's browser was given to store."""
        with self._lock:
            self._stored[session] = hash(conversation)
            self._stored.move_to_end(session)
            while len(self._stored) > self._most_sessions:
                self._stored.popitem(last=False)

    def is_stale(self, session: str | None, conversation: object) -> bool:
        """Whether the browser was given another conversation to store since this one.

        Args:
            session: The session of the event.
            conversation: The stored conversation, as the event brings it.
        """
        current = hash(str(conversation))
        with self._lock:
            return self._stored.get(session, current) != current
