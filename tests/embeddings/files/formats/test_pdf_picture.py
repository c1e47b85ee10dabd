"""Pages of PDFs as pictures: what is quoted is marked where it is printed, and only that."""

import io
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from embeddings.errors import UnreadableFile
from embeddings.files.formats import pdf_picture as module
from embeddings.files.formats.pdf_picture import MARK, Quoted, picture
from embeddings.files.loading import DocumentLoader
from tests.make_pdf import make_expert_view

WHITE = np.array([255, 255, 255])
MARKED = (WHITE * MARK).astype(np.uint8)


def pdf_of(place: Path, *pages: str, turned: int = 0) -> Path:
    pdf = FPDF(unit="pt", format=(400, 300))
    pdf.set_font("helvetica", size=12)
    for text in pages:
        pdf.add_page()
        pdf.multi_cell(200, 20, text)
    path = place / "a.pdf"
    pdf.output(str(path))
    if turned:
        with pdfium.PdfDocument(path.read_bytes()) as document:
            document[0].set_rotation(turned)
            document.save(path)
    return path


def drawn(path: Path, number: int, *quotes: Quoted) -> tuple[NDArray[np.uint8], int]:
    """The picture's pixels, and how many quotes are marked."""
    png, marked = picture(path, number, quotes)
    return np.array(Image.open(io.BytesIO(png))), marked


