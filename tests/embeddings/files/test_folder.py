import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.errors import FolderError
from embeddings.files.folder import walk
from tests.embeddings.index.builders import as_nobody


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
        "gone.txt": "is a broken link",
        "out.txt": "is a link that leads out of the folder",
        "same.txt": None,
        "self": "is a broken link",
        "sub/a.txt": None,
        "sub/loop": "is a link to a folder, which is read where it is",
        "up": "is a link that leads out of the folder",
    }


def test_pipes_and_sockets_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert found(tmp_path) == {"pipe.txt": "is not a regular file"}


def test_odd_names_are_unchanged(tmp_path: Path) -> None:
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
    assert list(walk(tmp_path.resolve(), leave_out=[(tmp_path / "index").resolve()])) == []


@pytest.mark.parametrize(
    ("name", "said"), [("missing", "does not exist"), ("file", r"is a file\. Name the folder")]
)
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match=said):
        list(walk(tmp_path / name))


@pytest.fixture
def bottomless(tmp_path: Path) -> Iterator[Path]:
    """A folder nested deeper than a path can be long and a function can call itself."""
    folder = tmp_path / "bottomless"
    folder.mkdir()
    here = Path.cwd()
    try:
        os.chdir(folder)
        for _ in range(2_500):
            Path("d").mkdir()
            os.chdir("d")
        Path("deepest.txt").write_text("x")
    finally:
        os.chdir(here)
    yield folder
    # Neither shutil nor pytest can remove it.
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_nested_folders_are_walked_as_far_as_they_can_be_opened(bottomless: Path) -> None:
    (bottomless / "a.txt").write_text("x")
    entries = found(bottomless)
    assert entries.pop("a.txt") is None
    assert list(entries.values()) == ["cannot be read (File name too long)"]


def test_longest_name_is_an_ordinary_one(tmp_path: Path) -> None:
    name = "é" * 125 + ".txt"
    assert len(name.encode()) == 254
    (tmp_path / name).write_text("x")
    assert found(tmp_path) == {name: None}


def test_device_and_socket_are_not_opened(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            listening.bind("socket.txt")  # the path of a socket must be short
        finally:
            os.chdir(here)
        (tmp_path / "null.txt").symlink_to("/dev/null")
        assert found(tmp_path) == {
            "null.txt": "is a link that leads out of the folder",
            "socket.txt": "is not a regular file",
        }


def test_link_that_looks_like_it_stays_inside_does_not_deceive(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder-beside").mkdir()
    (tmp_path / "folder-beside" / "secret.txt").write_text("secret")
    (tmp_path / "folder" / "a.txt").symlink_to("../folder-beside/secret.txt")
    (tmp_path / "folder" / "b.txt").symlink_to("../folder/../folder-beside/secret.txt")
    assert set(found(tmp_path / "folder").values()) == {"is a link that leads out of the folder"}


def test_closed_subfolder_is_named_and_the_others_are_read(open_folder: Path) -> None:
    for name in ("a", "closed", "z"):
        (open_folder / name).mkdir()
        (open_folder / name / "in.txt").write_text("x")
    (open_folder / "closed").chmod(0o700)
    said = as_nobody("print([(entry.path, entry.problem) for entry in walk(place)])", open_folder)
    assert said.strip() == str(
        [
            ("a/in.txt", None),
            ("closed", "cannot be read (Permission denied)"),
            ("z/in.txt", None),
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("below", ["", "inside"])
def test_folder_that_may_not_be_read_is_refused(open_folder: Path, below: str) -> None:
    (open_folder / "closed" / "inside").mkdir(parents=True)
    (open_folder / "closed").chmod(0o700)
    said = as_nobody(
        f"""
        try:
            list(walk(place / "closed" / "{below}"))
        except FolderError as error:
            print(error)
        """,
        open_folder,
    )
    assert "closed" in said and "cannot be read (Permission denied). Change who may" in said
