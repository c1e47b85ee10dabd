"""Measure: every system over the same passages, ours at every size, as whole processes."""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from rich.console import Console

from embeddings.encoder import SentenceTransformersEncoder
from qa.questions import Question, sample
from qa.span_model import FOLDER
from tests.benchmarks.documents import (
    NOISE,
    make_library,
    passage_texts,
    prepared_cosine,
    real_passages,
    write_articles,
)
from tests.benchmarks.figures import OURS, Report, Size, System, percentile
from tests.benchmarks.limit import Transformer, measure_ceiling
from tests.benchmarks.machine import this_machine
from tests.benchmarks.processes import ROOT, ProcessFailed, Ran, run
from tests.benchmarks.reader_weights import peers_reader

PEERS = {
    "Haystack": "tests.benchmarks.peers.haystack_chain",
    "LangChain": "tests.benchmarks.peers.langchain_chain",
    "txtai": "tests.benchmarks.peers.txtai_chain",
}

HITS = 10
"""Passages read for an answer, by everyone."""

WARMING = 6
"""Answers of each process that are not counted as warm, the first one included."""

WARM = 40
"""Warm answers counted in each process."""

DOCS_ANSWERS = 20
"""Questions asked of the shipped documents before memory is looked at."""

CLIENTS = (1, 4, 16)

CLIENTS_ANSWERS = 64
"""Questions that the clients share."""

RECALL_QUESTIONS = 200

SETTINGS = {"QA_HITS": str(HITS)}

PYTHON = sys.executable

QA = Path(PYTHON).with_name("qa")


