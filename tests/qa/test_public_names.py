import os
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

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
    qa._default(os.getpid()).close()
    qa._default.cache_clear()
    assert found.text == corrected.text == "2013"


def test_threads_that_ask_at_once_open_the_default_index_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[float] = []

    def open_slowly() -> SimpleNamespace:
        opened.append(time.monotonic())
        time.sleep(0.1)
        return SimpleNamespace(answer=lambda question, *_: f"answer to {question}")

    monkeypatch.setattr(qa.QuestionAnswerer, "open", open_slowly)
    qa._default.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(qa.answer, "abcd"))
    qa._default.cache_clear()
    assert list(map(str, answers)) == [f"answer to {question}" for question in "abcd"]
    assert len(opened) == 1
