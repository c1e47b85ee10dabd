"""Answers, searches, receipts and feedback, over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from qa.library.limit import MAX_PATHS
from qa.service import operations
from qa.service.busy import CallerBusy, QueueFull, Stopping
from tests.qa.api.conftest import Server, code

QUESTION = "When was the bridge opened?"


def events(response: Response) -> list[tuple[str, Any]]:
    """The name and the data of each event of a stream."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    blocks = [block.split("\n") for block in response.text.split("\n\n") if block]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in blocks
    ]


def test_answer_has_an_address_for_each_citation(server: Server) -> None:
    answer = server.ask(QUESTION)
    (citation,) = answer["citations"]
    assert (answer["text"], answer["reason"], answer["hits"]) == ("1901", None, [])
    assert (citation["path"], citation["quote"]) == ("town/bridge.txt", "1901")
    assert citation["address"].startswith("/document?path=town%2Fbridge.txt&sha256=")
    opened = server.client.get(citation["text_address"]).json()
    assert (opened["text"], opened["start"], opened["path"]) == ("1901", 25, "town/bridge.txt")
    assert server.client.get(citation["address"]).status_code == 200
    assert len(answer["signature"]) == 64


def test_documents_that_do_not_say_are_no_error(server: Server) -> None:
    answer = server.ask("Who won the chess championship?")
    assert (answer["text"], answer["citations"]) == (None, [])
    assert answer["reason"] in ("nothing near", "none answers")
    assert answer["sentence"].startswith("The documents do not say: ")


def test_several_questions_are_answered_one_by_one(server: Server) -> None:
    answer = server.ask(f"{QUESTION} When was the mill built?")
    assert [part["text"] for part in answer["parts"]] == ["1901", "1873"]
    assert answer["parts"][1]["citations"][0]["text_address"].startswith("/api/v1/documents/")


def test_history_makes_a_follow_up_standalone(server: Server) -> None:
    earlier = server.ask(QUESTION)
    answer = server.ask("And when was it closed?", history=[earlier])
    assert (answer["text"], answer["rewritten"]) == ("1950", "And when was the bridge closed?")


def test_wording_of_the_caller_is_taken(server: Server) -> None:
    answer = server.ask("And the mill?", rewritten="When was the mill built?")
    assert (answer["text"], answer["rewritten"]) == ("1873", "When was the mill built?")


def test_answer_is_limited_to_what_is_named(server: Server) -> None:
    assert server.ask(QUESTION, within="town/mill.md")["text"] is None
    answer = server.ask(QUESTION, within=["town/bridge.txt", "town/public"])
    assert (answer["text"], answer["within"]) == ("1901", ["town/bridge.txt", "town/public"])


def test_passages_are_sent_where_they_are_asked_for(server: Server) -> None:
    hits = server.ask(QUESTION, passages=True)["hits"]
    assert hits[0]["path"] == "town/bridge.txt" and hits[0]["rank"] == 1


def test_small_talk_has_a_remark(server: Server) -> None:
    answer = server.ask("Hello")
    assert answer["text"] is None and answer["remark"] == answer["sentence"] != ""


def test_stream_tells_what_is_found_meanwhile(server: Server) -> None:
    response = server.post("/answers", {"question": QUESTION, "stream": True})
    (_, understood), (_, passages), (_, answer) = told = events(response)
    assert [name for name, _ in told] == ["understood", "passages", "answer"]
    assert understood == {"questions": [QUESTION]}
    assert passages["passages"][0]["path"] == "town/bridge.txt"
    whole = server.ask(QUESTION)
    assert answer["text"] == "1901" and answer["citations"] == whole["citations"]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-accel-buffering"] == "no"


