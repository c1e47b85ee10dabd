"""A secret key is private, and the same for every program beside one index."""

import logging
from pathlib import Path

import pytest

from qa.secret_key import KEY_BYTES, secret_key


def test_key_is_kept_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "index.key"
    key = secret_key(path)
    assert len(key) == KEY_BYTES and path.read_bytes() == key == secret_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret_key(tmp_path / "other.key") != key


def test_key_that_cannot_be_stored_is_good_for_this_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        (tmp_path / "file").write_text("no folder")
        key = secret_key(tmp_path / "file" / "index.key")
    assert len(key) == KEY_BYTES
    assert "signatures are valid until the program ends" in caplog.text
