"""Which reply a session awaits, and which turns were given up."""

from qa.web.conversation_state import ConversationState


def test_reply_is_awaited_until_it_ends() -> None:
    state = ConversationState()
    pending = state.begin("a", "1")
    assert state.is_awaited(pending)
    state.end(pending)
    assert not state.is_awaited(pending)


def test_question_asked_while_another_is_awaited_takes_its_place() -> None:
    state = ConversationState()
    first, second = state.begin("a", "1"), state.begin("a", "2")
    assert (state.is_awaited(first), state.is_awaited(second)) == (False, True)
    # The generator of the first ends later.
    state.end(first)
    assert state.is_awaited(second)
    state.end(second)
    assert not state.is_awaited(second)


def test_turn_that_was_given_up_awaits_no_reply() -> None:
    state = ConversationState()
    pending = state.begin("a", "1")
    state.abandon("a", ["1"])
    assert not state.is_awaited(pending)
    state.end(pending)
    later = state.begin("a", "2")
    assert state.is_awaited(later) and not state.is_awaited(pending)


def test_turn_that_was_given_up_in_the_queue_never_awaits_one() -> None:
    state = ConversationState()
    state.abandon("a", ["1"])
    later = state.begin("a", "2")
    assert not state.is_awaited(state.begin("a", "1"))
    assert state.is_awaited(later)
    # Another session knows nothing of it.
    assert state.is_awaited(state.begin("b", "1"))


def test_sessions_do_not_disturb_each_other() -> None:
    state = ConversationState()
    here, there, nowhere = state.begin("a", "1"), state.begin("b", "1"), state.begin(None, "1")
    state.abandon("b", ["1"])
    assert [state.is_awaited(each) for each in (here, there, nowhere)] == [True, False, True]


def test_turn_that_was_given_up_first_is_forgotten_first() -> None:
    state = ConversationState(most_abandoned=2)
    state.abandon("a", ["1", "2", "3"])
    assert [state.is_awaited(state.begin("a", turn)) for turn in "123"] == [True, False, False]
