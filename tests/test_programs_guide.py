"""The examples of the page on programs and assistants run, against a real server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.service.codes import CODES
from tests.conftest import DOCS
from tests.end_to_end.chat_process import Running, running

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "guide" / "programs.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

SERVER = "http://127.0.0.1:7860"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)


def test_every_code_of_a_problem_is_told() -> None:
    told = set(re.findall(r"`([a-z-]+)`", GUIDE[GUIDE.index("### Problems") :]))
    assert set(CODES) - told == set()


def test_settings_of_an_assistant_are_json_and_name_the_command() -> None:
    (readme,) = re.findall(r"^```json\n(.*?)^```", README, re.M | re.S)
    for text in (readme, *blocks("json")):
        (server,) = json.loads(text)["mcpServers"].values()
        assert server.get("args") == ["mcp"] or server["url"].endswith("/mcp")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("programs")
    with running(place, DOCS, options=["--api-only"]) as started:
        yield started


def output_of(command: list[str], server: Running) -> str:
    """What an example prints, asked of that server and its index."""
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=180,
        cwd=ROOT,
        env={**os.environ, "QA_INDEX": str(server.index), "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_curl_asks(server: Running) -> None:
    (example,) = blocks("sh")
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here: its example is not run")
    printed = output_of(["bash", "-c", example.replace(SERVER, server.url)], server)
    answer = json.loads(printed)
    assert answer["text"] == "2013"
    assert answer["citations"][0]["path"] == "docs/kazakhstan-2024/food-security.html"


@pytest.mark.slow
def test_python_asks_and_reads_what_is_cited(server: Running) -> None:
    example, *_ = blocks("python")
    assert "urlopen" in example
    printed = output_of([sys.executable, "-c", example.replace(SERVER, server.url)], server)
    assert printed == blocks("text")[0]


@pytest.mark.slow
def test_client_of_the_sdk_asks_and_proves_each_citation(server: Running) -> None:
    _, example, _ = blocks("python")
    assert "StdioServerParameters" in example
    # A client passes on few environment variables.
    mine = f'command={sys.executable!r}, args=["-m", "qa.cli.main", "mcp", "--index", '
    mine += f"{str(server.index)!r}]"
    own = example.replace('command=".venv/bin/qa", args=["mcp"]', mine)
    assert own != example
    own = own.replace("args=[", 'env={"PYTHONPATH": ' + repr(str(ROOT)) + "}, args=[", 1)
    printed = output_of([sys.executable, "-c", own], server).splitlines()
    shown = blocks("text")[1].splitlines()
    # The percentage differs between processors.
    assert re.fullmatch(r"2013 \d\d%", printed[0]) and printed[1:] == shown[1:]


@pytest.mark.slow
def test_client_of_the_sdk_asks_a_server(server: Running) -> None:
    _, _, example = blocks("python")
    ask = f"{example}\nimport asyncio\n"
    ask += f'print(asyncio.run(ask("{server.url}/mcp", "none", "When was the IOFS founded?")))'
    # No key is needed, but a wrong one is refused.
    refused = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, cwd=ROOT)
    assert refused.returncode != 0 and "MCPError" in refused.stderr
    own = ask.replace('headers = {"Authorization": f"Bearer {key}"}', "headers = {}")
    assert output_of([sys.executable, "-c", own], server) == "2013\n"
