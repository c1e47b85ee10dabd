"""The description of the routes, and what all of them refuse alike."""

import asyncio
from typing import Any

import pytest

from qa.access.issuer import IssuerUnavailable
from qa.access.key_file import KeysUnusable
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.access.refusals import TooManyAttempts
from qa.api.app import api_app
from qa.api.problem_response import STATUSES
from qa.service.codes import CODES
from qa.service.replies import Addresses
from qa.service.services import Services
from qa.web import bodies
from tests.qa.api.conftest import Server, code

QUESTION = {"question": "When was the bridge opened?"}


@pytest.fixture(scope="module")
def description(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.get("/openapi.json").json()
    return found


def operations_of(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for methods in description["paths"].values()
        for operation in methods.values()
    }


def test_operations_have_the_names_that_clients_give_their_functions(
    description: dict[str, Any],
) -> None:
    assert set(operations_of(description)) == {
        "ask",
        "search_passages",
        "verify_receipt",
        "rate_answer",
        "list_documents",
        "get_document",
        "get_text",
        "get_page_picture",
        "add_documents",
        "remove_documents",
        "get_job",
    }


def test_answer_is_described_as_json_and_as_a_stream(description: dict[str, Any]) -> None:
    content = operations_of(description)["ask"]["responses"]["200"]["content"]
    assert content["application/json"]["schema"]["$ref"].endswith("/LinkedAnswer")
    event = content["text/event-stream"]["schema"]["properties"]["event"]
    assert event == {"enum": ["understood", "passages", "answer", "error"]}


def test_every_problem_is_described_by_its_status_and_code(description: dict[str, Any]) -> None:
    named: set[str] = set()
    for operation in operations_of(description).values():
        problems = {
            int(status): response
            for status, response in operation["responses"].items()
            if status >= "400"
        }
        for status, response in problems.items():
            content = response["content"]["application/problem+json"]
            assert content["schema"]["$ref"].endswith("/ProblemDetails")
            codes = response["description"].partition(": ")[2].split(", ")
            assert [STATUSES[each] for each in codes] == [status] * len(codes)
            named |= set(codes)
    # No operation is there for the others: no path, no method, and not of programs.
    assert set(CODES) - named == {"not-found", "method-not-allowed", "not-ready"}


def test_every_code_has_a_status() -> None:
    assert set(STATUSES) == set(CODES)


def test_every_component_that_is_named_is_there(description: dict[str, Any]) -> None:
    schemas = set(description["components"]["schemas"])
    named = {
        text.removeprefix("#/components/schemas/")
        for text in _references(description)
        if text.startswith("#/components/schemas/")
    }
    assert named == schemas


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    if isinstance(value, list):
        return set().union(*map(_references, value))
    return set()


def test_keys_are_described(description: dict[str, Any]) -> None:
    assert description["security"] == [{}, {"bearer": []}, {"key": []}]
    assert set(description["components"]["securitySchemes"]) == {"bearer", "key"}
    assert description["servers"] == [{"url": "/api/v1"}]


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/documents/", "/documents/x/y", "/x%0Ay"])
def test_unknown_address_is_a_problem(server: Server, path: str) -> None:
    assert code(server.get(path), 404) == "not-found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/documents", "DELETE, GET, POST"),
        ("GET", "/answers", "POST"),
        ("POST", "/documents/x", "GET"),
        ("OPTIONS", "/searches", "POST"),
        ("PATCH", "/feedback", "POST"),
    ],
)
def test_other_methods_are_refused_with_those_that_are_allowed(
    server: Server, method: str, path: str, allowed: str
) -> None:
    response = server.send(method, path)
    assert code(response, 405) == "method-not-allowed"
    assert response.headers["allow"] == allowed


def test_guard_refuses_in_the_form_of_a_problem(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def post(**headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return server.post("/answers", QUESTION, headers=named)

    assert code(post(Host="rebound.example"), 400) == "host-not-allowed"
    assert code(post(Origin="https://other.example"), 403) == "cross-site"
    assert code(post(Sec_Fetch_Site="cross-site"), 403) == "cross-site"
    assert code(post(Content_Length="x"), 411) == "length-required"
    assert code(post(Content_Length="3000000"), 413) == "too-large"
    monkeypatch.setattr(bodies, "MAX_PENDING_BYTES", 3)
    response = post()
    assert code(response, 503) == "busy" and response.headers["retry-after"] == "60"


def test_body_that_does_not_arrive_is_a_problem(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    monkeypatch.setattr(bodies.Bodies, "_body", lambda *_: asyncio.sleep(10))
    assert code(server.post("/answers", QUESTION), 408) == "too-slow"


def test_wrong_key_is_refused_in_the_form_of_a_problem(server: Server) -> None:
    for headers in ({"Authorization": "Bearer x"}, {"X-API-Key": "x"}):
        response = server.post("/answers", QUESTION, headers=headers)
        assert code(response, 401) == "not-authenticated"
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("error", "status", "expected", "seconds"),
    [
        (TooManyAttempts(9), 429, "too-many-requests", "9"),
        (IssuerUnavailable("cannot be reached"), 503, "issuer-unreachable", "30"),
        (KeysUnusable("cannot be read"), 500, "internal", None),
    ],
)
def test_caller_that_cannot_be_told_is_refused(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    expected: str,
    seconds: str | None,
) -> None:
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Access, "authenticate_async", fail)
    response = server.post("/answers", QUESTION)
    assert code(response, status) == expected
    assert response.headers.get("retry-after") == seconds


def test_key_that_asks_too_often_is_told_when_to_ask_again(server: Server) -> None:
    key = Keys(server.service.index.folder).add("slow", ["ask"], rate="1/hour")
    headers = {"Authorization": f"Bearer {key}"}
    assert server.post("/searches", QUESTION, headers=headers).status_code == 200
    response = server.post("/answers", QUESTION, headers=headers)
    assert code(response, 429) == "too-many-requests"
    assert 3_590 <= int(response.headers["retry-after"]) <= 3_600
    # Reading is not rated.
    assert server.get("/documents", headers=headers).status_code == 200


def test_addresses_are_below_the_path_of_a_proxy(server: Server) -> None:
    app = api_app(Services(server.service), Addresses("/qa"), read_only=False)
    assert app.openapi()["servers"] == [{"url": "/qa/api/v1"}]


def test_fields_say_what_they_mean(description: dict[str, Any]) -> None:
    answer = description["components"]["schemas"]["LinkedAnswer"]
    assert answer["description"].startswith("What the documents say to a question")
    # Of its own class, and of the one that it extends.
    fields = answer["properties"]
    assert fields["signature"]["description"].startswith("Shows that this server gave the answer")
    assert fields["reason"]["description"] == "Why there is no answer."
    undescribed = {
        f"{name}.{field}"
        for name, schema in description["components"]["schemas"].items()
        for field, value in schema.get("properties", {}).items()
        if not value.get("description")
    }
    assert undescribed == {
        "EarlierAnswer.citations",
        "EarlierAnswer.question",
        "EarlierAnswer.rewritten",
        "EarlierAnswer.text",
        "EarlierCitation.passage",
        "EarlierCitation.passage_start",
        "EarlierCitation.sentence_end",
        "EarlierCitation.sentence_start",
        "ProblemDetails.code",
    }


def test_parameters_say_what_they_mean(description: dict[str, Any]) -> None:
    for operation in operations_of(description).values():
        for parameter in operation.get("parameters", []):
            assert parameter["description"], parameter["name"]
