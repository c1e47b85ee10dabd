"""Report: questions with known answers, measured in one or more of three modes."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from embeddings.index.index import Index
from qa.evaluation.corpus import library_of, passages_of
from qa.evaluation.datasets import Question, sample
from qa.evaluation.evaluate import OnProgress, evaluate_chain, evaluate_reader, evaluate_retrieval
from qa.evaluation.scores import AnswerScores, RetrievalScores, half_unanswerable, score
from qa.pipeline import load_encoder, load_reader, reader_of
from qa.retrieval.retriever import Retriever
from qa.settings import Settings

Bar = Callable[[str], AbstractContextManager[OnProgress]]
"""Makes a progress bar with a label."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; a mode that was not measured is none.

    Attributes:
        questions: Number of questions asked.
        contexts: Number of contexts that made up the library; 0 if an index was searched.
        threshold: Confidence below which a question was left open.
        reader: Each question read with its own context alone.
        retrieval: Each way of ordering passages.
        chain: Each question asked of the whole library.
        half: The whole chain, half of the questions without their own context.
    """

    questions: int
    contexts: int
    threshold: float
    reader: AnswerScores | None
    retrieval: tuple[RetrievalScores, ...] | None
    chain: AnswerScores | None
    half: AnswerScores | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def evaluate(
    questions: Sequence[Question],
    settings: Settings,
    modes: Collection[str],
    bar: Bar,
    index: Path | None = None,
    count: int | None = None,
    seed: int = 0,
) -> Report:
    """The figures of the questions.

    Args:
        questions: Their contexts are the library, if there is no index.
        settings: Which models, how many hits, which threshold.
        modes: Of "reader", "retrieval" and "chain".
        bar: Shows progress.
        index: Folder of an index to ask instead.
        count: Questions asked, chosen by ``seed``; all of them if it is left out.
        seed: Of the choice.

    Raises:
        ValueError: There are no questions.
        ChapterAndVerseError: A model or the index is missing or damaged.
    """
    if not questions:
        raise ValueError("expected at least one question, got a file without any")
    chosen = sample(questions, count or len(questions), seed)
    reader = retrieval = chain = half = None
    if "reader" in modes:
        model = load_reader(settings)
        with bar("Reading") as on_progress:
            reader = score(evaluate_reader(chosen, model, on_progress), settings.threshold)
    contexts = 0
    if "retrieval" in modes or "chain" in modes:
        encoder = load_encoder(settings)
        documents: dict[str, int] | None = None
        passages: dict[str, frozenset[int]] | None = None
        with TemporaryDirectory() as folder:
            if index is None:
                with bar("Encoding passages") as on_progress:
                    opened, documents = library_of(questions, Path(folder), encoder, on_progress)
                contexts = len(documents)
                passages = {text: passages_of(opened, id) for text, id in documents.items()}
            else:
                opened = Index.open(index)
                opened.check_encoder(encoder.model)
            try:
                # Where nothing is the right passage, there is nothing to find.
                answerable = [question for question in chosen if question.answers]
                if "retrieval" in modes and answerable:
                    with bar("Retrieving") as on_progress:
                        retrieval = tuple(
                            evaluate_retrieval(
                                answerable,
                                opened,
                                documents,
                                encoder,
                                settings.word_weight,
                                on_progress,
                            )
                        )
                if "chain" in modes:
                    retriever = Retriever(opened, encoder, settings.word_weight)
                    with bar("Asking") as on_progress:
                        outcomes, without_context = evaluate_chain(
                            chosen,
                            retriever,
                            reader_of(settings, encoder),
                            settings.hits,
                            passages,
                            on_progress,
                        )
                    chain = score(outcomes, settings.threshold)
                    if without_context:
                        half = score(
                            half_unanswerable(outcomes, without_context), settings.threshold
                        )
            finally:
                opened.close()
    return Report(len(chosen), contexts, settings.threshold, reader, retrieval, chain, half)


def require_matplotlib() -> None:
    """Check that plots can be drawn.

    Raises:
        ModuleNotFoundError: Matplotlib, an optional package, is not installed.
    """
    if find_spec("matplotlib") is None:
        raise ModuleNotFoundError(
            "Plots need Matplotlib: pip install 'chapter-and-verse[evaluate]'.", name="matplotlib"
        )


def plot(report: Report, path: Path) -> None:
    """Draw the risk–coverage curves of the report into a PNG file.

    Raises:
        ModuleNotFoundError: As ``require_matplotlib``.
        OSError: The file cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    curves = {
        "reader alone": report.reader and report.reader.risk,
        "whole chain": report.chain and report.chain.risk,
        "whole chain, half of the questions unanswerable": report.half and report.half.risk,
    }
    for name, curve in curves.items():
        if curve:
            coverage, risk = zip(*curve, strict=True)
            axes.plot(coverage, risk, marker="o", label=name)
    axes.set(
        xlabel="coverage: share of questions answered, the highest confidence first",
        ylabel="risk: share of those that are wrong",
        xlim=(0, 1.02),
        ylim=(0, None),
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="png", dpi=120)
