"""Chats: one for each part of the library that callers may reach."""

import threading
from collections import OrderedDict

from starlette.types import Scope

from qa.access.caller import Caller
from qa.api.callers import caller_of
from qa.service.services import Services
from qa.web.chat import Chat

MAX_CHATS = 64
"""Chats that are kept, one for each different limit of callers; the one that was longest not asked
for is closed first."""


class Chats:
    """The chats of one server. Safe to use from several threads.

    Args:
        services: Of the server.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.service = services.whole
        self.whole = Chat(self.service)
        self._chats: OrderedDict[tuple[str, ...], Chat] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, caller: Caller) -> Chat:
        """The chat that has for a caller what the caller may reach."""
        if not caller.limit:
            return self.whole
        dropped: list[Chat] = []
        with self._lock:
            chat = self._chats.pop(caller.limit, None) or Chat(self.services.of(caller))
            self._chats[caller.limit] = chat
            while len(self._chats) > MAX_CHATS:
                dropped.append(self._chats.popitem(last=False)[1])
        for each in dropped:
            # It may wait for a question that is being answered; nobody waits for that.
            threading.Thread(target=each.close, daemon=True).start()
        return chat

    def start(self, *, examples: bool) -> None:
        """Start to load the models in the background.

        Args:
            examples: Whether to look for example questions, too.
        """
        self.service.warm_up()
        if examples:
            self.whole.example_finder.refresh()

    def of_request(self, scope: Scope) -> Chat:
        """The chat for who sent a request.

        Args:
            scope: Of the request.
        """
        return self.of(caller_of(scope))

    def close(self) -> None:
        """Stop all background work; before the service is closed."""
        with self._lock:
            chats = [self.whole, *self._chats.values()]
        for chat in chats:
            chat.close()
