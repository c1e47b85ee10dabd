"""The process of this project: it answers and prints the seconds, as a peer's process does.

Run as ``answer INDEX QUESTIONS``, ``clients INDEX QUESTIONS COUNT`` (threads that ask the same
answerer), ``recall INDEX QUESTIONS`` (of the vector search) or ``tokens INDEX QUESTIONS`` (read
by the models for each question). Prints JSON lines.
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
    """Answer the questions in order."""
    with QuestionAnswerer.open(index) as answerer:
        for question in questions:
            started = time.perf_counter()
            found = answerer.answer(question)
            _print_result({"seconds": time.perf_counter() - started, "text": found.text})


def clients(index: Path, questions: list[str], count: int) -> None:
    """Answer the questions from a number of threads."""
    with QuestionAnswerer.open(index) as answerer, ThreadPoolExecutor(count) as threads:
        answerer.warm_up()
        started = time.perf_counter()
        answered = sum(1 for _ in threads.map(answerer.answer, questions))
        _print_result({"per_second": answered / (time.perf_counter() - started)})


def recall(index: Path, questions: list[str]) -> None:
    """Recall of the vector search against comparing all vectors."""
    opened = Index.open(index)
    vectors = SentenceTransformersEncoder.load().encode(questions, role="question")
    with opened.snapshot() as snapshot:
        found = [{id for id, _ in snapshot.search_vectors(vector, NEAREST)} for vector in vectors]
    exact_ids = np.empty((len(questions), 0), dtype=np.int64)
    exact_scores = np.empty((len(questions), 0), dtype=np.float32)
    for ids, block in opened.store.vectors(opened.store.passage_ids()):
        scores = np.concatenate([exact_scores, vectors @ block.T], axis=1)
        all_ids = np.concatenate([exact_ids, np.tile(ids, (len(questions), 1))], axis=1)
        best = np.argpartition(-scores, NEAREST - 1, axis=1)[:, :NEAREST]
        exact_scores = np.take_along_axis(scores, best, axis=1)
        exact_ids = np.take_along_axis(all_ids, best, axis=1)
    right = [len(ids & set(row.tolist())) for ids, row in zip(found, exact_ids, strict=True)]
    _print_result({"recall": sum(right) / (NEAREST * len(questions))})
    opened.close()


def tokens(index: Path, questions: list[str]) -> None:
    """The tokens of each question and of each window that is read for it."""
    settings = Settings()
    window_tokenizer = load_span_model(settings.reader).window_tokenizer
    tokenizer = load_tokenizer(SentenceTransformersEncoder.load(settings.encoder).folder)
    with QuestionAnswerer.open(index, settings) as answerer:
        for question in questions:
            hits = answerer.retriever.retrieve(question, settings.hits)
            windows = window_tokenizer.split(
                [(question, hit.text) for hit in hits], [h.context for h in hits]
            )
            count = len(tokenizer.encode(question).ids)
            _print_result({"question": count, "windows": [len(window.ids) for window in windows]})


def _print_result(result: dict[str, object]) -> None:
    print(json.dumps(result), flush=True)


def main(command: str, index: Path, questions: Path, *count: str) -> None:
    """Run a command."""
    texts = json.loads(questions.read_text(encoding="utf-8"))
    if command == "clients":
        clients(index, texts, int(count[0]))
    else:
        {"answer": answer, "recall": recall, "tokens": tokens}[command](index, texts)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
