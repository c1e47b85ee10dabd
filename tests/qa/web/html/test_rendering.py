"""Templates escape every value, whoever wrote them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from jinja2 import UndefinedError, nodes
from markupsafe import Markup

from embeddings.document import BlockKind, DocumentBuilder
from embeddings.index.records import DocumentFacts
from embeddings.parts import parts_of
from qa.library.about import About, Place
from qa.library.listing import LibraryFile, Listing
from qa.library.receipts import CheckedCitation, QuoteStatus
from qa.results import Answer, Candidate
from qa.service.messages import Notice
from qa.service.upload import Upload
from qa.settings import UploadLimits
from qa.web.html import rendering
from qa.web.html.document_about import document_about
from qa.web.html.document_page import DocumentView, document_page, problem_page
from qa.web.html.document_panel import document_panel, problem_panel
from qa.web.html.each_page import each_opening, each_table
from qa.web.html.page import (
    alert,
    answer_turn,
    noted,
    opening_panel,
    page_header,
    pending_turn,
    problem_turn,
    progress_line,
    rated_answer,
    sources_panel,
)
from qa.web.html.receipt_page import receipt_help, receipt_table
from qa.web.html.rendering import escape_text, render
from qa.web.html.shell_page import first_picture, page_head
from qa.web.html.sign_in_page import sign_in_page
from qa.web.html.source_list import (
    ListOptions,
    limit_chip,
    notice_line,
    source_list,
    source_rows,
    uploads_list,
    welcome,
)
from tests.qa.web.html.test_page import (
    ANSWER,
    CITATION,
    HIT,
    HOSTILE,
    NO_ANSWER,
    TEXT,
    Read,
)

TEMPLATES = Path(rendering.__file__).with_name("templates")

MODULE = "main.js"

RAW_TEXT = re.compile(
    rf'<style>.*?</style>|<script>.*?</script>|<script type="module" src="{MODULE}"></script>', re.S
)
"""The only elements in which a browser decodes no character references; they hold no value."""


@given(TEXT)
@example(HOSTILE)
def test_escaped_text_is_shown_as_it_stands(text: str) -> None:
    written = escape_text(text)
    assert Read(written).text == text
    assert not set("<>\"'$`{}\\") & set(written)


def test_html_of_a_template_is_not_escaped_again() -> None:
    assert escape_text(Markup("<b>")) == "<b>"


def test_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'library' is undefined"):
        render("header.html")


def _templates() -> list[str]:
    return sorted(path.name for path in TEMPLATES.glob("*.html"))


@pytest.mark.parametrize("name", _templates())
def test_no_template_goes_round_the_escaping(name: str) -> None:
    environment = rendering._ENVIRONMENT
    assert environment.loader is not None
    tree = environment.parse(environment.loader.get_source(environment, name)[0], name)
    # What these make of HTML and text together is taken for HTML, and need not be escaped fully.
    forbidden = (
        nodes.Add,
        nodes.Concat,
        nodes.MarkSafe,
        nodes.MarkSafeIfAutoescape,
        nodes.Mod,
        nodes.ScopedEvalContextModifier,
    )
    filters = {each.name for each in tree.find_all(nodes.Filter)}
    assert filters <= {"cells", "confidence_in_words", "length", "megabytes", "thousands"}
    assert list(tree.find_all(forbidden)) == []


class _Shape(HTMLParser):
    """The elements of HTML with the names of their attributes, and all values decoded."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment: {data}")


def _answers(text: str) -> Iterator[Answer]:
    """Answers of each kind in which all strings are the text."""
    whole = replace(
        CITATION,
        path=text,
        also_at=(text,),
        title=text,
        headings=("x", text),
        start=100 + len(text),
        end=100 + 2 * len(text),
        quote=text,
        sentence_start=100,
        sentence_end=100 + 3 * len(text),
        passage=text * 3,
        sha256=text,
        dated=text,
        page_label=text,
        columns=(text,),
    )
    candidate = Candidate(text, 0.5, (whole, whole))
    answer = replace(
        ANSWER,
        question=text,
        text=text,
        citations=(whole,),
        candidates=(candidate,),
        contradicted_by=(candidate,),
        rewritten=text,
    )
    hit = replace(HIT, path=text, title=text, headings=("x", text), text=text, dated=text)
    none = replace(NO_ANSWER, question=text, hits=(replace(hit, sha256=text),))
    yield replace(answer, gone=(text, text))
    yield none
    yield replace(none, remark=text)
    yield replace(answer, parts=(answer, none))


