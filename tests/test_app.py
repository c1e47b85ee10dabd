"""What ``app.py`` imports; import-linter holds the layers of packages alone."""

import ast
from pathlib import Path

APP = Path(__file__).parent.parent / "app.py"


def test_app_reaches_gradio_by_the_tabs_alone() -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(APP.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert "qa.web.tabs.page" in imported
    assert "gradio" not in {name.partition(".")[0] for name in imported}
