"""How the terminal shows an answer."""

from dataclasses import replace

from rich.console import Console

from qa.cli.terminal import show_answer
from qa.conversation.understanding import answer_small_talk
from tests.qa.web.html.test_page import ANSWER, DISPUTED, HOSTILE


def test_contradicting_answers_are_shown_below_the_answer() -> None:
    console = Console(width=120)
    with console.capture() as capture:
        show_answer(console, DISPUTED)
    lines = [line.strip() for line in capture.get().splitlines()]
    dispute = lines[lines.index("Other documents say otherwise.") :]
    assert [line for line in dispute if line.startswith(("In ", "confidence", "["))] == [
        "In 2009.",
        "confidence 40%",
        "[3] docs/c.md, page 7, characters 111–134, file of 2023-01-31",
        "In 1999.",
        "confidence 20%",
        "[4] docs/d.md, page 7, characters 111–134",
    ]
    assert "[1] docs/a.pdf, page 7, characters 111–134, file of 2024-02-07" in lines


def test_answer_without_contradictions_mentions_none() -> None:
    console = Console(width=120)
    with console.capture() as capture:
        show_answer(console, ANSWER)
    assert "otherwise" not in capture.get()


def test_contradicting_answer_can_neither_colour_nor_move_the_cursor() -> None:
    (first, *_) = DISPUTED.contradicted_by
    citation = replace(first.citations[0], path="\x1b[31mred")
    other = replace(first, text=f"\x1b[2J{HOSTILE}", citations=(citation,))
    console = Console(width=120)
    with console.capture() as capture:
        show_answer(console, replace(DISPUTED, contradicted_by=(other,)))
    assert "\x1b" not in capture.get()


def test_title_in_a_reply_to_small_talk_is_text_and_not_markup() -> None:
    reply = answer_small_talk("hello", "greeting", ["Nice [/red] x", "odd [bold]name[red]"])
    console = Console(width=200)
    with console.capture() as capture:
        show_answer(console, reply)
    assert "documents: Nice [/red] x; odd [bold]name[red]." in capture.get()
