"""The chain on the shipped documents, with the real encoder."""

import gc
import time
import weakref
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from embeddings.errors import IndexClosed, IndexInherited, IndexMissing, IndexProblem
from embeddings.index.index import Index
from embeddings.models.encoder import Vectors
from qa import Answer, QuestionAnswerer, Settings
from qa.cancellation import Cancelled, check_wanted
from qa.evaluation.metrics import exact_match
from qa.pipeline import EACH_HITS, NEAR, NothingWithin, _reason
from qa.reading.question_type import may_need_sentences
from qa.text import normalise
from tests.builders import a_hit

FORMATS = (
    "plain text, Markdown, HTML, PDF, Word, PowerPoint, EPUB, CSV, Excel, OpenDocument, RTF, "
    "e-mail and notebooks"
)

ANSWERED = {
    "How many organisations does Kazakhstan chair in 2024?": ("six", "overview.md"),
    "What does IOFS stand for?": ("Islamic Organization for Food Security", "food-security.html"),
    "When was the IOFS founded?": ("2013", "food-security.html"),
    "How many members does the IOFS have?": ("41", "food-security.html"),
    "How much aid did Kazakhstan send to Syria?": ("50 tons", "food-security.html"),
    "When did Kazakhstan send aid to Syria?": ("February 2023", "food-security.html"),
    "Where did the sixth General Assembly of the IOFS meet?": ("Doha", "food-security.html"),
    # Two sentences say how: by the chat, and by the command line.
    "How do I add my own documents?": ("FOLDER", "adding-documents.md"),
    "Which formats are read?": (FORMATS, "formats.md"),
}

NOT_ANSWERED = (
    "What is the population of Kazakhstan?",
    "Who won the 2022 World Cup?",
    "What is the budget of the IOFS?",
)


def shown(answer: Answer) -> str:
    hits = "\n".join(f"  {hit.score:.3f} {hit.path} {hit.text[:80]!r}" for hit in answer.hits)
    return f"{answer.text!r} ({answer.confidence:.2f}, {answer.reason})\n{hits}"


@pytest.mark.parametrize("question", ANSWERED)
def test_question_of_the_shipped_documents_is_answered(
    question: str, answerer: QuestionAnswerer
) -> None:
    right, name = ANSWERED[question]
    answer = answerer.answer(question)
    assert answer.text is not None and right in answer.text, shown(answer)
    if may_need_sentences(question):
        assert len(answer.text) < 250, shown(answer)
    else:
        assert exact_match(answer.text, right), shown(answer)
    assert answer.citations[0].path.endswith(name), shown(answer)
    assert answer.confidence >= answerer.settings.threshold
    assert answer.text == answer.citations[0].quote


@pytest.mark.parametrize("question", NOT_ANSWERED)
def test_question_beyond_the_shipped_documents_is_not_answered(
    question: str, answerer: QuestionAnswerer
) -> None:
    answer = answerer.answer(question)
    assert answer.text is None, shown(answer)
    assert (answer.citations, answer.candidates) == ((), ())
    assert answer.reason in ("nothing near", "none answers")
    assert len(answer.hits) == answerer.settings.hits


@pytest.mark.parametrize(
    ("question", "text", "cosine", "reason"),
    [
        ("How many potatoes are needed?", "Potatoes; Amount: 8 kg", 0.1, "none answers"),
        ("Where are potatoes grown in winter?", "The winter ferry.", 0.1, "nothing near"),
        ("Where are potatoes grown in winter?", "The winter ferry.", NEAR, "none answers"),
        ("?", "The winter ferry.", 0.1, "nothing near"),
    ],
)
def test_passage_with_the_words_of_the_question_is_near_to_it(
    question: str, text: str, cosine: float, reason: str
) -> None:
    assert _reason(question, [a_hit(text, vector_score=cosine)]) == reason


@pytest.mark.parametrize("question", ANSWERED)
def test_every_citation_stands_at_its_offsets(question: str, answerer: QuestionAnswerer) -> None:
    answer = answerer.answer(question)
    assert isinstance(answerer.index, Index)
    store = answerer.index.store
    documents = {
        path: store.document(id) for id, facts in store.documents().items() for path in facts.paths
    }
    cited = [
        *answer.citations,
        *(c for candidate in answer.candidates for c in candidate.citations),
    ]
    assert len(cited) >= 1
    for citation in cited:
        document = documents[citation.path]
        assert document.text[citation.start : citation.end] == citation.quote
        assert "".join(citation.around) == citation.passage
        sentence = document.text[citation.sentence_start : citation.sentence_end]
        assert "".join(citation.sentence) == sentence and citation.quote in sentence
        assert citation.page == document.page_at(citation.start)


