"""What the page says of an error."""

from pathlib import Path

import pytest

from embeddings.errors import IndexProblem, ModelError, Remedy
from qa.service.error_messages import error_message


@pytest.mark.parametrize("remedy", [*Remedy, None])
@pytest.mark.parametrize("kind", [IndexProblem, ModelError])
def test_message_names_no_place_on_the_disk(
    kind: type[IndexProblem | ModelError], remedy: Remedy | None
) -> None:
    place = Path("/srv/private/library")
    error = kind("cannot be used", place, remedy, detail=f"{place}: no such file")
    said = error_message(error)
    assert "cannot be used. " in f"{said} " and said.endswith(".")
    assert "/srv" not in said and "--" not in said
