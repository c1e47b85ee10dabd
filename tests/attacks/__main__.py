"""Attack: ``python -m tests.attacks ATTACK``, for as long as wanted; figures are printed.

Exit status 1 where a promise is broken; what is printed below the figures tells how to repeat it.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

import click

from tests.attacks.tally import Tally

Run = Callable[[Path], Tally]

seeded = click.option(
    "--seed", type=int, default=lambda: SystemRandom().randrange(10**6), help="Drawn if left out."
)
begun = click.option("--first", type=int, default=0, help="Number of the first, to repeat it.")


def counted(name: str, default: int) -> Callable[..., Callable[..., object]]:
    """An option that says how many."""
    return click.option(f"--{name}", type=click.IntRange(min=0), default=default, show_default=True)


def finish(*runs: Run) -> None:
    """Print what comes of each, in a new folder; exit with 1 if a promise was broken."""
    kept = True
    for run in runs:
        with tempfile.TemporaryDirectory(prefix="chapter-and-verse-") as work:
            tally = run(Path(work).resolve())
        click.echo(tally.told())
        kept = kept and tally.kept
    sys.exit(0 if kept else 1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Attack this program: each attack prints its figures."""


@main.command()
@counted("trials", 1000)
@counted("apps", 3)
@begun
@seeded
def kills(trials: int, apps: int, first: int, seed: int) -> None:
    """Kill indexing, uploads and removals, then APPS times the chat as it is started."""
    from tests.attacks.apps import kill_apps
    from tests.attacks.kills import Kills

    runs: list[Run] = [lambda work: Kills(work).run(seed, trials, first)]
    if apps:
        runs.append(lambda work: kill_apps(work, seed, apps, first))
    finish(*runs)


@main.command()
@counted("trials", 2000)
@begun
@seeded
def flips(trials: int, first: int, seed: int) -> None:
    """Damage every file of an index, before it is opened and while it is open."""
    from tests.attacks.flips import Flips

    finish(lambda work: Flips(work).run(seed, trials, first))


@main.command()
@counted("files", 10_000)
@counted("guided", 0)
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for such as break a promise.")
@begun
@seeded
def fuzz(files: int, guided: int, keep: Path | None, first: int, seed: int) -> None:
    """Read mutated files; GUIDED more of each format as coverage leads, if atheris is installed."""
    from tests.attacks import coverage_guided
    from tests.attacks.fuzz import fuzz as read

    runs: list[Run] = [lambda work: read(work, seed, files, first, keep)]
    if guided and not coverage_guided.is_installed():
        click.echo("ATHERIS IS NOT INSTALLED: nothing is guided by coverage.", err=True)
    elif guided:
        runs.append(lambda work: coverage_guided.guided(work, seed, guided, keep))
    finish(*runs)


@main.command()
@counted("requests", 0)
@seeded
def routes(requests: int, seed: int) -> None:
    """Attack routes and events, also with --read-only: REQUESTS that are drawn, 0 is all."""
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
@counted("heads", 1100)
@seeded
def slow(heads: int, seed: int) -> None:
    """Open connections that do not go on: HEADS unfinished requests, then idle uploads."""
    from tests.attacks.serving import chat
    from tests.attacks.slow import Slow

    def attack(work: Path) -> Tally:
        with chat(work / "chat", work / "index") as started:
            return Slow(started, seed).run(heads)

    finish(attack)


@main.command()
@counted("users", 50)
@click.option("--seconds", type=float, default=600, show_default=True)
@seeded
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
    """Ask questions with poisoned documents in the library; nothing is drawn."""
    from tests.attacks.poison import poison as ask

    finish(ask)


if __name__ == "__main__":
    main()
