"""Users: many pages that ask one question after another.

No user gets an error other than that the server is busy, and the server's memory stays flat.
"""

import threading
import time
from itertools import count
from random import Random

from tests.attacks.page_client import PageClient, Refused
from tests.attacks.serving import is_healthy, memory
from tests.attacks.tally import Tally
from tests.end_to_end.chat_process import Running
from tests.qa.test_pipeline import ANSWERED, NOT_ANSWERED

FAILED, GREW, SILENT = "errors", "times that memory grew", "times without a sign of life"

WARM_UP = 0.2
"""Share of the time after which memory is compared with what it is at the end."""

MAX_GROWTH = 150_000_000
"""Bytes: answers are kept to be given again, and threads come and go."""

PATIENCE = 10.0
"""Longest time for a busy server to answer that it is healthy."""

ASIDE = "In 2024, {}", "According to the documents, {}", "Tell me: {}", "{}", "{} (number {number})"
"""Ways to ask, so that not all answers are kept ones."""


class Users:
    """Users of one chat."""

    def __init__(self, chat: Running, seed: int) -> None:
        self.chat = chat
        self.seed = seed
        self.tally = Tally("users", [FAILED, GREW, SILENT], seed)
        self._lock = threading.Lock()
        self._ending = threading.Event()

    def run(self, users: int, seconds: float) -> Tally:
        """Run users for a number of seconds."""
        threads = [threading.Thread(target=self._use, args=(number,)) for number in range(users)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        warm = 0
        while (spent := time.monotonic() - started) < seconds:
            if not is_healthy(self.chat.url, PATIENCE):
                self.tally.broken(SILENT, f"after {spent:.0f} s")
            if not warm and spent >= seconds * WARM_UP:
                warm = memory(self.chat.process.pid)
            self._ending.wait(min(1.0, seconds / 20))
        self._ending.set()
        for thread in threads:
            thread.join()
        end = memory(self.chat.process.pid)
        if end - warm > MAX_GROWTH:
            self.tally.broken(GREW, f"{warm:,} to {end:,} bytes")
        self.tally.trials = users
        self.tally.seen["MB at the end"] = end // 1_000_000
        self.tally.seen["MB more than at a fifth"] = max(0, end - warm) // 1_000_000
        return self.tally

    def _use(self, number: int) -> None:
        chance = Random(f"{self.seed} {number}")
        try:
            while not self._ending.is_set():
                with PageClient(self.chat.url, chance) as page:
                    # Some go on for long, some come back with a new page.
                    for question in count():
                        if self._ending.is_set() or chance.random() < 0.1:
                            break
                        self._ask(page, chance, f"user {number}, question {question}")
        except Refused as refused:
            if refused.status in (429, 503):
                self._count("busy")
            else:
                self._broken(f"user {number}: {refused}")
        except Exception as error:  # a thread would end silently
            self._broken(f"user {number}: {type(error).__name__}: {error}")

    def _ask(self, page: PageClient, chance: Random, how: str) -> None:
        plain = chance.choice([*ANSWERED, *NOT_ANSWERED])
        question = chance.choice(ASIDE).format(plain, number=chance.randrange(1000))
        outcome, reply = page.ask(question)
        self._count(outcome)
        if outcome == "failed":
            self._broken(f"{how}: {question!r}: {reply}")

    def _count(self, what: str) -> None:
        with self._lock:
            self.tally.seen[what] += 1

    def _broken(self, how: str) -> None:
        with self._lock:
            self.tally.broken(FAILED, how)
