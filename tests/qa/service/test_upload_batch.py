"""Names under which uploaded files are stored."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.files.formats import format_of
from qa.service.upload_batch import available_name

NAMES = st.text(st.sampled_from("aé/\\.\0 :\n?\u202e") | st.characters(), max_size=300)


@given(NAMES, st.sets(NAMES, max_size=3))
def test_any_name_becomes_one_that_a_file_can_have(name: str, used: set[str]) -> None:
    used = {name.casefold() for name in used}
    found = available_name(name, used)
    assert found and found.casefold() not in used
    assert not found.startswith(".") and not re.search(r'[\x00-\x1f/\\:*?"<>|]', found)
    assert "\ud800" in name or len(found.encode("utf-8", "replace")) < 255
    assert available_name(name, used | {found.casefold()}) != found


@pytest.mark.parametrize("name", ["..md", "a.pdf", ".hidden.TXT", f"{'é' * 300}.md"])
def test_name_keeps_the_format_of_the_file(name: str) -> None:
    assert format_of(Path(available_name(name, set()))) is format_of(
        Path(f"a.{name.split('.')[-1]}")
    )
