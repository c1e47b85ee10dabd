"""What all tests share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.encoders import HashingEncoder

# The machine may be busy: how long one example takes says nothing about the code.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("suite")


@pytest.fixture
def hashing() -> HashingEncoder:
    """A fast encoder that knows no meaning."""
    return HashingEncoder()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A temporary folder that other users can reach, unlike ``tmp_path``."""
    folder = Path(tempfile.mkdtemp(prefix="chapter-and-verse-")).resolve()
    folder.chmod(0o755)
    yield folder
    for inside, _, _ in os.walk(folder):
        Path(inside).chmod(0o755)
    shutil.rmtree(folder)