def test_short_answer_stands_in_its_sentence(answerer: QuestionAnswerer) -> None:
    answer = answerer.answer("How many members does the IOFS have?")
    assert answer.citations[0].sentence == ("The IOFS has ", "41", " members.")


def test_question_why_is_answered(answerer: QuestionAnswerer) -> None:
    answer = answerer.answer("Why was the IOFS created?")
    assert answer.text is not None and "food security" in answer.text, shown(answer)


def test_list_is_answered_as_a_whole(answerer: QuestionAnswerer) -> None:
    answer = answerer.answer("What are the tasks of the IOFS?")
    assert answer.text is not None, shown(answer)
    lines = answer.text.splitlines()
    assert len(lines) == 6
    assert "raising the productivity of agriculture" in lines[0]
    assert "providing assistance" in lines[-1]


def test_question_about_another_name_has_less_confidence(answerer: QuestionAnswerer) -> None:
    asked = "How much aid did {} send to Syria?"
    other, right = (answerer.answer(asked.format(name)) for name in ("Turkey", "Kazakhstan"))
    assert other.confidence < right.confidence / 1.5, shown(other)


def test_citation_of_a_pdf_names_its_page_and_heading(answerer: QuestionAnswerer) -> None:
    within = "docs/kazakhstan-2024/expert-view.pdf"
    citation = answerer.answer("Who is Miras Zhienbayev?", within).citations[0]
    assert (citation.page, citation.headings[-1]) == (1, "Who is speaking")


def test_equal_answers_are_cited_at_every_place(answerer: QuestionAnswerer) -> None:
    answer = answerer.answer("Who is Miras Zhienbayev?")
    names = {citation.path.rsplit("/", 1)[1] for citation in answer.citations}
    assert names >= {"expert-view.pdf", "diplomacy.md"}, shown(answer)
    assert answer.confidence >= answerer.settings.threshold
    (quote,) = {normalise(citation.quote) for citation in answer.citations}
    role = normalise("chief expert of the Kazakhstan Institute for Strategic Studies")
    # With the abbreviation behind it or without: processors round differently.
    assert quote in (role, f"{role} kaziss")


def test_answer_keeps_within_the_folder_named(answerer: QuestionAnswerer) -> None:
    answer = answerer.answer("When was the IOFS founded?", within=["docs/guide"])
    assert answer.text is None, shown(answer)
    assert {hit.path.split("/")[1] for hit in answer.hits} == {"guide"}


@pytest.mark.parametrize("within", ["docs/guide", ["docs/guide/"]])
def test_folder_may_be_named_alone_and_with_a_slash(
    within: str | list[str], answerer: QuestionAnswerer
) -> None:
    hits = answerer.answer("Which formats are read?", within=within).hits
    assert {hit.path.split("/")[1] for hit in hits} == {"guide"}


def test_place_that_is_not_in_the_library_is_refused(answerer: QuestionAnswerer) -> None:
    with pytest.raises(ValueError, match=r"expected paths of the library, got docs/gide$"):
        answerer.answer("Which formats are read?", within=["docs/gide"])


def test_half_a_surrogate_pair_is_no_harm(answerer: QuestionAnswerer) -> None:
    assert answerer.answer("caf\udcff?").question == "caf??"


