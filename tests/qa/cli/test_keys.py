"""API keys on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa.access.keys import Keys
from qa.access.rates import DEFAULT_RATE
from qa.cli.keys import add
from qa.cli.main import main


def qa(*args: object) -> Result:
    return CliRunner().invoke(main, ["keys", *(str(arg) for arg in args)])


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def audited(index: Path) -> list[tuple[str, str, list[str]]]:
    lines = map(json.loads, index.with_name("index.audit.jsonl").read_text().splitlines())
    return [(line["caller"], line["action"], line["names"]) for line in lines]


def test_key_is_printed_once_and_good_until_it_is_revoked(index: Path) -> None:
    within = ("--within", "docs/public", "--within", "town/")
    result = qa("add", "reports", "--may", "ask,write", *within, "--index", index)
    assert result.exit_code == 0, result.output
    (key,) = result.stdout.splitlines()
    assert result.stderr == (
        f"Keep this key: it is shown this once. To end it: qa keys revoke reports --index {index}\n"
        "Its holder can remove what lies there. What is added lies in a folder of its own, which "
        "--within has to name, too.\n"
    )
    caller = Keys(index).verify(key)
    assert caller and (caller.name, caller.limit) == ("key:reports", ("docs/public", "town"))
    assert caller.rights == {"ask", "write"} and caller.rate == DEFAULT_RATE
    result = qa("revoke", "reports", "--index", index)
    assert (result.exit_code, result.stdout) == (0, "revoked reports\n")
    assert Keys(index).verify(key) is None
    assert audited(index) == [
        ("command line", "key-added", ["reports"]),
        ("command line", "key-revoked", ["reports"]),
    ]


@pytest.mark.usefixtures("quick_hashing")
def test_keys_are_listed_without_secrets(index: Path) -> None:
    key = Keys(index).add("reports", ["ask"], "docs/pub[red]lic\x1b", "60/minute")
    Keys(index).add("all", ["write", "ask"])
    result = qa("list", "--index", index)
    assert result.exit_code == 0, result.output
    header, first, second = (line.split() for line in result.stdout.splitlines())
    assert header == ["name", "may", "within", "rate", "added", "(UTC)"]
    assert first[:4] == ["reports", "ask", "docs/pub[red]lic?", "60/minute"]
    assert second[:5] == ["all", "ask,", "write", "everything", "120/minute"]
    listed = qa("list", "--json", "--index", index).stdout
    assert [{**row, "added": ""} for row in json.loads(listed)] == [
        {
            "name": "reports",
            "may": ["ask"],
            "within": ["docs/pub[red]lic\x1b"],
            "rate": "60/minute",
            "added": "",
        },
        {
            "name": "all",
            "may": ["ask", "write"],
            "within": [],
            "rate": "120/minute",
            "added": "",
        },
    ]
    for shown in (result.output, listed):
        assert "argon2" not in shown and key.split("_")[1] not in shown


@pytest.mark.usefixtures("quick_hashing")
def test_path_at_which_nothing_is_indexed_is_told(docs_index: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.symlink_to(docs_index)
    within = ("--within", "docs/guide", "--within", "docs/guid", "--within", "docs/guide/asking.md")
    result = qa("add", "reports", *within, "--index", index)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines()[1:] == [
        f"Nothing is indexed at docs/guid now; see what is: qa list --index {index}"
    ]
    assert [entry.name for entry in Keys(index).entries()] == ["reports"]


@pytest.mark.usefixtures("quick_hashing")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "a b"], "expected a name of letters"),
        (["add", "a", "--may", "own"], "expected some of the rights ask, write, got own"),
        (["add", "a", "--may", ""], "expected some of the rights ask, write, got "),
        (["add", "a", "--within", ""], "expected the path of a document or folder in the library"),
        (["add", "a", "--rate", "often"], "expected a rate such as 60/minute"),
        (["add", "there"], "expected a name that no key has, got there"),
        (["revoke", "a"], "expected the name of a key, got 'a'; see what there is: qa keys list"),
    ],
)
def test_mistake_ends_with_2_and_one_sentence(arguments: list[str], said: str, index: Path) -> None:
    Keys(index).add("there", ["ask"])
    result = qa(*arguments, "--index", index)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said) and result.stderr.count("\n") == 1
    assert [entry.name for entry in Keys(index).entries()] == ["there"]
    assert not index.with_name("index.audit.jsonl").exists()


def test_damaged_file_is_an_error_with_its_place_and_remedy(index: Path) -> None:
    path = index.with_name("index.keys.json")
    path.write_text("{}")
    result = qa("list", "--index", index)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"The file of keys at {path} is damaged (")
    assert result.stderr.endswith("Put that file back, or move it away and add the keys anew.\n")


def test_help_names_the_rate_that_is_the_default() -> None:
    (rate,) = [option for option in add.params if option.name == "rate"]
    assert f"without it {DEFAULT_RATE}." in str(rate.to_info_dict()["help"])
