"""The chat without a page: replies, and conversations that a browser stored."""

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from embeddings.errors import IndexDamaged
from qa import QuestionAnswerer
from qa.conversation.context import Turn
from qa.conversation.resolution import PASSAGES_TRIED
from qa.conversation.rewriter import QuestionRewriter
from qa.reading.reader import ReadAnswer
from qa.results import Candidate, Hit
from qa.service.messages import CHOICE_REMOVED, NOT_AVAILABLE, NOTHING_CHOSEN
from qa.service.service import Service
from qa.web import document_views
from qa.web.chat import Chat
from qa.web.html.page import RenderedTurn, answer_turn
from qa.web.stored_turns import MAX_TURNS
from tests.builders import stored_turns
from tests.conftest import DOCS, TEXT


@contextmanager
def served(answerer: QuestionAnswerer, folder: Path) -> Iterator[Chat]:
    """A chat whose models are being loaded."""
    with closing(Service(answerer, folder)) as service, closing(Chat(service)) as chat:
        service.warm_up()
        yield chat


@pytest.fixture
def chat(town: Path, tmp_path: Path) -> Iterator[Chat]:
    with (
        QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer,
        served(answerer, town) as chat,
    ):
        yield chat


def reply(
    chat: Chat,
    question: str,
    within: Sequence[str] = (),
    number: int = 1,
    before: Sequence[RenderedTurn] = (),
    standalone: str | None = None,
) -> RenderedTurn:
    *_, last = chat.replies(number, question, within, before, standalone, f"turn-{number}")
    return last


def test_question_depends_on_the_turns_before(chat: Chat) -> None:
    first = reply(chat, "When was the bridge opened?")
    second = reply(chat, "And when was it closed?", number=2, before=[first])
    assert second.answer is not None
    assert second.answer.rewritten == "And when was the bridge closed?"
    assert second.answer.text == "1950"
    # The standalone question can be corrected.
    corrected = "When was the bridge opened?"
    third = reply(chat, "And when was it closed?", number=2, before=[first], standalone=corrected)
    assert third.answer is not None
    assert (third.answer.rewritten, third.answer.text) == (corrected, "1901")
    restored = chat.restore(stored_turns([first, second]))
    assert restored[1].answer == second.answer


def test_small_talk_is_answered_without_a_search(chat: Chat) -> None:
    searching, last = chat.replies(1, "Hello!", turn_id="turn-1")
    assert "Searching the documents" in searching.reply
    assert last.answer is not None and last.answer.citations == ()
    assert "The library holds 1 document" in last.reply
    assert [turn.question for turn in chat.restore(stored_turns([last]))] == ["Hello!"]


def test_answer_in_parts_can_be_rated(chat: Chat) -> None:
    both = reply(chat, "When was the bridge opened and when was it closed?")
    assert both.answer is not None and both.answer.text == "1901 1950"
    assert len(both.answer.parts) == 2
    (restored,) = chat.restore(stored_turns([both]))
    key, message = chat.rate(restored, True, "me")
    assert key and message == ""


def test_stages_are_shown_as_they_happen(chat: Chat) -> None:
    searching, reading, answered = chat.replies(1, "When was the bridge opened?")
    assert "Searching the documents" in searching.reply and searching.sources == ""
    assert "Reading 1 passage …" in reading.reply
    assert "Being read." in reading.sources and TEXT in reading.sources
    assert answered.answer is not None and answered.answer.text == "1901"
    assert searching.answer is None and reading.answer is None


@pytest.mark.slow
def test_only_passages_in_which_wordings_are_tried_are_shown(docs_index: Path) -> None:
    question = "Where is it?"
    with QuestionAnswerer.from_documents(DOCS, docs_index) as answerer:
        first = answer_turn(1, answerer.answer("When was the IOFS founded?"))
        assert first.answer is not None
        (part,) = answerer.parse_message(question, [first.answer]).subquestions
        assert len(part.wordings) > 1
        tried = {
            (hit.path, hit.start)
            for wording in part.wordings
            for hit in answerer.retriever.retrieve(wording, answerer.settings.hits)[:PASSAGES_TRIED]
        }
        with served(answerer, DOCS) as chat:
            _, reading, _ = chat.replies(2, question, before=[first])
    assert f"Reading {len(tried)} passages …" in reading.reply


