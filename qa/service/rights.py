"""Rights: refuses callers who may not do what they ask for, or not as often."""

from qa.access.caller import Caller, Right
from qa.access.rates import Rates
from qa.service.problems import Refused

_VERBS: dict[Right, str] = {"ask": "ask questions", "write": "change the library"}


def require(caller: Caller, right: Right) -> None:
    """Refuse a caller without a right.

    Raises:
        Refused: The caller does not have it.
    """
    if not caller.may(right):
        raise Refused("not-allowed", f"This key may not {_VERBS[right]}.")


def check_rate(rates: Rates, caller: Caller) -> None:
    """Count a question of a caller.

    Raises:
        Refused: There were as many as may be asked.
    """
    if seconds := rates.check(caller):
        sentence = f"This key may ask again in {seconds} seconds."
        raise Refused("too-many-requests", sentence, seconds)
