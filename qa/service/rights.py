"""Rights: refuses callers who may not do what they ask for."""

from qa.access.caller import Caller, Right
from qa.service.problems import Refused

_VERBS: dict[Right, str] = {"ask": "ask questions", "write": "change the library"}


def require(caller: Caller, right: Right) -> None:
    """Refuse a caller without a right.

    Raises:
        Refused: The caller does not have it.
    """
    if not caller.may(right):
        raise Refused("not-allowed", f"This key may not {_VERBS[right]}.")
