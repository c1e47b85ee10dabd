import inspect

import qa


def test_all_names_are_there_and_nothing_else_is_public() -> None:
    modules = {name for name, value in vars(qa).items() if inspect.ismodule(value)}
    imported_for_use = {"Sequence", "cache"}
    public = {name for name in vars(qa) if not name.startswith("_")}
    assert public - modules - imported_for_use == set(qa.__all__)