def _documents(text: str, changed: bool) -> Iterator[str]:
    builder = DocumentBuilder()
    kinds: tuple[BlockKind, ...] = ("heading", "paragraph", "list", "code", "furniture")
    for kind in kinds:
        builder.start_page(text)
        builder.add(kind, text, 2 if kind == "heading" else 0)
    builder.add_table([[text, text], [text, text]], header_rows=1)
    document = builder.build("a.pdf")
    (part,) = parts_of(document)
    characters = len(document.text)
    facts = DocumentFacts(
        1,
        (text,),
        text,
        text,
        document.page_starts,
        text,
        1,
        characters,
        3,
        (0,),
        (text,) * 5,
    )
    quotes = [(0, len(text)), (2, characters), (characters - 3, characters)]
    view = DocumentView(text, facts, 1, part, quotes, changed, pictured=True)
    yield document_page(view)
    yield document_panel(view, 2)


def _pages(text: str) -> Iterator[str]:
    """Everything that can be shown, with the text in place of every string."""
    turns = [answer_turn(1, answer, {text}) for answer in _answers(text)]
    turns.append(problem_turn(2, text, text))
    for hits in (None, (), (replace(HIT, path=text, title=text, text=text, sha256=text),)):
        turns.append(pending_turn(3, text, text, hits))
    for turn in turns:
        yield turn.question_html
        yield turn.reply
        yield sources_panel([*turns, turn], pending=True)
        yield sources_panel([turn])
    yield alert(text)
    yield page_header(text, text)
    yield opening_panel(1)
    yield rated_answer("0-a", text)
    yield noted()
    path = f"{text.replace('/', '')}/{text.replace('/', '')}"
    found = LibraryFile(path, text, text, text, 3, 2, text, text, (text, text))
    problem = LibraryFile(path, text, text, problem=text)
    yield source_rows(Listing((found, problem), {text: Path("/nowhere")}), uploads=text)
    yield source_rows(Listing((), {}))
    yield source_rows(Listing((), {}, text))
    for options in (ListOptions(text, text, UploadLimits()), ListOptions(text, text)):
        yield source_list(options)
        yield welcome(options)
    yield notice_line(Notice(text or "x", "failed"))
    yield notice_line(Notice(text or "x"))
    yield progress_line(text, text)
    yield limit_chip()
    yield uploads_list([Upload(text, state, text) for state in ("reading", "taken", "refused")])
    yield from _documents(text, changed=False)
    yield from _documents(text, changed=True)
    place = Place(text, 3, 7, text, 2)
    known = About(text, text, text, text, 9, 1, 1, text, text, (text,), (place,), 3, (place,))
    yield document_about(known)
    yield document_about(replace(known, headings=(), sentences=()))
    rows = tuple((text, answer) for answer in _answers(text))
    yield each_opening()
    for running in (False, True):
        yield each_table(
            text,
            rows,
            {text: text},
            asked=4,
            to_ask=5,
            total=6,
            running=running,
            within=text,
            problem=text,
        )
    (citation, *_), states = rows[0][1].citations, get_args(QuoteStatus)
    for place_now in (text, None):
        checked = [(text, CheckedCitation(citation, state, place_now, 1)) for state in states]
        yield receipt_table(checked, 9, "")
    yield receipt_table([], 0, text)
    yield receipt_help()
    yield problem_page(text)
    yield page_head(text, [MODULE])
    yield first_picture(text)
    yield problem_panel(text)
    for required in (True, False):
        yield sign_in_page(required, text)


PLAIN = "p" * len(HOSTILE)


def test_hostile_text_is_escaped_in_every_template(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = rendering._ENVIRONMENT.loader
    assert loader is not None
    used: set[str] = set()
    get_source: Callable[..., object] = loader.get_source
    monkeypatch.setattr(rendering._ENVIRONMENT, "cache", None)

    def note(environment: object, name: str) -> object:
        used.add(name)
        return get_source(environment, name)

    monkeypatch.setattr(loader, "get_source", note)
    shown = 0
    for hostile, plain in zip(_pages(HOSTILE), _pages(PLAIN), strict=True):
        parsed = _Shape(hostile)
        assert parsed.elements == _Shape(plain).elements
        assert not any(value.startswith("javascript:") for value in parsed.values)
        rest = RAW_TEXT.sub("", hostile)
        for fragment in ("<img src=x", "<script", "onerror=a()>", "&lt; $"):
            assert fragment not in rest
        shown += Read(_balanced(rest)).text.count(HOSTILE)
    assert shown > 100
    assert used == {*_templates(), "document_page.css", "shell_head.js", "sign_in.css"}


def _balanced(page: str) -> str:
    """The page without elements that have no end."""
    return re.sub(r"<(?:meta|link|img|input|!doctype)[^>]*>", "", page)


def test_gradio_finds_nothing_to_evaluate() -> None:
    for page in (
        sources_panel([answer_turn(1, each) for each in _answers(HOSTILE)]),
        page_header(HOSTILE, HOSTILE),
    ):
        assert not re.search(r"[$`\\]|\{\{|\}\}", page)


@pytest.mark.parametrize("name", _templates())
def test_templates_hold_nothing_that_gradio_would_evaluate(name: str) -> None:
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    assert "$" not in source and "`" not in source
