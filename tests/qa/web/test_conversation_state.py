"""Which reply a session awaits, and whether an event brings the conversation stored last."""

from qa.web.conversation_state import ConversationState


def test_reply_is_awaited_until_it_ends() -> None:
    state = ConversationState()
    pending = state.begin("a")
    assert state.is_awaited(pending)
    state.end(pending)
    assert not state.is_awaited(pending)


def test_question_asked_while_another_is_awaited_takes_its_place() -> None:
    state = ConversationState()
    first, second = state.begin("a"), state.begin("a")
    assert (state.is_awaited(first), state.is_awaited(second)) == (False, True)
    # The generator of the first ends later.
    state.end(first)
    assert state.is_awaited(second)
    state.end(second)
    assert not state.is_awaited(second)


def test_cleared_conversation_awaits_no_reply() -> None:
    state = ConversationState()
    pending = state.begin("a")
    state.cancel("a")
    assert not state.is_awaited(pending)
    state.end(pending)
    later = state.begin("a")
    assert state.is_awaited(later) and not state.is_awaited(pending)


def test_cancelling_where_nothing_is_awaited_changes_nothing() -> None:
    state = ConversationState()
    state.cancel("a")
    assert state.is_awaited(state.begin("a"))


def test_sessions_do_not_disturb_each_other() -> None:
    state = ConversationState()
    here, there = state.begin("a"), state.begin("b")
    state.cancel("b")
    assert (state.is_awaited(here), state.is_awaited(there)) == (True, False)
    state.store("a", "[1]")
    assert not state.is_stale("b", "[]")


def test_client_without_a_session_is_a_session_of_its_own() -> None:
    state = ConversationState()
    pending = state.begin(None)
    state.store(None, "[1]")
    state.cancel("a")
    assert state.is_awaited(pending) and state.is_stale(None, "[]")


def test_nothing_is_stale_before_the_session_stored_a_conversation() -> None:
    state = ConversationState()
    assert not state.is_stale("a", "[1]")
    assert not state.is_stale("a", None)


def test_conversation_is_stale_once_another_is_stored() -> None:
    state = ConversationState()
    state.store("a", "[1]")
    assert not state.is_stale("a", "[1]")
    state.store("a", "[1,2]")
    assert state.is_stale("a", "[1]") and not state.is_stale("a", "[1,2]")
    # Cleared while a question that brings both turns is waiting.
    state.store("a", "[]")
    assert state.is_stale("a", "[1,2]") and not state.is_stale("a", "[]")


def test_what_is_no_conversation_is_stale_beside_one() -> None:
    state = ConversationState()
    state.store("a", "[]")
    assert all(state.is_stale("a", sent) for sent in (None, 7, "", {"a": 1}))


def test_reply_that_is_pending_makes_no_conversation_stale() -> None:
    state = ConversationState()
    state.store("a", "[1]")
    state.end(state.begin("a"))
    state.cancel("a")
    assert not state.is_stale("a", "[1]")


def test_session_that_stored_least_recently_is_forgotten_first() -> None:
    state = ConversationState(most_sessions=2)
    for session in ("a", "b", "a", "c"):
        state.store(session, f"[{session}]")
    # Of "b" nothing is known any more, so nothing that it sends is stale.
    assert not state.is_stale("b", "[x]")
    assert state.is_stale("a", "[x]") and state.is_stale("c", "[x]")


def test_pending_reply_of_a_forgotten_session_is_still_awaited() -> None:
    state = ConversationState(most_sessions=1)
    pending = state.begin("a")
    state.store("a", "[1]")
    state.store("b", "[1]")
    assert state.is_awaited(pending)