def test_stream_that_has_begun_ends_with_the_problem(server: Server) -> None:
    sent = {"question": QUESTION, "stream": True, "within": "town/gone.txt"}
    before = server.figures()
    (first, _), (last, problem) = events(server.post("/answers", sent))
    assert (first, last) == ("understood", "error")
    assert (problem["status"], problem["code"]) == (404, "nothing-within")
    counted = "qa_refusals_total{nothing-within}"
    assert server.figures()[counted] == before[counted] + 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("question", "expected"), [(" \n", "question-blank"), ("x" * 2_001, "question-too-long")]
)
def test_question_that_cannot_be_read_is_refused(
    server: Server, question: str, expected: str, stream: bool
) -> None:
    response = server.post("/answers", {"question": question, "stream": stream})
    assert code(response, 422) == expected
    assert code(server.post("/searches", {"question": question}), 422) == expected


def test_question_of_too_many_words_is_refused(server: Server) -> None:
    assert code(server.post("/answers", {"question": "河" * 1_000}), 422) == "question-too-long"


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (QueueFull("is busy", 7), 503, "busy"),
        (CallerBusy("has 8 of your questions waiting already", 7), 429, "too-many-requests"),
        (Stopping("is stopping", 7), 503, "stopping"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_busy_server_says_when_to_ask_again(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    expected: str,
    stream: bool,
) -> None:
    def refuse(_: str) -> None:
        raise error

    monkeypatch.setattr(server.service.queue, "request", refuse)
    response = server.post("/answers", {"question": QUESTION, "stream": stream})
    assert code(response, status) == expected
    assert response.headers["retry-after"] == "7"
    assert code(server.post("/searches", {"question": QUESTION}), status) == expected


def test_question_has_a_place_only_while_it_is_answered(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[int] = []
    ask = operations.ask

    def looking(*arguments: Any) -> Iterator[Any]:
        running.append(server.service.queue.running)
        return ask(*arguments)

    monkeypatch.setattr(operations, "ask", looking)
    server.ask(QUESTION)
    server.post("/answers", {"question": QUESTION, "stream": True})
    assert running == [1, 1]
    assert server.service.queue.wait_idle(1)


def test_unexpected_error_is_told_without_its_words(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Iterator[Any]:
        raise RuntimeError("/home/secret")

    monkeypatch.setattr(operations, "ask", fail)
    response = server.post("/answers", {"question": QUESTION})
    assert code(response, 500) == "internal"
    assert response.json()["detail"] == "Something went wrong on the server; its log says what."
    assert [record.message for record in caplog.records] == ["A request was not served."]


def test_search_has_passages_with_scores_in_order(server: Server) -> None:
    response = server.post("/searches", {"question": "ferry launched", "limit": 2})
    assert response.status_code == 200
    first, second = response.json()["passages"]
    assert (first["path"], first["rank"], second["rank"]) == ("town/public/ferry.txt", 1, 2)
    assert first["score"] >= second["score"] and first["text"] == "The ferry was launched in 1921."
    limited = server.post("/searches", {"question": "ferry", "within": "town/mill.md"}).json()
    assert {hit["path"] for hit in limited["passages"]} == {"town/mill.md"}
    nowhere = server.post("/searches", {"question": "ferry", "within": "town/x"})
    assert code(nowhere, 404) == "nothing-within"


def test_key_reaches_its_part_alone(server: Server) -> None:
    assert server.ask("Who built the mill?", "public")["text"] is None
    assert server.ask("When was the ferry launched?", "public")["text"] == "1921"
    outside = server.post("/answers", {"question": QUESTION, "within": "town/mill.md"}, "public")
    nowhere = server.post("/answers", {"question": QUESTION, "within": "town/x"}, "public")
    assert code(outside, 404) == "nothing-within"
    assert outside.json() == nowhere.json()


@pytest.mark.parametrize("path", ["/answers", "/searches"])
def test_key_without_the_right_to_ask_is_refused(server: Server, path: str) -> None:
    assert code(server.post(path, {"question": QUESTION}, "writer"), 403) == "not-allowed"


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "body.question"),
        ({"question": 7}, "body.question"),
        ({"question": "\ud800"}, "body.question"),
        ({"question": "x" * 20_001}, "body.question"),
        ({"question": "x", "within": [""]}, "body.within.0"),
        ({"question": "x", "within": ["x"] * (MAX_PATHS + 1)}, "body.within"),
        ({"question": "x", "history": [{}]}, "body.history.0.question"),
        ({"question": "x", "history": [{"question": "x"}] * 31}, "body.history"),
        ({"question": "x", "standalone": "y"}, "body.standalone"),
    ],
)
def test_field_that_is_not_as_expected_is_named(
    server: Server, body: dict[str, object], location: str
) -> None:
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    response = server.send("POST", "/answers", content=content, headers=headers)
    assert code(response, 422) == "invalid-fields"
    assert response.json()["errors"][0]["location"] == location


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 422), (b"\xff", 400), (b"[" * 100_000, 400), (b"1" * 5_000, 400), (b"", 422)],
    ids=["cut", "bytes", "deep", "long number", "empty"],
)
def test_body_that_is_no_json_is_refused(server: Server, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    response = server.send("POST", "/answers", content=content, headers=headers)
    assert code(response, status) == ("invalid-fields" if status == 422 else "invalid-request")


def test_receipt_is_compared_with_the_documents_of_today(server: Server) -> None:
    answer = server.ask(QUESTION)
    for receipt in (answer, [answer]):
        found = server.post("/receipts/verify", {"receipt": receipt}).json()
        assert found["exact"] is True and found["total"] == 1
        assert (found["quotes"][0]["quote"], found["quotes"][0]["status"]) == ("1901", "exact")
    answer["citations"][0] |= {"start": 24, "quote": "n1901"}
    changed = server.post("/receipts/verify", {"receipt": answer}).json()
    assert changed["exact"] is False and changed["quotes"][0]["status"] != "exact"


@pytest.mark.parametrize("receipt", [{}, [], [{}], {"question": "x"}])
def test_what_is_no_receipt_is_refused(server: Server, receipt: object) -> None:
    response = server.post("/receipts/verify", {"receipt": receipt})
    assert code(response, 422) == "not-a-receipt"


@pytest.mark.parametrize("depth", [50, 150, 300, 500, 700, 900, 5_000])
def test_receipt_that_is_nested_deeply_is_refused(server: Server, depth: int) -> None:
    content = b'{"receipt": ' + b'{"parts": [' * depth + b"]}" * depth + b"}"
    headers = {"Content-Type": "application/json"}
    response = server.send("POST", "/receipts/verify", content=content, headers=headers)
    assert response.status_code in (400, 422), response.text


def test_feedback_is_stored_for_an_answer_of_this_server(server: Server) -> None:
    answer = server.ask("When was the mill built?", "reader")
    rating = {"answer": answer, "liked": True, "note": "short"}
    assert server.post("/feedback", rating, "reader").status_code == 204
    (stored,) = server.service.feedback.entries()
    assert (stored.answer.text, stored.liked, stored.note) == ("1873", True, "short")
    withdrawn = {"answer": answer, "liked": None}
    assert server.post("/feedback", withdrawn, "reader").status_code == 204
    assert server.service.feedback.entries() == []


@pytest.mark.parametrize("signature", ["0" * 64, "ä", "", 7, None])
def test_feedback_on_an_answer_of_others_is_refused(server: Server, signature: object) -> None:
    rating = {"answer": server.ask(QUESTION) | {"signature": signature}, "liked": True}
    assert code(server.post("/feedback", rating), 403) == "not-signed"


def test_feedback_on_a_changed_answer_is_refused(server: Server) -> None:
    rating = {"answer": server.ask(QUESTION) | {"text": "1902"}, "liked": True}
    assert code(server.post("/feedback", rating), 403) == "not-signed"
    assert code(server.post("/feedback", {"answer": {}, "liked": True}), 422) == "invalid-fields"
