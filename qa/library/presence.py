"""Presence: whether the folders and files of a library are still where and as they were indexed.

What is gone stays in the index, and answers, until its folder is indexed again: a disk may only not
be connected. So whoever is answered from it is told.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from embeddings.file_system import file_sha256
from embeddings.index.records import Source


def missing_folders(folders: Mapping[str, Path]) -> list[str]:
    """Names of the folders that are no longer at their places, sorted.

    Args:
        folders: Place of each folder on the disk, by its name in the library.
    """
    return sorted(name for name, place in folders.items() if _is_gone(place))


def gone(paths: Iterable[str], folders: Mapping[str, Path]) -> tuple[str, ...]:
    """What is no longer where it was indexed: a folder's name, else the paths of documents.

    Looks at the named files alone.

    Args:
        paths: Of documents in the library.
        folders: As for ``missing_folders``.
    """
    found: dict[str, None] = {}
    for path in dict.fromkeys(paths):
        name, _, inside = path.partition("/")
        place = folders.get(name)
        if place is None:
            continue
        if _is_gone(place):
            found[name] = None
        elif _is_gone(place / inside):
            found[path] = None
    return tuple(found)


def has_changed(source: Source, folders: Mapping[str, Path]) -> bool:
    """Whether a file has other content than when it was indexed; not where that cannot be told.

    Args:
        source: The file as it was indexed.
        folders: As for ``missing_folders``.
    """
    place = folders.get(source.folder)
    if place is None:
        return False
    try:
        file = place / source.path.partition("/")[2]
        now = file.stat()
        if now.st_size != source.size:
            return True
        if (now.st_mtime_ns, now.st_ctime_ns) == (source.mtime_ns, source.ctime_ns):
            return False
        # Touched, copied back or moved with its folder, it may still be the same.
        return file_sha256(file) != source.sha256
    except (OSError, ValueError):
        return False


def _is_gone(place: Path) -> bool:
    """Whether there is nothing there; not where that cannot be told."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
