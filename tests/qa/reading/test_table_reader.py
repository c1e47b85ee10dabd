"""Cells are looked up by the names of their row and column, and quoted exactly."""

import pytest

from embeddings.document import DocumentBuilder
from embeddings.splitting import split
from qa.reading.combined_reader import CombinedReader
from qa.reading.reader import ReadAnswer, Span, quoted
from qa.reading.table_reader import TableReader
from qa.results import Hit
from tests.builders import a_hit, word_starts

PUMPS = [
    ["Pump", "Speed (rpm)", "Height", "Winter rate"],
    ["P077", "654", "3 m", ""],
    ["P078", "700", "4 m", "60"],
    ["P005", "5533", "3 m", "75"],
]


def rows_of(
    table: list[list[str]], header_rows: int = 1, introduction: str = "All pumps:"
) -> list[Hit]:
    builder = DocumentBuilder("Waterworks")
    builder.add("paragraph", introduction)
    builder.add_table(table, header_rows)
    return [
        a_hit(
            passage.text,
            rank,
            title="Waterworks",
            context=passage.context,
            start=passage.start,
            end=passage.end,
            columns=passage.columns,
        )
        for rank, passage in enumerate(split(builder.build("pumps.csv"), word_starts, 256), 1)
    ]


def looked_up(question: str, hits: list[Hit]) -> tuple[str | None, float]:
    found = TableReader().read(question, hits)
    return (quoted(hits, found[0].spans[0]), found[0].confidence) if found else (None, 0.0)


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("What is the speed of pump P077?", "654"),
        ("What is the height of pump P005?", "3 m"),
        ("What is the winter rate of P078?", "60"),
    ],
)
def test_cell_of_the_named_row_and_column_is_quoted(question: str, cell: str) -> None:
    found, confidence = looked_up(question, rows_of(PUMPS))
    assert found == cell
    assert confidence > 0.9


@pytest.mark.parametrize(
    "question",
    [
        "What is the speed of pump P099?",  # no such row
        "What is the colour of pump P077?",  # no such column
        "What is the winter rate of P077?",  # a blank cell
        "Who built the waterworks?",
    ],
)
def test_nothing_is_looked_up_where_row_column_or_cell_is_missing(question: str) -> None:
    assert looked_up(question, rows_of(PUMPS)) == (None, 0.0)


def test_words_that_nothing_covers_and_comparisons_lower_the_confidence() -> None:
    hits = rows_of(PUMPS)
    sure = looked_up("What is the speed of pump P077?", hits)[1]
    assert looked_up("What is the speed of pump P077 in emergency operation?", hits)[1] < sure
    assert looked_up("Is the speed of pump P077 the highest?", hits)[1] < sure


def test_second_cell_of_a_pair_is_found_by_the_first() -> None:
    hits = rows_of([["Case officer", "Marit Oldervik"], ["Name of boat", "Maja"]], header_rows=0)
    assert looked_up("Who is the case officer?", hits)[0] == "Marit Oldervik"
    assert looked_up("What is the name of the boat?", hits)[0] == "Maja"


def test_what_a_thing_is_stands_only_in_a_row_of_its_name() -> None:
    rows = rows_of([["Column mask", "house-wide rule"], ["Mask on", "TAX_ID"]], header_rows=0)
    assert looked_up("What is a column mask in this house?", rows)[0] == "house-wide rule"
    assert looked_up("What is a mask in this house?", rows) == (None, 0.0)
    assert looked_up("What is a fair speed of pump P077?", rows_of(PUMPS))[0] == "654"


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("Who is the treasurer of the club?", "Dimitri Sokolov"),
        ("Who is the deputy chair of the chess club?", "Ben Bryce"),
        ("Who is the treasurer of the rowing club?", None),
        ("Who is the new treasurer?", None),
        ("Who is the baker?", None),
    ],
)
@pytest.mark.parametrize(
    "lines",
    [
        "- Chair: Ann\n- Deputy chair: Ben Bryce\n- Treasurer: Dimitri Sokolov",
        "Chair: Ann\nDeputy chair: Ben Bryce\nTreasurer: Dimitri Sokolov",
        "1. Chair – Ann\n2. Deputy chair – Ben Bryce\n3. Treasurer – Dimitri Sokolov",
    ],
)
def test_labelled_line_is_a_row_where_nothing_else_is_asked(
    lines: str, question: str, value: str | None
) -> None:
    hits = [a_hit(f"Board\n\n{lines}", headings=("Board",), context="Chess club")]
    assert looked_up(question, hits)[0] == value


