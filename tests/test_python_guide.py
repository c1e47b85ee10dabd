"""The examples of the page on Python run, and its errors are there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import qa

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "guide" / "python.md").read_text(encoding="utf-8")

PRINTED = {
    "Which formats are read?": r"plain text, .* docs/guide/formats\.md",
    "asyncio.run": "2013",
    "os.getpid()": "2013",
}
"""What an example prints, a pattern, by what it holds."""

EXAMPLES = re.findall(r"^```python\n(.*?)^```", GUIDE, re.M | re.S)


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split("\n", 1)[0])
def test_example_prints_what_it_should(example: str, docs_index: Path) -> None:
    (expected,) = (printed for held, printed in PRINTED.items() if held in example)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "QA_INDEX": str(docs_index), "PYTHONPATH": str(ROOT)},
    )
    assert ran.stderr == ""
    assert re.fullmatch(expected, ran.stdout.strip())


def test_every_example_is_expected_to_print_something() -> None:
    assert len(EXAMPLES) == len(PRINTED)


def test_every_error_of_the_page_is_public() -> None:
    errors = set(re.findall(r"`((?:Index|Chapter|Cancel)\w+)`", GUIDE))
    assert errors >= {"Cancelled", "ChapterAndVerseError", "IndexClosed", "IndexInherited"}
    assert errors <= {*qa.__all__}
