"""Commands of training, e.g. ``python -m qa.training reproduce FILES --work FOLDER``."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console

from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.models.model_folder import write_checksums
from qa.cli.commands import OK, report_errors
from qa.conversation.rewriter import FOLDER as REWRITER_FOLDER
from qa.reading.onnx_reader import FILES, FOLDER
from qa.training.reader.fitting import fit_sentences, fit_spans, fit_tables
from qa.training.reader.model import SpanTransformer
from qa.training.reader.plan import Plan
from qa.training.reader.run import prepare, train

DEFAULT = Plan()
"""How one model is trained by default."""

TEACHERS = (Plan(seed=0), Plan(seed=1), Plan(seed=2, label_smoothing=0.1))
"""How the three teachers are trained. Chosen among the plans in the model card."""

NARRATIVE = {"fairytaleqa_train": 0.4, "qamr_dev": 0.25}
"""Shares of the sources that the teachers read little of. Chosen by hand; not fitted."""

STUDENTS: tuple[tuple[Plan, Mapping[str, float]], ...] = (
    (Plan(epochs=1, learning_rate=1e-4, distillation_weight=0.7, seed=3), {}),
    (Plan(epochs=1, learning_rate=1e-4, distillation_weight=0.7, seed=4), NARRATIVE),
    (Plan(epochs=1, learning_rate=1e-4, distillation_weight=1.0, seed=5), {}),
)
"""How the three students are trained, with their shares of sources; the packaged reader is the mean
of their weights. Chosen among the plans in the model card (7 to 9)."""

Command = Callable[..., None]

SAMPLE = 500
"""Questions that the confidence is fitted on. Chosen by hand."""


def files_argument(command: Command) -> Command:
    """Take files of questions."""
    path = click.Path(exists=True, path_type=Path)
    return click.argument("files", nargs=-1, required=True, type=path)(command)


work_option = click.option(
    "--work", required=True, type=click.Path(path_type=Path), help="Folder of the checkpoints."
)
folder_option = click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    help="Folder of the model; without it the packaged one is replaced.",
)


@click.group()
def main() -> None:
    """Train, export and calibrate the reader; train the question rewriting model."""


@main.command("reproduce")
@files_argument
@work_option
@folder_option
@report_errors
def reproduce_command(files: Sequence[Path], work: Path, folder: Path) -> int:
    """Train, export and calibrate the packaged reader.

    Three teachers are trained on FILES. Three students start from the mean of their weights and
    are distilled from them. The mean of the students' weights is the reader.
    """
    console = Console(stderr=True)
    prepared = prepare(files, work, console)
    teachers = [train(prepared, work / f"teacher-{plan.seed}", plan, console) for plan in TEACHERS]
    start = SpanTransformer.average(teachers, work / "mean-of-teachers")
    students = [
        train(
            prepared,
            work / f"student-{plan.seed}",
            plan,
            console,
            shares=shares,
            start=start,
            teachers=teachers,
        )
        for plan, shares in STUDENTS
    ]
    _export(SpanTransformer.average(students, work / "mean"), folder)
    fit_spans(files, folder, SAMPLE, console)
    write_checksums(folder, FILES)
    return OK


@main.command("train")
@files_argument
@work_option
@click.option("--epochs", default=DEFAULT.epochs, show_default=True)
@click.option("--learning-rate", default=DEFAULT.learning_rate, show_default=True)
@click.option("--label-smoothing", default=DEFAULT.label_smoothing, show_default=True)
@click.option("--dropout", default=DEFAULT.dropout, show_default=True)
@click.option(
    "--teacher",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder of a trained model to distil; can be given several times.",
)
@click.option(
    "--distillation-weight",
    default=DEFAULT.distillation_weight,
    show_default=True,
    help="Weight of the loss against the teachers, 0 to 1; that against the answers has the rest.",
)
@click.option("--seed", default=DEFAULT.seed, show_default=True)
@click.option("--share", multiple=True, metavar="SOURCE=SHARE", help="Share drawn for an epoch.")
@click.option("--only", type=int, help="Most questions of each source, to compare plans.")
@click.option(
    "--start",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of a trained model to start from, in place of the encoder.",
)
@report_errors
def train_command(
    files: Sequence[Path],
    work: Path,
    epochs: int,
    learning_rate: float,
    label_smoothing: float,
    dropout: float,
    teacher: Sequence[Path],
    distillation_weight: float,
    seed: int,
    share: Sequence[str],
    only: int | None,
    start: Path | None,
) -> int:
    """Train on FILES of questions; continue from the checkpoint if there is one."""
    plan = Plan(epochs, learning_rate, label_smoothing, dropout, distillation_weight, seed)
    shares = {name: float(part) for name, _, part in (option.partition("=") for option in share)}
    console = Console(stderr=True)
    train(
        prepare(files, work, console),
        work,
        plan,
        console,
        shares=shares,
        only=only,
        start=start,
        teachers=teacher,
    )
    return OK


@main.command("export")
@click.argument("trained", type=click.Path(exists=True, path_type=Path))
@folder_option
@click.option("--full", is_flag=True, help="Keep full precision, for comparison.")
@report_errors
def export_command(trained: Path, folder: Path, full: bool) -> int:
    """Write the model in TRAINED as the packaged one; then calibrate it."""
    _export(trained, folder, quantised=not full)
    return OK


@main.command("calibrate")
@files_argument
@folder_option
@click.option("--sample", "count", default=SAMPLE, show_default=True, help="Questions to fit on.")
@click.option("--sentences", is_flag=True, help="Fit the sentence reader instead.")
@click.option("--tables", is_flag=True, help="Fit the table reader instead, on all of FILES.")
@report_errors
def calibrate_command(
    files: Sequence[Path], folder: Path, count: int, sentences: bool, tables: bool
) -> int:
    """Fit the confidence on the questions of FILES that training held back."""
    console = Console(stderr=True)
    if sentences:
        fit_sentences(files, count, console)
    elif tables:
        fit_tables(files)
    else:
        fit_spans(files, folder, count, console)
        write_checksums(folder, FILES)
    return OK


@main.command("conversation")
@click.argument("conversations", type=click.Path(exists=True, path_type=Path))
@files_argument
@work_option
@click.option(
    "--reader",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder of the trained reader to start from.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=REWRITER_FOLDER,
    help="Folder of the model; without it the packaged one is replaced.",
)
@report_errors
def conversation_command(
    conversations: Path, files: Sequence[Path], work: Path, reader: Path, folder: Path
) -> int:
    """Train the question rewriting model on CONVERSATIONS, and print its figures by five folds.

    It is trained first on synthetic conversations, generated from FILES of questions. Models
    that are in the work folder already are not trained again.
    """
    # Imports PyTorch, which other commands may not need.
    from qa.training.rewriter.run import train_rewriter

    train_rewriter(conversations, files, reader, work, folder, Console())
    return OK


def _export(trained: Path, folder: Path, quantised: bool = True) -> None:
    # Imports PyTorch, which other commands may not need.
    from qa.training.reader.export import export

    export(trained, SentenceTransformersEncoder.load().folder / "tokenizer.json", folder, quantised)


if __name__ == "__main__":
    main()
