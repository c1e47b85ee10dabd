"""Processes, their output and memory."""

import sys

import pytest

from tests.benchmarks.processes import ProcessFailed, run

HOLDING = """
import time
print("first", flush=True)
time.sleep(0.3)
held = bytearray(200_000_000)
time.sleep(0.2)
print("second", flush=True)
del held
time.sleep(0.2)
"""

CHILD = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; a = bytearray(200_000_000); time.sleep(0.4)"])
"""


@pytest.mark.slow
def test_lines_have_their_time_and_memory() -> None:
    finished = run([sys.executable, "-c", HOLDING])
    first, second = finished.lines
    assert (first.text, second.text) == ("first", "second")
    assert 0 < first.seconds < second.seconds - 0.4 < finished.seconds - 0.5
    assert finished.peak >= 200_000_000 > first.memory > 1_000_000


@pytest.mark.slow
def test_memory_of_children_counts() -> None:
    assert run([sys.executable, "-c", CHILD]).peak > 200_000_000


def test_failure_has_the_error_output_of_the_process() -> None:
    with pytest.raises(ProcessFailed, match=r"exit code 1: .*ImportError: no such peer"):
        run([sys.executable, "-c", "raise ImportError('no such peer')"])


def test_exit_code_that_means_no_answer_is_no_failure() -> None:
    assert run([sys.executable, "-c", "raise SystemExit(1)"], allowed=(0, 1)).lines == ()