class Benchmark:
    """One run of all benchmarks; what it makes lies in a folder of its own inside ``work``."""

    def __init__(
        self, questions: Sequence[Question], work: Path, runs: int, console: Console
    ) -> None:
        self.questions = questions
        self.runs = runs
        self.tell = console.print
        self.folder = work / "benchmark"
        # Large libraries take minutes to make and are kept until the code that makes them changes.
        self.libraries = work / "benchmark-libraries"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        chosen = sample(questions, len(questions))
        # Of equal questions only the first would be answered, the others remembered.
        self._asked = iter(dict.fromkeys(question.text for question in chosen))
        self.encoder = SentenceTransformersEncoder.load()

    def report(self, sizes: Sequence[int]) -> Report:
        """Measure everything.

        Args:
            sizes: Passages of the libraries at which ours is measured, smallest first.
        """
        started = time.perf_counter()
        self.tell("Preparing documents, and the reader's weights for the others …")
        write_articles(self.questions, self.folder / "articles")
        peers_reader(FOLDER, self.encoder.folder, self.folder / "reader")
        run([QA, "index", ROOT / "docs", "--index", self.folder / "docs"], SETTINGS)
        docs = self._write("docs.json", passage_texts(self.folder / "docs"))
        ceiling = measure_ceiling()
        ours, passages = self._indexed_by_us()
        systems = [ours, *(self._indexed_by_peer(name, passages, docs) for name in PEERS)]
        for number in range(self.runs):
            asked = self._questions(f"run-{number}.json", WARMING + WARM)
            for system in systems:
                if not system.error:
                    self.tell(f"Answers of {system.name}, run {number + 1} of {self.runs} …")
                    self._answered(system, asked)
        self._answered_over_docs(systems)
        clients = {count: self._throughput(count) for count in CLIENTS}
        operations, tokens = self._operations()
        _, real = real_passages(self.folder / "ours")
        cosine = prepared_cosine(real, self.encoder)
        measured = [self._size(count) for count in sizes]
        return Report(
            machine=this_machine(),
            passages=len(real),
            docs_passages=len(json.loads(docs.read_text(encoding="utf-8"))),
            hits=HITS,
            warm_answers=WARM,
            systems=tuple(systems),
            sizes=tuple(measured),
            clients=clients,
            ceiling=ceiling,
            operations=operations,
            tokens=tokens,
            prepared_cosine=cosine,
            noise=NOISE,
            seconds=time.perf_counter() - started,
        )

    def _questions(self, name: str, count: int) -> Path:
        """A file with the next questions, which nobody has been asked yet."""
        return self._write(name, [text for _, text in zip(range(count), self._asked, strict=False)])

    def _write(self, name: str, texts: Sequence[str]) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(texts), encoding="utf-8")
        return path

    # Indexing

    def _indexed_by_us(self) -> tuple[System, Path]:
        self.tell(f"Indexing by {OURS} …")
        place = self.folder / "ours"
        ran = run([QA, "index", self.folder / "articles", "--index", place], SETTINGS)
        texts = passage_texts(place)
        ours = System(OURS, indexed=[len(texts) / ran.seconds], indexing_peak=[ran.peak])
        return ours, self._write("passages.json", texts)

    def _indexed_by_peer(self, name: str, passages: Path, docs: Path) -> System:
        self.tell(f"Indexing by {name} …")
        count = len(json.loads(passages.read_text(encoding="utf-8")))
        try:
            self._peer(name, "index", docs, self.folder / f"{name}-docs", self.encoder.folder)
            place = self.folder / name
            ran = self._peer(name, "index", passages, place, self.encoder.folder)
        except ProcessFailed as error:
            self.tell(f"{name} does not run: {error}", markup=False)
            return System(name, error=str(error))
        return System(name, indexed=[count / ran.seconds], indexing_peak=[ran.peak])

    # Answering

    def _answered(self, system: System, asked: Path) -> None:
        if system.name == OURS:
            system.cold.append(self._cold(self.folder / "ours", asked))
            ran = self._ours("answer", self.folder / "ours", asked)
        else:
            ran = self._peer_answers(system.name, self.folder / system.name, asked)
            system.cold.append(ran.lines[0].seconds)
        seconds = _warm(ran)
        system.p50.append(percentile(seconds, 50))
        system.p95.append(percentile(seconds, 95))
        system.steady.append(ran.lines[-1].memory)
        system.peak.append(ran.peak)

    def _answered_over_docs(self, systems: Sequence[System]) -> None:
        self.tell("Answers over docs/ …")
        asked = self._questions("docs-questions.json", DOCS_ANSWERS)
        for system in systems:
            if system.error:
                continue
            if system.name == OURS:
                ran = self._ours("answer", self.folder / "docs", asked)
            else:
                ran = self._peer_answers(system.name, self.folder / f"{system.name}-docs", asked)
            system.docs_steady.append(ran.lines[-1].memory)
            system.docs_peak.append(ran.peak)

    def _cold(self, index: Path, asked: Path) -> float:
        """Seconds until ``qa ask`` prints the answer to the first of the questions."""
        question = json.loads(asked.read_text(encoding="utf-8"))[0]
        ran = run([QA, "ask", question, "--index", index], SETTINGS, fine=(0, 1))
        return ran.lines[0].seconds

    def _throughput(self, count: int) -> float:
        self.tell(f"Answers to {count} clients …")
        asked = self._questions(f"clients-{count}.json", CLIENTS_ANSWERS)
        ran = self._ours("clients", self.folder / "ours", asked, str(count))
        return float(json.loads(ran.lines[0].text)["per_second"])

    def _operations(self) -> tuple[float, float]:
        """Operations that an answer needs and tokens that are read for it, means."""
        asked = self.folder / "run-0.json"
        read = [json.loads(line.text) for line in self._ours(
            "tokens", self.folder / "ours", asked).lines]  # fmt: skip
        settings = json.loads((self.encoder.folder / "config.json").read_text(encoding="utf-8"))
        # The reader is of the encoder's architecture.
        model = Transformer.of(settings)
        needed = fmean(model.of_answer(one["question"], one["windows"]) for one in read)
        return needed, fmean(sum(one["windows"]) for one in read)

    # Growth

    def _size(self, count: int) -> Size:
        place = self._library(count)
        self.tell(f"Answers over {count:,} passages …")
        found = Size(count, [], [], [], [], [], 0.0)
        for number in range(self.runs):
            asked = self.folder / f"run-{number}.json"
            found.cold.append(self._cold(place, asked))
            ran = self._ours("answer", place, asked)
            seconds = _warm(ran)
            found.p50.append(percentile(seconds, 50))
            found.p95.append(percentile(seconds, 95))
            found.steady.append(ran.lines[-1].memory)
            found.peak.append(ran.peak)
        asked = self._write(
            "recall.json", [one.text for one in sample(self.questions, RECALL_QUESTIONS)]
        )
        ran = self._ours("recall", place, asked)
        return replace(found, recall=float(json.loads(ran.lines[0].text)["recall"]))

    def _library(self, count: int) -> Path:
        digest = hashlib.sha256(self.encoder.model.digest.encode())
        for path in (
            *sorted((ROOT / "embeddings").glob("*.py")),
            Path(__file__).parent / "documents.py",
        ):
            digest.update(path.read_bytes())
        for context in sorted({question.context for question in self.questions}):
            digest.update(context.encode())
        place = self.libraries / f"{count}-{digest.hexdigest()[:16]}"
        if not place.is_dir():
            self.tell(f"Making a library of {count:,} passages …")
            new = place.with_name("unfinished")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            model, real = real_passages(self.folder / "ours")
            make_library(real, model, count, new)
            new.replace(place)
        return place

    # Processes

    def _ours(self, command: str, index: Path, asked: Path, *more: str) -> Ran:
        return run([PYTHON, "-m", "tests.benchmarks.ours", command, index, asked, *more], SETTINGS)

    def _peer_answers(self, name: str, place: Path, asked: Path) -> Ran:
        reader = self.folder / "reader"
        return self._peer(name, "answer", place, self.encoder.folder, reader, asked, str(HITS))

    def _peer(self, name: str, *arguments: str | Path) -> Ran:
        return run([PYTHON, "-m", PEERS[name], *arguments])


def _warm(ran: Ran) -> list[float]:
    """Seconds of the answers of a process, without the first ones."""
    return [float(json.loads(line.text)["seconds"]) for line in ran.lines[WARMING:]]
