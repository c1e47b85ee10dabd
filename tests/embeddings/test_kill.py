"""Indexing killed at random moments: what was acknowledged before is found afterwards."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from embeddings import indexing
from embeddings.index import Index
from embeddings.indexing import index_folder
from tests.embeddings.plain_loader import PlainLoader
from tests.embeddings.test_indexing import state
from tests.encoders import HashingEncoder

TRIALS = int(os.environ.get("CHAPTER_AND_VERSE_KILL_TRIALS", "50"))
FILES = 30

# Told as soon as its document is committed, which is what an acknowledgement is.
WORKER = """
import sys
from pathlib import Path
from embeddings import indexing
from embeddings.index import Index
from tests.embeddings.plain_loader import PlainLoader
from tests.encoders import HashingEncoder

indexing.BATCH_PASSAGES = 4
if sys.argv[3] == "plain":
    indexing.DocumentLoader = PlainLoader
encoder = HashingEncoder()
folder, place = map(Path, sys.argv[1:3])
index = Index.open_or_create(place, encoder)
before = 0
def tell(now):
    global before
    if now.files_done > before:
        before = now.files_done
        print(now.path, flush=True)
indexing.index_folder(folder, index, encoder, on_progress=tell)
print("done", flush=True)
"""


def make_folder(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        text = "\n\n".join(f"House {number}, floor {floor}. " * 12 for floor in range(4))
        (folder / f"{number:02}.txt").write_text(text)


def kill_during(folder: Path, place: Path, chance: random.Random, loader: str) -> list[str]:
    """Indexes and is killed a moment after some acknowledgement; all that it acknowledged.

    Waiting for an acknowledgement, not for a time, finds the middle on a busy machine too.
    """
    after = chance.randrange(FILES)
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(place), loader],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().rstrip("\n") for _ in range(after)]
        time.sleep(chance.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        return told + process.stdout.read().splitlines()


def whole(index: Index, path: str) -> bool:
    """Whether a document is there with all its passages and vectors."""
    store = index.store
    source = store.sources().get(path)
    if source is None or source.document is None:
        return False
    document = store.document(source.document)
    stored = store.passages_of(source.document)
    ids = np.array([one.id for one in stored], dtype=np.int64)
    vectors = sum(len(batch) for _, batch in store.vectors(ids))
    words = sum(len(one.passage.text.split()) for one in stored)
    return vectors == len(stored) > 0 and words == len(document.text.split())


def test_nothing_acknowledged_is_lost_by_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "houses"
    make_folder(folder)
    encoder = HashingEncoder()
    reference = Index.open_or_create(tmp_path / "reference", encoder)
    index_folder(folder, reference, encoder)
    expected = state(reference)
    reference.close()
    chance = random.Random(1)
    cut_short = 0
    for trial in range(TRIALS):
        place = tmp_path / f"index-{trial}"
        # Most trials read by themselves, which is faster; some have a process that reads.
        told = kill_during(folder, place, chance, "real" if trial % 10 == 9 else "plain")
        if not (place / "library.sqlite").exists():
            assert told == [], f"trial {trial}: acknowledged without an index"
            continue
        index = Index.open(place)
        assert index.store.damage() == [], f"trial {trial}"
        lost = [path for path in told if path != "done" and not whole(index, path)]
        assert lost == [], f"trial {trial}: lost of {len(told)} acknowledged"
        there = index.store.sources()
        broken = [path for path in there if not whole(index, path)]
        assert broken == [], f"trial {trial}: half there"
        cut_short += 0 < len(there) < FILES
        if trial % 5 == 0:
            with monkeypatch.context() as patched:
                patched.setattr(indexing, "DocumentLoader", PlainLoader)
                report = index_folder(folder, index, encoder)
            assert (len(report.added), report.unchanged) == (FILES - len(there), len(there))
            assert state(index) == expected, f"trial {trial}"
            assert index.store.damage() == []
        index.close()
    assert cut_short >= TRIALS * 0.7, f"only {cut_short} of {TRIALS} died with work left"
