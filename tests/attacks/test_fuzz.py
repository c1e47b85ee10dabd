"""Mutated files: each gets a verdict, and whoever reads them goes on."""

import zipfile
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from embeddings.files.formats import SUFFIXES
from embeddings.files.loading import DocumentLoader
from tests.attacks import coverage_guided
from tests.attacks.fuzz import fuzz
from tests.attacks.mutation import mutated
from tests.attacks.seeds import seeds
from tests.attacks.sizes import MARKS, SEED, size

pytestmark = MARKS

FILES = size("FUZZ_FILES", 400)
GUIDED = size("GUIDED_FILES", 50)


@pytest.mark.slow
def test_every_seed_is_a_valid_file(tmp_path: Path) -> None:
    valid = seeds()
    assert list(valid) == list(SUFFIXES)
    with DocumentLoader() as loader:
        for suffix, content in valid.items():
            path = tmp_path / f"a{suffix}"
            path.write_bytes(content)
            text = loader.load(path).text
            assert "41" in text or "Fifty tons" in text, suffix


def test_same_seed_makes_the_same_file_and_another_another() -> None:
    first, second = seeds(), seeds()
    assert first == second
    for content in first.values():
        files = [mutated(content, Random(number)) for number in (1, 1, 2)]
        assert files[0] == files[1] != files[2]


def test_archive_is_mutated_inside() -> None:
    valid = seeds()[".epub"]
    whole = [zipfile.is_zipfile(BytesIO(mutated(valid, Random(number)))) for number in range(50)]
    assert sum(whole) > 30


@pytest.mark.slow
def test_no_mutated_file_crashes_or_holds_up_its_reader(tmp_path: Path) -> None:
    tally = fuzz(tmp_path, SEED, FILES)
    assert tally.passed, tally.report()
    assert tally.seen["read"] > FILES / 4 and tally.seen["refused"] > FILES / 20, tally.report()


@pytest.mark.slow
@pytest.mark.skipif(not coverage_guided.is_installed(), reason="ATHERIS IS NOT INSTALLED")
def test_no_file_guided_by_coverage_ends_its_reader(tmp_path: Path) -> None:
    tally = coverage_guided.guided(tmp_path, SEED, GUIDED)
    assert tally.passed, tally.report()