WRAPPED = """The harbour of Aldenport was founded
in the year 1743 by the merchant Joris Veld, who
had come from the north with three ships and a
crew of forty men.
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["harbour.md", "harbour.txt"])
def test_sentence_goes_on_over_wrapped_lines(tmp_path: Path, name: str) -> None:
    (tmp_path / "d").mkdir()
    text = WRAPPED.replace("founded\n", "founded, as is told, \n")
    (tmp_path / "d" / name).write_text(text)
    with QuestionAnswerer.from_documents(tmp_path / "d", tmp_path / "index") as answerer:
        answer = answerer.answer("When was the harbour of Aldenport founded?")
    assert answer.text is not None and "1743" in answer.text, shown(answer)
    sentence = "".join(answer.citations[0].sentence)
    assert sentence.startswith("The harbour of Aldenport") and sentence.endswith("forty men.")


def test_white_space_in_a_question_does_not_matter(answerer: QuestionAnswerer) -> None:
    one = answerer.answer("When was the IOFS founded?")
    other = answerer.answer("  When was\nthe IOFS   founded? ")
    assert (other.text, other.confidence) == (one.text, one.confidence)


@pytest.mark.parametrize("question", ["", "  \n", "x" * 2_001, "why " * 25_000])
def test_blank_or_overlong_question_is_refused(question: str, answerer: QuestionAnswerer) -> None:
    with pytest.raises(ValueError, match=r"expected a question of 1 to 2,000 characters, got"):
        answerer.answer(question)


@pytest.mark.parametrize("question", ["?", '"', "AND OR NOT", "NEAR(a b)", "x" * 2_000, "\0", "😀"])
def test_odd_question_gets_an_ordinary_answer(question: str, answerer: QuestionAnswerer) -> None:
    answer = answerer.answer(question)
    assert answer.question == question
    assert answer.text is None or answer.text == answer.citations[0].quote


def test_higher_threshold_answers_less(docs_index: Path) -> None:
    with QuestionAnswerer.open(docs_index, Settings(threshold=1.0)) as strict:
        answer = strict.answer("When was the IOFS founded?")
    assert (answer.text, answer.reason) == (None, "none answers")


def test_time_is_reported_by_stage(answerer: QuestionAnswerer) -> None:
    seconds = answerer.answer("When was the IOFS founded?").seconds
    assert set(seconds) == {"retrieve", "read"}
    assert all(0 < spent < 60 for spent in seconds.values())


def test_missing_index_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="Index a folder first"):
        QuestionAnswerer.open(tmp_path)


@pytest.mark.slow
def test_answerer_of_documents_answers_from_that_folder_alone(tmp_path: Path) -> None:
    for name, year in (("one", "1901"), ("two", "1902")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"The bridge of {name} was opened in {year}.")
    place = tmp_path / "index"
    QuestionAnswerer.from_documents(tmp_path / "one", place).close()
    with QuestionAnswerer.from_documents(tmp_path / "two", place) as two:
        answer = two.answer("When was the bridge opened?")
        assert answer.text == "1902"
        assert {hit.path for hit in answer.hits} == {"two/a.txt"}
        everywhere = two.answer("When was the bridge opened?", within=["one", "two"])
        assert {hit.path for hit in everywhere.hits} == {"one/a.txt", "two/a.txt"}


@pytest.mark.slow
def test_answer_is_cached_until_the_index_changes(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "a.txt").write_text("The bridge was opened in 1901.")
    question = "When was the bridge opened?"
    with QuestionAnswerer.from_documents(folder, tmp_path / "index") as answerer:
        first = answerer.answer(question)
        again = answerer.answer(f" {question}")
        # The hits are the very same objects: nothing was searched or read again.
        assert first.text == "1901" and again.hits is first.hits
        assert (again.question, first.question) == (f" {question}", question)
        assert answerer.answer(question, within=["d/a.txt"]).hits is not first.hits
        (folder / "a.txt").write_text("The bridge was opened in 1902.")
        QuestionAnswerer.from_documents(folder, tmp_path / "index").close()
        assert answerer.answer(question).text == "1902"


def test_answer_from_a_file_or_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    town = tmp_path / "town"
    town.mkdir()
    (town / "mill.txt").write_text("The mill was built in 1850 by the miller Aldo Brandt.")
    (town / "pond.txt").write_text("The pond is two metres deep and full of carp.")
    with QuestionAnswerer.from_documents(town, tmp_path / "index") as answerer:
        question = "When was the mill built?"
        there = answerer.answer(question)
        assert (there.text, there.gone) == ("1850", ())
        (town / "mill.txt").unlink()
        assert answerer.answer(question) == replace(there, gone=("town/mill.txt",))
        town.rename(tmp_path / "city")
        gone = answerer.answer(question)
        assert (gone.text, gone.gone) == ("1850", ("town",))


def test_each_document_answers_by_itself(answerer: QuestionAnswerer) -> None:
    question = "How many members does the IOFS have?"
    rows = list(answerer.answer_each(question, "docs/kazakhstan-2024"))
    paths = [path for path, _ in rows]
    assert len(paths) == len(set(paths)) == 5
    path, answer = rows[0]
    assert (path, answer.text) == ("docs/kazakhstan-2024/food-security.html", "41")
    for path, answer in rows:
        assert answer.question == question
        assert {citation.path for citation in answer.quotes} <= {path}
        assert {hit.path for hit in answer.hits} <= {path} and len(answer.hits) <= EACH_HITS
    assert [answer.text is None for path, answer in rows[1:]].count(True) >= 3


def test_question_to_each_document_is_encoded_once(
    answerer: QuestionAnswerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    encode = answerer.retriever.encode

    def counting(question: str) -> Vectors:
        encoded.append(question)
        return encode(question)

    monkeypatch.setattr(answerer.retriever, "encode", counting)
    rows = answerer.answer_each("  Who \n leads? ", "docs/guide")
    assert encoded == []
    assert len(list(rows)) == 8
    assert encoded == ["Who leads?"]


def test_each_of_no_documents_is_refused(answerer: QuestionAnswerer) -> None:
    with pytest.raises(NothingWithin, match="expected paths of the library, got nowhere"):
        list(answerer.answer_each("Who leads?", "nowhere"))
    with pytest.raises(ValueError, match="expected a question of 1 to 2,000 characters, got 0"):
        list(answerer.answer_each(" "))


@pytest.mark.parametrize("error", [IndexClosed, IndexInherited])
def test_answerer_that_cannot_be_used_says_so(
    error: type[IndexProblem],
    docs_index: Path,
    town: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    question = "When was the IOFS founded?"
    with QuestionAnswerer.open(docs_index) as opened:
        message = opened.parse_message(question)
        retrieval = opened.search(message)
        if error is IndexClosed:
            opened.close()
        else:
            monkeypatch.setattr(opened.index, "_process", 17)

        def load() -> None:
            raise AssertionError("expected no model to run: in a forked process it never returns")

        monkeypatch.setattr(opened.retriever, "encode", load)
        monkeypatch.setattr(opened, "rewriter", None)
        for use in (
            lambda: opened.answer(question),
            lambda: list(opened.answer_each(question)),
            lambda: opened.parse_message(question),
            lambda: opened.search(message),
            lambda: retrieval.first_hits,
            lambda: opened.read(retrieval),
            lambda: opened.about("docs/guide/python.md"),
            lambda: opened.index_folder(town),
        ):
            with pytest.raises(error):
                use()


def test_answer_that_is_not_wanted_any_more_stops_and_leaves_nothing(docs_index: Path) -> None:
    question = "How many members does the IOFS have?"
    asked: list[float] = []

    def count() -> bool:
        asked.append(time.perf_counter())
        return True

    def until(last: int) -> bool:
        return count() and len(asked) < last

    with QuestionAnswerer.open(docs_index) as opened:
        expected = replace(opened.answer(question, is_wanted=count), seconds={})
        times = len(asked)
        assert expected.text == "41" and times >= 4
    with QuestionAnswerer.open(docs_index) as opened:
        for last in range(1, times, max(1, times // 5)):
            asked.clear()
            with pytest.raises(Cancelled):
                opened.answer(question, is_wanted=partial(until, last))
            # Nothing was computed after the one that said no.
            assert len(asked) == last and time.perf_counter() - asked[-1] < 1
        assert replace(opened.answer(question), seconds={}) == expected


def test_what_says_whether_an_answer_is_wanted_is_not_kept(docs_index: Path) -> None:
    class Request:
        def is_wanted(self) -> bool:
            return True

    with QuestionAnswerer.open(docs_index) as opened:
        request = Request()
        first = opened.answer("When was the IOFS founded?", is_wanted=request.is_wanted)
        left = weakref.ref(request)
        del request
        gc.collect()
        assert left() is None
        again = opened.answer("When was the IOFS founded?", is_wanted=lambda: True)
        assert again.hits is first.hits  # From the cache, whoever asks.


def test_passages_and_answers_of_each_document_stop_too(answerer: QuestionAnswerer) -> None:
    message = answerer.parse_message("Where does the IOFS meet?")
    with pytest.raises(Cancelled):
        _ = answerer.search(message, is_wanted=lambda: False).first_hits
    wanted = [True]
    rows = answerer.answer_each("Where does the IOFS meet?", is_wanted=lambda: wanted[0])
    path, _ = next(rows)
    assert path.startswith("docs/")
    wanted[0] = False
    check_wanted()  # What its caller computes meanwhile is another matter.
    with pytest.raises(Cancelled):
        next(rows)
