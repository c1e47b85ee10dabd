import os
from pathlib import Path

import pytest

from embeddings.errors import FolderError
from embeddings.folder import walk


def found(folder: Path) -> dict[str, str | None]:
    return {entry.path: entry.problem for entry in walk(folder.resolve())}


def test_files_of_all_levels_are_found_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/c.md", "B.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert list(found(tmp_path)) == ["B.txt", "a/b/c.md", "a/z.txt", "b.txt"]
    assert set(found(tmp_path).values()) == {None}


def test_hidden_files_and_folders_are_named_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.txt").write_text("x")
    (tmp_path / ".env").write_text("x")
    assert found(tmp_path) == {".env": "is hidden", ".git": "is hidden"}


def test_links_are_followed_inside_the_folder_only(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.txt").write_text("x")
    (folder / "out.txt").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "gone.txt").symlink_to(folder / "nothing")
    (folder / "same.txt").symlink_to(folder / "sub" / "a.txt")
    assert found(folder) == {
        "gone.txt": "is a link that leads nowhere",
        "out.txt": "is a link that leads out of the folder",
        "same.txt": None,
        "self": "is a link that leads nowhere",
        "sub/a.txt": None,
        "sub/loop": "is a link to a folder, which is read at its own place",
        "up": "is a link that leads out of the folder",
    }


def test_pipes_and_sockets_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert found(tmp_path) == {"pipe.txt": "is not an ordinary file"}


def test_odd_names_are_kept_as_they_are(tmp_path: Path) -> None:
    names = ["<b>&.txt", "a\nb.txt", "n" * 200 + ".txt", "..txt", "é\u202etxt.txt", " .txt"]
    for name in names:
        (tmp_path / name).write_text("x")
    hidden = {"..txt"}
    assert found(tmp_path) == {
        name: "is hidden" if name in hidden else None for name in sorted(names)
    }


def test_name_that_is_not_unicode_is_named_with_the_remedy(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("x")
    assert list(found(tmp_path).values()) == ["has a name that is not valid Unicode; rename it"]


def test_folder_to_leave_out_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "a.txt").write_text("x")
    assert list(walk(tmp_path.resolve(), leave_out=(tmp_path / "index").resolve())) == []


@pytest.mark.parametrize(
    ("name", "said"), [("missing", "does not exist"), ("file", "is a file; name the folder")]
)
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match=said):
        list(walk(tmp_path / name))
