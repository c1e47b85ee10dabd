"""The tools, called by the SDK's client in the same process."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import anyio
import pytest
from mcp import Client, types
from mcp.server.lowlevel import Server

from qa.access.caller import Caller
from qa.cancellation import Cancelled
from qa.mcp.server import NAME, mcp_server
from qa.mcp.tools import Asker
from qa.service.messages import INTERNAL_ERROR_SENTENCE
from qa.service.problems import Refused
from qa.service.read_only import ReadOnlyService, Stage
from qa.service.replies import Addresses

QUESTION = "How much aid did Kazakhstan send to Syria?"

ME = Caller("me", frozenset(("ask",)))


def server_of(service: ReadOnlyService, caller: Caller = ME) -> Server:
    asker = Asker(caller, service, Addresses("http://qa.example"))
    return mcp_server(lambda _: asker)


def using(server: Server, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Client(server) as client:
            return await work(client)

    return asyncio.run(run())


def call(server: Server, name: str, **arguments: Any) -> types.CallToolResult:
    called: types.CallToolResult = using(server, lambda client: client.call_tool(name, arguments))
    return called


def text(called: types.CallToolResult) -> str:
    (content,) = called.content
    assert isinstance(content, types.TextContent)
    return content.text


def test_each_tool_says_that_it_only_reads_and_describes_what_it_takes(
    service: ReadOnlyService,
) -> None:
    tools = using(server_of(service), lambda client: client.list_tools()).tools
    assert [(tool.name, list(tool.input_schema["properties"])) for tool in tools] == [
        ("ask", ["question", "within", "history", "rewritten"]),
        ("search", ["question", "within", "limit"]),
        ("list_documents", ["within", "matching", "after", "limit"]),
        ("open_citation", ["sha256", "path", "start", "end", "around"]),
        ("verify", ["receipt"]),
    ]
    for tool in tools:
        hints = tool.annotations
        assert hints.read_only_hint and hints.idempotent_hint and hints.open_world_hint is False
        assert tool.input_schema["additionalProperties"] is False
        assert all("description" in each for each in tool.input_schema["properties"].values())
        assert tool.output_schema["type"] == "object"


def test_server_names_itself_and_says_what_its_tools_are_for(service: ReadOnlyService) -> None:
    async def hello(client: Client) -> tuple[types.Implementation | None, str | None]:
        return client.server_info, client.instructions

    info, instructions = using(server_of(service), hello)
    assert (info.name, info.title) == (NAME, "Chapter and Verse") and info.version
    assert instructions is not None and "invent nothing" in instructions


def test_answer_has_citations_that_can_be_opened_and_verified(service: ReadOnlyService) -> None:
    server = server_of(service)
    answer = call(server, "ask", question=QUESTION)
    found = answer.structured_content
    assert found["text"] == "50 tons" and found["hits"] == [] and found["parts"] == []
    (citation,) = found["citations"]
    path = "docs/kazakhstan-2024/food-security.html"
    assert citation["path"] == path and citation["quote"] == "50 tons"
    assert citation["address"].startswith("http://qa.example/document?path=docs%2Fkazakhstan-2024")
    assert len(json.dumps(found)) < 6_000
    place = {key: citation[key] for key in ("sha256", "start", "end")}
    lines = text(answer).splitlines()
    assert lines[0] == "50 tons" and lines[2] == (
        f"[1] {path}, start {place['start']}, end {place['end']}, sha256 {place['sha256']}"
    )
    assert lines[3] == "    quote: 50 tons"
    opened = call(server, "open_citation", **place, around=20).structured_content
    assert opened["text"] == citation["quote"] and opened["path"] == path
    assert len(opened["before"]) == len(opened["after"]) == 20
    verified = call(server, "verify", receipt=found)
    assert verified.structured_content["exact"] is True
    assert text(verified).startswith("1 of 1 quotes stand exactly where they were cited.\n")


def test_question_that_the_documents_do_not_answer_is_no_error(service: ReadOnlyService) -> None:
    answer = call(server_of(service), "ask", question="Who won the 2022 World Cup?")
    assert not answer.is_error
    assert answer.structured_content["text"] is None
    assert answer.structured_content["citations"] == []
    assert text(answer).startswith("The documents do not say: ")
    assert text(answer).startswith(answer.structured_content["sentence"])


def test_follow_up_is_understood_from_the_answers_before_it(service: ReadOnlyService) -> None:
    server = server_of(service)
    first = call(server, "ask", question="When was the IOFS founded?").structured_content
    second = call(server, "ask", question="How many members does it have?", history=[first])
    assert second.structured_content["text"] == "41"
    assert "IOFS" in second.structured_content["rewritten"]


def test_search_gives_as_many_passages_as_asked_for(service: ReadOnlyService) -> None:
    found = call(server_of(service), "search", question=QUESTION, within="docs/guide", limit=2)
    passages = found.structured_content["passages"]
    assert [passage["rank"] for passage in passages] == [1, 2]
    assert all(passage["path"].startswith("docs/guide/") for passage in passages)
    assert text(found).startswith(f"[1] {passages[0]['path']}, start ")


def test_documents_are_listed_page_by_page(service: ReadOnlyService) -> None:
    server = server_of(service)
    first = call(server, "list_documents", within=["docs/kazakhstan-2024"], limit=1)
    listed = first.structured_content
    paths = [document["path"] for document in listed["documents"]]
    assert len(paths) == 1 and listed["next"] == paths[0] and listed["total"] > 1
    second = call(
        server, "list_documents", within=["docs/kazakhstan-2024"], limit=1, after=listed["next"]
    ).structured_content
    assert second["documents"][0]["path"] > paths[0]
    assert text(first).splitlines()[-1] == f"For more, list those after: {paths[0]}"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("ask", {"question": " "}, "question-blank: The question is blank."),
        ("ask", {}, "invalid-fields: Not as expected: question (Field required)."),
        (
            "ask",
            {"question": ["a"], "secret\n": 1},
            r"invalid-fields: Not as expected: question (Input should be a valid string), secret\n "
            "(Extra inputs are not permitted).",
        ),
        (
            "ask",
            {"question": "\ud800"},
            "invalid-fields: Not as expected: question (Input should be a valid string, unable to "
            "parse raw data as a unicode string).",
        ),
        (
            "ask",
            {"question": "a", "passages": True},
            "invalid-fields: Not as expected: passages (Input should be False).",
        ),
        (
            "ask",
            {"question": "a" * 3_000},
            "question-too-long: The question has 3,000 characters, 2,000 at most are read; shorten "
            "it.",
        ),
        (
            "search",
            {"question": "a", "within": ["../etc"]},
            "nothing-within: Nothing is indexed there. A path begins with the name of a folder of "
            "the library: see the list of documents.",
        ),
        (
            "open_citation",
            {"sha256": "../../etc/passwd", "start": 0, "end": 1},
            "invalid-fields: Not as expected: sha256 (String should match pattern "
            "'^[0-9a-f]{64}$').",
        ),
        (
            "open_citation",
            {"sha256": "0" * 64, "start": 0, "end": 1},
            "no-document: There is no such document.",
        ),
        (
            "open_citation",
            {"sha256": "0" * 64, "start": 10**4_000, "end": -1},
            "invalid-fields: Not as expected: start (Input should be less than or equal to "
            "1000000000), end (Input should be greater than or equal to 0).",
        ),
        (
            "delete",
            {},
            "not-found: There is no such tool; there are ask, search, list_documents, "
            "open_citation, verify.",
        ),
    ],
)
def test_what_is_not_served_is_said_in_a_code_and_a_sentence(
    service: ReadOnlyService, name: str, arguments: dict[str, Any], words: str
) -> None:
    called = call(server_of(service), name, **arguments)
    assert called.is_error and called.structured_content is None
    assert text(called) == words


def test_receipt_that_is_none_is_refused(service: ReadOnlyService) -> None:
    deep: Any = {}
    for _ in range(60):
        deep = {"parts": [deep]}
    receipts: list[Any] = [{}, [], [{"question": "\ud800"}], {"parts": [[[]]]}, deep]
    for receipt in receipts:
        called = call(server_of(service), "verify", receipt=receipt)
        assert called.is_error and text(called).startswith("not-a-receipt: ")


def test_documents_outside_of_what_the_caller_may_reach_are_not_there(
    service: ReadOnlyService,
) -> None:
    answer = call(server_of(service), "ask", question=QUESTION).structured_content
    (citation,) = answer["citations"]
    place = {key: citation[key] for key in ("sha256", "start", "end")}
    confined = server_of(service.confined("docs/guide"))
    assert call(confined, "ask", question=QUESTION).structured_content["text"] is None
    words = "no-document: There is no such document."
    assert text(call(confined, "open_citation", **place)) == words
    verified = call(confined, "verify", receipt=answer).structured_content
    assert [quote["status"] for quote in verified["quotes"]] == ["gone"]


def test_caller_who_may_not_ask_is_refused(service: ReadOnlyService) -> None:
    called = call(server_of(service, Caller("writer", frozenset(("write",)))), "list_documents")
    assert called.is_error and text(called) == "not-allowed: This key may not ask questions."


def test_unexpected_error_is_logged_and_says_nothing(
    service: ReadOnlyService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Iterator[Stage]:
        raise RuntimeError("/secret/place")

    monkeypatch.setattr(ReadOnlyService, "answer", fail)
    with caplog.at_level(logging.ERROR):
        called = call(server_of(service), "ask", question=QUESTION)
    assert called.is_error and text(called) == f"internal: {INTERNAL_ERROR_SENTENCE}"
    assert "/secret/place" in caplog.text


def test_place_is_held_while_a_question_is_answered_and_its_refusal_is_told(
    service: ReadOnlyService,
) -> None:
    held: list[str] = []

    @asynccontextmanager
    async def place(caller: Caller) -> AsyncIterator[None]:
        if len(held) == 2:
            raise Refused("busy", "Many questions wait.", 7)
        held.append(caller.name)
        yield
        held.append("left")

    server = mcp_server(lambda _: Asker(ME, service, Addresses(None)), place)
    call(server, "list_documents")
    assert held == []
    assert call(server, "ask", question=QUESTION).structured_content["text"] == "50 tons"
    assert held == ["me", "left"]
    refused = call(server, "search", question=QUESTION)
    assert text(refused) == "busy: Many questions wait. Try again in 7 seconds."


def test_cancelled_question_stops_and_keeps_its_place_until_then(
    service: ReadOnlyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()
    left: list[bool] = []

    def wait(*arguments: Any) -> NoReturn:
        *_, is_wanted = arguments
        begun.set()
        while is_wanted():
            time.sleep(0.01)
        stopped.set()
        raise Cancelled("nobody waits")

    @asynccontextmanager
    async def place(_: Caller) -> AsyncIterator[None]:
        try:
            yield
        finally:
            left.append(stopped.is_set())

    async def cancel(client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "ask", {"question": QUESTION})
            await anyio.to_thread.run_sync(begun.wait, 5)
            tasks.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(stopped.wait, 5)
        # Others are served as before.
        assert not (await client.call_tool("list_documents", {})).is_error

    monkeypatch.setattr(ReadOnlyService, "answer", wait)
    using(mcp_server(lambda _: Asker(ME, service, Addresses(None)), place), cancel)
    assert left == [True]
