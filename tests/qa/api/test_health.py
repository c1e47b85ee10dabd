"""Whether the server lives and can answer, and its figures."""

import threading
from pathlib import Path

import pytest

from embeddings.errors import IndexDamaged, IndexMismatch
from qa import QuestionAnswerer
from tests.qa.api.conftest import Server, code, serving


def test_server_lives_and_is_ready(server: Server) -> None:
    assert server.client.get("/healthz").json() == {"status": "ok"}
    assert server.client.get("/readyz").json() == {"status": "ready"}


def test_server_is_ready_once_the_models_are_loaded(
    town: Path, tmp_path: Path, quick_hashing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()
    monkeypatch.setattr(QuestionAnswerer, "warm_up", lambda _: loaded.wait(10))
    with serving(town, tmp_path / "index") as server:
        early = server.client.get("/readyz")
        assert code(early, 503) == "not-ready" and early.headers["retry-after"] == "2"
        assert early.json()["detail"] == "The models are not loaded yet."
        assert server.client.get("/healthz").status_code == 200
        loaded.set()
        server.service.wait_until_warm()
        assert server.client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "error",
    [
        IndexDamaged("is damaged", Path("/srv/index")),
        IndexMismatch("was made with another encoder", Path("/srv/index")),
    ],
)
def test_server_with_a_damaged_index_is_not_ready(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(server.service.index, "check_encoder", fail)
    response = server.client.get("/readyz")
    assert code(response, 503) == "not-ready" and "srv" not in response.text
    assert server.client.get("/healthz").status_code == 200


def test_server_that_ends_is_not_ready(own: Server) -> None:
    own.service.queue.stop()
    response = own.client.get("/readyz")
    assert response.json()["detail"] == "The server is ending."
    assert code(own.post("/answers", {"question": "When?"}), 503) == "stopping"


def test_answers_and_refusals_are_counted(own: Server) -> None:
    before = own.figures()
    own.ask("When was the bridge opened?")
    own.ask("Who won the chess championship?")
    own.ask("Hello")
    own.post("/answers", {"question": ""})
    own.client.get("/nothing")
    own.get("/documents", headers={"Origin": "https://other.example"})
    after = own.figures()
    counted = {
        series: after[series] - before[series]
        for series in after
        if series.startswith(("qa_answers_total", "qa_refusals_total"))
        and after[series] != before[series]
    }
    assert counted == {
        "qa_answers_total{http,answered}": 1,
        "qa_answers_total{http,not_said}": 1,
        "qa_answers_total{http,small_talk}": 1,
        "qa_answers_total{http,refused}": 1,
        "qa_refusals_total{question-blank}": 1,
        "qa_refusals_total{not-found}": 1,
        "qa_refusals_total{cross-site}": 1,
    }
    assert (after["qa_documents{}"], after["qa_queue_running{}"]) == (1, 0)
    assert after["qa_answer_seconds_count{}"] == 3


def test_figures_are_of_all_and_so_for_those_who_may_see_all(server: Server) -> None:
    def status(key: str) -> int:
        headers = {"Authorization": f"Bearer {server.keys[key]}"}
        return server.client.get("/metrics", headers=headers).status_code

    assert [status(key) for key in ("reader", "public", "writer")] == [200, 403, 403]
