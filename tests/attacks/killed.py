"""Killed: what the processes do that are killed; each says what it has acknowledged."""

from collections.abc import Callable
from pathlib import Path

from embeddings.index.index import Index
from embeddings.indexing import IndexingProgress, index_folder
from tests.attacks.library import arrive, house, quick, served
from tests.encoders import HashingEncoder

Say = Callable[[str], None]


def indexing_houses(say: Say, folder: Path, place: Path, plain: bool) -> None:
    """Index the folder; says each path as soon as its document is committed."""
    with quick(plain):
        encoder = HashingEncoder()
        index = Index.open_or_create(place, encoder)
        before = 0

        def tell(now: IndexingProgress) -> None:
            nonlocal before
            if now.files_done > before:
                before = now.files_done
                say(now.path)

        index_folder(folder, index, encoder, on_progress=tell)


def uploading_houses(
    say: Say, folder: Path, place: Path, plain: bool, batches: list[list[int]]
) -> None:
    """Take houses into the library of a chat; says the path of each that is taken."""
    with quick(plain), served(folder, place) as uploads:
        for batch in batches:
            files = [arrive(uploads, f"up{number}.txt", house(number)) for number in batch]
            *_, rows = uploads.add(files)
            for row in rows:
                if row.state == "taken":
                    say(row.detail.partition(",")[0])
                else:
                    say(f"{row.state}: {row.name} {row.detail}")


def removing_houses(say: Say, folder: Path, place: Path, plain: bool, paths: list[str]) -> None:
    """Take documents out of the library of a chat; says the path of each that is gone."""
    with quick(plain), served(folder, place) as uploads:
        say("ready")
        for path in paths:
            told = uploads.remove([path])
            say(path if told.startswith(f"Removed: {path}.") else f"not removed: {told}")
