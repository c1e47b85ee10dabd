"""What of a library is no longer where it was indexed."""

from pathlib import Path

import pytest

from embeddings.file_system import file_sha256
from embeddings.index.records import Source
from qa.library.presence import gone, has_changed, missing_folders


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for name in ("sea/pier.txt", "town/bridge.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("There.")
    return {name: tmp_path / name for name in ("attic", "sea", "town")}


def test_folder_that_is_gone_is_named_once_and_a_file_by_its_path(folders: dict[str, Path]) -> None:
    paths = ["attic/a.txt", "sea/pier.txt", "attic/b.txt", "town/mill.txt", "elsewhere/c.txt"]
    assert gone(paths, folders) == ("attic", "town/mill.txt")
    assert gone([], folders) == ()


def test_folder_in_place_of_which_a_file_lies_is_gone_with_what_was_inside(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "attic").write_text("A file.")
    assert gone(["attic/a.txt"], folders) == ("attic/a.txt",)
    assert missing_folders(folders) == []


def test_place_that_cannot_be_looked_at_is_not_called_gone(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", forbidden)
    assert (missing_folders(folders), gone(["sea/pier.txt"], folders)) == ([], ())


def test_folders_that_are_gone_are_named(folders: dict[str, Path]) -> None:
    assert missing_folders(folders) == ["attic"]


def test_file_has_changed_if_its_content_has(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folders["sea"] / "pier.txt"
    at = file.stat()
    times = (at.st_mtime_ns, at.st_ctime_ns, 0)
    source = Source("sea/pier.txt", "sea", at.st_size, *times, file_sha256(file))
    assert not has_changed(source, folders)
    file.touch()
    assert not has_changed(source, folders)
    file.write_text("Here.!")
    assert has_changed(source, folders)
    file.write_text("Longer than before.")
    assert has_changed(source, folders)
    assert not has_changed(source, {})

    def forbidden(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", forbidden)
    assert not has_changed(source, folders)
