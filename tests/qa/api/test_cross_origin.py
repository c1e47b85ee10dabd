"""Pages of other origins, which may ask where ``--cors`` names them, as programs may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.web.server import ServerOptions
from tests.qa.api.conftest import Server, code, serving

APP, OTHER = "https://app.example.org", "https://other.example.org"

QUESTION = {"question": "When was the bridge opened?"}


@pytest.fixture(scope="module")
def shared(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    index = tmp_path_factory.mktemp("shared") / "index"
    with serving(library, index, ServerOptions(cors=(APP,))) as server:
        server.service.wait_until_warm()
        yield server


def from_page(origin: str) -> dict[str, str]:
    """What a browser adds to the requests of a page."""
    return {"Origin": origin, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}


def preflight(origin: str, method: str = "POST") -> dict[str, str]:
    return {
        **from_page(origin),
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }


def test_page_of_a_named_origin_asks(shared: Server) -> None:
    allowed = shared.send("OPTIONS", "/answers", headers=preflight(APP))
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == APP
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    response = shared.post("/answers", QUESTION, headers=from_page(APP))
    assert response.json()["text"] == "1901"
    assert response.headers["access-control-allow-origin"] == APP
    assert "Origin" in response.headers["vary"]
    # With a key, not with a cookie, which every page would send.
    assert "access-control-allow-credentials" not in response.headers


def test_assistant_in_a_page_of_a_named_origin_may_send_its_headers(shared: Server) -> None:
    sent = "authorization,content-type,mcp-method,mcp-name,mcp-protocol-version"
    headers = preflight(APP) | {"Access-Control-Request-Headers": sent}
    allowed = shared.client.options("/mcp", headers=headers)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == APP
    refused = shared.client.options(
        "/mcp", headers=headers | {"Access-Control-Request-Headers": "x-forwarded-for"}
    )
    assert refused.status_code == 400


def test_problem_can_be_read_by_the_page(shared: Server) -> None:
    wrong = from_page(APP) | {"Authorization": "Bearer x"}
    response = shared.post("/answers", QUESTION, headers=wrong)
    assert code(response, 401) == "not-authenticated"
    assert response.headers["access-control-allow-origin"] == APP
    assert response.headers["access-control-expose-headers"] == "Retry-After"


def test_refusal_of_the_guard_can_be_read_by_the_page(shared: Server) -> None:
    long = from_page(APP) | {"Content-Length": "3000000"}
    response = shared.post("/answers", QUESTION, headers=long)
    assert code(response, 413) == "too-large"
    assert response.headers["access-control-allow-origin"] == APP


def test_stream_can_be_read_by_the_page(shared: Server) -> None:
    asked = QUESTION | {"stream": True}
    response = shared.post("/answers", asked, headers=from_page(APP))
    assert "event: answer" in response.text
    assert response.headers["access-control-allow-origin"] == APP


def test_page_of_another_origin_gets_nothing(shared: Server) -> None:
    for headers in (from_page(OTHER), from_page("null"), {"Origin": f"{APP}.evil.example"}):
        response = shared.post("/answers", QUESTION, headers=headers)
        assert code(response, 403) == "cross-site"
        assert "access-control-allow-origin" not in response.headers
    refused = shared.send("OPTIONS", "/answers", headers=preflight(OTHER))
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("path", ["/document?path=town%2Fbridge.txt", "/metrics", "/healthz", "/"])
def test_other_paths_stay_closed_to_the_page(shared: Server, path: str) -> None:
    response = shared.client.get(path, headers=from_page(APP))
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    asked = shared.client.options(path, headers=preflight(APP, "GET"))
    assert asked.status_code == 403
    assert "access-control-allow-origin" not in asked.headers


def test_no_page_asks_where_none_is_named(server: Server) -> None:
    assert code(server.post("/answers", QUESTION, headers=from_page(APP)), 403) == "cross-site"
    assert server.send("OPTIONS", "/answers", headers=preflight(APP)).status_code == 403
