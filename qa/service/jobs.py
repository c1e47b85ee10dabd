"""Jobs: files that programs add to the library, each with how far it has come."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from qa.service.replies import Job
from qa.service.service import Service
from qa.service.upload import Upload

MAX_JOBS = 2_000
"""Jobs that are remembered; the oldest is forgotten first. Some 500 bytes each."""


class Jobs:
    """The jobs of one server. Safe to use from several threads.

    They are forgotten when it ends, which what is in the library outlives.
    """

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, tuple[str, Job]] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, owner: str, service: Service, tokens: Sequence[str]) -> tuple[Job, ...]:
        """Begin to add files to the library; their jobs.

        Args:
            owner: Who may ask about the jobs.
            service: Of the owner.
            tokens: Of files that were received.

        Raises:
            MayNotReach: They would lie outside of what the owner may reach.
            TooManyChanges: Other changes are under way.
        """
        claimed = [service.uploads.incoming.claim(token) for token in tokens]
        jobs = [_new_job(file) for file in claimed]
        states = service.add([file for file in claimed if file is not None], owner)
        ids = [job.id for job in jobs if job.state == "waiting"]
        with self._lock:
            for job in jobs:
                self._jobs[job.id] = owner, job
            while len(self._jobs) > MAX_JOBS:
                self._jobs.popitem(last=False)
        threading.Thread(target=self._follow, args=(owner, ids, states), daemon=True).start()
        return tuple(jobs)

    def get(self, owner: str, id: str) -> Job | None:
        """A job of that owner; none if there is none, or none any more."""
        with self._lock:
            found = self._jobs.get(id)
        return found[1] if found is not None and found[0] == owner else None

    def _follow(self, owner: str, ids: Sequence[str], states: Iterator[tuple[Upload, ...]]) -> None:
        for uploads in states:
            with self._lock:
                for id, upload in zip(ids, uploads, strict=False):
                    if id in self._jobs:
                        job = Job(id, upload.name, upload.state, upload.detail, upload.path)
                        self._jobs[id] = owner, job


def _new_job(file: Path | None) -> Job:
    """The job of a file that was claimed; refused where it could not be, as it waited too long."""
    if file is None:
        return Job(uuid4().hex, "", "refused", "did not arrive whole; add it again", None)
    return Job(uuid4().hex, file.name, "waiting", "", None)
