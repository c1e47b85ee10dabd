"""Flips: every file that an index keeps is damaged, at random places, closed and while it is open.

The result is the right answer or an error that reports the damage: no wrong quote, and no document
lost silently. Each trial is examined by a process of its own, which a crash would end.
"""

import json
import shutil
import signal
from pathlib import Path
from random import Random

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.indexing_report import IndexingProgress
from qa.library.feedback import Feedback
from tests.attacks.children import child
from tests.attacks.examination import (
    NAMES,
    PAGE,
    Damage,
    How,
    examine_damaged,
    question_of,
    text_of,
)
from tests.attacks.library import answering, fast_indexing
from tests.attacks.tally import Tally
from tests.builders import HashingEncoder

WRONG, LOST, CRASHED, OTHER = "wrong quotes", "silent losses", "crashes", "other errors"
REPORTED = "reported"
CUT_UNDER = "ended by SQLite's shared memory cut off under it"

SHARED = "-shm"
"""SQLite maps this file, which holds nothing of its own; who cuts it off ends who has it open."""

HOW: tuple[How, ...] = ("bit", "bit", "bit", "bit", "byte", "byte", "zeros", "cut", "gone")


class Image:
    """An index as it lies on the disk, with the feedback beside it, and what is right of it."""

    def __init__(self, at: Path, folder: Path) -> None:
        """It lies there already.

        Args:
            at: The folder that holds the index and what lies beside it.
            folder: Of the documents.
        """
        self.at = at
        self.folder = folder
        # Looked at in a copy: to open an index changes its files.
        look = at.with_name(f"{at.name}-looked-at")
        shutil.copytree(at, look)
        index = Index.open(look / "index")
        self.paths = [path for path, source in index.store.sources().items() if source.document]
        answerer = answering(index)
        held = [name for name in NAMES if f"woods/{name}.txt" in self.paths]
        answers = {name: answerer.answer(question_of(name)) for name in held}
        self.expected = {
            name: [str(answer.text), answer.citations[0].path] for name, answer in answers.items()
        }
        assert all(name in text for name, (text, _) in self.expected.items()), self.expected
        self.rated = [entry.answer.to_json() for entry in Feedback(look / "index").entries()]
        index.close()
        self.files = sorted(str(path.relative_to(at)) for path in at.rglob("*") if path.is_file())

    def size(self, file: str) -> int:
        """Bytes of one of its files."""
        return (self.at / file).stat().st_size


class Flips:
    """Trials on images of an index: left by a kill half way and at the end, and closed.

    Attributes:
        images: What is damaged, in turn.
    """

    PROMISES = (WRONG, LOST, CRASHED, OTHER)

    def __init__(self, work: Path) -> None:
        self.work = work
        folder = work / "woods"
        folder.mkdir()
        for name in NAMES:
            (folder / f"{name}.txt").write_text(text_of(name))
        making = work / "made"
        index = Index.open_or_create(making / "index", HashingEncoder())

        def on_progress(now: IndexingProgress) -> None:
            # Between two commits: what a kill would leave at that moment.
            if now.files_done == len(NAMES) - 2 and not (work / "killed").exists():
                shutil.copytree(making, work / "killed")

        with fast_indexing():
            index_folder(folder, index, HashingEncoder(), on_progress=on_progress)
        feedback = Feedback(making / "index")
        for name in NAMES:
            answer = answering(index).answer(question_of(name))
            feedback.put(answer, True, "user")
        shutil.copytree(making, work / "open")
        index.close()
        self.images = [Image(work / name, folder) for name in ("killed", "open", "made")]

    def run(self, seed: int, trials: int, first: int = 0) -> Tally:
        """Run trials, from a number on."""
        tally = Tally("flips", self.PROMISES, seed)
        for number in range(first, first + trials):
            chance = Random(f"{seed} {number}")
            image = self.images[number % len(self.images)]
            self.look(image, _drawn(image, chance), f"trial {number}", tally)
        return tally

    def look(self, image: Image, damage: Damage, name: str, tally: Tally) -> None:
        """Damage a copy of an image and count what a process then finds in it."""
        how = f"{name}, {image.at.name}: {damage}"
        tally.trials += 1
        copy = self.work / "copy"
        shutil.copytree(image.at, copy)
        with child(
            examine_damaged,
            copy / "index",
            image.folder,
            damage,
            image.paths,
            image.expected,
            image.rated,
        ) as looking:
            message = looking.next()
            status = looking.ended()
        shutil.rmtree(copy)
        if message is None:
            if damage.while_open and damage.file.endswith(SHARED) and status == -signal.SIGBUS:
                tally.seen[CUT_UNDER] += 1
            else:
                tally.broken(CRASHED, f"{how}: ended with {status}")
            return
        reported, raised, wrong, missing, differing = json.loads(message)
        tally.seen[REPORTED] += bool(reported)
        for promise, faults in ((OTHER, raised), (WRONG, wrong)):
            if faults:
                tally.broken(promise, f"{how}: {faults}")
        if (missing or differing) and not reported:
            tally.broken(LOST, f"{how}: {missing or differing}")


def _drawn(image: Image, chance: Random) -> Damage:
    file = chance.choice([file for file in image.files if image.size(file)])
    how = chance.choice(HOW)
    # The first page tells what follows; else it would be hit too seldom.
    most = image.size(file) if chance.random() < 0.8 else min(PAGE, image.size(file))
    value = 1 << chance.randrange(8) if how == "bit" else chance.randrange(1, 256)
    return Damage(file, how, chance.randrange(most), value, chance.random() < 0.3)