def rows_marked(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """By row of pixels, whether something is marked in it."""
    found: NDArray[np.bool_] = (pixels == MARKED).all(axis=2).any(axis=1)
    return found


def test_only_the_lines_of_the_quote_are_marked(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "first line\nthe bridge was\nopened in 1901\nlast line")
    pixels, marked = drawn(path, 1, Quoted("was opened in 1901"))
    assert pixels.shape == (600, 800, 3)
    assert marked == 1
    rows = np.flatnonzero(rows_marked(pixels))
    # Two points a pixel; lines of 20 points below a margin of 28.35.
    top, bottom = 2 * (28.35 + 20), 2 * (28.35 + 60)
    assert top < rows[0] < top + 20 and bottom - 20 < rows[-1] < bottom
    # On its first line only the last word is.
    columns = np.flatnonzero((pixels[rows[0] : rows[0] + 20] == MARKED).all(axis=2).any(axis=0))
    assert columns[0] > 2 * (28.35 + 40)


def test_page_without_quotes_is_as_it_is_printed(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "one", "two")
    pixels, marked = drawn(path, 2, Quoted("one"), Quoted("—"))
    assert marked == 0
    assert not rows_marked(pixels).any()


def test_of_two_alike_the_one_with_the_same_surroundings_is_marked(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "built in 1901\nand the mill\nopened in 1901\nand the bridge")
    places = [
        np.flatnonzero(rows_marked(drawn(path, 1, quote)[0]))[0]
        for quote in (
            Quoted("in 1901", "built ", " and the mill"),
            Quoted("in 1901", "opened ", " and the bridge"),
            Quoted("in 1901"),
        )
    ]
    assert places[1] - places[0] == pytest.approx(80, abs=2)
    assert places[2] == places[0]


def test_turned_page_is_marked_where_it_is_seen(tmp_path: Path) -> None:
    upright = drawn(pdf_of(tmp_path, "the bridge of 1901"), 1, Quoted("1901"))[0]
    turned = drawn(pdf_of(tmp_path, "the bridge of 1901", turned=90), 1, Quoted("1901"))[0]
    assert turned.shape == (800, 600, 3)
    seen = (np.rot90(turned) == MARKED).all(axis=2)
    wanted = (upright == MARKED).all(axis=2)
    # The letters are drawn a little differently.
    assert (seen & wanted).sum() > 0.8 * wanted.sum() > 0


def test_ligatures_accents_and_hyphens_do_not_hide_a_quote(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "a re-fined café\nin the har-\nbour")
    assert drawn(path, 1, Quoted("re\ufb01ned cafe\u0301 in the harbour"))[1] == 1


def columns_marked(pixels: NDArray[np.uint8], top: int, bottom: int) -> tuple[int, int]:
    """The first and last column in which something is marked, of these rows."""
    columns = np.flatnonzero((pixels[top:bottom] == MARKED).all(axis=2).any(axis=0))
    return int(columns[0]), int(columns[-1])


SENTENCE = (
    "Zhienbayev sees Kazakhstan today as more than a member of the many international "
    "organisations that make up the backbone of global governance."
)


@pytest.mark.parametrize(("mark", "ends"), [("", (123, 793)), (".", (123, 797))])
def test_marks_reach_to_the_end_of_the_last_line(
    tmp_path: Path, mark: str, ends: tuple[int, int]
) -> None:
    make_expert_view(tmp_path / "a.pdf")
    pixels, marked = drawn(tmp_path / "a.pdf", 2, Quoted(SENTENCE.removesuffix(".") + mark))
    assert marked == 1
    rows = np.flatnonzero(rows_marked(pixels))
    lines = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    bands = [(int(line[0]), int(line[-1]) + 1) for line in lines]
    assert bands == [(376, 398), (407, 429)]
    assert [columns_marked(pixels, *band) for band in bands] == [(122, 766), ends]


def test_punctuation_is_marked_where_the_quote_has_it(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "(the bridge) was “new”.".replace("“", '"').replace("”", '"'))
    spans = {}
    for text in ("the bridge", "(the bridge)", '(the bridge) was "new"', '(the bridge) was "new".'):
        pixels, _ = drawn(path, 1, Quoted(text))
        spans[text] = columns_marked(pixels, 0, 600)
    (first, one), (before, two), (_, three), (same, four) = spans.values()
    assert before < first and one < two < three < four and same == before
    # What the quote has and the page does not is no obstacle.
    assert columns_marked(drawn(path, 1, Quoted("«the bridge»"))[0], 0, 600) == (first, one)


def test_numbers_of_lines_are_passed_over(tmp_path: Path) -> None:
    pdf = FPDF(unit="pt", format=(400, 300))
    pdf.set_font("helvetica", size=12)
    pdf.add_page()
    for number, line in enumerate(("the bridge was", "opened in 1901", "by 12 coun-", "cillors.")):
        pdf.text(20, 60 + 20 * number, str(11 + number))
        pdf.text(60, 60 + 20 * number, line)
    path = tmp_path / "a.pdf"
    pdf.output(str(path))
    pixels, marked = drawn(path, 1, Quoted("was opened in 1901 by 12 councillors."))
    assert marked == 1
    for top, bottom in ((100, 123), (142, 163), (182, 203)):
        left, right = columns_marked(pixels, top, bottom)
        assert left >= 2 * 60 - 2 and right < 2 * 150
    # The numbers of the quote are.
    assert drawn(path, 1, Quoted("opened in 1902"))[1] == 1
    assert drawn(path, 1, Quoted("opened by 1901"))[1] == 0


LETTERS = st.text("ab1", min_size=1, max_size=6)


@given(st.lists(LETTERS, min_size=1, max_size=5), st.text("12", max_size=3))
def test_runs_of_a_numbered_page_are_what_was_quoted(words: list[str], number: str) -> None:
    # Numbers at the ends of a quote are told from those of lines by nothing.
    words = [f"a{words[0]}", *words[1:-1], f"{words[-1]}b"]
    numbered = f"x{number} " + f" {number}\n".join(words) + "!"
    runs = list(module._runs(list(numbered), Quoted(" ".join(words) + "!")))
    found = "".join(numbered[first : last + 1] for first, last in runs)
    letters = [letter for letter in found if not letter.isdecimal() and not letter.isspace()]
    assert letters == [letter for letter in "".join(words) + "!" if letter != "1"]


@given(st.text("ab1 ", max_size=30), st.text("ab1 ", max_size=6), st.data())
def test_quote_is_found_where_exhaustive_search_finds_it(
    page: str, wanted: str, data: st.DataObject
) -> None:
    letters = [(letter, at) for at, letter in enumerate(page) if letter != " "]
    found = module._find(letters, Quoted(wanted))
    plain, key = page.replace(" ", ""), wanted.replace(" ", "")
    if not key or key not in plain:
        assert found is None
    else:
        first = plain.index(key)
        assert found == (letters[first][1], letters[first + len(key) - 1][1])


def test_what_has_no_such_page_is_refused(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "one")
    with pytest.raises(UnreadableFile, match="has no page 2"):
        picture(path, 2, [])
    path.write_bytes(b"%PDF-1.4 nonsense")
    with pytest.raises(UnreadableFile, match="damaged"):
        picture(path, 1, [])


def test_picture_crosses_the_process_boundary_unchanged(tmp_path: Path) -> None:
    path = pdf_of(tmp_path, "the bridge of 1901")
    with DocumentLoader() as loader:
        assert loader.picture(path, 1, [("1901", "of ", "")]) == picture(
            path, 1, [Quoted("1901", "of ")]
        )
        with pytest.raises(UnreadableFile, match="has no page 3"):
            loader.picture(path, 3, [])
        # The same process goes on reading.
        assert loader.load(path).text == "the bridge of 1901"
