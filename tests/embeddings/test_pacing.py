"""How much is encoded before the next commit."""

import pytest

from embeddings.pacing import COMMIT_SECONDS, FIRST_SPEED, CommitPace
from embeddings.passages import Passage


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passages(count: int, characters: int) -> list[Passage]:
    return [Passage(0, characters, "a" * characters, "") for _ in range(count)]


def test_batch_is_due_when_it_has_the_most_passages(clock: Clock) -> None:
    pace = CommitPace(10, clock)
    pace.add(passages(9, 5))
    assert not pace.is_due
    pace.add(passages(1, 5))
    assert pace.is_due


def test_batch_is_due_when_encoding_it_would_fill_the_time(clock: Clock) -> None:
    pace = CommitPace(1_000, clock)
    pace.add(passages(1, round(FIRST_SPEED * COMMIT_SECONDS / 2)))
    assert not pace.is_due
    assert pace.seconds_left == pytest.approx(COMMIT_SECONDS / 2)
    clock.now += COMMIT_SECONDS / 2
    assert pace.is_due


def test_batches_are_as_large_as_the_measured_speed_allows(clock: Clock) -> None:
    pace = CommitPace(1_000, clock)
    pace.add(passages(10, 100))
    clock.now += 10
    pace.committed(encoding_seconds=10)
    # A hundred characters a second: three of these passages fill the time.
    sizes = []
    for _ in range(2):
        pace.add(passages(1, 100))
        sizes.append(pace.is_due)
    pace.add(passages(1, 100))
    assert (sizes, pace.is_due) == ([False, False], True)


def test_large_document_is_a_batch_of_its_own(clock: Clock) -> None:
    pace = CommitPace(1_000, clock)
    assert pace.is_large(passages(1_000, 1))
    assert pace.is_large(passages(1, round(FIRST_SPEED * COMMIT_SECONDS)))
    assert not pace.is_large(passages(999, 1))


def test_clock_that_stands_still_while_encoding_divides_nothing_by_zero(clock: Clock) -> None:
    pace = CommitPace(1_000, clock)
    pace.add(passages(1, 100))
    pace.committed(encoding_seconds=0)
    assert pace.seconds_left == COMMIT_SECONDS
