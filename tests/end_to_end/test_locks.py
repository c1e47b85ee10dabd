"""What is installed is what the lock files pin, and they pin all that is declared."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
RUN, DEVELOP = "requirements.lock", ".ci/dev.lock"


def pinned(lock: str) -> dict[str, list[Requirement]]:
    """The requirements of a lock file by name: one for each kind of machine."""
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^\S+==.*?(?= \\$)", (ROOT / lock).read_text(), flags=re.M):
        requirement = Requirement(line)
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def declared(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [text for extra in extras for text in project["optional-dependencies"][extra]]
    return [Requirement(text) for text in [*project["dependencies"], *optional]]


@pytest.mark.parametrize(("lock", "extras"), [(RUN, ()), (DEVELOP, ("dev",))])
def test_all_that_is_declared_but_pytorch_is_pinned(lock: str, extras: tuple[str, ...]) -> None:
    pins = pinned(lock)
    for requirement in declared(*extras):
        name = canonicalize_name(requirement.name)
        if name == "torch":
            assert name not in pins
            continue
        assert name in pins, f"{name} is missing: run .ci/lock"
        for pin in pins[name]:
            (exact,) = pin.specifier
            assert requirement.specifier.contains(exact.version), f"{pin}: run .ci/lock"


@pytest.mark.parametrize("lock", [RUN, DEVELOP])
def test_each_pin_has_its_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(blocks) > 90
    for block in blocks:
        assert re.search(r" \\\n    --hash=sha256:[0-9a-f]{64}", block), block


def test_both_locks_agree() -> None:
    run, develop = pinned(RUN), pinned(DEVELOP)
    assert {name: list(map(str, pins)) for name, pins in run.items()} == {
        name: list(map(str, develop[name])) for name in run
    }


def test_environment_is_the_one_that_is_pinned() -> None:
    different = {}
    for name, pins in pinned(DEVELOP).items():
        for pin in pins:
            if pin.marker is not None and not pin.marker.evaluate():
                continue
            try:
                installed = version(name)
            except PackageNotFoundError:
                installed = "missing"
            if not pin.specifier.contains(installed, prereleases=True):
                different[str(pin)] = installed
    assert different == {}, "install as the README says"
