"""A client that openapi-python-client makes of the description, in use."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.chat_process import running
from tests.qa.api.conftest import write_library


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    place = tmp_path_factory.mktemp("served")
    write_library(place / "town")
    with running(place, place / "town", options=["--api-only"]) as server:
        yield f"{server.url}/api/v1"


@pytest.fixture(scope="module")
def generated(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The client's package, named ``town_client``, which can be imported."""
    place = tmp_path_factory.mktemp("generated")
    config = place / "config.json"
    config.write_text(json.dumps({"package_name_override": "town_client", "post_hooks": []}))
    command = [
        Path(sys.executable).with_name("openapi-python-client"),
        *("generate", "--url", f"{url}/openapi.json", "--meta", "none", "--config", config),
        *("--output-path", place / "town_client"),
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # Of the answer as a stream, and of the picture: they are read without a type.
    said = done.stdout.replace("\n", " ")
    assert "unable to parse" not in said.lower(), done.stdout
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        yield place / "town_client"


@pytest.mark.slow
def test_generated_client_asks_lists_reads_and_gets_a_problem(generated: Path, url: str) -> None:
    def call(name: str, **arguments: Any) -> Any:
        return import_module(f"town_client.api.default.{name}").sync(client=client, **arguments)

    models = import_module("town_client.models")
    with import_module("town_client").Client(base_url=url) as client:
        asked = models.StreamedAskRequest(question="When was the bridge opened?")
        answer = call("ask", body=asked)
        assert isinstance(answer, models.LinkedAnswer) and answer.text == "1901"
        (citation,) = answer.citations
        assert (citation.path, citation.quote) == ("town/bridge.txt", "1901")

        listed = call("list_documents", matching="bridge")
        assert [each.path for each in listed.documents] == ["town/bridge.txt"]

        place = {"start": citation.start, "end": citation.end}
        excerpt = call("get_text", sha256=citation.sha256, **place)
        assert isinstance(excerpt, models.Excerpt) and excerpt.text == citation.quote

        # What an answer holds is what other routes take.
        receipt = models.VerifyRequest.from_dict({"receipt": answer.to_dict()})
        assert call("verify_receipt", body=receipt).exact is True
        follow_up = {"question": "And when was it closed?", "history": [answer.to_dict()]}
        assert call("ask", body=models.StreamedAskRequest.from_dict(follow_up)).text == "1950"

        problem = call("get_document", sha256="0" * 64)
        assert isinstance(problem, models.ProblemDetails)
        assert (problem.status, str(problem.code.value)) == (404, "no-document")
        blank = call("ask", body=models.StreamedAskRequest(question=" "))
        assert isinstance(blank, models.ProblemDetails)
        assert (blank.status, str(blank.code.value)) == (422, "question-blank")
