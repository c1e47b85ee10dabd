"""Commands: what is run for each side, with the same settings for all."""

import json
import sys
from pathlib import Path

from tests.benchmarks.processes import Ran, run

HITS = 10
"""Passages read for an answer, by everyone."""

WARMING = 5
"""Answers of each process that are not counted as warm, the first one included."""

PEERS = {
    "Haystack": "tests.benchmarks.peers.haystack_chain",
    "LangChain": "tests.benchmarks.peers.langchain_chain",
    "txtai": "tests.benchmarks.peers.txtai_chain",
}

SETTINGS = {"QA_HITS": str(HITS)}

PYTHON = sys.executable

QA = Path(PYTHON).with_name("qa")


def our_index(folder: Path, index: Path) -> Ran:
    """``qa index`` of a folder of documents."""
    return run([QA, "index", folder, "--index", index], SETTINGS)


def our_cold_start(index: Path, asked: Path) -> float:
    """Seconds until ``qa ask`` prints the answer to the first of the questions."""
    question = json.loads(asked.read_text(encoding="utf-8"))[0]
    ran = run([QA, "ask", question, "--index", index], SETTINGS, fine=(0, 1))
    return ran.lines[0].seconds


def ours(command: str, index: Path, asked: Path, *more: str) -> Ran:
    """A command of ``tests.benchmarks.ours``."""
    return run([PYTHON, "-m", "tests.benchmarks.ours", command, index, asked, *more], SETTINGS)


def peer_index(name: str, passages: Path, place: Path, encoder: Path) -> Ran:
    """The peer's index of passages."""
    return run([PYTHON, "-m", PEERS[name], "index", passages, place, encoder])


def peer_answers(name: str, place: Path, encoder: Path, reader: Path, asked: Path) -> Ran:
    """The peer's answers to the questions."""
    return run([PYTHON, "-m", PEERS[name], "answer", place, encoder, reader, asked, str(HITS)])


def warm(ran: Ran) -> list[float]:
    """Seconds of the answers of a process, without the first ones."""
    return [float(json.loads(line.text)["seconds"]) for line in ran.lines[WARMING:]]
