"""`qa mcp` in a process of its own, asked by the SDK's client and by hand."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from mcp import Client, StdioServerParameters, types

from qa.cli.main import main
from qa.cli.mcp_command import serve_index
from qa.settings import Settings

QUESTION = "How much aid did Kazakhstan send to Syria?"

COMMAND = (sys.executable, "-m", "qa.cli.main", "mcp", "--index")


def text(called: types.CallToolResult) -> str:
    (content,) = called.content
    assert isinstance(content, types.TextContent)
    return content.text


async def asked_as_an_assistant_does(client: Client) -> None:
    tools = [tool.name for tool in (await client.list_tools()).tools]
    assert tools == ["ask", "search", "list_documents", "open_citation", "verify"]
    answer = (await client.call_tool("ask", {"question": QUESTION})).structured_content
    (citation,) = answer["citations"]
    assert answer["text"] == citation["quote"] == "50 tons" and citation["address"] is None
    place = {key: citation[key] for key in ("sha256", "start", "end")}
    opened = (await client.call_tool("open_citation", place)).structured_content
    assert opened["text"] == citation["quote"]
    assert opened["before"].endswith("In February 2023 Kazakhstan sent Syria ")
    open_question = await client.call_tool("ask", {"question": "Who won the 2022 World Cup?"})
    assert open_question.structured_content["text"] is None and not open_question.is_error
    assert text(open_question).startswith("The documents do not say: ")
    verified = (await client.call_tool("verify", {"receipt": answer})).structured_content
    assert verified["exact"] is True and verified["total"] == 1
    hostile: list[tuple[str, dict[str, Any], str]] = [
        ("ask", {"question": "\0" * 30_000}, "invalid-fields: "),
        ("ask", {"question": {"$ref": "/etc/passwd"}}, "invalid-fields: "),
        ("ask", {"question": "?", "within": ["/etc", "../.."]}, "nothing-within: "),
        ("open_citation", {**place, "end": 10**9}, "invalid-fields: Expected 0 <= start"),
        ("list_documents", {"limit": 10**9}, "invalid-fields: "),
        ("verify", {"receipt": [{}] * 1_000}, "not-a-receipt: "),
        ("__class__", {}, "not-found: "),
    ]
    for name, arguments, words in hostile:
        refused = await client.call_tool(name, arguments)
        assert refused.is_error and text(refused).startswith(words), (name, text(refused))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_assistant_asks_opens_and_verifies(docs_index: Path, mode: str) -> None:
    command, *arguments = COMMAND
    environment = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    started = StdioServerParameters(
        command=command, args=[*arguments, str(docs_index)], env=environment
    )

    async def run() -> None:
        async with Client(started, mode=mode) as client:
            await asked_as_an_assistant_does(client)

    asyncio.run(run())


@contextmanager
def running(index: Path, *options: str) -> "Iterator[subprocess.Popen[bytes]]":
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*COMMAND, str(index), *options], stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def send(process: "subprocess.Popen[bytes]", *lines: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(b"".join(line + b"\n" for line in lines))
    process.stdin.flush()


def read(process: "subprocess.Popen[bytes]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def message(method: str, id: int, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()


INITIALIZE = message(
    "initialize",
    1,
    protocolVersion="2025-06-18",
    capabilities={},
    clientInfo={"name": "test", "version": "1"},
)


@pytest.mark.slow
def test_only_messages_are_written_and_what_is_none_is_survived(docs_index: Path) -> None:
    deep = message("tools/call", 3, name="verify", arguments={"receipt": "?"}).replace(
        b'"?"', b'{"parts": [' * 5_000 + b"]}" * 5_000
    )
    with running(docs_index, "--in", "docs/guide") as process:
        send(process, INITIALIZE)
        assert read(process)["result"]["serverInfo"]["name"] == "chapter-and-verse"
        send(process, b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", deep)
        send(process, message("tools/call", 4, name="ask", arguments={"question": QUESTION}))
        # Of the second only the half is there.
        send(process, message("tools/call", 5, name="list_documents", arguments={}))
        replies: dict[int | None, Any] = {}
        while not {4, 5} <= replies.keys():
            reply = read(process)
            replies[reply.get("id")] = reply
        assert replies[4]["result"]["structuredContent"]["text"] is None
        listed = replies[5]["result"]["structuredContent"]["documents"]
        assert listed and all(each["path"].startswith("docs/guide/") for each in listed)
        rest, errors = process.communicate(timeout=10)
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())
        assert b"Traceback" not in errors
        assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("end", ["input", "interrupt"])
@pytest.mark.parametrize("busy", [False, True])
def test_process_ends_at_once(docs_index: Path, end: str, busy: bool) -> None:
    with running(docs_index) as process:
        send(process, INITIALIZE)
        read(process)
        if busy:
            send(process, message("tools/call", 2, name="ask", arguments={"question": QUESTION}))
        else:
            send(process, message("ping", 2))
            read(process)
        started = time.monotonic()
        if end == "input":
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(timeout=10) == 0
        else:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == -signal.SIGINT
        assert time.monotonic() - started < 2
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.slow
def test_process_ends_when_nobody_reads_what_it_writes(docs_index: Path) -> None:
    with running(docs_index) as process:
        send(process, INITIALIZE)
        read(process)
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        send(process, message("ping", 2))
        assert process.wait(timeout=10) == -signal.SIGPIPE
        assert process.stderr.read() == b""


def test_closed_standard_input_is_an_error(
    docs_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ValueError, match="expected a standard input and output"):
        serve_index(Settings(index=docs_index), (), None)


def test_index_that_is_missing_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["mcp", "--index", str(tmp_path / "none")])
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith(f"The index at {tmp_path / 'none'} does not exist.")


def test_part_of_the_library_that_is_not_there_is_an_error(docs_index: Path) -> None:
    arguments = ["mcp", "--index", str(docs_index), "--in", "docs/gide"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr == (
        "expected paths of the library, got docs/gide; see what it holds: "
        f"qa list --index {docs_index}\n"
    )
