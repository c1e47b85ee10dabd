"""Processes forked from one that has an index open: gunicorn, multiprocessing."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")

ROOT = Path(__file__).parents[2]

SECONDS = 90
"""Until a process counts as one that hangs."""

BEGIN = """
import faulthandler, gc, multiprocessing, os, sys, threading, time
import qa
from embeddings import forking
from qa import IndexInherited, QuestionAnswerer

answerer = QuestionAnswerer.open(os.environ["QA_INDEX"])
answerer.answer("When was the IOFS founded?")

def answers():
    try:
        inherited = answerer.answer("How many members does the IOFS have?").text
    except IndexInherited as error:
        inherited = "was opened by another process" in str(error)
    return inherited, qa.answer("How many members does the IOFS have?").text
"""


def printed(script: str, index: Path) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", BEGIN + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
        env={**os.environ, "QA_INDEX": str(index), "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_forked_process_opens_its_own_index_and_ends(docs_index: Path) -> None:
    lines = printed(
        """
        pid = os.fork()
        if not pid:
            faulthandler.dump_traceback_later(60, exit=True)
            print(*answers(), flush=True)
            del answerer
            gc.collect()
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        print(answerer.answer("What does IOFS stand for?").text)
        """,
        docs_index,
    )
    assert lines == ["True 41", "7", "Islamic Organization for Food Security"]


@pytest.mark.slow
def test_processes_forked_while_threads_answer_answer_too(docs_index: Path) -> None:
    lines = printed(
        """
        answering, wrong = threading.Event(), []
        answering.set()

        def answer_on(thread):
            count = 0
            while answering.is_set():
                count += 1
                # Each question is another one: it is searched for and read.
                found = answerer.answer(f"When was the IOFS founded, {thread} {count}?")
                if not found.hits:
                    wrong.append(found)

        threads = [threading.Thread(target=answer_on, args=[n]) for n in range(4)]
        for thread in threads:
            thread.start()
        fork = multiprocessing.get_context("fork")
        queue = fork.SimpleQueue()

        def child():
            faulthandler.dump_traceback_later(60, exit=True)
            queue.put(answers())

        for _ in range(30):
            process = fork.Process(target=child)
            process.start()
            process.join()
            print(process.exitcode, *queue.get() if process.exitcode == 0 else ())
        answering.clear()
        for thread in threads:
            thread.join()
        print(wrong)
        """,
        docs_index,
    )
    assert lines == ["0 True 41"] * 30 + ["[]"]


@pytest.mark.slow
def test_process_forked_while_a_thread_indexes_is_refused_and_does_not_hang(
    docs_index: Path,
) -> None:
    lines = printed(
        """
        forking.WAIT_SECONDS = 0.5
        writing, written = threading.Event(), threading.Event()

        def write():
            with answerer.index.writing():
                writing.set()
                written.wait(60)

        thread = threading.Thread(target=write)
        thread.start()
        writing.wait()
        pid = os.fork()
        if not pid:
            faulthandler.dump_traceback_later(60, exit=True)
            for ask in answerer.answer, qa.answer:
                try:
                    ask("How many members does the IOFS have?")
                except IndexInherited as error:
                    print(error.summary, error.remedy, sep=". ", flush=True)
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        written.set()
        thread.join()
        print(answerer.answer("How many members does the IOFS have?").text)
        """,
        docs_index,
    )
    inherited, unopened, *rest = lines
    assert "was opened by another process (pid" in inherited
    assert unopened == (
        "The index cannot be opened: an index was in use when this process was forked. "
        "Fork while no thread is indexing or reading from it."
    )
    assert rest == ["0", "41"]


APP = """
import json, os
import qa
from qa import IndexInherited, QuestionAnswerer

answerer = QuestionAnswerer.open(os.environ["QA_INDEX"])
opened_by = os.getpid()

def application(environ, start_response):
    question = "How many members does the IOFS have?"
    try:
        inherited = answerer.answer(question).text
    except IndexInherited as error:
        inherited = f"was opened by another process (pid {opened_by})" in str(error)
    said = [inherited, qa.answer(question).text, os.getpid()]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(said).encode()]
"""


@contextmanager
def gunicorn(
    folder: Path, index: Path, *options: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a server, and its process."""
    (folder / "asked.py").write_text(APP)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "asked:application", "--preload"),
                *("--bind", f"fd://{listener.fileno()}", "--log-level", "warning", *options),
            ],
            cwd=folder,
            env={**os.environ, "QA_INDEX": str(index), "PYTHONPATH": str(ROOT)},
            pass_fds=[listener.fileno()],
        )
        host, port = listener.getsockname()
        try:
            yield f"http://{host}:{port}", server
        finally:
            server.kill()
            server.wait(SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("worker", ["sync", "gthread"])
def test_workers_of_gunicorn_answer_and_end_at_once(
    worker: str, docs_index: Path, tmp_path: Path
) -> None:
    options = ("--worker-class", worker, "--workers", "2", "--threads", "2")
    with gunicorn(tmp_path, docs_index, *options) as (address, server):
        for _ in range(6):
            with urllib.request.urlopen(address, timeout=SECONDS) as response:
                inherited, text, process = json.load(response)
            assert (inherited, text) == (True, "41")
            assert process != server.pid
        started = time.monotonic()
        server.terminate()
        assert server.wait(SECONDS) == 0
        # It waits 30 seconds for a worker that hangs, and kills it.
        assert time.monotonic() - started < 20
