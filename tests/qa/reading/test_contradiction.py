"""Documents that contradict one another, read with the real models."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from embeddings.index.index import Index
from qa import Answer, QuestionAnswerer
from qa.library.receipts import answer_as_markdown, verify
from qa.reading import contradiction
from qa.reading.agreement import agree
from qa.reading.calibration import Calibration
from qa.reading.candidates import CandidateSpans
from qa.reading.combined_reader import CombinedReader
from qa.reading.contradiction import MAX_CONTRADICTIONS, DocumentAnswer, contradictions
from qa.reading.reader import ReadAnswer, Span, quoted
from qa.reading.span_reader import SpanReader
from tests.builders import a_hit
from tests.conftest import DOCS
from tests.qa.reading.forgeries import FORGERIES, HONEST, WAYS, Forgery

MIN_REPORTED = 0.9
"""Share of the contradicted answers whose contradiction is reported, for each way of lying."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuestionAnswerer]:
    """Honest documents, and for each question and way of lying a document that lies."""
    folder = tmp_path_factory.mktemp("forged")
    honest = folder / "lib" / "honest"
    honest.mkdir(parents=True)
    texts = dict(HONEST)
    for name in ("overview.md", "food-security.html", "diplomacy.md"):
        texts[name] = (DOCS / "kazakhstan-2024" / name).read_text(encoding="utf-8")
    for name, text in texts.items():
        (honest / name).write_text(text, encoding="utf-8")
    for forgery in FORGERIES:
        for way in WAYS:
            name, text = next((n, t) for n, t in texts.items() if forgery.right in t)
            path = folder / "lib" / place_of(forgery, way, Path(name).suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(forgery.forged(way, text), encoding="utf-8")
    with QuestionAnswerer.from_documents(folder / "lib", folder / "index") as opened:
        yield opened


def place_of(forgery: Forgery, way: str, suffix: str = "") -> str:
    number = FORGERIES.index(forgery)
    return f"forged/{number}/{way.replace(' ', '-')}" + ("/a" + suffix if suffix else "")


def asked(library: QuestionAnswerer, forgery: Forgery, way: str) -> Answer:
    """The answer from the honest documents and the one that lies in that way."""
    return library.answer(forgery.question, ["lib/honest", f"lib/{place_of(forgery, way)}"])


class Outcome(NamedTuple):
    """Which answer won, and whether the other one is reported beside it."""

    way: str
    won: str
    reported: bool


def outcome(answer: Answer, forgery: Forgery, way: str) -> Outcome:
    if answer.text is None:
        return Outcome(way, "none", reported=False)
    for won, said, other in (
        ("true", forgery.right, forgery.wrong),
        ("false", forgery.wrong, forgery.right),
    ):
        if agree(answer.text, said):
            reported = any(agree(claim.text, other) for claim in answer.contradicted_by)
            return Outcome(way, won, reported)
    return Outcome(way, "other", reported=False)


@pytest.mark.slow
def test_answer_says_that_another_document_says_otherwise(library: QuestionAnswerer) -> None:
    found = {
        (forgery.question, way): outcome(asked(library, forgery, way), forgery, way)
        for forgery in FORGERIES
        for way in WAYS
    }
    for result, count in sorted(Counter(found.values()).items()):
        print(f"{result.way:14} won: {result.won:6} reported: {result.reported!s:6} {count}")
    missed = [asking for asking, result in found.items() if not result.reported]
    print("not reported:", *missed, sep="\n  ")
    for way in WAYS:
        decided = [
            result
            for result in found.values()
            if result.way == way and result.won in ("true", "false")
        ]
        assert len(decided) >= MIN_REPORTED * len(FORGERIES), way
        assert sum(result.reported for result in decided) >= MIN_REPORTED * len(decided), way


@pytest.mark.slow
def test_documents_that_do_not_lie_contradict_nothing(library: QuestionAnswerer) -> None:
    for forgery in FORGERIES:
        answer = library.answer(forgery.question, ["lib/honest"])
        assert answer.text is not None and agree(answer.text, forgery.right), forgery.question
        assert answer.contradicted_by == (), forgery.question
        assert answer.contradiction_notice == ""


def ask(folder: Path, texts: dict[str, str], *questions: str) -> list[Answer]:
    (folder / "lib").mkdir()
    for name, text in texts.items():
        (folder / "lib" / name).write_text(text, encoding="utf-8")
    with QuestionAnswerer.from_documents(folder / "lib", folder / "index") as answerer:
        return [answerer.answer(question) for question in questions]


VERSIONS = {
    f"v{number}.md": f"""# Rules of the reading room, version {number}

Readers may borrow {books} books at a time. Bags are left in the cloakroom.

This version replaces version {number - 1}.
"""
    for number, books in ((1, "four"), (2, "six"), (3, "nine"))
}


def test_versions_contradict_one_another_unless_the_question_names_one(tmp_path: Path) -> None:
    undated, named = ask(
        tmp_path,
        VERSIONS,
        "How many books may readers borrow at a time?",
        "How many books may readers borrow at a time in version 2?",
    )
    assert {undated.text, *(claim.text for claim in undated.contradicted_by)} == {
        "four",
        "six",
        "nine",
    }
    assert undated.contradiction_notice == "Other documents say otherwise."
    assert (named.text, named.contradicted_by) == ("six", ())


def test_documents_about_different_things_do_not_contradict_one_another(tmp_path: Path) -> None:
    texts = {
        f"{who}.md": f"# Handbook for {who}\n\nUp to {days} days of paid leave may be taken in a "
        "year. Requests go to the head of the unit two weeks before the first day.\n"
        for who, days in (("contractors", 15), ("interns", 10), ("employees", 28))
    }
    answers = ask(
        tmp_path,
        texts,
        *(
            f"How many days of paid leave may {who} take?"
            for who in ("contractors", "interns", "employees")
        ),
    )
    assert [answer.text for answer in answers] == ["15", "10", "28"]
    assert [answer.contradicted_by for answer in answers] == [(), (), ()]


def test_documents_that_agree_in_other_words_do_not_contradict(tmp_path: Path) -> None:
    texts = {
        "a.txt": "Report\n\nThe bridge over the Ishim was opened on 7 February 1901.",
        "b.txt": "Letter\n\nThe bridge over the Ishim was opened in 1901, writes the mayor.",
        "c.txt": "List\n\nBridge over the Ishim: it was opened 1901-02-07.",
    }
    (answer,) = ask(tmp_path, texts, "When was the bridge over the Ishim opened?")
    assert answer.text is not None and "1901" in answer.text
    assert answer.contradicted_by == ()


BRIDGES = {
    "old.txt": "Report\n\nThe bridge over the Ishim was opened in 1901 by the mayor.",
    "new.txt": "Survey\n\nThe bridge over the Ishim was opened in 1907 by the mayor.",
    "copy.txt": "Another survey\n\nOnly in 1907 the bridge over the Ishim was opened.",
}


def test_each_side_has_its_documents_and_their_dates(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    for day, (name, text) in enumerate(BRIDGES.items(), start=1):
        (folder / name).write_text(text, encoding="utf-8")
        os.utime(folder / name, ns=(0, day * 86_400 * 10**9))
    with QuestionAnswerer.from_documents(folder, tmp_path / "index") as answerer:
        answer = answerer.answer("When was the bridge over the Ishim opened?")
        again = answerer.answer("Who opened it, and when was the bridge over the Ishim opened?")
        assert isinstance(answerer.index, Index)
        checked = list(verify([answer], answerer.index))
    (other,) = answer.contradicted_by
    sides = {side.text: side.citations for side in (answer, other)}
    assert set(sides) == {"1901", "1907"}
    cited = {
        said: [(citation.path, citation.dated) for citation in citations]
        for said, citations in sides.items()
    }
    assert cited["1901"] == [("lib/old.txt", "1970-01-02")]
    assert sorted(cited["1907"]) == [
        ("lib/copy.txt", "1970-01-04"),
        ("lib/new.txt", "1970-01-03"),
    ]
    # What contradicts an answer is a quote like any other: stored, checked, and not shown twice.
    assert Answer.from_json(answer.to_json()) == answer
    assert [(quote.citation, quote.status) for quote in checked] == [
        (citation, "exact") for citation in answer.quotes
    ]
    assert all(candidate.text not in sides for candidate in answer.candidates)
    assert answer.contradiction_notice in answer_as_markdown(answer)
    # An answer to several questions is contradicted where a part is.
    assert again.parts and again.contradicted_by == again.parts[1].contradicted_by != ()


@pytest.mark.parametrize(("confidence", "reported"), [(0.06, []), (0.12, ["20 May 2025 09:12"])])
def test_number_that_is_hardly_an_answer_contradicts_nothing(
    monkeypatch: pytest.MonkeyPatch, confidence: float, reported: list[str]
) -> None:
    first, other = Span(0, 0, 6), Span(1, 0, 17)
    hits = [a_hit("6:12.4 Heron crew"), a_hit("20 May 2025 09:12 Heron crew", document=2)]
    alone = DocumentAnswer(2, (other,), "20 May 2025 09:12", 0.5)
    monkeypatch.setattr(contradiction, "answer_of_document", lambda *_: alone)
    answers = [ReadAnswer((first,), 0.56), ReadAnswer((other,), confidence)]
    unused = CandidateSpans(), cast(Calibration, None)
    found = contradictions("What was the time of the Heron crew?", hits, *unused, answers)
    assert [quoted(hits, each.spans[0]) for each in found] == reported


def test_answer_that_many_contradict_stays_small(tmp_path: Path) -> None:
    texts = {
        f"{year}.txt": f"Survey\n\nThe bridge over the Ishim was opened in {year} by the mayor."
        for year in range(1901, 1913)
    }
    (answer,) = ask(tmp_path, texts, "When was the bridge over the Ishim opened?")
    assert len(answer.contradicted_by) == MAX_CONTRADICTIONS
    assert len(answer.to_json()) < 40_000


@pytest.mark.slow
def test_contradictions_are_found_in_a_small_part_of_the_time(library: QuestionAnswerer) -> None:
    assert isinstance(library.reader, CombinedReader)
    reader = library.reader.spans
    assert isinstance(reader, SpanReader)
    spent: dict[str, float] = {"all": 0.0, "contradiction": 0.0}
    for forgery in FORGERIES[::4]:
        began = time.perf_counter()
        hits = library.retriever.retrieve(forgery.question, 12)
        found = reader.find(forgery.question, hits)
        read = reader.read(forgery.question, hits)
        middle = time.perf_counter()
        contradictions(forgery.question, hits, found, reader.model.calibration, read)
        spent["contradiction"] += time.perf_counter() - middle
        spent["all"] += (middle - began) / 2  # It was read twice.
    print(f"contradictions take {spent['contradiction'] / spent['all']:.1%} of the time")
    assert spent["contradiction"] < 0.05 * spent["all"]
