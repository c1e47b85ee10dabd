"""A wheel holds all that the packages read at run time."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_every_file_beside_the_modules_is_package_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["tool"]["setuptools"]["package-data"]
    packaged = {
        path
        for package, patterns in declared.items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    files = {
        path
        for package in ("embeddings", "qa")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".md")
    }
    assert {"reader.onnx", "page.css", "panel.html", "py.typed"} <= {path.name for path in files}
    assert {path.relative_to(ROOT).as_posix() for path in files - packaged} == set()