def test_line_that_repeats_the_question_is_not_looked_up() -> None:
    hits = [a_hit("From: Bob Day\nTo: Ann Lee <ann@example.org>\nSubject: Rent")]
    assert looked_up("Who wrote to Ann Lee?", hits) == (None, 0.0)


def test_label_of_several_things_or_of_the_opposite_is_not_looked_up() -> None:
    offices = a_hit("Lund\nPhone: 12\nFax: 45\n\nRome\nPhone: 78", context="Lund and Rome")
    assert looked_up("What is the phone of Rome?", [offices]) == (None, 0.0)
    assert looked_up("What is the fax of Lund?", [offices])[0] == "45"
    rules = a_hit("Allowed: cats\nNot allowed: dogs")
    assert looked_up("What is not allowed?", [rules])[0] == "dogs"
    assert looked_up("What is allowed?", [rules])[0] == "cats"


def test_line_that_is_to_be_filled_in_has_no_value() -> None:
    form = a_hit("Name: ______\nPhone: .....\nTown: Ulm", context="Patient form")
    assert looked_up("What is the name?", [form]) == (None, 0.0)
    assert looked_up("What is the town?", [form])[0] == "Ulm"


def test_other_document_with_another_cell_contradicts() -> None:
    hits = [
        a_hit(f"Soup: {soup}\nDessert: Cake", document=at, context="Menu")
        for at, soup in enumerate(("Leek", "Tomato", "Leek"))
    ]
    (answer, *_) = CombinedReader(Fixed(), Fixed(), TableReader()).read("What is the soup?", hits)
    assert quoted(hits, answer.spans[0]) == "Leek"
    assert [quoted(hits, other.spans[0]) for other in answer.contradicted_by] == ["Tomato"]


def test_one_labelled_line_is_no_list() -> None:
    hits = [a_hit("Treasurer: he who keeps the money.")]
    assert looked_up("Who is the treasurer?", hits) == (None, 0.0)


def test_first_cells_answer_where_the_line_before_the_table_introduces_them() -> None:
    hits = rows_of([["", "Calories"], ["Leaves", "50"], ["Grain", "200"]], 1, "A duck can eat:")
    (answer,) = TableReader().read("What can a duck eat?", hits)
    assert [quoted(hits, span) for span in answer.spans] == ["Leaves", "Grain"]
    assert answer.joined
    assert looked_up("When can a duck eat?", hits) == (None, 0.0)


class Fixed:
    """A reader that finds the same whatever is asked."""

    def __init__(self, *answers: ReadAnswer) -> None:
        self.answers = list(answers)

    def read(self, question: str, hits: object) -> list[ReadAnswer]:
        return self.answers


def test_likelier_of_cell_and_span_comes_first_and_once() -> None:
    cell = ReadAnswer((Span(0, 5, 8),), 0.9)
    around, other = ReadAnswer((Span(0, 0, 8),), 0.6), ReadAnswer((Span(1, 0, 3),), 0.2)

    def read(span: ReadAnswer) -> list[ReadAnswer]:
        return CombinedReader(Fixed(span, other), Fixed(), Fixed(cell)).read(
            "What?", [a_hit("Pump 654"), a_hit("Pump")]
        )

    assert read(around) == [cell, other]
    assert read(ReadAnswer((Span(1, 0, 3),), 0.95))[0].confidence == 0.95


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("Why are names removed?", ["Names\tRemove. Now.\tNo names are allowed.", "Other."]),
        ("What is removed?", ["Remove.", "Now.", "Other."]),
    ],
)
def test_reason_that_stands_in_a_row_is_answered_with_all_of_it(
    question: str, quotes: list[str]
) -> None:
    hits = [a_hit("Names\tRemove. Now.\tNo names are allowed."), a_hit("Other.")]
    places = (Span(0, 6, 13), Span(0, 14, 18), Span(1, 0, 6))
    spans = (ReadAnswer((place,), 0.6) for place in places)
    found = CombinedReader(Fixed(*spans), Fixed(), Fixed()).read(question, hits)
    assert [quoted(hits, answer.spans[0]) for answer in found] == quotes
