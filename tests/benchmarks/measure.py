"""Measure: every system over the same passages, ours at every size, as whole processes."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean

from rich.console import Console

from embeddings.models.encoder import SentenceTransformersEncoder
from qa.evaluation.datasets import Question, sample
from qa.reading.onnx_reader import FOLDER
from tests.benchmarks.commands import (
    HITS,
    PEERS,
    WARMING,
    our_cold_start,
    our_index,
    ours,
    peer_answers,
    peer_index,
    warm,
)
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
from tests.benchmarks.processes import ROOT, ProcessFailed, Ran
from tests.benchmarks.reader_weights import peers_reader

WARM = 25
"""Warm answers counted in each process."""

DOCS_ANSWERS = 20
"""Questions asked of the shipped documents before memory is looked at."""

CLIENTS = (1, 4, 16)

CLIENTS_ANSWERS = 48
"""Questions that the clients share."""

RECALL_QUESTIONS = 200


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
        # Of equal questions only the first would be answered, the others remembered.
        asked = sorted({question.text for question in questions})
        needed = runs * (WARMING + WARM) + DOCS_ANSWERS + len(CLIENTS) * CLIENTS_ANSWERS
        if len(asked) < needed:
            raise ValueError(
                f"expected at least {needed:,} different questions, got {len(asked):,}; "
                "name a file that holds more, or ask for fewer runs with --runs"
            )
        self._asked = iter(Random(0).sample(asked, needed))
        self.encoder = SentenceTransformersEncoder.load()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def report(self, sizes: Sequence[int]) -> Report:
        """Measure everything.

        Args:
            sizes: Passages of the libraries at which ours is measured, smallest first.
        """
        started = time.perf_counter()
        self.tell("Preparing documents, and the reader's weights for the others …")
        write_articles(self.questions, self.folder / "articles")
        peers_reader(FOLDER, self.encoder.folder, self.folder / "reader")
        our_index(ROOT / "docs", self.folder / "docs")
        docs = self._write("docs.json", passage_texts(self.folder / "docs"))
        ceiling = measure_ceiling()
        own, passages = self._indexed_by_us()
        systems = [own, *(self._indexed_by_peer(name, passages, docs) for name in PEERS)]
        for number in range(self.runs):
            asked = self._questions(f"run-{number}.json", WARMING + WARM)
            self.tell(f"Answers of each, run {number + 1} of {self.runs} …")
            self._each(systems, partial(self._answered, asked=asked))
        self.tell("Answers over docs/ …")
        asked = self._questions("docs-questions.json", DOCS_ANSWERS)
        self._each(systems, partial(self._answered_over_docs, asked=asked))
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
        ran = our_index(self.folder / "articles", place)
        texts = passage_texts(place)
        own = System(OURS, indexed=[len(texts) / ran.seconds], indexing_peak=[ran.peak])
        return own, self._write("passages.json", texts)

    def _indexed_by_peer(self, name: str, passages: Path, docs: Path) -> System:
        self.tell(f"Indexing by {name} …")
        count = len(json.loads(passages.read_text(encoding="utf-8")))
        try:
            peer_index(name, docs, self.folder / f"{name}-docs", self.encoder.folder)
            place = self.folder / name
            ran = peer_index(name, passages, place, self.encoder.folder)
        except ProcessFailed as error:
            self.tell(f"{name} does not run: {error}", markup=False)
            return System(name, error=str(error))
        return System(name, indexed=[count / ran.seconds], indexing_peak=[ran.peak])

    # Answering

    def _each(self, systems: list[System], measure: Callable[[System], None]) -> None:
        """Measure every system that runs; a peer that fails is left out from then on."""
        for at, system in enumerate(systems):
            if system.error:
                continue
            try:
                measure(system)
            except ProcessFailed as error:
                if system.name == OURS:
                    raise
                self.tell(f"{system.name} does not run: {error}", markup=False)
                systems[at] = System(system.name, error=str(error))

    def _answered(self, system: System, asked: Path) -> None:
        if system.name == OURS:
            system.cold.append(our_cold_start(self.folder / "ours", asked))
            ran = ours("answer", self.folder / "ours", asked)
        else:
            ran = self._peer_answers(system.name, system.name, asked)
            system.cold.append(ran.lines[0].seconds)
        seconds = warm(ran)
        system.p50.append(percentile(seconds, 50))
        system.p95.append(percentile(seconds, 95))
        system.steady.append(ran.lines[-1].memory)
        system.peak.append(ran.peak)

    def _answered_over_docs(self, system: System, asked: Path) -> None:
        if system.name == OURS:
            ran = ours("answer", self.folder / "docs", asked)
        else:
            ran = self._peer_answers(system.name, f"{system.name}-docs", asked)
        system.docs_steady.append(ran.lines[-1].memory)
        system.docs_peak.append(ran.peak)

    def _peer_answers(self, name: str, place: str, asked: Path) -> Ran:
        reader = self.folder / "reader"
        return peer_answers(name, self.folder / place, self.encoder.folder, reader, asked)

    def _throughput(self, count: int) -> float:
        self.tell(f"Answers to {count} clients …")
        asked = self._questions(f"clients-{count}.json", CLIENTS_ANSWERS)
        ran = ours("clients", self.folder / "ours", asked, str(count))
        return float(json.loads(ran.lines[0].text)["per_second"])

    def _operations(self) -> tuple[float, float]:
        """Operations that an answer needs and tokens that are read for it, means."""
        asked = self.folder / "run-0.json"
        ran = ours("tokens", self.folder / "ours", asked)
        read = [json.loads(line.text) for line in ran.lines]
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
            found.cold.append(our_cold_start(place, asked))
            ran = ours("answer", place, asked)
            seconds = warm(ran)
            found.p50.append(percentile(seconds, 50))
            found.p95.append(percentile(seconds, 95))
            found.steady.append(ran.lines[-1].memory)
            found.peak.append(ran.peak)
        asked = self._write(
            "recall.json", [one.text for one in sample(self.questions, RECALL_QUESTIONS)]
        )
        ran = ours("recall", place, asked)
        return replace(found, recall=float(json.loads(ran.lines[0].text)["recall"]))

    def _library(self, count: int) -> Path:
        digest = hashlib.sha256(self.encoder.model.digest.encode())
        for path in (
            *sorted((ROOT / "embeddings").rglob("*.py")),
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
