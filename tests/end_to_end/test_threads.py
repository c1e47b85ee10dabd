"""One answerer, asked by several threads and by coroutines."""

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from qa import Answer, Cancelled, IndexClosed, QuestionAnswerer

QUESTIONS = (
    "How many organisations does Kazakhstan chair in 2024?",
    "What does IOFS stand for?",
    "How many members does the IOFS have?",
    "Where did the sixth General Assembly of the IOFS meet?",
    "How do I add my own documents?",
    "Which formats are read?",
    "Why was the IOFS created?",
    "Who won the 2022 World Cup?",
)

WITHIN = ((), ("docs/kazakhstan-2024",), ("docs/guide",))


def without_seconds(answer: Answer) -> Answer:
    return replace(answer, seconds={})


@pytest.mark.slow
def test_eight_threads_get_the_answers_of_one(docs_index: Path) -> None:
    cases = [(question, within) for question in QUESTIONS for within in WITHIN]
    asked = random.Random(0).choices(cases, k=200)
    with QuestionAnswerer.open(docs_index) as alone:
        expected = {case: without_seconds(alone.answer(*case)) for case in cases}
    with QuestionAnswerer.open(docs_index) as shared, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda case: without_seconds(shared.answer(*case)), asked))
    different = [
        case for case, answer in zip(asked, found, strict=True) if answer != expected[case]
    ]
    assert different == []
    assert sum(answer.text is not None for answer in expected.values()) >= 8


def test_coroutines_get_the_same_answers(docs_index: Path, answerer: QuestionAnswerer) -> None:
    async def ask_all(asked: QuestionAnswerer) -> list[Answer]:
        return await asyncio.gather(
            *(asyncio.to_thread(asked.answer, question) for question in QUESTIONS[1:4])
        )

    with QuestionAnswerer.open(docs_index) as opened:
        found = asyncio.run(ask_all(opened))
    assert [without_seconds(answer) for answer in found] == [
        without_seconds(answerer.answer(question)) for question in QUESTIONS[1:4]
    ]


def test_cancelled_coroutine_leaves_a_thread_that_is_stopped(docs_index: Path) -> None:
    begun, cancelled = threading.Event(), threading.Event()
    ended: list[BaseException | Answer] = []

    def is_wanted() -> bool:
        # In the middle of the answer.
        begun.set()
        cancelled.wait(30)
        return False

    def answer(question: str) -> None:
        try:
            ended.append(opened.answer(question, is_wanted=is_wanted))
        except Cancelled as error:
            ended.append(error)

    async def ask() -> None:
        try:
            await asyncio.to_thread(answer, QUESTIONS[2])
        finally:
            cancelled.set()

    async def ask_and_cancel() -> None:
        asking = asyncio.create_task(ask())
        await asyncio.to_thread(begun.wait, 30)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with QuestionAnswerer.open(docs_index) as opened:
        asyncio.run(ask_and_cancel())  # Its end waits for the thread.
        assert [type(end) for end in ended] == [Cancelled]
        assert opened.answer(QUESTIONS[2]).text == "41"


def test_answerer_that_is_closed_while_threads_answer_answers_or_says_so(docs_index: Path) -> None:
    begun, answers = threading.Semaphore(0), []
    answerer = QuestionAnswerer.open(docs_index)

    def ask(question: str) -> Answer | IndexClosed:
        begun.release()
        try:
            return answerer.answer(question)
        except IndexClosed as error:
            return error

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(ask, question) for question in QUESTIONS[:4]]
        for _ in asked:
            begun.acquire(timeout=30)
        answerer.close()
        answers = [future.result(30) for future in asked]
    assert all(isinstance(answer, IndexClosed) or answer.hits for answer in answers)
    with pytest.raises(IndexClosed):
        answerer.answer(QUESTIONS[0])