class CountingRewriter(QuestionRewriter):
    """Counts the questions that it rewrites."""

    questions = 0

    def rewrite(self, question: str, history: Sequence[Turn]) -> tuple[str, ...]:
        self.questions += 1
        return super().rewrite(question, history)


@pytest.mark.slow
def test_message_is_rewritten_and_each_wording_searched_once(
    docs_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    with QuestionAnswerer.from_documents(DOCS, docs_index) as answerer:
        answerer.rewriter = rewriter = CountingRewriter()
        first = answer_turn(1, answerer.answer("When was the IOFS founded?"))
        assert first.answer is not None
        wordings = answerer.parse_message("Where is it?", [first.answer]).subquestions[0].wordings
        retrieve = answerer.retriever.retrieve

        def counting(question: str, *others: Any) -> list[Hit]:
            searched.append(question)
            return retrieve(question, *others)

        monkeypatch.setattr(answerer.retriever, "retrieve", counting)
        with served(answerer, DOCS) as chat:
            chat.service.wait_until_warm()
            searched.clear()
            rewriter.questions = 0
            list(chat.replies(2, "Where is it?", before=[first]))
    assert rewriter.questions == 1
    assert searched == list(wordings)


def found_examples(chat: Chat) -> list[str]:
    chat.example_finder.refresh()
    deadline = time.monotonic() + 60
    while (found := chat.example_finder.examples()) is None:
        assert time.monotonic() < deadline, "examples are not found"
        time.sleep(0.02)
    return found


@pytest.mark.slow
def test_examples_are_questions_that_the_documents_answer(chat: Chat, town: Path) -> None:
    assert found_examples(chat) == []
    (town / "mill.txt").write_text(
        "The Old Mill was built in 1850. The Old Mill has three wheels. It has two doors. "
        "Nothing is known of Westfield."
    )
    with (
        QuestionAnswerer.from_documents(town, chat.index.folder) as answerer,
        served(answerer, town) as again,
    ):
        assert found_examples(again) == [
            "When was the Old Mill built?",
            "How many wheels does the Old Mill have?",
        ]


def test_answer_is_limited_to_places(chat: Chat, town: Path, tmp_path: Path) -> None:
    (town / "old").mkdir()
    (town / "old" / "mill.txt").write_text("The mill was opened in 1850.")
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        chat = Chat(Service(answerer, town))
        chat.service.warm_up()
        assert chat.parse_within("") == chat.parse_within("{}") == ()
        assert chat.parse_within('{"only": ["town/old", "town/gone"]}') == ("town/old",)
        assert chat.parse_within('{"except": ["town/old"]}') == ("town/bridge.txt",)
        for limit, problem in (
            ('{"only": []}', NOTHING_CHOSEN),
            ('{"only": ["town/gone"]}', CHOICE_REMOVED),
            ("[1]", CHOICE_REMOVED),
        ):
            with pytest.raises(ValueError, match=re.escape(problem)):
                chat.parse_within(limit)
        for within, text, named in (
            (["town/old"], "1850", "town/old"),
            (["town/bridge.txt"], "1901", "bridge.txt"),
        ):
            answer = reply(chat, "When was it opened?", within).answer
            assert answer is not None and answer.text == text
            assert answer.within == tuple(within)
            assert f"Asked only of: {named}." in answer_turn(1, answer).reply
        gone = reply(chat, "When was it opened?", ["town/gone.txt"])
        assert gone.answer is None and "is not in the library any more" in gone.reply


def test_conversation_is_stored_and_restored(chat: Chat) -> None:
    turns = tuple(
        reply(chat, question, number=number)
        for number, question in enumerate(("When was the bridge opened?", "Who won?"), start=1)
    )
    assert [turn.answer.text if turn.answer else "" for turn in turns] == ["1901", None]
    restored = chat.restore(stored_turns(turns))
    assert [(turn.number, turn.question, turn.reply, turn.sources) for turn in restored] == [
        (turn.number, turn.question, turn.reply, turn.sources) for turn in turns
    ]


def test_question_without_an_answer_is_restored_as_such(chat: Chat) -> None:
    failed = reply(chat, "why " * 300)
    assert failed.answer is None
    (restored,) = chat.restore(stored_turns([failed]))
    assert (restored.question, restored.answer) == ("why " * 300, None)
    assert "This question was not answered" in restored.reply
    assert 'id="cv-actions-turn-1"' in restored.reply


def test_changed_or_removed_document_is_marked_in_a_restored_conversation(
    chat: Chat, town: Path, tmp_path: Path
) -> None:
    stored = stored_turns([reply(chat, "When was the bridge opened?")])
    (unchanged,) = chat.restore(stored)
    assert "has changed since" not in unchanged.sources
    (town / "bridge.txt").write_text(TEXT.replace("1950", "1951"))
    QuestionAnswerer.from_documents(town, tmp_path / "index").close()
    (changed,) = chat.restore(stored)
    assert "This document has changed since, or is gone." in changed.sources
    status, page = document_views.page(chat.documents, "town/bridge.txt", "00", ["25-29"], None)
    assert status == 200 and "has changed since it was quoted" in page


DEEP = '{"parts":[' * 50_000


@pytest.mark.parametrize(
    "stored",
    [None, 3, "", "[", "{}", '[{"question": 1}]', ["x"], "[" * 100_000, "[" * 90 + "]" * 90, DEEP],
)
def test_something_else_restores_nothing(chat: Chat, stored: object) -> None:
    assert chat.restore(stored) == ()


def test_turns_without_a_valid_signature_are_left_out(chat: Chat) -> None:
    turn = reply(chat, "When was the bridge opened?")
    answer = turn.answer
    assert answer is not None
    forged = (
        replace(answer, citations=()),
        replace(answer, text="1902"),
        replace(answer, candidates=(Candidate("1901", 2.0, answer.citations),)),
    )
    stored = stored_turns([*(replace(turn, answer=each) for each in forged), turn])
    rows = [*json.loads(stored), {"question": 1}, "x", None]
    restored = chat.restore(json.dumps(rows))
    assert [(turn.answer, turn.signature) for turn in restored] == [(answer, turn.signature)]


def test_forged_conversation_costs_next_to_nothing(chat: Chat) -> None:
    turn = reply(chat, "When was the bridge opened?")
    assert turn.answer is not None
    many = replace(turn.answer, citations=turn.answer.citations * 1_000)
    started = time.process_time()
    for stored in (
        f"[{','.join('0' * 1_450_000)}]",
        stored_turns([replace(turn, answer=many)] * 2),
        f"[{','.join(['{}'] * 400_000)}]",
        "[" * 900_000,
    ):
        assert chat.restore(stored) == ()
    assert time.process_time() - started < 2


def test_conversation_is_shown_though_the_index_cannot_be_read(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = stored_turns([reply(chat, "When was the bridge opened?")])

    def fail(paths: object) -> None:
        raise IndexDamaged("is damaged: the disk is broken")

    monkeypatch.setattr(chat.index, "digests", fail)
    assert [turn.question for turn in chat.restore(stored)] == ["When was the bridge opened?"]


def test_only_signed_answers_can_be_rated(chat: Chat) -> None:
    given = reply(chat, "When was the bridge opened?")
    answer = given.answer
    assert answer is not None
    key, message = chat.rate(given, True, "me")
    assert key and message == "" and len(chat.service.feedback.entries()) == 1
    chat.add_note(key, "Right.")
    assert chat.rate(given, None, "me") == ("", "")
    assert chat.service.feedback.entries() == []
    another = reply(chat, "Who is the king of Norway?")
    forged = (
        replace(given, answer=replace(answer, text="1902")),
        replace(given, answer=replace(answer, confidence=0.1)),
        replace(given, answer=replace(answer, contradicted_by=(Candidate("1902", 0.5, ()),))),
        replace(given, answer=replace(answer, question="x" * 190_000)),
        replace(given, signature=another.signature),
        replace(given, signature=""),
        replace(given, signature="é" * 64),
        answer_turn(1, answer),
        *chat.restore(stored_turns([replace(given, signature="0" * 64)])),
    )
    for turn in forged:
        assert chat.rate(turn, True, "me") == (
            "",
            "This answer was not given by this server; ask again.",
        )
    assert chat.rate(None, True, "me") == ("", "There was no answer to this question.")
    assert chat.service.feedback.entries() == []


def test_question_of_too_many_words_is_refused(chat: Chat) -> None:
    assert "too many words" in reply(chat, "why " * 300).reply


def test_only_the_last_turns_are_restored(chat: Chat) -> None:
    turn = reply(chat, "When was the bridge opened?")
    restored = chat.restore(stored_turns([turn] * (MAX_TURNS + 5)))
    assert [turn.number for turn in restored] == list(range(1, MAX_TURNS + 1))


def test_document_of_another_folder_is_not_shown(chat: Chat, town: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.txt").write_text("The key lies under the mat.")
    QuestionAnswerer.from_documents(other, tmp_path / "index").close()
    assert chat.index.facts("other/secret.txt") is not None
    for path in ("other/secret.txt", "town", "", "town/../other/secret.txt"):
        status, page = document_views.page(chat.documents, path, "", [], None)
        assert status == 404 and "There is no document at" in page and "mat" not in page


class NoReader:
    """Finds an answer in no passage, at once."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[ReadAnswer]:
        return []


@pytest.mark.slow
def test_memory_stays_flat_over_thousands_of_questions(chat: Chat) -> None:
    found_examples(chat)
    # The one whose cache all share.
    chat.service._whole.reader = NoReader()
    process = psutil.Process()

    def ask(numbers: range) -> int:
        for number in numbers:
            turn = reply(chat, f"When was bridge {number} opened?")
            assert turn.answer is not None and turn.answer.text is None
        return int(process.memory_info().rss)

    # The caches of answers and vectors have their full size by then.
    before = ask(range(300))
    # One answer stored of each would be 40 MB.
    assert ask(range(300, 2_300)) - before < 20_000_000


def test_answers_from_documents_that_a_key_does_not_reach_are_not_restored(
    town: Path, tmp_path: Path
) -> None:
    (town / "secret").mkdir()
    (town / "secret" / "vault.txt").write_text("# The Vault\n\nThe vault holds 4,000 gold bars.")
    with (
        QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer,
        served(answerer, town) as whole,
    ):
        confined = Chat(whole.service.confined(["town/bridge.txt"]))
        turns = [
            reply(whole, "How many gold bars does the vault hold?"),
            reply(whole, "When was the bridge opened?", ["town/bridge.txt"], 2),
            reply(whole, "Hello!", number=3),
        ]
        assert turns[0].answer is not None and turns[0].answer.text == "4,000"
        stored = stored_turns(turns)
        hidden, shown, greeted = confined.restore(stored)
        assert hidden.answer is None and NOT_AVAILABLE in hidden.reply
        assert "4,000" not in hidden.reply + hidden.sources
        assert shown == whole.restore(stored)[1]
        # What greets names the documents of whoever reads it.
        assert "The library holds 2 documents" in turns[2].reply
        assert "The library holds 1 document: bridge.txt." in greeted.reply
        assert greeted.answer is not None
        assert whole.service.signer.is_signed(greeted.answer, greeted.signature)
        assert [turn.id for turn in confined.stored_turns(stored)] == ["turn-2", "turn-3"]
        assert len(whole.stored_turns(stored)) == 3
        # Nor is anything of them in what the next question depends on, or rated.
        key, message = confined.rate(hidden, True, "me")
        assert (key, message) == ("", "There was no answer to this question.")
        confined.close()
