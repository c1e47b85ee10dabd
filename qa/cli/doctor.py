"""Doctor: checks index, checksums and models."""

import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import ChapterAndVerseError
from embeddings.index.index import Index, uploads_beside
from qa.cli.error_messages import command, error_message, missing_remedy
from qa.library.listing import list_library
from qa.library.presence import gone
from qa.pipeline import load_encoder, load_reader, load_rewriter
from qa.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: A sentence with the result, and the remedy if it is not sound.
        sound: Whether the check passed.
    """

    what: str
    sound: bool = True


def examine(settings: Settings, index_option: Path | None = None) -> Iterator[Finding]:
    """Run every check, in order of dependency; reads all of the index.

    Args:
        settings: Which models and which index.
        index_option: The value of ``--index``, which remedies repeat.
    """
    try:
        encoder = load_encoder(settings)
        encoder.check()
        yield Finding(f"The encoder {encoder.name} is there and has the expected digest.")
    except ChapterAndVerseError as error:
        yield Finding(error_message(error, index_option), sound=False)
        return
    try:
        load_reader(settings).check()
        yield Finding(f"The reader {settings.reader} is there.")
    except ChapterAndVerseError as error:
        yield Finding(error_message(error, index_option), sound=False)
        return
    try:
        load_rewriter(settings).check()
        yield Finding("The question rewriting model is there.")
    except ChapterAndVerseError as error:
        yield Finding(error_message(error, index_option), sound=False)
        return
    try:
        # Opened even if its log is damaged, to name everything that is missing.
        index = Index.open_unchecked(settings.index)
        index.check_encoder(encoder.model)
    except ChapterAndVerseError as error:
        yield Finding(error_message(error, index_option), sound=False)
        return
    yield Finding(f"The index at {settings.index} opens and was built with this encoder.")
    try:
        yield from _contents(index, index_option)
    except ChapterAndVerseError as error:
        yield Finding(error_message(error, index_option), sound=False)
    finally:
        index.close()


def _presence(index: Index, index_option: Path | None) -> Iterator[Finding]:
    """Whether the folders and files are where they were indexed."""
    listing = list_library(index)
    missing = listing.missing_folders
    for name in missing:
        place, remedy = listing.folders[name], missing_remedy(name, index_option)
        yield Finding(f"The folder {name} is gone from {place}. {remedy}", sound=False)
    paths = gone((file.path for file in listing.documents), listing.folders)
    files = Counter(path.partition("/")[0] for path in paths if path not in missing)
    for name, count in files.items():
        again = command(f"index {shlex.quote(str(listing.folders[name]))}", index_option)
        yield Finding(
            f"Of {name}, {count} files are gone since they were indexed; bring it up to date: "
            f"{again}"
        )
    if not missing and not files:
        yield Finding("All documents are where they were indexed.")


def _contents(index: Index, index_option: Path | None) -> Iterator[Finding]:
    report = index.check_integrity()
    for line in (*report.corrupted, *report.missing):
        yield Finding(line, sound=False)
    if report.corrupted:
        yield Finding(
            f"Delete {index.folder} and index again; your documents are not touched.", sound=False
        )
        return
    if report.missing:
        yield Finding(
            "The log of the database was damaged. Index the folders again that hold these "
            f"documents: {command('index FOLDER', index_option)}. "
            f"Uploads lie in {uploads_beside(index.folder)}.",
            sound=False,
        )
        return
    counts = f"{report.documents} documents and {report.passages} passages"
    yield Finding(f"{counts} have the right checksums.")
    for path, start in report.misaligned:
        yield Finding(
            f"A passage differs from the text of its document: {path} at {start}.", sound=False
        )
    if not report.misaligned:
        yield Finding("Every passage equals the text of its document at its offsets.")
    yield from _presence(index, index_option)
    if report.saved_vectors is None:
        yield Finding(
            "The FAISS file is missing, damaged or older than the database; the next "
            f"`{command('index FOLDER', index_option)}` rebuilds it, and searching works meanwhile."
        )
    else:
        yield Finding(
            f"The FAISS file holds the {report.saved_vectors} vectors of this generation."
        )
