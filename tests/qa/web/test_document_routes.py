"""Documents outside of what a key reaches are as those that do not exist."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from qa import QuestionAnswerer
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.service.service import Service
from qa.service.services import Services
from qa.web.admission import Admission
from qa.web.caching import CREDENTIALS, CacheHeaders
from qa.web.chats import Chats
from qa.web.document_routes import add_document_routes
from tests.builders import HashingEncoder
from tests.embeddings.files.formats.test_pdf_picture import pdf_of


@pytest.fixture
def served(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_hashing: None
) -> Iterator[FastAPI]:
    monkeypatch.setattr("qa.pipeline.load_encoder", lambda settings: HashingEncoder())
    for name in ("public", "secret"):
        (town / name).mkdir()
        pdf_of(town / name, f"A page of {name}.")
    (town / "public" / "bridge.txt").write_text((town / "bridge.txt").read_text())
    with (
        QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer,
        closing(Service(answerer, town)) as service,
        closing(Chats(Services(service))) as chats,
    ):
        server = FastAPI()
        add_document_routes(server, chats)
        server.add_middleware(CacheHeaders)
        access = Access.beside(service.index.folder, required=True)
        server.add_middleware(Admission, access=access)
        yield server


@pytest.fixture
def holder(tmp_path: Path, served: FastAPI) -> dict[str, str]:
    return {"X-API-Key": Keys(tmp_path / "index").add("reader", ["ask"], "town/public")}


def get(server: FastAPI, path: str, headers: dict[str, str]) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="http://chat") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(send())


ROUTES = (
    "/document?path={}",
    "/document?path={}&quote=0-3&part=0",
    "/panel?path={}",
    "/panel?path={}&offset=0",
    "/find?path={}&words=page",
    "/about?path={}",
    "/page.png?path={}&page=1",
)


def test_documents_within_a_limit_are_shown(served: FastAPI, holder: dict[str, str]) -> None:
    for route in ROUTES:
        assert get(served, route.format("town/public/a.pdf"), holder).status_code == 200
    picture = get(served, ROUTES[-1].format("town/public/a.pdf"), holder)
    assert picture.headers["vary"] == CREDENTIALS


@pytest.mark.parametrize("route", ROUTES)
def test_documents_outside_are_not_there(
    served: FastAPI, holder: dict[str, str], route: str
) -> None:
    for outside in ("town/secret/a.pdf", "town/secret", "town", "town/public/../secret/a.pdf"):
        found = get(served, route.format(outside), holder)
        none = get(served, route.format("town/public/none.pdf"), holder)
        assert found.status_code == none.status_code == 404
        assert found.text.replace(outside, "town/public/none.pdf") == none.text


def test_other_places_of_a_document_are_not_told(served: FastAPI, holder: dict[str, str]) -> None:
    for route in ROUTES[:6]:
        shown = get(served, route.format("town/public/bridge.txt"), holder)
        assert shown.status_code == 200
        assert "town/bridge.txt" not in shown.text
