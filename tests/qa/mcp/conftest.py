"""What the tests of MCP share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import QuestionAnswerer
from qa.service.read_only import ReadOnlyService


@pytest.fixture(scope="session")
def service(docs_index: Path) -> Iterator[ReadOnlyService]:
    """Of the index of ``docs/``, with its models loaded."""
    with QuestionAnswerer.open(docs_index) as answerer:
        service = ReadOnlyService(answerer)
        service.warm_up()
        service.wait_until_warm()
        yield service
