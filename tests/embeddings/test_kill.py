"""Indexing killed at random moments: what was acknowledged before is found afterwards."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from embeddings.index import Index
from embeddings.indexing import IndexingProgress, index_folder
from tests.encoders import HashingEncoder

TRIALS = int(os.environ.get("CHAPTER_AND_VERSE_KILL_TRIALS", "50"))
FILES = 60

# Told as soon as its document is committed, which is what an acknowledgement is.
WORKER = """
import sys
from pathlib import Path
import embeddings.indexing
from embeddings.index import Index
from tests.encoders import HashingEncoder

embeddings.indexing.BATCH_PASSAGES = 4
encoder = HashingEncoder()
folder, place = map(Path, sys.argv[1:])
index = Index.open_or_create(place, encoder)
print("begun", flush=True)
before = 0
def tell(now):
    global before
    if now.files_done > before:
        before = now.files_done
        print(now.path, flush=True)
embeddings.indexing.index_folder(folder, index, encoder, on_progress=tell)
print("done", flush=True)
"""


def make_folder(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        text = "\n\n".join(f"House {number}, floor {floor}. " * 12 for floor in range(4))
        (folder / f"{number:02}.txt").write_text(text)


def kill_after(seconds: float, folder: Path, place: Path) -> list[str]:
    """Starts indexing, kills it that long after it began; what it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder), str(place)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        return process.stdout.read().splitlines()


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
    letters = sum(len(one.passage.text.split()) for one in stored)
    return vectors == len(stored) > 0 and letters == len(document.text.split())


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "houses"
    make_folder(folder)
    encoder = HashingEncoder()
    reference = Index.open_or_create(tmp_path / "reference", encoder)
    started = time.perf_counter()
    index_folder(folder, reference, encoder)
    seconds = time.perf_counter() - started
    chance = random.Random(1)
    cut_short = 0
    for trial in range(TRIALS):
        place = tmp_path / f"index-{trial}"
        told = kill_after(chance.uniform(0, seconds), folder, place)
        acknowledged = [line for line in told if line != "done"]
        cut_short += "done" not in told
        index = Index.open(place)
        assert index.store.damage() == [], trial
        lost = [path for path in acknowledged if not whole(index, path)]
        assert lost == [], f"trial {trial}: {len(lost)} of {len(acknowledged)} lost"
        broken = [path for path in index.store.sources() if not whole(index, path)]
        assert broken == [], f"trial {trial}: half there"
        with index.snapshot() as snapshot:
            assert snapshot.generation == index.store.generation
        index.close()
    assert cut_short >= TRIALS * 0.5, f"only {cut_short} of {TRIALS} kills came in time"
    goes_on(folder, tmp_path / "index-0", reference)
    reference.close()


def goes_on(folder: Path, place: Path, reference: Index) -> None:
    """The next run does what is left and ends with what an undisturbed one has."""
    encoder = HashingEncoder()
    index = Index.open(place)
    left = FILES - len(index.store.sources())
    done: list[IndexingProgress] = []
    report = index_folder(folder, index, encoder, on_progress=done.append)
    assert (len(report.added), report.unchanged) == (left, FILES - left)
    texts = {
        path: [one.passage for one in reference.store.passages_of(source.document or 0)]
        for path, source in reference.store.sources().items()
    }
    assert texts == {
        path: [one.passage for one in index.store.passages_of(source.document or 0)]
        for path, source in index.store.sources().items()
    }
    index.close()
