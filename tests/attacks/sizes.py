"""Sizes of the attacks in the suite; the environment makes them longer."""

import os
import sys

import pytest


def size(name: str, default: int) -> int:
    """``CHAPTER_AND_VERSE_<name>``, or what suits the suite."""
    return int(os.environ.get(f"CHAPTER_AND_VERSE_{name}", default))


SEED = size("ATTACK_SEED", 1)

MARKS = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks, reads /proc and bounds memory"),
    pytest.mark.timeout(size("ATTACK_SECONDS", 300)),
]
"""Of every test that attacks; for a long one the time must be set, too."""
