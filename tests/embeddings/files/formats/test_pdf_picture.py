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
