"""What the tests of access share."""

from functools import partial

import pytest
from argon2 import PasswordHasher


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in microseconds."""
    hasher = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("qa.access.keys.PasswordHasher", hasher)
