"""Poisoned documents: what nobody sees is not read, and a forgery mostly does not win unseen."""

from pathlib import Path

import pytest

from tests.attacks.poison import LIES, poison
from tests.attacks.sizes import MARKS, size

pytestmark = [*MARKS, pytest.mark.slow]

QUESTIONS = size("POISONED_QUESTIONS", 3)


def test_what_poison_wins_is_mostly_reported(tmp_path: Path) -> None:
    tally = poison(tmp_path, LIES[:QUESTIONS])
    assert tally.passed, tally.report()
