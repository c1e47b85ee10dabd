"""Peer: the interface of a peer's script, and its process.

A script is run as ``index PASSAGES STORE ENCODER``, which writes the peer's index to STORE, or as
``answer STORE ENCODER READER QUESTIONS HITS``, which opens that index and answers the questions in
order. Each answer is printed at once, as a line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

Answer = Callable[[str], str | None]
"""From a question to its answer; none if the peer finds none."""

Index = Callable[[list[str], Path, Path], None]
"""Called with passages, the place of the index, and the folder of the encoder."""

Load = Callable[[Path, Path, Path, int], Answer]
"""Called with the place of the index, the folders of encoder and reader, and passages to read."""


def run(index: Index, load: Load) -> None:
    """Run the command of the process's arguments; the functions import the peer's packages."""
    command, *arguments = sys.argv[1:]
    if command == "index":
        passages, store, encoder = map(Path, arguments)
        index(json.loads(passages.read_text(encoding="utf-8")), store, encoder)
        return
    *places, hits = arguments
    store, encoder, reader, questions = map(Path, places)
    answer = load(store, encoder, reader, int(hits))
    for question in json.loads(questions.read_text(encoding="utf-8")):
        started = time.perf_counter()
        text = answer(question)
        result = {"seconds": time.perf_counter() - started, "text": text}
        print(json.dumps(result), flush=True)
