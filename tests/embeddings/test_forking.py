"""A fork waits for other threads, or says that it could not."""

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")

# In a process of its own: pytest's has threads, and from Python 3.12 on a warning of them.
BEGIN = """
import gc, os, sys, threading, time
from embeddings import forking

said = []

def say(word):
    said.append(word)

class Files:
    def close_before_fork(self):
        say("closed")

def fork():
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        print("parent", *said, forking.was_disturbed())
    else:
        print("child", *said, forking.was_disturbed(), flush=True)
    return pid

files = Files()
forking.close_before_fork(files)
entered, leave = threading.Event(), threading.Event()
"""


def printed(script: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", BEGIN + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout.splitlines()


def test_fork_waits_for_the_thread_that_is_inside_and_then_closes_files() -> None:
    lines = printed(
        """
        def search():
            with forking.undisturbed():
                entered.set()
                time.sleep(0.1)
                # The fork is waiting by now; whoever is inside may go on.
                with forking.undisturbed():
                    say("searched")

        threading.Thread(target=search).start()
        entered.wait()
        fork()
        """
    )
    assert lines == ["child searched closed False", "parent searched closed False"]


def test_child_is_told_of_a_thread_that_did_not_leave_and_the_parent_goes_on() -> None:
    lines = printed(
        """
        forking.WAIT_SECONDS = 0.1

        def index():
            with forking.undisturbed():
                entered.set()
                leave.wait(20)

        thread = threading.Thread(target=index)
        thread.start()
        entered.wait()
        if fork():
            leave.set()
            thread.join()
            with forking.undisturbed():
                print("goes on")
            fork()
        else:
            # It has none of the threads, and waits for none of them.
            with forking.undisturbed():
                print("child goes on", flush=True)
            os._exit(0)
        """
    )
    assert lines[:3] == ["child True", "child goes on", "parent False"]
    assert lines[3:] == ["goes on", "child closed False", "parent closed False"]


def test_child_is_told_of_a_fork_from_inside() -> None:
    lines = printed(
        """
        with forking.undisturbed():
            parent = os.getpid()
            fork()
        fork()
        if os.getpid() != parent:
            os._exit(0)
        """
    )
    # The files are the parent's to close.
    of_child = ["child True", "parent True"]
    of_parent = ["child closed False", "parent closed False"]
    assert lines == ["child True", *of_child, "parent False", *of_parent]


def test_what_owns_threads_is_deleted_by_the_parent_alone() -> None:
    lines = printed(
        """
        class Session:
            def __del__(self):
                print("deleted by", "the parent" if os.getpid() == parent else "the child")

        parent, session = os.getpid(), Session()
        forking.keep_in_child(session)
        fork()
        del session
        gc.collect()
        """
    )
    assert lines == ["child closed False", "parent closed False", "deleted by the parent"]
