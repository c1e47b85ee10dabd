"""The loader itself: processes, limits and interruptions."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from embeddings.errors import UnreadableFile
from embeddings.files.limits import LimitedBuilder
from embeddings.files.loading import DocumentLoader, Limits

PACKAGE_PARENT = Path(__file__).resolve().parents[3]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "aid.md"
    path.write_text("# Aid\n\nFifty tons were sent.", encoding="utf-8")
    return path


def slow(folder: Path) -> Path:
    """A file that takes minutes to read: emphasis that pairs up with nothing."""
    path = folder / "slow.md"
    path.write_text("*a **b _c " * 400_000, encoding="utf-8")
    return path


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "embeddings.files.worker" in " ".join(child.cmdline())
    ]


def test_document_crosses_the_process_boundary_unchanged(page: Path) -> None:
    page.write_text("# Aïd 🚚\n\n- a\n- b\n\n| x | y |\n|-|-|\n| 1 | 2 |", encoding="utf-8")
    with DocumentLoader() as loader:
        document = loader.load(page)
    assert document.title == "Aïd 🚚"
    assert document.text == "Aïd 🚚\n\n- a\n- b\n\nx\ty\n1\t2"
    assert [(block.kind, block.level) for block in document.blocks] == [
        ("heading", 1),
        ("list", 0),
        ("table", 0),
    ]
    assert [document.text[block.start : block.end] for block in document.blocks] == (
        document.text.split("\n\n")
    )
    assert document.page_starts == ()


def test_one_process_reads_all_files_and_ends_with_the_loader(page: Path) -> None:
    with DocumentLoader() as loader:
        assert children() == []
        loader.load(page)
        (first,) = children()
        loader.load(page)
        assert children() == [first]
    assert children() == []


def test_time_limit_ends_the_process_and_the_next_file_is_read(page: Path, tmp_path: Path) -> None:
    with DocumentLoader(Limits(seconds=1.0)) as loader:
        started = time.monotonic()
        with pytest.raises(UnreadableFile, match=r"^took longer than 1 s to read$"):
            loader.load(slow(tmp_path))
        assert time.monotonic() - started < 5
        assert loader.load(page).title == "Aid"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_memory_limit_refuses_the_file_and_the_next_is_read(page: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.html"
    large.write_bytes(b"<p>word</p>" * 2_000_000)
    with DocumentLoader(Limits(memory_bytes=2**28)) as loader:
        with pytest.raises(UnreadableFile, match=r"needs more than 0\.25 GiB of memory"):
            loader.load(large)
        assert loader.load(page).title == "Aid"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGSEGV, "is so damaged that it crashed its parser"),
        (
            signal.SIGABRT,
            "needs more than 1 GiB of memory, or is so damaged that it crashed its parser",
        ),
    ],
)
def test_crash_becomes_a_reason_and_the_next_file_is_read(
    page: Path, tmp_path: Path, number: signal.Signals, reason: str
) -> None:
    with DocumentLoader() as loader:
        loader.load(page)
        crash = threading.Timer(0.3, children()[0].send_signal, [number])
        crash.start()
        with pytest.raises(UnreadableFile) as caught:
            loader.load(slow(tmp_path))
        assert str(caught.value) == reason
        assert loader.load(page).title == "Aid"


def test_process_that_died_between_two_files_is_replaced(page: Path) -> None:
    with DocumentLoader() as loader:
        loader.load(page)
        (child,) = children()
        child.kill()
        child.wait(5)
        assert loader.load(page).title == "Aid"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    script = f"""
        import signal
        import sys
        # A job in the background of a shell begins with the signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(PACKAGE_PARENT)!r})
        from pathlib import Path
        from embeddings.files.loading import DocumentLoader
        with DocumentLoader() as loader:
            print("reading", flush=True)
            loader.load(Path({str(slow(tmp_path))!r}))
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None and parent.stderr is not None
        assert parent.stdout.readline() == b"reading\n"
        time.sleep(0.5)
        (child,) = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGINT)
        parent.wait(10)
        assert b"KeyboardInterrupt" in parent.stderr.read()
    assert not child.is_running()


def test_killed_parent_leaves_no_process_behind(page: Path) -> None:
    script = f"""
        import sys
        sys.path.insert(0, {str(PACKAGE_PARENT)!r})
        from pathlib import Path
        from embeddings.files.loading import DocumentLoader
        loader = DocumentLoader()
        loader.load(Path({str(page)!r}))
        print("read", flush=True)
        sys.stdin.read()
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"read\n"
        (child,) = psutil.Process(parent.pid).children()
        parent.kill()
        parent.wait(10)
        psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


def test_modules_in_the_current_folder_do_not_shadow_those_of_the_reader(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with DocumentLoader() as loader:
        assert loader.load(Path("aid.md")).title == "Aid"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"", "is empty"),
        ("blank.txt", b" \n\t\n", "has no text"),
        ("large.txt", b"word " * 300, "is larger than 0 MB"),
        ("program.exe", b"MZ\0", "has an unsupported format (.exe)"),
        ("core", b"\x7fELF\0", "has an unsupported format (no suffix)"),
    ],
)
def test_files_refused_at_sight(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    loader = DocumentLoader(Limits(file_bytes=1_000))
    with loader, pytest.raises(UnreadableFile) as caught:
        loader.load(path)
    assert str(caught.value) == reason


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    with DocumentLoader() as loader:
        with pytest.raises(UnreadableFile, match=r"^cannot be opened \(No such file"):
            loader.load(tmp_path / "missing.txt")
        with pytest.raises(UnreadableFile, match=r"^is not a regular file$"):
            loader.load(tmp_path / "folder.txt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with DocumentLoader() as loader, pytest.raises(UnreadableFile, match="not a regular file"):
        loader.load(tmp_path / "pipe.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="names that are not Unicode are of POSIX")
def test_names_of_any_bytes_are_read(tmp_path: Path) -> None:
    for name in (b"caf\xe9.txt", b"two\nlines.txt", "ünï <b>.txt".encode()):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(b"Fifty tons.")
        with DocumentLoader() as loader:
            assert loader.load(path).text == "Fifty tons."


def test_reason_names_the_error_but_not_the_place_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "book.docx"
    path.write_bytes(b"PK\x03\x04 nothing")
    with DocumentLoader() as loader, pytest.raises(UnreadableFile) as caught:
        loader.load(path)
    assert str(caught.value).startswith("is damaged or incomplete (")
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(characters=8), "has more than 8 characters of text; split it"),
        (Limits(blocks=1), "has more than 1 paragraphs; split it"),
    ],
)
def test_builder_stops_at_its_limits(limits: Limits, reason: str) -> None:
    builder = LimitedBuilder(limits)
    builder.add("paragraph", "12345")
    builder.add("paragraph", " ")
    with pytest.raises(UnreadableFile) as caught:
        builder.add("paragraph", "6789")
    assert str(caught.value) == reason


@pytest.mark.slow
def test_reading_process_of_a_large_parent_reads_more_than_one_file(page: Path) -> None:
    # A process that encodes has more memory than one that reads may take.
    program = f"""
    from pathlib import Path
    from embeddings.files.loading import DocumentLoader
    ballast = bytearray(b"x") * 700_000_000
    with DocumentLoader() as loader:
        pids = set()
        for _ in range(3):
            loader.load(Path({str(page)!r}))
            pids.add(loader._worker and loader._worker.pid)
    print(len(pids), None in pids)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    assert done.stdout == "1 False\n", done.stderr
