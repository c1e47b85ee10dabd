"""Victims: the processes that are killed; each sends what it has acknowledged."""

from collections.abc import Callable
from pathlib import Path

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from embeddings.indexing_report import IndexingProgress
from tests.attacks.library import arrive, document_text, fast_indexing, served
from tests.builders import HashingEncoder

Send = Callable[[str], None]


def indexing_houses(send: Send, folder: Path, place: Path, plain: bool) -> None:
    """Index the folder; sends each path when its document is committed."""
    with fast_indexing(plain):
        encoder = HashingEncoder()
        index = Index.open_or_create(place, encoder)
        before = 0

        def on_progress(now: IndexingProgress) -> None:
            nonlocal before
            if now.files_done > before:
                before = now.files_done
                send(now.path)

        index_folder(folder, index, encoder, on_progress=on_progress)


def uploading_houses(
    send: Send, folder: Path, place: Path, plain: bool, batches: list[list[int]]
) -> None:
    """Take houses into the library of a chat; sends the path of each that is taken."""
    with fast_indexing(plain), served(folder, place) as uploads:
        for batch in batches:
            files = [arrive(uploads, f"up{number}.txt", document_text(number)) for number in batch]
            *_, rows = uploads.add(files)
            for row in rows:
                if row.state == "taken":
                    send(row.detail.partition(",")[0])
                else:
                    send(f"{row.state}: {row.name} {row.detail}")


def removing_houses(send: Send, folder: Path, place: Path, plain: bool, paths: list[str]) -> None:
    """Take documents out of the library of a chat; sends the path of each that is removed."""
    with fast_indexing(plain), served(folder, place) as uploads:
        send("ready")
        for path in paths:
            message = uploads.remove([path]).sentence
            send(path if message.startswith(f"Removed: {path}.") else f"not removed: {message}")
