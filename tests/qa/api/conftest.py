"""A server without a page, on a small library, and keys to it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from httpx2 import Response
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from qa import QuestionAnswerer, Settings
from qa.access.caller import Right
from qa.access.keys import Keys
from qa.access.policy import Access
from qa.service.replies import API
from qa.service.service import Service
from qa.service.services import Services
from qa.settings import UploadLimits
from qa.web.chats import Chats
from qa.web.server import ServerOptions, build_server
from tests.conftest import TEXT

KEYS: dict[str, tuple[tuple[Right, ...], tuple[str, ...]]] = {
    "reader": (("ask",), ()),
    "public": (("ask", "write"), ("town/public",)),
    "writer": (("write",), ()),
}
"""Rights of each key, and what it may reach."""


@dataclass(frozen=True)
class Server:
    """A server, asked without a network.

    Attributes:
        client: Sends requests to any of its paths.
        service: Of the whole library.
        keys: By name.
        folder: That is served.
    """

    client: TestClient
    service: Service
    folder: Path
    keys: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, key: str = "", **options: Any) -> Response:
        """The response to a program's request, with a key if it is named."""
        headers = {**options.pop("headers", {})}
        if key:
            headers["Authorization"] = f"Bearer {self.keys[key]}"
        return self.client.request(method, f"{API}{path}", headers=headers, **options)

    def get(self, path: str, key: str = "", **options: Any) -> Response:
        return self.send("GET", path, key, **options)

    def post(self, path: str, body: object, key: str = "", **options: Any) -> Response:
        return self.send("POST", path, key, json=body, **options)

    def ask(self, question: str, key: str = "", **fields: Any) -> dict[str, Any]:
        """The answer to a question, which is one."""
        response = self.post("/answers", {"question": question, **fields}, key)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def figures(self) -> dict[str, float]:
        """Each of Prometheus' values by its series, as ``name{value of a label,…}``."""
        families = text_string_to_metric_families(self.client.get("/metrics").text)
        return {
            f"{sample.name}{{{','.join(sample.labels.values())}}}": sample.value
            for family in families
            for sample in family.samples
        }


def code(response: Response, status: int) -> str:
    """The code of a problem, whose form is as RFC 9457 has it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert ("retry-after" in response.headers) == (status in (429, 503))
    assert ("connection" in response.headers) == ("retry-after" in response.headers)
    problem = response.json()
    assert problem.keys() == {"type", "title", "status", "detail", "code", "errors"}
    assert problem["status"] == status and problem["type"] == "about:blank"
    assert "/" not in problem["detail"].replace("multipart/form-data", "")
    return str(problem["code"])


@contextmanager
def serving(
    folder: Path,
    index: Path,
    options: ServerOptions | None = None,
    *,
    required: bool = False,
    client: tuple[str, int] = ("127.0.0.1", 50_000),
    **settings: Any,
) -> Iterator[Server]:
    """Serve a folder, which is indexed first."""
    options = options or ServerOptions()
    settings.setdefault("uploads", UploadLimits(files=2, file_bytes=2_000))
    with (
        QuestionAnswerer.from_documents(
            folder, settings=Settings(index=index, **settings)
        ) as answerer,
        closing(Service(answerer, folder)) as service,
        closing(Chats(Services(service))) as chats,
    ):
        service.uploads.open(options.read_only)
        keys = {
            name: Keys(index).add(name, rights, within) for name, (rights, within) in KEYS.items()
        }
        server = build_server(chats, Access.beside(index, required=required), options)
        with TestClient(server, "http://127.0.0.1", client=client) as started:
            yield Server(started, service, folder, keys)


def write_library(folder: Path) -> None:
    """A bridge, a mill, a ferry that is public, and a PDF of two pages."""
    (folder / "public").mkdir(parents=True)
    (folder / "bridge.txt").write_text(TEXT)
    (folder / "mill.md").write_text("# Mill\n\nThe mill was built in 1873 by Anna Berg.\n")
    (folder / "public" / "ferry.txt").write_text("The ferry was launched in 1921.")
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for text in ("The tower is 40 metres high.", "The tower was painted in 1960."):
        pdf.add_page()
        pdf.cell(text=text)
    pdf.output(str(folder / "tower.pdf"))


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents, not to be changed."""
    folder = tmp_path_factory.mktemp("library") / "town"
    write_library(folder)
    return folder


@pytest.fixture(scope="package")
def server(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its library no test may change."""
    with serving(library, tmp_path_factory.mktemp("served") / "index") as started:
        started.service.wait_until_warm()
        yield started


@pytest.fixture
def own(town: Path, tmp_path: Path, quick_hashing: None) -> Iterator[Server]:
    """Its library a test may change."""
    with serving(town, tmp_path / "index") as started:
        started.service.wait_until_warm()
        yield started
