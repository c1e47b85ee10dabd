"""Sessions of one caller are bounded, and those in use are not expired."""

from qa.web import sessions
from qa.web.sessions import Sessions


def test_invented_sessions_use_no_room_of_another_caller() -> None:
    now = 0.0
    admitted = Sessions(lambda: now)
    assert admitted.admit("page", "192.0.2.1")
    invented = [admitted.admit(f"s{number}", "192.0.2.9") for number in range(1_000)]
    assert invented.count(True) == sessions.MAX_SESSIONS_PER_CALLER
    assert admitted.admit("page", "192.0.2.1") and admitted.admit("other", "192.0.2.1")
    now = sessions.SESSION_SECONDS + 1
    assert admitted.admit("s999", "192.0.2.9")


def test_session_in_use_outlives_the_others() -> None:
    now = 0.0
    admitted = Sessions(lambda: now)
    for number in range(sessions.MAX_SESSIONS_PER_CALLER):
        assert admitted.admit(f"s{number}", "192.0.2.9")
    now = sessions.SESSION_SECONDS * 0.9
    assert admitted.admit("s0", "192.0.2.9") and not admitted.admit("new", "192.0.2.9")
    now = sessions.SESSION_SECONDS * 1.1
    assert admitted.admit("new", "192.0.2.9")
    assert set(admitted._recent) == {"s0", "new"}


def test_session_is_of_whoever_sent_its_events() -> None:
    now = 0.0
    admitted = Sessions(lambda: now)
    assert admitted.owner("page") is None
    assert admitted.admit("page", "key:a")
    assert admitted.owner("page") == "key:a"
    now = sessions.SESSION_SECONDS + 1
    assert admitted.admit("other", "key:b") and admitted.owner("page") is None


def test_all_callers_together_are_bounded() -> None:
    admitted = Sessions(lambda: 0.0)
    count = sum(
        admitted.admit(f"{address}x{number}", f"192.0.2.{address}")
        for address in range(20)
        for number in range(sessions.MAX_SESSIONS_PER_CALLER)
    )
    assert count == sessions.MAX_SESSIONS
