"""A caller may do what its rights say, on a limit of library paths."""

import pytest

from qa.access.caller import Caller, limit_of


def test_caller_may_do_what_its_rights_name() -> None:
    caller = Caller("key:reports", frozenset({"ask"}))
    assert caller.may("ask") and not caller.may("write")


def test_limit_is_of_normalised_paths_each_once() -> None:
    assert limit_of("docs/public/") == ("docs/public",)
    assert limit_of(["docs", "docs/", "a.txt"]) == ("docs", "a.txt")
    assert limit_of([]) == ()


@pytest.mark.parametrize("path", ["", "/", "/etc/passwd", "docs/\udcff"])
def test_path_that_no_library_has_is_refused(path: str) -> None:
    # Normalised to nothing, it could be taken for the whole library.
    with pytest.raises(ValueError, match="expected the path of a document or folder"):
        limit_of(["docs", path])
