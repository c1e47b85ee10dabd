import pytest

import qa


def test_every_public_name_is_there_under_its_own_name() -> None:
    assert {name: getattr(qa, name).__name__ for name in qa.__all__} == {
        name: name for name in qa.__all__
    }
    assert {*qa._HOMES} < {*qa.__all__}


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="module 'qa' has no attribute 'respond'"):
        _ = qa.respond


def test_answer_of_the_default_index(docs_index: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_INDEX", str(docs_index))
    qa._default.cache_clear()
    found = qa.answer("When was the IOFS founded?", within="docs/kazakhstan-2024")
    corrected = qa.answer("And it?", history=[found], standalone="When was the IOFS founded?")
    qa._default().close()
    qa._default.cache_clear()
    assert found.text == corrected.text == "2013"
