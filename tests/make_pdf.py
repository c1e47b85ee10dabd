"""Writes the PDF of the Kazakhstan collection, `docs/kazakhstan-2024/expert-view.pdf`.

Run from anywhere: `python tests/make_pdf.py`. The same fpdf2 release gives the same bytes.
"""

from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF, TextStyle
from fpdf.enums import XPos, YPos

TARGET = Path(__file__).resolve().parents[1] / "docs" / "kazakhstan-2024" / "expert-view.pdf"
CREATED = datetime(2024, 2, 7, 12, 0, tzinfo=UTC)
TITLE = "An expert's view of Kazakhstan's chairmanships in 2024"

# One entry per page: (heading, paragraphs). Latin-1 only, as the core fonts know no more.
PAGES: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...] = (
    (
        (
            "Who is speaking",
            (
                "Miras Zhienbayev is chief expert of the Kazakhstan Institute for Strategic "
                "Studies (KazISS). Zhienbayev commented on Kazakhstan's chairmanships for an "
                "article that the Kazinform News Agency published on 7 February 2024. What "
                "Zhienbayev said is given here in indirect speech.",
                "The occasion of Zhienbayev's comment is that Kazakhstan chairs six "
                "international organisations in 2024. Kazinform holds that strong diplomacy "
                "is crucial in geopolitical turmoil, and more so in 2024, a year in which "
                "many countries go to the polls.",
            ),
        ),
        (
            "The electoral cycle of 2024",
            (
                "Zhienbayev expects the global electoral cycle that begins in 2024 to become "
                "a central part of world politics. In such a year, Zhienbayev argues, the work of "
                "diplomats who build bridges carries more weight.",
            ),
        ),
        (
            "A feature of Kazakhstan's diplomacy",
            (
                "Zhienbayev says that Kazakhstan's simultaneous chairmanship of several "
                "international organisations of fundamental importance will be a feature of "
                "the country's diplomacy. The record of Kazakhstan's diplomacy shows, "
                "according to Zhienbayev, that the country is committed in practice to two "
                "things. The first commitment that Zhienbayev names is to international law and "
                "its norms, and the second is to turning multilateral cooperation into "
                "institutions.",
            ),
        ),
    ),
    (
        (
            "Room for equal dialogue",
            (
                "Astana has, in Zhienbayev's opinion, made room for dialogue between equals "
                "and for constructive interaction. Zhienbayev says that the dialogue in "
                "Astana's space takes in the widest variety of topics, reaching from "
                "cooperation in culture and humanitarian matters to questions of security.",
            ),
        ),
        (
            "Member and initiator",
            (
                "Zhienbayev sees Kazakhstan today as more than a member of the many "
                "international organisations that make up the backbone of global governance. "
                "Kazakhstan has itself, Zhienbayev points out, started many initiatives, both "
                "regional and international. Zhienbayev describes Kazakhstan's foreign policy "
                "as exceptionally dynamic and says that this activity gives important "
                "impulses to dialogue on issues of strategic importance and creates the "
                "conditions for it.",
            ),
        ),
        (
            "What a middle power can do",
            (
                "Zhienbayev believes that Kazakhstan, being a middle power, can contribute "
                "significantly to the foundations of a more effective international "
                "cooperation. The purpose of the cooperation that Zhienbayev has in mind is "
                "to preserve stability.",
            ),
        ),
        (
            "From dialogue to action",
            (
                "Kazakhstan seeks, Zhienbayev says, synergy between its chairmanships, so "
                "that the potential of each organisation adds to that of the others. Success "
                "in these chairmanships will, Zhienbayev holds, be of systemic importance. "
                "Zhienbayev links that success to the passage from dialogue to rational "
                "action on matters of common agendas and of the future.",
            ),
        ),
    ),
)


def make_expert_view(path: Path) -> None:
    """Writes the two-page PDF to `path`, with identical bytes on every run.

    Only a core font is used, so no font file is read, and the streams are left
    uncompressed, so that the bytes do not depend on the zlib build.

    Args:
        path: Where the file goes; its folder must exist, an older file is replaced.

    Raises:
        OSError: `path` cannot be written.
    """
    pdf = FPDF(format="A4", unit="mm")
    pdf.set_creation_date(CREATED)
    pdf.set_compression(False)
    pdf.set_title(TITLE)
    pdf.set_lang("en-GB")
    pdf.set_margin(25)
    pdf.set_section_title_styles(
        TextStyle("Helvetica", "B", 20, b_margin=4),
        TextStyle("Helvetica", "B", 15, t_margin=5, b_margin=2),
    )
    for number, sections in enumerate(PAGES, start=1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        if number == 1:
            pdf.start_section(TITLE, level=0)
        for heading, paragraphs in sections:
            pdf.start_section(heading, level=1)
            for paragraph in paragraphs:
                # Left-aligned: justified lines stretch the spaces that readers extract.
                pdf.multi_cell(0, 6.5, paragraph, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
                pdf.ln(3)
    pdf.output(str(path))


if __name__ == "__main__":
    make_expert_view(TARGET)
