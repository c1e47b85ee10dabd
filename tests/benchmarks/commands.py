"""Commands: the processes of each system, with the same settings for all."""

import json
import sys
from pathlib import Path

from tests.benchmarks.processes import Finished, run

HITS = 10
"""Passages that each system reads for an answer."""

WARM_UP_ANSWERS = 5
"""First answers of each process, which are not measured as warm."""

PEERS = {
    "Haystack": "tests.benchmarks.peers.haystack_chain",
    "LangChain": "tests.benchmarks.peers.langchain_chain",
    "txtai": "tests.benchmarks.peers.txtai_chain",
}

SETTINGS = {"QA_HITS": str(HITS)}

PYTHON = sys.executable

QA = Path(PYTHON).with_name("qa")


def our_index(folder: Path, index: Path) -> Finished:
    """``qa index`` of a folder of documents."""
    return run([QA, "index", folder, "--index", index], SETTINGS)


def our_cold_start(index: Path, questions: Path) -> float:
    """Seconds until ``qa ask`` prints the answer to the first of the questions."""
    question = json.loads(questions.read_text(encoding="utf-8"))[0]
    finished = run([QA, "ask", question, "--index", index], SETTINGS, allowed=(0, 1))
    return finished.lines[0].seconds


def ours(command: str, index: Path, questions: Path, *more: str) -> Finished:
    """A command of ``tests.benchmarks.ours``."""
    return run([PYTHON, "-m", "tests.benchmarks.ours", command, index, questions, *more], SETTINGS)


def peer_index(name: str, passages: Path, place: Path, encoder: Path) -> Finished:
    """The peer's index of passages."""
    return run([PYTHON, "-m", PEERS[name], "index", passages, place, encoder])


def peer_answers(name: str, place: Path, encoder: Path, reader: Path, questions: Path) -> Finished:
    """The peer's answers to the questions."""
    return run([PYTHON, "-m", PEERS[name], "answer", place, encoder, reader, questions, str(HITS)])


def warm(finished: Finished) -> list[float]:
    """Seconds of each warm answer of a process."""
    return [float(json.loads(line.text)["seconds"]) for line in finished.lines[WARM_UP_ANSWERS:]]
