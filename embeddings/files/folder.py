"""Folder: lists the files below a folder, and why some of them are not read."""

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import FolderError, Remedy


@dataclass(frozen=True, slots=True)
class Entry:
    """Something found in the folder.

    Attributes:
        path: Inside the folder, with ``/`` between its parts.
        location: On the disk.
        problem: Why it is not read; none for a regular file.
        unreadable: Whether the system refuses to show it, so that what it holds is unknown.
    """

    path: str
    location: Path
    problem: str | None = None
    unreadable: bool = False


def walk(folder: Path, leave_out: Collection[Path] = ()) -> Iterator[Entry]:
    """Every file below the folder, sorted; those that are skipped with the reason.

    Hidden files, links out of the folder, links to folders (which can form loops) and
    special files are skipped; opening a pipe or a device could block for ever.

    Args:
        folder: Where to look, resolved.
        leave_out: Folders not to enter, such as the index itself.

    Raises:
        FolderError: It is missing, no folder, or cannot be read.
    """
    try:
        levels = [_sorted(folder)]
    except FileNotFoundError as error:
        raise FolderError("does not exist", folder, Remedy.CHECK_FOLDER) from error
    except NotADirectoryError as error:
        raise FolderError("is a file", folder, Remedy.NAME_PARENT_FOLDER) from error
    except OSError as error:
        raise FolderError(
            f"cannot be read ({error.strerror})", folder, Remedy.ALLOW_READING
        ) from error
    # No recursion: folders can be nested deeper than Python's stack.
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
            continue
        location = Path(entry.path)
        path = location.relative_to(folder).as_posix()
        if location in leave_out:
            continue
        try:
            problem = _problem(folder, location, entry)
            if problem or not entry.is_dir(follow_symlinks=False):
                yield Entry(path, location, problem)
            else:
                levels.append(_sorted(location))
        except OSError as error:
            yield Entry(path, location, f"cannot be read ({error.strerror})", unreadable=True)


def _sorted(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return iter(sorted(entries, key=lambda entry: entry.name))


def _problem(root: Path, location: Path, entry: os.DirEntry[str]) -> str | None:
    """Why a file or folder is not read.

    Raises:
        OSError: It cannot be looked at.
    """
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
            return "is a broken link"
        if not target.is_relative_to(root):
            return "is a link that leads out of the folder"
        if target.is_dir():
            return "is a link to a folder, which is read where it is"
    mode = entry.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return "is not a regular file"
    return None
