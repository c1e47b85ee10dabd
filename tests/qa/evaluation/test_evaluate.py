"""The three modes of evaluation on a few questions whose figures are known by hand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from embeddings.index.index import Index
from embeddings.models.encoder import SentenceTransformersEncoder
from qa.evaluation.corpus import library_of, passages_of
from qa.evaluation.datasets import Gold, Question
from qa.evaluation.evaluate import evaluate_chain, evaluate_reader, evaluate_retrieval
from qa.reading.factory import load_span_model
from qa.reading.span_reader import SpanReader
from qa.retrieval.retriever import Retriever
from qa.settings import DEFAULT_READER


def question(id: str, text: str, context: str, answer: str, title: str = "") -> Question:
    golds = (Gold(answer, context.index(answer)),) if answer else ()
    return Question(id, text, context, title, golds)


QUESTIONS = [
    question("1", "When was the IOFS founded?", "The IOFS was founded in 2013.", "2013", "IOFS"),
    question(
        "2",
        "Who opened the bridge?",
        "The mayor opened the bridge over the river.",
        "The mayor",
        "Old bridge",
    ),
    question("3", "Who painted the ceiling of the chapel?", "Sheep are white.", ""),
]

Library = tuple[Index, dict[str, int], SentenceTransformersEncoder]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    encoder = SentenceTransformersEncoder.load()
    index, documents = library_of(QUESTIONS, tmp_path_factory.mktemp("library"), encoder)
    yield index, documents, encoder
    index.close()


def test_contexts_become_documents_with_their_titles(library: Library) -> None:
    index, documents, _ = library
    with index.snapshot() as snapshot:
        (stored,) = snapshot.passages([2])
    assert (stored.passage.context, stored.document) == ("Old bridge", 2)
    assert list(documents.values()) == [1, 2, 3]


def test_retrieval_of_easy_questions_finds_them_first_by_every_way(library: Library) -> None:
    index, documents, encoder = library
    scores = {
        method.name: method
        for method in evaluate_retrieval(QUESTIONS[:2], index, documents, encoder)
    }
    assert list(scores) == [
        "vectors alone",
        "words alone",
        "reciprocal ranks, k = 10",
        "reciprocal ranks, k = 60",
        "weighted scores, words 0.3",
    ]
    for score in scores.values():
        assert (score.recall, score.mrr) == ({1: 1.0, 5: 1.0, 20: 1.0}, 1.0)


def test_passage_of_another_library_is_right_if_it_holds_the_answer(library: Library) -> None:
    index, _, encoder = library
    elsewhere = [replace(question, context="Another text.") for question in QUESTIONS[:2]]
    *_, ours = evaluate_retrieval(elsewhere, index, None, encoder)
    assert (ours.recall[1], ours.mrr) == (1.0, 1.0)
    wrong = [replace(question, answers=(Gold("nowhere", 0),)) for question in elsewhere]
    *_, ours = evaluate_retrieval(wrong, index, None, encoder)
    assert (ours.recall[20], ours.mrr) == (0.0, 0.0)


def test_reader_alone_reads_each_question_in_its_context() -> None:
    outcomes = evaluate_reader(QUESTIONS, load_span_model(DEFAULT_READER))
    assert [outcome.given for outcome in outcomes[:2]] == ["2013", "The mayor"]
    assert outcomes[2].given and outcomes[2].given in QUESTIONS[2].context
    assert min(outcome.confidence for outcome in outcomes[:2]) > 0.5 > outcomes[2].confidence
    assert all(outcome.seconds > 0 for outcome in outcomes)


def test_chain_asks_half_of_the_answerable_ones_again_without_their_context(
    library: Library,
) -> None:
    index, documents, encoder = library
    reader = SpanReader(load_span_model(DEFAULT_READER))
    passages = {text: passages_of(index, id) for text, id in documents.items()}
    asked, taken_out = evaluate_chain(QUESTIONS, Retriever(index, encoder), reader, 2, passages)
    assert [outcome.question for outcome in asked] == QUESTIONS
    assert [outcome.given for outcome in asked[:2]] == ["2013", "The mayor"]
    assert all(
        outcome.citations >= 1 and outcome.exact_citations == outcome.citations for outcome in asked
    )
    ((at, again),) = taken_out.items()
    assert again.question.answers == ()
    first = asked[at]
    assert again.given != first.given
    assert again.confidence < first.confidence


def test_nothing_is_taken_out_of_a_library_that_is_not_made_of_the_contexts(
    library: Library,
) -> None:
    index, _, encoder = library
    reader = SpanReader(load_span_model(DEFAULT_READER))
    asked, taken_out = evaluate_chain(QUESTIONS, Retriever(index, encoder), reader, 2, None)
    assert (len(asked), taken_out) == (3, {})


def test_passages_passed_over_are_searched_for_as_if_they_were_not_there(
    library: Library,
) -> None:
    index, documents, encoder = library
    retriever = Retriever(index, encoder)
    asked = "Who opened the bridge?"
    whole = retriever.retrieve(asked, 3)
    left = retriever.retrieve(asked, 3, excluded=passages_of(index, whole[0].document))
    assert whole[0].document == documents[QUESTIONS[1].context]
    assert [hit.document for hit in left] == [hit.document for hit in whole[1:]]
    # The best of those that are left has the whole word score, if it holds a word at all.
    best = max(left, key=lambda hit: hit.word_score)
    share = 1 if best.word_score else 0
    assert best.score == pytest.approx(0.7 * max(0, best.vector_score) + 0.3 * share)


def test_progress_is_reported(library: Library) -> None:
    index, documents, encoder = library
    reported: list[Any] = []
    evaluate_retrieval(
        QUESTIONS[:2],
        index,
        documents,
        encoder,
        on_progress=lambda *progress: reported.append(progress),
    )
    assert reported == [(1, 2), (2, 2)]
