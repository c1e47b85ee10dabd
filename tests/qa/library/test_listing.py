"""What a library holds."""

from pathlib import Path

import pytest

from embeddings.index.index import Index
from embeddings.indexing import index_folder
from qa.library.listing import (
    MAX_CHOICE_CHARACTERS,
    MAX_CHOICES,
    LibraryFile,
    Listing,
    list_library,
)
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


def test_one_folder_offers_what_is_in_it_several_offer_themselves_too(index: Index) -> None:
    assert list_library(index, ["town"]).choices == [
        "town/bridge.txt",
        "town/old",
        "town/old/mill.txt",
    ]
    assert list_library(index, ["town", "sea"]).choices == [
        "sea",
        "sea/pier.txt",
        "town",
        "town/bridge.txt",
        "town/old",
        "town/old/mill.txt",
    ]
    assert [file.path for file in list_library(index, ["town/old", "sea/pier.txt"]).files] == [
        "sea/pier.txt",
        "town/old/mill.txt",
    ]
    documents = list_library(index, ["sea"]).documents
    assert [document.path for document in documents] == ["sea/pier.txt"]
    assert isinstance(documents[0], LibraryFile) and documents[0].indexed_at is not None


def test_what_is_offered_to_choose_from_is_bounded() -> None:
    def listing(count: int, length: int) -> Listing:
        paths = [f"town/{number:05}/{'x' * length}" for number in range(count)]
        return Listing(tuple(LibraryFile(path, "town", "", "A title") for path in paths), {})

    many = listing(5_000, 1)
    assert len(many.choices) == len(many.removable) == MAX_CHOICES
    assert many.removable[-1] == "town/01999/x"
    long = listing(1_000, 4_000)
    assert sum(map(len, long.choices)) <= MAX_CHOICE_CHARACTERS
    assert len(long.removable) == 49
    few = listing(3, 10)
    assert len(few.choices) == 6 and len(few.removable) == 3
