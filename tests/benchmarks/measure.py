"""Measure: each system over the same passages, ours at every size, as whole processes."""

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
    WARM_UP_ANSWERS,
    our_cold_start,
    our_index,
    ours,
    peer_answers,
    peer_index,
    warm,
)
from tests.benchmarks.documents import (
    NOISE,
    passage_texts,
    prepared_cosine,
    real_passages,
    write_articles,
    write_library,
)
from tests.benchmarks.figures import OURS, Report, Size, System, percentile
from tests.benchmarks.limit import Transformer, measure_ceiling
from tests.benchmarks.machine import this_machine
from tests.benchmarks.processes import ROOT, Finished, ProcessFailed
from tests.benchmarks.reader_weights import peers_reader

WARM_ANSWERS = 25
"""Warm answers counted in each process."""

DOCS_ANSWERS = 20
"""Questions answered over the shipped documents before memory is measured."""

CLIENTS = (1, 4, 16)
"""Numbers of clients that ask at the same time."""

CLIENTS_ANSWERS = 48
"""Questions that the clients share."""

RECALL_QUESTIONS = 200
"""Questions over which recall is measured."""


class Benchmark:
    """A run of all benchmarks; its files are in a folder inside ``work``."""

    def __init__(
        self, questions: Sequence[Question], work: Path, runs: int, console: Console
    ) -> None:
        self.questions = questions
        self.runs = runs
        self.print = console.print
        self.folder = work / "benchmark"
        # Writing large libraries takes minutes; they are reused until the code for it changes.
        self.libraries = work / "benchmark-libraries"
        # Of equal questions only the first would be computed, the others read from a cache.
        texts = sorted({question.text for question in questions})
        needed = (
            runs * (WARM_UP_ANSWERS + WARM_ANSWERS) + DOCS_ANSWERS + len(CLIENTS) * CLIENTS_ANSWERS
        )
        if len(texts) < needed:
            raise ValueError(
                f"expected at least {needed:,} different questions, got {len(texts):,}; "
                "name a larger file, or fewer runs with --runs"
            )
        self._unused = iter(Random(0).sample(texts, needed))
        self.encoder = SentenceTransformersEncoder.load()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def report(self, sizes: Sequence[int]) -> Report:
        """Measure everything.

        Args:
            sizes: Passages of the libraries at which ours is measured, smallest first.
        """
        started = time.perf_counter()
        self.print("Preparing documents, and the reader's weights for the peers …")
        write_articles(self.questions, self.folder / "articles")
        peers_reader(FOLDER, self.encoder.folder, self.folder / "reader")
        our_index(ROOT / "docs", self.folder / "docs")
        docs = self._write("docs.json", passage_texts(self.folder / "docs"))
        ceiling = measure_ceiling()
        own, passages = self._index_ours()
        systems = [own, *(self._index_peer(name, passages, docs) for name in PEERS)]
        for number in range(self.runs):
            questions = self._questions(f"run-{number}.json", WARM_UP_ANSWERS + WARM_ANSWERS)
            self.print(f"Answers of each, run {number + 1} of {self.runs} …")
            self._each(systems, partial(self._measure_answers, questions=questions))
        self.print("Answers over docs/ …")
        questions = self._questions("docs-questions.json", DOCS_ANSWERS)
        self._each(systems, partial(self._measure_answers_over_docs, questions=questions))
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
            warm_answers=WARM_ANSWERS,
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
        """A file with the next questions, which no system has answered yet."""
        return self._write(
            name, [text for _, text in zip(range(count), self._unused, strict=False)]
        )

    def _write(self, name: str, texts: Sequence[str]) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(texts), encoding="utf-8")
        return path

    # Indexing

    def _index_ours(self) -> tuple[System, Path]:
        self.print(f"Indexing by {OURS} …")
        place = self.folder / "ours"
        finished = our_index(self.folder / "articles", place)
        texts = passage_texts(place)
        own = System(OURS, indexed=[len(texts) / finished.seconds], indexing_peak=[finished.peak])
        return own, self._write("passages.json", texts)

    def _index_peer(self, name: str, passages: Path, docs: Path) -> System:
        self.print(f"Indexing by {name} …")
        count = len(json.loads(passages.read_text(encoding="utf-8")))
        try:
            peer_index(name, docs, self.folder / f"{name}-docs", self.encoder.folder)
            place = self.folder / name
            finished = peer_index(name, passages, place, self.encoder.folder)
        except ProcessFailed as error:
            self.print(f"{name} does not run: {error}", markup=False)
            return System(name, error=str(error))
        return System(name, indexed=[count / finished.seconds], indexing_peak=[finished.peak])

    # Answering

    def _each(self, systems: list[System], measure: Callable[[System], None]) -> None:
        """Measure every system; a peer that fails is left out from then on."""
        for number, system in enumerate(systems):
            if system.error:
                continue
            try:
                measure(system)
            except ProcessFailed as error:
                if system.name == OURS:
                    raise
                self.print(f"{system.name} does not run: {error}", markup=False)
                systems[number] = System(system.name, error=str(error))

    def _measure_answers(self, system: System, questions: Path) -> None:
        if system.name == OURS:
            system.cold.append(our_cold_start(self.folder / "ours", questions))
            finished = ours("answer", self.folder / "ours", questions)
        else:
            finished = self._peer_answers(system.name, system.name, questions)
            system.cold.append(finished.lines[0].seconds)
        seconds = warm(finished)
        system.p50.append(percentile(seconds, 50))
        system.p95.append(percentile(seconds, 95))
        system.steady.append(finished.lines[-1].memory)
        system.peak.append(finished.peak)

    def _measure_answers_over_docs(self, system: System, questions: Path) -> None:
        if system.name == OURS:
            finished = ours("answer", self.folder / "docs", questions)
        else:
            finished = self._peer_answers(system.name, f"{system.name}-docs", questions)
        system.docs_steady.append(finished.lines[-1].memory)
        system.docs_peak.append(finished.peak)

    def _peer_answers(self, name: str, place: str, questions: Path) -> Finished:
        reader = self.folder / "reader"
        return peer_answers(name, self.folder / place, self.encoder.folder, reader, questions)

    def _throughput(self, count: int) -> float:
        self.print(f"Answers to {count} clients …")
        questions = self._questions(f"clients-{count}.json", CLIENTS_ANSWERS)
        finished = ours("clients", self.folder / "ours", questions, str(count))
        return float(json.loads(finished.lines[0].text)["per_second"])

    def _operations(self) -> tuple[float, float]:
        """Mean operations and mean tokens of an answer."""
        questions = self.folder / "run-0.json"
        finished = ours("tokens", self.folder / "ours", questions)
        answers = [json.loads(line.text) for line in finished.lines]
        settings = json.loads((self.encoder.folder / "config.json").read_text(encoding="utf-8"))
        # The reader has the architecture of the encoder.
        model = Transformer.of(settings)
        operations = fmean(
            model.of_answer(answer["question"], answer["windows"]) for answer in answers
        )
        return operations, fmean(sum(answer["windows"]) for answer in answers)

    # Growth

    def _size(self, count: int) -> Size:
        place = self._library(count)
        self.print(f"Answers over {count:,} passages …")
        size = Size(count, [], [], [], [], [], 0.0)
        for number in range(self.runs):
            questions = self.folder / f"run-{number}.json"
            size.cold.append(our_cold_start(place, questions))
            finished = ours("answer", place, questions)
            seconds = warm(finished)
            size.p50.append(percentile(seconds, 50))
            size.p95.append(percentile(seconds, 95))
            size.steady.append(finished.lines[-1].memory)
            size.peak.append(finished.peak)
        questions = self._write(
            "recall.json", [question.text for question in sample(self.questions, RECALL_QUESTIONS)]
        )
        finished = ours("recall", place, questions)
        return replace(size, recall=float(json.loads(finished.lines[0].text)["recall"]))

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
            self.print(f"Writing a library of {count:,} passages …")
            new = place.with_name("unfinished")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            model, real = real_passages(self.folder / "ours")
            write_library(real, model, count, new)
            new.replace(place)
        return place
