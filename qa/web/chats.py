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
        self._closing: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def of(self, caller: Caller) -> Chat:
        """The chat that has for a caller what the caller may reach."""
        if not caller.limit:
            return self.whole
        with self._lock:
            chat = self._chats.pop(caller.limit, None) or Chat(self.services.of(caller))
            self._chats[caller.limit] = chat
            if len(self._chats) > MAX_CHATS:
                self._drop(self._chats.popitem(last=False)[1])
        return chat

    def _drop(self, chat: Chat) -> None:
        # It may wait for a question that is being answered; nobody waits for that.
        closing = threading.Thread(target=chat.close, daemon=True)
        self._closing = {each for each in self._closing if each.is_alive()} | {closing}
        closing.start()

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
            chats, closing = [self.whole, *self._chats.values()], list(self._closing)
        for chat in chats:
            chat.close()
        for thread in closing:
            thread.join()
