"""A chat as it is started, attacked from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.routes import Routes
from tests.attacks.serving import chat
from tests.attacks.sizes import MARKS, SEED, size
from tests.attacks.slow import Slow
from tests.attacks.users import Users
from tests.end_to_end.chat_process import Running

pytestmark = [*MARKS, pytest.mark.slow]

USERS = size("USERS", 8)
USER_SECONDS = size("USER_SECONDS", 8)
HEADS = size("UNFINISHED_HEADS", 1100)
REQUESTS = size("ROUTE_REQUESTS", 100)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an index lies once the first chat has made it."""
    return tmp_path_factory.mktemp("attacked") / "index"


@pytest.fixture(scope="module")
def served(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with chat(tmp_path_factory.mktemp("served"), index) as started:
        yield started


def test_users_hear_of_no_error_but_that_the_server_is_busy(served: Running) -> None:
    tally = Users(served, SEED).run(USERS, USER_SECONDS)
    assert tally.passed, tally.report()
    assert tally.seen["answered"] >= USERS, tally.report()


def test_clients_that_do_not_go_on_shut_nobody_out(served: Running) -> None:
    tally = Slow(served, SEED).run(HEADS)
    assert tally.passed, tally.report()


@pytest.mark.parametrize("read_only", [False, True])
def test_no_route_reveals_a_secret_or_stops_the_server(
    index: Path, tmp_path: Path, served: Running, read_only: bool
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    options = ["--read-only"] if read_only else []
    with chat(tmp_path / "chat", index, options=options) as started:
        tally = Routes(started, outside, SEED, read_only).run(REQUESTS)
    assert tally.passed, tally.report()
