"""Items of a checklist are chosen by their boxes."""

import pytest

from qa.reading.checklists import read_checklist
from qa.reading.reader import quoted
from tests.builders import a_hit

TASKS = (
    "Tasks before release:\n\n☒ Design\n☒ Tests\n☐ Notes\n☐ Price list\n\n"
    "Tasks after it:\n\n- [ ] Party\n- [x] Cake"
)


def chosen(question: str, *texts: str) -> list[str] | None:
    hits = [a_hit("Release the tasks."), a_hit("☐ I agree"), *map(a_hit, texts)]
    answers = read_checklist(question, hits)
    if answers is None:
        return None
    return [quoted(hits, span) for answer in answers for span in answer.spans]


@pytest.mark.parametrize(
    ("question", "items"),
    [
        ("Which tasks before release are not yet done?", ["☐ Notes", "☐ Price list"]),
        ("What is still open before release?", ["☐ Notes", "☐ Price list"]),
        ("Which tasks before release aren't done?", ["☐ Notes", "☐ Price list"]),
        ("Which tasks before release have not all been done?", ["☐ Notes", "☐ Price list"]),
        ("What tasks are to be completed before release?", ["☐ Notes", "☐ Price list"]),
        ("Which tasks for the release have been completed?", ["☒ Design", "☒ Tests"]),
    ],
)
def test_items_in_the_state_asked_for_are_quoted_with_their_boxes(
    question: str, items: list[str]
) -> None:
    assert chosen(question, TASKS) == items


def test_pieces_of_a_list_are_put_together_in_their_order() -> None:
    hits = [
        a_hit("- [ ] Wall\n- [x] Window", start=90, context="Shed jobs"),
        a_hit("Shed jobs\n\n- [x] Door\n- [ ] Lock", context="Shed jobs"),
        a_hit("Shed jobs\n\n- [x] Other\n- [ ] Document", context="Shed jobs", document=2),
    ]
    answers = read_checklist("Which shed jobs are not done?", hits) or []
    quotes = [[quoted(hits, span) for span in answer.spans] for answer in answers]
    assert quotes == [["- [ ] Lock", "- [ ] Wall"]]


def test_boxes_of_markdown_are_read() -> None:
    text = "Left for the party:\n- [ ] Cake\n- [X] Music"
    assert chosen("What is unfinished for the party?", text) == ["- [ ] Cake"]
    assert chosen("List what is done for the party", text) == ["- [X] Music"]
    without_bullets = "Car jobs:\n\n[x] Oil\n[ ] Windows\n[x] Tyres"
    assert chosen("Which car jobs are done?", without_bullets) == ["[x] Oil", "[x] Tyres"]


@pytest.mark.parametrize(
    "question",
    [
        "Who has done the tasks before release?",
        "Which tasks come before release?",
        "What is not yet done in the garden of the neighbours?",
        "Which tasks after the fair are done?",
        "What is done?",
        "Which tasks before release are not pending?",
        "List the complete tasks before release",
    ],
)
def test_nothing_is_chosen_where_no_state_is_asked_or_another_list(question: str) -> None:
    assert chosen(question, TASKS) is None


def test_state_that_no_item_has_is_no_answer() -> None:
    text = "Tasks before release:\n☒ Design\n☒ Tests"
    assert chosen("Which tasks before release are not yet done?", text) == []
