"""The command that attacks for as long as wanted."""

import click
from click.testing import CliRunner

from tests.attacks import __main__ as command
from tests.attacks.sizes import MARKS
from tests.attacks.tally import Tally

pytestmark = MARKS


def test_figures_are_printed() -> None:
    done = CliRunner().invoke(
        command.main, ["kills", "--trials", "2", "--apps", "0", "--seed", "7"]
    )
    assert done.output.startswith("2 kills: 0 lost, 0 half there, 0 starts refused")
    assert done.output.endswith("(seed 7)\n")
    assert done.exit_code == 0


def test_broken_promise_is_printed_with_how_to_repeat_it() -> None:
    def attack(_: object) -> Tally:
        tally = Tally("kills", ["lost"], seed=7)
        tally.trials = 1000
        for number in range(30):
            tally.broken("lost", f"trial {number}")
        return tally

    @click.command()
    def attacked() -> None:
        command.finish(attack)

    done = CliRunner().invoke(attacked)
    lines = done.output.splitlines()
    assert lines[0] == "1,000 kills: 30 lost (seed 7)"
    assert (lines[1], lines[-1], len(lines)) == ("  lost: trial 0", "  lost: 10 more", 22)
    assert done.exit_code == 1


def test_every_attack_is_a_command() -> None:
    attacks = "kills flips fuzz routes slow users poison".split()
    assert sorted(command.main.commands) == sorted(attacks)
    for attack in attacks:
        assert CliRunner().invoke(command.main, [attack, "--help"]).exit_code == 0
