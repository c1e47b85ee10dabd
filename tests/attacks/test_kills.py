"""Killed at random moments: what was acknowledged before is found afterwards."""

from pathlib import Path

import pytest

from tests.attacks.apps import kill_apps
from tests.attacks.kills import CUT_SHORT, Kills
from tests.attacks.sizes import MARKS, SEED, size

pytestmark = [*MARKS, pytest.mark.slow]

TRIALS = size("KILL_TRIALS", 30)
APPS = size("KILL_APPS", 1)


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    tally = Kills(tmp_path).run(SEED, TRIALS)
    assert tally.passed, tally.report()
    assert tally.seen[CUT_SHORT] >= TRIALS * 0.7, tally.report()


def test_chat_killed_while_it_takes_uploads_starts_again_with_them(tmp_path: Path) -> None:
    tally = kill_apps(tmp_path, SEED, APPS)
    assert tally.passed, tally.report()
    assert tally.seen["acknowledged"] >= APPS
