"""A file of conversations, and its examples."""

import gzip
import json
from pathlib import Path

import pytest

from qa.training.rewriter.conversations import RewriteExample, load_conversations

ROWS: tuple[tuple[list[tuple[str, str]], str, str], ...] = (
    ([], "What is the IOFS?", "What is the IOFS?"),
    ([("user", "What is the IOFS?")], "Who leads it?", "Who leads the IOFS?"),
    (
        [("user", "What is the IOFS?"), ("agent", "A body."), ("user", "Who leads it?")],
        "Where is Doha?",
        "Where is Doha?",
    ),
)


def write_conversations(path: Path, conversations: int = 1) -> Path:
    lines = [
        json.dumps(
            {
                "id": f"made_{number}_{turn}",
                "history": [{"role": role, "text": text} for role, text in history],
                "question": question,
                "rewrite": rewrite,
            }
        )
        for number in range(conversations)
        for turn, (history, question, rewrite) in enumerate(ROWS)
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.fixture
def examples(tmp_path: Path) -> list[RewriteExample]:
    return load_conversations(write_conversations(tmp_path / "some.jsonl.gz", conversations=7))
