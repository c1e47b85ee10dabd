"""Small documents of many kinds, each with questions that it answers or does not.

Each folder of ``tests/embeddings/files/cases`` is one kind of document that is easily read wrongly.
"""

from pathlib import Path

import pytest

from embeddings.models.encoder import SentenceTransformersEncoder
from qa import QuestionAnswerer

CASES = Path(__file__).parents[1] / "embeddings" / "files" / "cases"

# What the answer must hold, and what it must not; none where the documents do not say.
ANSWERED: list[tuple[str, str, str | None, str]] = [
    ("D01_sym", "What is the starting dose of Veltrane?", "50 µg", ""),
    ("D01_sym", "When should the drug be stopped?", "≥ 120", ""),
    ("D02_numbering", "What does clause 2.2 say?", "Late payment bears interest", "(a)"),
    ("D02_numbering", "Which interest does late payment bear?", "four percent", ""),
    ("D03_footnote", "Until when may applicants from the islands file?", "15 September", ""),
    ("D04_vmerge", "How much does Alder House cost in winter?", "60", "75"),
    ("D04_vmerge", "How much is a room at Birch Lodge in winter?", "75", "60"),
    ("D06_sdtcell", "Who is the case officer?", "Marit Oldervik", ""),
    ("D08_math", "What is the load limit?", "4800 newton", ""),
    ("D09_strike", "What is the parking fee?", "8 euros", "5 euros"),
    ("D09_strike", "How much are the yearly club dues for adults?", "55 dollars", "40"),
    ("G01_codes", "What voltage does AX-4471-D need?", None, ""),
    ("G01_codes", "What voltage does AX-4471-C need?", "48", "24"),
    ("G01_codes", "E217", "rinse the tank", "lamp"),
    ("G03_similar", "How many days of leave may interns take?", "10", "28"),
    ("G03_similar", "How many days of leave may employees take?", "28", "10"),
    ("G04_versions", "What does the latest travel policy say about taxis?", "any hour", "nine"),
    ("G04_versions", "What is the daily allowance for meals?", "48 euros", "35"),
    ("G04_versions", "What was the allowance in version 1?", "35 euros", "48"),
    ("G05_bigtable", "What is the speed of pump P077?", "654", ""),
    ("G05_bigtable", "What is the height of pump P005?", "3", "946"),
    ("H02_sup", "What is the population of Ostby?", "4,310", "4,3102"),
    ("H02_sup", "How much does the mayor earn?", "58", "581"),
    ("H02_sup", "How much does the tank weigh when empty?", "120", "1203"),
    ("H02_sup", "How much heat does the plant store?", "3.6 × 10⁹", ""),
    ("H03_details", "How do I reset the router?", "Hold the small button", ""),
    ("H03_details", "What does a red lamp mean?", "line to the house is broken", ""),
    ("H04_sidebar", "What is the emergency line?", "555-0188", ""),
    ("L01_listnumber", "When do quiet hours begin?", "22:00", "\n"),
    ("L01_listnumber", "What number does the new filter have?", "KF-220", "4."),
    ("P01_form", "What is the name of the boat?", "Silver Heron", ""),
    ("Q01_yesno", "Who pays the locker fee?", None, ""),
    ("Q01_yesno", "Who does not pay the locker fee?", "before 2020", ""),
    ("Q01_yesno", "Are cats allowed in the pool area?", None, ""),
    ("Q02_trunc", "How much does the new bridge cost in the first year?", "$1.2 million", ""),
    ("Q03_lists", "What do I need for the permit?", "rental contract", "90 euros"),
    ("Q03_lists", "Which documents are needed for the permit?", "- a copy of the passport", "90"),
    ("Q04_words", "What does the SLA promise?", "an answer", ""),
    ("S01_chart", "How many visitors did Lund have in 2024?", "4180", ""),
    ("S01_chart", "Who is the curator?", "Ines Falk", ""),
    ("T02_firstline", "By when must the boiler be emptied?", "the first of October", ""),
    ("T02_firstline", "When does the library open?", "nine", "Mondays"),
    ("T03_heading", "When was version 2.4.0 released?", "11 March 2025", ""),
    ("T03_heading", "When does the pool close?", "21:00", ""),
    ("T03_heading", "Who is the new head of the museum?", "Petra Holm", ""),
    ("T03_heading", "How much does it cost to replace a lost card?", "4 euros", ""),
    ("T03_heading", "For whom is the library card free?", "children", "Adults"),
]


@pytest.fixture(scope="module")
def answerers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, QuestionAnswerer]:
    SentenceTransformersEncoder.load()
    folders = dict.fromkeys(folder for folder, *_ in ANSWERED)
    return {
        folder: QuestionAnswerer.from_documents(CASES / folder, tmp_path_factory.mktemp("index"))
        for folder in folders
    }


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "question", "right", "wrong"), ANSWERED)
def test_question_is_answered_from_its_document(
    answerers: dict[str, QuestionAnswerer],
    folder: str,
    question: str,
    right: str | None,
    wrong: str,
) -> None:
    answer = answerers[folder].answer(question)
    shown = "\n".join(f"{hit.score:.2f} {hit.shown.text!r}" for hit in answer.hits)
    if right is None:
        assert answer.text is None, shown
        return
    assert answer.text is not None and right in answer.text, f"{answer.text!r} from\n{shown}"
    assert not wrong or wrong not in answer.text
    for citation in answer.citations:
        assert citation.quote in answer.text
