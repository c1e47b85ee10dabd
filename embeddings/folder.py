"""Folder: which files of a folder are documents, and why the others are not."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import FolderError


@dataclass(frozen=True, slots=True)
class Entry:
    """Something found in the folder.

    Attributes:
        path: Inside the folder, with ``/`` between its parts.
        location: Where it lies.
        problem: Why it is not read; none for an ordinary file.
    """

    path: str
    location: Path
    problem: str | None = None


def walk(folder: Path, leave_out: Path | None = None) -> Iterator[Entry]:
    """Every file below the folder, sorted, and whatever is passed over with the reason.

    Hidden files, links out of the folder, links to folders (which can form loops) and
    special files are passed over; opening a pipe or a device could wait for ever.

    Args:
        folder: Where to look, resolved.
        leave_out: A folder to keep out of, such as the index itself.

    Raises:
        FolderError: It is missing, no folder, or cannot be read.
    """
    if not folder.exists():
        raise FolderError(f"{folder} does not exist; check the name of the folder.")
    if not folder.is_dir():
        raise FolderError(f"{folder} is a file; name the folder that holds it.")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise FolderError(
            f"{folder} cannot be read ({error.strerror}); change who may read it."
        ) from error
    yield from _walk(folder, folder, entries, leave_out)


def _walk(
    root: Path, folder: Path, entries: list[os.DirEntry[str]], leave_out: Path | None
) -> Iterator[Entry]:
    for entry in entries:
        location = folder / entry.name
        path = location.relative_to(root).as_posix()
        if location == leave_out:
            continue
        problem = _problem(root, location, entry)
        if problem or not entry.is_dir(follow_symlinks=False):
            yield Entry(path, location, problem)
            continue
        try:
            inside = sorted(os.scandir(location), key=lambda entry: entry.name)
        except OSError as error:
            yield Entry(path, location, f"cannot be read ({error.strerror})")
            continue
        yield from _walk(root, location, inside, leave_out)


def _problem(root: Path, location: Path, entry: os.DirEntry[str]) -> str | None:
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        return "has a name that is not valid Unicode; rename it"
    if entry.name.startswith("."):
        return "is hidden"
    if entry.is_symlink():
        try:
            target = location.resolve(strict=True)
        except (OSError, RuntimeError):
            return "is a link that leads nowhere"
        if not target.is_relative_to(root):
            return "is a link that leads out of the folder"
        if target.is_dir():
            return "is a link to a folder, which is read at its own place"
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return "is not an ordinary file"
    return None
