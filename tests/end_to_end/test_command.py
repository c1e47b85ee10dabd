"""The command: its start, its end and its mistakes."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import DOCUMENTS
from tests.end_to_end.browsing import ask_when_founded, opened
from tests.end_to_end.chat_process import ROOT, SECONDS, Running, run, running

START_ONLY = """
import sys
import uvicorn

def run(server, sockets):
    print("torch is loaded:", "torch" in sys.modules)

uvicorn.Server.run = run
import app
app.main()
"""


@pytest.mark.slow
def test_second_start_indexes_nothing_and_imports_no_pytorch_to_serve(chat: Running) -> None:
    assert f"{DOCUMENTS} added" in chat.logged()
    done = subprocess.run(
        [sys.executable, "-c", START_ONLY, "--port", "0", "--index", str(chat.index)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert f"docs: {DOCUMENTS} unchanged (0 passages encoded" in done.stdout
    assert "torch is loaded: False" in done.stdout


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_silently_though_a_page_is_open(
    browser: Browser, chat: Running, tmp_path: Path, how: signal.Signals
) -> None:
    with running(tmp_path, index=chat.index) as again, opened(browser, again.url) as page:
        # One while the models are being loaded, one after that.
        if how == signal.SIGTERM:
            ask_when_founded(page)
        before = again.logged()
        again.process.send_signal(how)
        assert again.process.wait(SECONDS) == 0
        assert again.logged() == before


@pytest.mark.slow
def test_interrupted_indexing_says_that_it_goes_on_later(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        text = f"{number} is a number. " * 60
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    index = tmp_path / "index"
    command = [sys.executable, "app.py", str(folder), "--port", "0", "--index", str(index)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (index / "library.sqlite").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert errors.splitlines() == [
        "Interrupted; what was finished is kept. Run the same command again to go on."
    ]


def test_help_is_immediate_and_names_the_options() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--host", "--port", "--index", "FOLDER"):
        assert option in done.stdout
    assert done.stderr == ""


def test_gradio_is_not_imported_with_the_command() -> None:
    code = "import sys, app; raise SystemExit('gradio' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=SECONDS, check=True)


def printed_error(done: subprocess.CompletedProcess[str]) -> str:
    """The only line on standard error of a command that failed."""
    assert done.returncode == 2, done
    lines: Sequence[str] = done.stderr.splitlines()
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0]


@pytest.mark.slow
def test_missing_folder_is_reported(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    message = printed_error(run(missing, "--port", "0", "--index", tmp_path / "index"))
    assert message == f"{missing} does not exist. Check the name of the folder."


@pytest.mark.slow
def test_port_in_use_is_reported_before_anything_is_indexed(tmp_path: Path) -> None:
    index = tmp_path / "index"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = printed_error(run("--port", str(port), "--index", index))
    assert message == f"Port {port} on 127.0.0.1 is in use. Choose another with --port."
    assert not index.exists()


@pytest.mark.slow
def test_host_of_another_machine_is_reported(tmp_path: Path) -> None:
    message = printed_error(
        run("--host", "192.0.2.1", "--port", "0", "--index", tmp_path / "index")
    )
    assert message == "192.0.2.1 is not an address of this machine. Choose another with --host."


@pytest.mark.slow
def test_setting_out_of_range_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_THRESHOLD", "3")
    message = printed_error(run("--port", "0", "--index", tmp_path / "index"))
    assert message.startswith("The setting QA_THRESHOLD is invalid")
