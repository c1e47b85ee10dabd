"""What the page's script asks of the server, and anything that a client sends in its place."""

import json
from typing import Any

import pytest

from qa.library.limit import MAX_LIMIT_CHARACTERS
from qa.web.page_requests import (
    MAX_REQUEST_CHARACTERS,
    AskRequest,
    RateRequest,
    ShowRequest,
    parse_request,
)

ASK: dict[str, Any] = {
    "id": "0abc-1",
    "question": "Who?",
    "standalone": None,
    "within": '{"only": ["docs/a.md"]}',
    "turns": "[]",
}


def test_request_is_parsed() -> None:
    assert parse_request(AskRequest, json.dumps(ASK)) == AskRequest(
        "0abc-1", "Who?", None, '{"only": ["docs/a.md"]}', "[]"
    )
    shown = parse_request(ShowRequest, '{"abandoned": ["0abc-1"], "turns": "[]"}')
    assert shown == ShowRequest(["0abc-1"], "[]")
    assert parse_request(RateRequest, '{"liked": null, "turns": "[]"}') == RateRequest(None, "[]")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "<b>"},
        {"id": "a" * 65},
        {"question": None},
        {"question": "x" * 20_001},
        {"within": []},
        {"within": "x" * (MAX_LIMIT_CHARACTERS + 1)},
        {"turns": []},
    ],
)
def test_request_with_something_else_in_a_field_is_none(change: dict[str, Any]) -> None:
    assert parse_request(AskRequest, json.dumps(ASK | change)) is None


@pytest.mark.parametrize("text", [None, 3, "", "[]", "{}", "{" * 100_000])
def test_something_else_is_no_request(text: object) -> None:
    assert parse_request(AskRequest, text) is None


def test_request_that_is_too_long_is_not_parsed() -> None:
    long = json.dumps(ASK | {"turns": "x" * MAX_REQUEST_CHARACTERS})
    assert parse_request(AskRequest, long) is None
