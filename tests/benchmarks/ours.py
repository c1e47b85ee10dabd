"""The project's side: one process that answers and says how long it took, as a peer's does.

Run as ``answer INDEX QUESTIONS``, ``clients INDEX QUESTIONS COUNT`` (so many threads ask one
answerer), ``recall INDEX QUESTIONS`` (of its vector search) or ``tokens INDEX QUESTIONS`` (how
many the models read for each question). Prints JSON, one line a result.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from embeddings.index.index import Index
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import load_tokenizer
from qa.pipeline import QuestionAnswerer
from qa.reading.factory import load_span_model
from qa.settings import Settings

NEAREST = 10
"""The k of recall@k."""


def answer(index: Path, questions: list[str]) -> None:
    """Answer one question after the other."""
    with QuestionAnswerer.open(index) as answerer:
        for question in questions:
            started = time.perf_counter()
            found = answerer.answer(question)
            _tell({"seconds": time.perf_counter() - started, "text": found.text})


def clients(index: Path, questions: list[str], count: int) -> None:
    """So many threads answer the questions, each taking the next one that is left."""
    with QuestionAnswerer.open(index) as answerer, ThreadPoolExecutor(count) as threads:
        answerer.warm_up()
        started = time.perf_counter()
        answered = sum(1 for _ in threads.map(answerer.answer, questions))
        _tell({"per_second": answered / (time.perf_counter() - started)})


def recall(index: Path, questions: list[str]) -> None:
    """The share of the nearest passages, by comparing all vectors, that the index finds."""
    opened = Index.open(index)
    vectors = SentenceTransformersEncoder.load().encode(questions, role="question")
    with opened.snapshot() as snapshot:
        found = [{id for id, _ in snapshot.search_vectors(vector, NEAREST)} for vector in vectors]
    exact_ids = np.empty((len(questions), 0), dtype=np.int64)
    exact_scores = np.empty((len(questions), 0), dtype=np.float32)
    for ids, block in opened.store.vectors(opened.store.passage_ids()):
        scores = np.concatenate([exact_scores, vectors @ block.T], axis=1)
        every = np.concatenate([exact_ids, np.tile(ids, (len(questions), 1))], axis=1)
        best = np.argpartition(-scores, NEAREST - 1, axis=1)[:, :NEAREST]
        exact_scores = np.take_along_axis(scores, best, axis=1)
        exact_ids = np.take_along_axis(every, best, axis=1)
    hit = [len(one & set(right.tolist())) for one, right in zip(found, exact_ids, strict=True)]
    _tell({"recall": sum(hit) / (NEAREST * len(questions))})
    opened.close()


def tokens(index: Path, questions: list[str]) -> None:
    """For each question the tokens of the question and of each window that a reader reads."""
    settings = Settings()
    window_tokenizer = load_span_model(settings.reader).window_tokenizer
    tokenizer = load_tokenizer(SentenceTransformersEncoder.load(settings.encoder).folder)
    with QuestionAnswerer.open(index, settings) as answerer:
        for question in questions:
            hits = answerer.retriever.retrieve(question, settings.hits)
            windows = window_tokenizer.split(
                [(question, hit.text) for hit in hits], [h.context for h in hits]
            )
            asked = len(tokenizer.encode(question).ids)
            _tell({"question": asked, "windows": [len(window.ids) for window in windows]})


def _tell(result: dict[str, object]) -> None:
    print(json.dumps(result), flush=True)


def main(command: str, index: Path, questions: Path, *count: str) -> None:
    """Do what the command line says."""
    asked = json.loads(questions.read_text(encoding="utf-8"))
    if command == "clients":
        clients(index, asked, int(count[0]))
    else:
        {"answer": answer, "recall": recall, "tokens": tokens}[command](index, asked)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
