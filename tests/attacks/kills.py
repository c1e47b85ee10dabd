"""Kills: processes that index, take uploads in or remove documents die at random moments.

What they acknowledged before is found afterwards, nothing is half there, and the next start
works. Waiting for an acknowledgement, not for a time, finds the middle on a busy machine too.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from embeddings.index.index import STORE_FILE, Index
from embeddings.index.protocols import SearchIndex
from embeddings.indexing import index_folder
from tests.attacks.children import child
from tests.attacks.library import (
    FILES,
    MAX_IN_PROGRESS,
    arrive,
    document_text,
    fast_indexing,
    incomplete,
    is_whole,
    make_documents,
    served,
)
from tests.attacks.tally import Tally
from tests.attacks.victims import indexing_houses, removing_houses, uploading_houses
from tests.builders import HashingEncoder
from tests.embeddings.test_indexing import state

LOST, HALF, REFUSED = "lost", "half there", "starts refused"
CUT_SHORT = "died with work left"

UPLOADED = 12
"""Documents uploaded or removed in a trial."""

REAL_READING = 10
"""Of so many trials one reads with the process that reads files in use; more take longer."""


@dataclass(frozen=True)
class Trial:
    """One kill.

    Attributes:
        number: By which it is repeated.
        chance: Its own, of seed and number.
        place: A new folder for all that it makes.
        plain: Whether files are read without a process.
        tally: To which it is counted.
    """

    number: int
    chance: Random
    place: Path
    plain: bool
    tally: Tally

    def broken(self, promise: str, what: object) -> None:
        """Count a broken promise."""
        self.tally.broken(promise, f"trial {self.number}: {what}")


class Kills:
    """Trials that share a folder of documents and what an index of it holds."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.folder = work / "houses"
        make_documents(self.folder)
        self.town = work / "town"
        make_documents(self.town, 1)
        # Uploaded once: each trial that removes begins with a copy, at the same place, since an
        # index knows where its folders lie.
        self.full, self.template = work / "full", work / "template"
        reference = Index.open_or_create(work / "reference", HashingEncoder())
        with fast_indexing():
            index_folder(self.folder, reference, HashingEncoder())
            self.expected = state(reference)
            reference.close()
            with served(self.town, self.full / "index") as uploads:
                files = [
                    arrive(uploads, f"up{at}.txt", document_text(at))
                    for at in range(1, UPLOADED + 1)
                ]
                *_, rows = uploads.add(files)
        shutil.copytree(self.full, self.template)
        self.uploaded = [row.detail.partition(",")[0] for row in rows]
        assert [row.state for row in rows] == ["taken"] * UPLOADED

    def run(self, seed: int, trials: int, first: int = 0) -> Tally:
        """Run trials, from a number on."""
        tally = Tally("kills", [LOST, HALF, REFUSED], seed)
        kinds: list[Callable[[Trial], None]] = [
            self.kill_indexing, self.kill_uploading, self.kill_indexing, self.kill_removing,
            self.kill_uploading,
        ]  # fmt: skip
        for number in range(first, first + trials):
            trial = Trial(
                number,
                Random(f"{seed} {number}"),
                self.work / f"trial-{number}",
                number % REAL_READING != REAL_READING - 1,
                tally,
            )
            trial.place.mkdir()
            kinds[number % len(kinds)](trial)
            tally.trials += 1
            shutil.rmtree(trial.place)
        return tally

    def kill_indexing(self, trial: Trial) -> None:
        """Kill while a folder is indexed, then index it again."""
        place = trial.place / "index"
        acknowledged = _killed(trial, FILES, indexing_houses, self.folder, place, trial.plain)
        if not (place / STORE_FILE).exists():
            if acknowledged:
                trial.broken(LOST, "acknowledged without an index")
            return
        with trial.tally.only_own_errors(REFUSED, f"trial {trial.number}"):
            index = Index.open(place)
            self._check(trial, index, acknowledged)
            there = index.store.sources()
            trial.tally.seen[CUT_SHORT] += 0 < len(there) < FILES
            with fast_indexing():
                report = index_folder(self.folder, index, HashingEncoder())
                if report.unchanged != len(there):
                    trial.broken(LOST, f"{len(there)} were there, {report.unchanged} are left")
                after = index.store.sources()
                set_aside = [path for path, source in after.items() if source.problem]
                if len(set_aside) > MAX_IN_PROGRESS or not set(set_aside).isdisjoint(there):
                    trial.broken(LOST, f"set aside: {set_aside}")
                index_folder(self.folder, index, HashingEncoder(), retry=True)
            if state(index) != self.expected or index.store.damage():
                trial.broken(HALF, "indexing again does not mend it")
            index.close()

    def kill_uploading(self, trial: Trial) -> None:
        """Kill while uploads are taken in, then start again."""
        numbers = trial.chance.sample(range(1, 1000), UPLOADED)
        batches = []
        while numbers:
            size = trial.chance.randint(1, 3)
            batches.append(numbers[:size])
            numbers = numbers[size:]
        place = trial.place / "index"
        acknowledged = _killed(
            trial, UPLOADED, uploading_houses, self.town, place, trial.plain, batches
        )
        trial.tally.seen[CUT_SHORT] += 0 < len(acknowledged) < UPLOADED
        if not (place / STORE_FILE).exists():
            if acknowledged:
                trial.broken(LOST, "acknowledged without an index")
            return
        refused = trial.tally.only_own_errors(REFUSED, f"trial {trial.number}")
        with refused, fast_indexing(), served(self.town, place) as uploads:
            self._check(trial, uploads.index, acknowledged)
            listing = uploads.documents.listing()
            gone = [
                path for path in acknowledged if not (uploads.folder / Path(path).name).is_file()
            ]
            if gone:
                trial.broken(LOST, f"files of {gone}")
            listed = {file.path.rpartition("/")[2] for file in listing.files}
            left = [file.name for file in uploads.folder.iterdir() if file.name not in listed]
            if left:
                trial.broken(HALF, f"files that are not in the library: {left}")
            problems = [file.path for file in listing.files if file.problem]
            if len(problems) > MAX_IN_PROGRESS:
                trial.broken(LOST, f"set aside: {problems}")
            incoming = [path for path in uploads.incoming.folder.parent.iterdir() if path.is_dir()]
            if incoming != [uploads.incoming.folder]:
                trial.broken(HALF, f"left on their way: {incoming}")

    def kill_removing(self, trial: Trial) -> None:
        """Kill while documents are removed, then start again."""
        shutil.rmtree(self.full)
        shutil.copytree(self.template, self.full)
        place = self.full / "index"
        order = trial.chance.sample(self.uploaded, UPLOADED)
        messages = _killed(trial, UPLOADED, removing_houses, self.town, place, trial.plain, order)
        acknowledged = messages[1:]
        trial.tally.seen[CUT_SHORT] += 0 < len(acknowledged) < UPLOADED
        if acknowledged != order[: len(acknowledged)]:
            trial.broken(REFUSED, messages)
            return
        refused = trial.tally.only_own_errors(REFUSED, f"trial {trial.number}")
        with refused, fast_indexing(), served(self.town, place) as uploads:
            # The document being removed may be there or not.
            self._check(trial, uploads.index, order[len(acknowledged) + 1 :])
            held = {file.path for file in uploads.documents.listing().files}
            names = {file.name for file in uploads.folder.iterdir()}
            back = [path for path in acknowledged if path in held or Path(path).name in names]
            if back:
                trial.broken(HALF, f"removed and back: {back}")

    def _check(self, trial: Trial, index: SearchIndex, acknowledged: list[str]) -> None:
        assert isinstance(index, Index)
        lost = [path for path in acknowledged if not is_whole(index, path)]
        if lost:
            trial.broken(LOST, f"{lost} of {len(acknowledged)} acknowledged")
        half = incomplete(index)
        if half:
            trial.broken(HALF, half)


def _killed(trial: Trial, most: int, run: Callable[..., None], *given: object) -> list[str]:
    """Kill a process soon after an acknowledgement; all that it acknowledged."""
    with child(run, *given) as victim:
        acknowledged = []
        for _ in range(trial.chance.randrange(most)):
            message = victim.next()
            if message is None:
                break
            acknowledged.append(message)
        time.sleep(trial.chance.uniform(0, 0.01))
        victim.kill()
        return acknowledged + victim.rest()
