"""The package brings every file along that it reads, and tells type checkers that it is typed."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def packaged() -> set[str]:
    """Files that are packaged besides modules, relative to the repository."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        path.relative_to(ROOT).as_posix()
        for package, patterns in settings["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }


@pytest.mark.parametrize("package", ["qa", "embeddings"])
def test_package_is_marked_as_typed(packaged: set[str], package: str) -> None:
    assert f"{package}/py.typed" in packaged


def test_every_file_that_is_no_module_is_packaged(packaged: set[str]) -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for package in ("qa", "embeddings")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".md")
    }
    assert {"qa/reading/model/reader.onnx", "qa/web/html/templates/panel.html"} <= there
    assert there - packaged == set()
