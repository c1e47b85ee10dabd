"""The attacks as commands: ``python -m tests.attacks ATTACK``.

Figures are printed. Exit status 1 if a promise is broken; each fault is printed with what is needed
to repeat it.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

import click

from tests.attacks.tally import Tally

Run = Callable[[Path], Tally]

seed_option = click.option(
    "--seed", type=int, default=lambda: SystemRandom().randrange(10**6), help="Random by default."
)
first_option = click.option(
    "--first", type=int, default=0, help="Number of the first trial, to repeat it."
)


def count_option(name: str, default: int) -> Callable[..., Callable[..., object]]:
    """An option for a count."""
    return click.option(f"--{name}", type=click.IntRange(min=0), default=default, show_default=True)


def finish(*runs: Run) -> None:
    """Run each in a new folder and print its report; exit with 1 if a promise was broken."""
    passed = True
    for run in runs:
        with tempfile.TemporaryDirectory(prefix="chapter-and-verse-") as work:
            tally = run(Path(work).resolve())
        click.echo(tally.report())
        passed = passed and tally.passed
    sys.exit(0 if passed else 1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Attack this program: each attack prints its figures."""


@main.command()
@count_option("trials", 1000)
@count_option("apps", 3)
@first_option
@seed_option
def kills(trials: int, apps: int, first: int, seed: int) -> None:
    """Kill indexing, uploads and removals, then APPS times the chat as it is started."""
    from tests.attacks.apps import kill_apps
    from tests.attacks.kills import Kills

    runs: list[Run] = [lambda work: Kills(work).run(seed, trials, first)]
    if apps:
        runs.append(lambda work: kill_apps(work, seed, apps, first))
    finish(*runs)


@main.command()
@count_option("trials", 2000)
@first_option
@seed_option
def flips(trials: int, first: int, seed: int) -> None:
    """Damage every file of an index, before it is opened and while it is open."""
    from tests.attacks.flips import Flips

    finish(lambda work: Flips(work).run(seed, trials, first))


@main.command()
@count_option("files", 10_000)
@count_option("guided", 0)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Folder for files that break a promise."
)
@first_option
@seed_option
def fuzz(files: int, guided: int, keep: Path | None, first: int, seed: int) -> None:
    """Read mutated files; GUIDED more of each format by coverage, if atheris is installed."""
    from tests.attacks import coverage_guided
    from tests.attacks.fuzz import fuzz as read

    runs: list[Run] = [lambda work: read(work, seed, files, first, keep)]
    if guided and not coverage_guided.is_installed():
        click.echo("ATHERIS IS NOT INSTALLED: no file is guided by coverage.", err=True)
    elif guided:
        runs.append(lambda work: coverage_guided.guided(work, seed, guided, keep))
    finish(*runs)


@main.command()
@count_option("requests", 0)
@seed_option
def routes(requests: int, seed: int) -> None:
    """Attack routes and events, also with --read-only: REQUESTS at random, 0 for all."""
    from tests.attacks.routes import Routes
    from tests.attacks.serving import chat

    def attack(work: Path, read_only: bool) -> Tally:
        outside = work / "outside"
        outside.mkdir()
        options = ["--read-only"] if read_only else []
        with chat(work / "chat", work / "chat" / "index", options=options) as started:
            return Routes(started, outside, seed, read_only).run(requests)

    finish(lambda work: attack(work, False), lambda work: attack(work, True))


@main.command()
@count_option("heads", 1100)
@seed_option
def slow(heads: int, seed: int) -> None:
    """Open connections that stall: HEADS unfinished requests, then idle uploads."""
    from tests.attacks.serving import chat
    from tests.attacks.slow import Slow

    def attack(work: Path) -> Tally:
        with chat(work / "chat", work / "index") as started:
            return Slow(started, seed).run(heads)

    finish(attack)


@main.command()
@count_option("users", 50)
@click.option("--seconds", type=float, default=600, show_default=True)
@seed_option
def users(users: int, seconds: float, seed: int) -> None:
    """Have USERS ask questions for SECONDS."""
    from tests.attacks.serving import chat
    from tests.attacks.users import Users

    def attack(work: Path) -> Tally:
        with chat(work / "chat", work / "index") as started:
            return Users(started, seed).run(users, seconds)

    finish(attack)


@main.command()
def poison() -> None:
    """Ask questions with poisoned documents in the library; nothing is random."""
    from tests.attacks.poison import poison as ask

    finish(ask)


if __name__ == "__main__":
    main()
