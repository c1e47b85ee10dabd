"""What the README promises is what is there."""

import contextlib
import io
import os
import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from embeddings.files.limits import Limits
from embeddings.index.index import DEFAULT_INDEX
from qa.cli.main import main
from qa.settings import Settings, UploadLimits

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "guide" / "settings.md").read_text(encoding="utf-8")


def defaults(settings: Settings | Limits | UploadLimits, prefix: str = "QA_") -> dict[str, str]:
    """The default of every setting, those within others included."""
    names = (
        list(Settings.model_fields)
        if isinstance(settings, Settings)
        else [field.name for field in fields(settings)]
    )
    found: dict[str, str] = {}
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, Limits | UploadLimits):
            found |= defaults(value, f"{prefix}{name.upper()}__")
        else:
            found[prefix + name.upper()] = str(value)
    return found


def test_every_setting_is_documented_with_unit_and_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(name)
    rows = re.findall(r"^\| `(QA_\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", SETTINGS, re.M)
    documented = {name: default for name, default, unit, meaning in rows}
    assert len(rows) == len(documented)
    expected = defaults(Settings())
    assert documented.pop("QA_INDEX") == "the user's data folder"
    assert expected.pop("QA_INDEX") == str(DEFAULT_INDEX)
    assert documented == expected


def test_readme_is_read_in_a_minute() -> None:
    words = [word for word in README.split() if re.search(r"\w", word)]
    assert len(words) <= 1_200


def test_every_room_is_named() -> None:
    rooms = {
        f"{path.parent.relative_to(ROOT).as_posix()}/"
        for package in ("embeddings", "qa")
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert rooms
    assert {room for room in rooms if f"`{room}`" not in README} == set()


def test_every_path_that_is_named_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs" / "guide").glob("*.md")]
    named = {
        (path, page.name)
        for page in pages
        for path in re.findall(
            r"[`(]((?:qa|embeddings|docs|tests|\.ci)/[\w./-]*)[`)]",
            page.read_text(encoding="utf-8"),
        )
    }
    assert named
    assert {(path, page) for path, page in named if not (ROOT / path).exists()} == set()


def test_top_level_holds_what_the_layout_says() -> None:
    allowed = {"pyproject.toml", "README.md", "qa", "embeddings", "docs", "tests", "app.py"}
    allowed |= {"LICENSE", "requirements.lock"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert found - {path for path in found if path.endswith(".egg-info")} == allowed


def test_check_runs_the_test_command_of_the_readme() -> None:
    command = README[README.index("<!-- tests -->") :].split("```")[1].removeprefix("sh\n").strip()
    assert command.endswith(".venv/bin/pytest")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "/<!-- tests -->/" in script and 'bash -c "$tests"' in script
    # The long trials, which the command leaves out.
    assert script.rstrip().endswith(".venv/bin/pytest -m slow")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def test_five_lines_of_python_print_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("QA_INDEX", str(tmp_path / "index"))
    (code,) = blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == blocks("text")[1]


def test_first_question_is_answered_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_INDEX", str(tmp_path / "index"))
    monkeypatch.setenv("COLUMNS", "100")
    # The same percent on every machine.
    monkeypatch.setenv("QA_PRECISION", "float32")
    assert CliRunner().invoke(main, ["index", str(ROOT / "docs")]).exit_code == 0
    command, _, shown = blocks("text")[0].partition("\n")
    question = command.removeprefix('$ qa ask "').removesuffix('"')
    result = CliRunner().invoke(main, ["ask", question])
    # Of a clone the files are as old as the clone.
    printed = re.sub(r"file of \d{4}-\d\d-\d\d", "file of 2026-11-26", result.stdout)
    assert [line.rstrip() for line in printed.splitlines()] == shown.splitlines()
