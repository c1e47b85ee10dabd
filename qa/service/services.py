"""Services: one for each part of the library that callers may reach."""

import threading
from collections import OrderedDict

from qa.access.caller import Caller
from qa.service.service import Service

MAX_SERVICES = 64
"""Services that are kept, one for each different limit of callers."""


class Services:
    """The services of one server. Safe to use from several threads.

    Args:
        whole: Of the whole library.
    """

    def __init__(self, whole: Service) -> None:
        self.whole = whole
        self._confined: OrderedDict[tuple[str, ...], Service] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, caller: Caller) -> Service:
        """The service that has for a caller what the caller may reach."""
        if not caller.limit:
            return self.whole
        with self._lock:
            service = self._confined.pop(caller.limit, None) or self.whole.confined(caller.limit)
            self._confined[caller.limit] = service
            if len(self._confined) > MAX_SERVICES:
                self._confined.popitem(last=False)
        return service
