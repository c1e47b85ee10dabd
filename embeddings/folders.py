"""Folders of the library: named, moved and removed; the files on the disk are not touched."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from embeddings.errors import FolderError, IndexMissing, Remedy
from embeddings.file_system import file_sha256
from embeddings.files.folder import walk
from embeddings.index.index import uploads_of
from embeddings.index.paths import lies_within
from embeddings.index.protocols import IndexWriter, SearchIndex
from embeddings.index.records import Source


def remove(index: SearchIndex, paths: Sequence[str]) -> tuple[str, ...]:
    """Remove documents or whole folders from the index, all or none; files are not touched.

    Args:
        index: From which to remove.
        paths: Of the library, or places on the disk.

    Returns:
        The library paths removed.

    Raises:
        IndexMissing: One of them is not in the index.
        IndexLocked: Another process is writing.
    """
    with index.writing() as store:
        gone: dict[str, None] = {}
        sources = store.sources()
        for path in paths:
            name = path.rstrip("/")
            found = _inside(sources, {name}) or _inside(sources, _names_of_place(store, path))
            if not found:
                raise IndexMissing(f"does not hold {path}", index.folder, Remedy.LIST_INDEX)
            gone |= dict.fromkeys(found)
        with store.transaction():
            for removed in gone:
                store.drop_source(removed)
            for folder in store.folders():
                if not store.sources(folder):
                    store.drop_folder(folder)
        index.save_vectors()
        store.checkpoint()
        return tuple(gone)


def move_folder(index: SearchIndex, old: str, new: Path) -> str:
    """Have the index look for a folder where it lies now; its documents are not read again.

    If the new place was indexed as a folder of its own meanwhile, that one's name is dropped. What
    was uploaded to a chat about the folder goes with it.

    Args:
        index: That holds the folder.
        old: The folder's name in the library, or the place where it lay.
        new: Where it lies now.

    Returns:
        The folder's name in the library.

    Raises:
        IndexMissing: It is not in the index.
        FolderError: The new place is no folder, or holds none of its documents.
        IndexLocked: Another process is writing.
    """
    new = resolved(new)
    next(walk(new), None)  # is a folder that can be read
    with index.writing() as store:
        folders = store.folders()
        name = _folder_named(folders, old)
        if name is None:
            raise IndexMissing(f"does not hold the folder {old}", index.folder, Remedy.LIST_INDEX)
        if not _holds_any(new, name, store.sources(name)):
            raise FolderError(
                f"holds none of the documents of {name}", new, Remedy.INDEX_SEPARATELY
            )
        with store.transaction():
            for other, location in folders.items():
                if other != name and location == new:
                    for path in store.sources(other):
                        store.drop_source(path)
                    store.drop_folder(other)
            store.move_folder(name, new)
            _move_uploads(store, index.folder, name, folders[name], new)
        index.save_vectors()
        store.checkpoint()
    return name


def _move_uploads(store: IndexWriter, index: Path, name: str, old: Path, new: Path) -> None:
    """Have the chat about a folder find what was uploaded to it before the folder was moved."""
    before, after = uploads_of(index, name, old), uploads_of(index, name, new)
    if before.is_dir() and not after.parent.exists():
        # A chat that was read in the new place has uploads of its own.
        before.parent.rename(after.parent)
        for uploads, location in store.folders().items():
            if location == before:
                store.move_folder(uploads, after)


def _folder_named(folders: dict[str, Path], named: str) -> str | None:
    """The name in the library of a folder that is named so or lies there; none if none does."""
    if named.rstrip("/") in folders:
        return named.rstrip("/")
    try:
        place = Path(named).resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return next((name for name, location in folders.items() if location == place), None)


def _holds_any(folder: Path, name: str, sources: dict[str, Source]) -> bool:
    """Whether a document lies in a folder as it did in the one of that name."""
    for path, source in sources.items():
        if source.document is not None:
            with suppress(OSError):
                if file_sha256(folder / path.removeprefix(f"{name}/")) == source.sha256:
                    return True
    return False


def folder_name(store: IndexWriter, folder: Path) -> str:
    """The folder's name in the library; a new folder gets one."""
    known = store.folders()
    for name, location in known.items():
        if location == folder:
            return name
    base = name = folder.name or "documents"
    number = 1
    while name in known:
        number += 1
        name = f"{base} ({number})"
    with store.transaction():
        store.put_folder(name, folder)
    return name


def resolved(folder: Path) -> Path:
    """The folder's path with links resolved.

    Raises:
        FolderError: The links form a loop, or a name in the path is not Unicode.
    """
    try:
        resolved = folder.resolve()
        str(resolved).encode()
    except UnicodeEncodeError as error:
        raise FolderError("has a name that is not valid Unicode", folder, Remedy.RENAME) from error
    except (OSError, RuntimeError) as error:
        raise FolderError("is a broken link", folder, Remedy.CHECK_FOLDER) from error
    return resolved


def _inside(sources: Iterable[str], names: set[str]) -> list[str]:
    """The sources that have one of these library paths, or lie inside one."""
    return [path for path in sources if lies_within(path, names)]


def _names_of_place(store: IndexWriter, path: str) -> set[str]:
    """The library paths of a place on the disk; more than one where folders overlap."""
    try:
        location = Path(path).resolve() if path else None
    except (OSError, RuntimeError, ValueError):
        return set()
    return {
        "/".join([name, *location.relative_to(folder).parts])
        for name, folder in store.folders().items()
        if location and location.is_relative_to(folder)
    }
