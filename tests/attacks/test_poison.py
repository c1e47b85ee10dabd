"""Poisoned documents: what nobody sees is not read, and a forgery does not win unseen."""

from pathlib import Path

from tests.attacks.poison import LIES, poison
from tests.attacks.sizes import MARKS, size

pytestmark = MARKS

ASKED = size("POISONED_QUESTIONS", 3)


def test_poison_wins_nothing_without_a_word(tmp_path: Path) -> None:
    tally = poison(tmp_path, LIES[:ASKED])
    assert tally.kept, tally.told()
