"""Schemathesis asks a real server as its description says, and as it does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qa.access.keys import Keys
from tests.end_to_end.chat_process import running
from tests.qa.api.conftest import write_library

SECONDS = 40
"""How long it asks."""

CONFIG = """
[phases.stateful]
enabled = true

[checks]
# The others are told as problems; a full queue and pending changes are not the server's mistake.
not_a_server_error.expected-statuses = [200, 202, 204, 400, 401, 403, 404, 405, 408, 409, 411, \
413, 415, 422, 429, 503]
# That a question is blank, a receipt is one or an offset lies in the document is in no schema, nor
# how long all of an address may be.
positive_data_acceptance.expected-statuses = [200, 202, 204, 400, 403, 404, 409, 413, 422, 429, 503]
"""


@pytest.mark.slow
@pytest.mark.parametrize("with_key", [False, True])
def test_schemathesis_finds_nothing(tmp_path: Path, with_key: bool) -> None:
    folder = tmp_path / "town"
    write_library(folder)
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    options, sent = ["--api-only"], []
    index = tmp_path / "served" / "index"
    if with_key:
        index.parent.mkdir()
        key = Keys(index).add("schemathesis", ["ask", "write"], rate="10000/minute")
        # As behind a proxy, where a key is needed.
        options += ["--allowed-host", "qa.example"]
        sent = ["--header", f"Authorization: Bearer {key}"]
    with running(tmp_path / "served", folder, index, options=options) as server:
        command = [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", config),
            *("run", f"{server.url}/api/v1/openapi.json", "--url", f"{server.url}/api/v1"),
            *("--checks", "all", "--workers", "2", "--max-time", str(SECONDS)),
            *("--continue-on-failure", "--suppress-health-check", "all", "--no-color"),
            *sent,
        ]
        done = subprocess.run(
            list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False
        )
        (tmp_path / "out").write_text(done.stdout)
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
        assert re.search(r"Operations: +11 selected / 11 total", done.stdout), done.stdout
        assert "Traceback" not in server.logged()
