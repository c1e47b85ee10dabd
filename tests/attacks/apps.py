"""Apps: the chat as it is started, killed while uploads come in over HTTP, and started again."""

import re
import threading
from html import unescape
from pathlib import Path
from random import Random

import httpx

from embeddings.index.index import Index
from tests.attacks.library import document_text, incomplete, is_whole, make_documents
from tests.attacks.page_client import PageClient, Refused
from tests.attacks.serving import chat
from tests.attacks.tally import Tally
from tests.end_to_end.chat_process import Running

LOST, HALF, REFUSED = "lost", "half there", "starts refused"

UPLOADS = 10
"""Files sent one after another; most are never acknowledged."""

_TAKEN = re.compile(r"uploads/[\w ().-]+\.txt")


def kill_apps(work: Path, seed: int, trials: int, first: int = 0) -> Tally:
    """Kill a chat repeatedly, all on one growing library."""
    tally = Tally("kills of the chat", [LOST, HALF, REFUSED], seed)
    index, town = work / "index", work / "town"
    make_documents(town, 3)
    acknowledged: list[str] = []
    for number in range(first, first + trials):
        chance = Random(f"{seed} {number}")
        with tally.only_own_errors(REFUSED, f"trial {number}"):
            with chat(work / f"chat-{number}", index, town) as started:
                acknowledged += _killed(started, chance, number)
            with chat(work / f"again-{number}", index, town) as again:
                with PageClient(again.url, chance) as page:
                    page.upload({f"last{number}.txt": document_text(number).encode()})
                _check(index, acknowledged, f"trial {number}", tally)
        tally.trials += 1
    tally.seen["acknowledged"] = len(acknowledged)
    return tally


def _killed(started: Running, chance: Random, number: int) -> list[str]:
    """Kill the chat soon after an acknowledgement; the acknowledged paths."""
    acknowledged: list[str] = []
    enough = threading.Event()
    most = chance.randrange(1, UPLOADS)

    def send() -> None:
        try:
            with PageClient(started.url, chance) as page:
                for at in range(UPLOADS):
                    name = f"up{number}-{at}.txt"
                    text = document_text(1000 * (number + 1) + at)
                    reply = page.upload({name: text.encode()})
                    acknowledged.extend(_TAKEN.findall(unescape(reply)))
                    if len(acknowledged) >= most:
                        enough.set()
        except (httpx.HTTPError, Refused):
            # The kill ends the connection.
            enough.set()

    sending = threading.Thread(target=send)
    sending.start()
    enough.wait()
    threading.Event().wait(chance.uniform(0, 0.05))
    started.process.kill()
    sending.join()
    return acknowledged


def _check(index: Path, acknowledged: list[str], how: str, tally: Tally) -> None:
    opened = Index.open(index)
    try:
        lost = [path for path in acknowledged if not is_whole(opened, path)]
        if lost:
            tally.broken(LOST, f"{how}: {lost} of {len(acknowledged)} acknowledged")
        half = incomplete(opened)
        if half:
            tally.broken(HALF, f"{how}: {half}")
    finally:
        opened.close()
