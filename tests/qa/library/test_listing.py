"""What a library holds."""

from pathlib import Path

import pytest

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from qa.library.listing import LibraryFile, Listing, list_library
from tests.builders import HashingEncoder


@pytest.fixture
def index(tmp_path: Path, hashing: HashingEncoder) -> Index:
    index = Index.open_or_create(tmp_path / "index", hashing)
    for folder, files in (
        ("town", {"bridge.txt": "The bridge.", "old/mill.txt": "The mill."}),
        ("sea", {"pier.txt": "The pier.", "empty.txt": ""}),
    ):
        for name, text in files.items():
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
        index_folder(tmp_path / folder, index, hashing)
    return index


def test_documents_and_problems_are_listed_by_path(index: Index, tmp_path: Path) -> None:
    listing = list_library(index)
    assert [(file.path, file.folder, file.title, file.problem) for file in listing.files] == [
        ("sea/empty.txt", "sea", None, "is empty"),
        ("sea/pier.txt", "sea", "pier.txt", None),
        ("town/bridge.txt", "town", "bridge.txt", None),
        ("town/old/mill.txt", "town", "mill.txt", None),
    ]
    assert [file.passages for file in listing.files] == [0, 1, 1, 1]
    assert listing.location("town/old/mill.txt") == tmp_path / "town" / "old" / "mill.txt"
    assert listing.location("elsewhere/mill.txt") is None


def test_listing_is_limited_to_places(index: Index) -> None:
    assert [file.path for file in list_library(index, ["town/old", "sea/pier.txt"]).files] == [
        "sea/pier.txt",
        "town/old/mill.txt",
    ]
    documents = list_library(index, ["sea"]).documents
    assert [document.path for document in documents] == ["sea/pier.txt"]
    assert isinstance(documents[0], LibraryFile) and documents[0].indexed_at is not None


def test_search_takes_every_word_and_sorts_by_folder() -> None:
    def listed(path: str, title: str | None = "A title") -> LibraryFile:
        return LibraryFile(path, path.partition("/")[0], "", title)

    files = [
        listed("town/b/c.txt"),
        listed("town/a.txt", "The Old Mill"),
        listed("town/z.txt", None),
        listed("town/b-side/d.txt"),
        listed("town/b.txt"),
    ]
    listing = Listing(tuple(files), {})

    def found(words: str) -> list[str]:
        return [file.path for file in listing.search(words)]

    assert found("") == [
        "town/z.txt",
        "town/a.txt",
        "town/b.txt",
        "town/b/c.txt",
        "town/b-side/d.txt",
    ]
    assert found("OLD mill") == ["town/a.txt"]
    assert found("old title") == []
    assert found("Z.TXT") == ["town/z.txt"]
