"""Rates are kept in a moving window, by caller, in bounded memory."""

from types import SimpleNamespace

import pytest

from qa.access.caller import Caller
from qa.access.rates import FAILURE_RATE, Failures, Rates, parse_rate


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    fake = SimpleNamespace(time=clock, monotonic=clock)
    monkeypatch.setattr("limits.storage.memory.time", fake)
    monkeypatch.setattr("qa.access.rates.time", fake)
    return clock


def caller(name: str, rate: str | None) -> Caller:
    return Caller(name, frozenset({"ask"}), rate=rate)


def test_rate_is_kept_and_the_wait_ends_when_the_oldest_request_leaves_the_window(
    clock: Clock,
) -> None:
    rates, asking = Rates(), caller("key:a", "2/minute")
    assert rates.check(asking) == 0
    clock.now += 10
    assert rates.check(asking) == 0
    clock.now += 10
    assert rates.check(asking) == 40
    clock.now += 39
    assert rates.check(asking) == 1
    clock.now += 1.5
    # Requests that were refused do not count.
    assert rates.check(asking) == 0
    assert rates.check(asking) == 10


def test_one_caller_does_not_use_up_the_rate_of_another() -> None:
    rates = Rates()
    assert [rates.check(caller(name, "1/minute")) for name in ("a", "b")] == [0, 0]
    assert rates.check(caller("a", "1/minute")) > 0


def test_caller_without_a_rate_may_ask_any_number_of_times() -> None:
    rates = Rates()
    assert {rates.check(caller("address:127.0.0.1", None)) for _ in range(1_000)} == {0}


def test_memory_does_not_grow_with_the_callers_that_came_by(clock: Clock) -> None:
    rates = Rates()
    for number in range(1_000):
        assert rates.check(caller(f"oidc:{number}", "5/minute")) == 0
    storage = rates._windows._storage
    storage.timer.join()
    assert len(storage.events) == 1_000
    clock.now += 61
    rates.check(caller("a", "5/minute"))
    storage.timer.join()
    clock.now += 61
    rates.check(caller("b", "5/minute"))
    assert len(storage.events) <= 2
    storage.timer.join()


def test_failures_are_waited_for_by_address(clock: Clock) -> None:
    failures = Failures()
    for _ in range(parse_rate(FAILURE_RATE).amount):
        assert failures.wait("192.0.2.7") == 0
        failures.add("192.0.2.7")
    assert failures.wait("192.0.2.7") == 60
    assert failures.wait("192.0.2.8") == 0
    clock.now += 61
    assert failures.wait("192.0.2.7") == 0


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [("60/minute", 60, 60), ("1 per 5 seconds", 1, 5), ("10000/day", 10_000, 86_400)],
)
def test_rate_is_read(text: str, amount: int, seconds: int) -> None:
    rate = parse_rate(text)
    assert (rate.amount, rate.get_expiry()) == (amount, seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "often",
        "0/minute",
        "-1/minute",
        "10001/minute",
        "5/month",
        "1/2 days",
        "5/minute; 9/hour",
        "5/minute,9/hour",
        f"{'9' * 5_000}/minute",
        "5/minute\x00",
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a rate such as 60/minute"):
        parse_rate(text)
