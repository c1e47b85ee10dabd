"""How the terminal shows an answer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from embeddings.indexing_report import IndexingReport, Skipped
from qa.cli.terminal import show_answer, show_library, show_report
from qa.conversation.understanding import answer_small_talk
from qa.library.listing import LibraryFile, Listing
from tests.qa.web.html.test_page import ANSWER, DISPUTED, HOSTILE, NO_ANSWER


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


def shown(show: Callable[[Console], None]) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        show(console)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def test_row_of_a_table_is_shown_with_the_names_of_its_columns() -> None:
    citation = replace(
        ANSWER.citations[0],
        start=105,
        end=108,
        quote="654",
        sentence_start=100,
        sentence_end=108,
        passage="P077\t654",
        passage_start=100,
        columns=("Pump", "Speed"),
    )
    answer = replace(ANSWER, text="P077\t654", citations=(citation,))
    text = shown(lambda console: show_answer(console, answer))
    assert "    Pump: P077; Speed: 654\n" in text
    assert text.startswith("P077: 654\n")
    nearest = replace(NO_ANSWER.hits[0], text="P077\t654", columns=("Pump", "Speed"))
    text = shown(lambda console: show_answer(console, replace(NO_ANSWER, hits=(nearest,))))
    assert "    Pump: P077; Speed: 654\n" in text


def test_page_is_cited_by_its_printed_label_and_its_position() -> None:
    citation = replace(ANSWER.citations[0], page=3, page_label="57")
    text = shown(lambda console: show_answer(console, replace(ANSWER, citations=(citation,))))
    assert "[1] docs/a.pdf, page 57 (page 3 of the file), characters " in text


def test_report_names_what_was_not_read() -> None:
    report = IndexingReport(
        name="docs",
        added=("docs/a.docx",),
        changed=(),
        removed=(),
        unchanged=1,
        skipped=(
            Skipped("docs/b.txt", "is empty"),
            Skipped("docs/c.txt", "cannot be read (Permission denied)", kept=True),
        ),
        passages=3,
        seconds=0.5,
        not_read=(("docs/a.docx", ("3 pictures", "1 chart")),),
    )
    assert shown(lambda console: show_report(console, report)).splitlines() == [
        "docs: 1 added, 1 unchanged (3 passages encoded, 0.5 s)",
        "  not indexed: docs/b.txt is empty",
        "  kept as it was: docs/c.txt cannot be read (Permission denied)",
        "  docs/a.docx: 3 pictures and 1 chart were not read",
    ]


def test_list_names_what_was_not_read() -> None:
    file = LibraryFile("docs/a.docx", "docs", "00", "A", 3, not_read=("1 chart",))
    text = shown(lambda console: show_library(console, Path("/i"), Listing((file,), {})))
    assert "\ndocs/a.docx: 1 chart was not read\n" in text
