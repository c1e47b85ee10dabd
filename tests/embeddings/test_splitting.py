"""Passages quote the document exactly, hold all of it, and fit into the encoder."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embeddings.document import BlockKind, Document, DocumentBuilder
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.passages import HEADING_SEPARATOR, LONGEST_CHARACTERS, Passage, Tokenize
from embeddings.pieces import SMALL_TOKENS
from embeddings.splitting import SPECIAL_TOKENS, split
from tests.builders import word_starts

RawBlock = tuple[BlockKind, str, int]


@pytest.fixture(scope="module")
def real() -> SentenceTransformersEncoder:
    return SentenceTransformersEncoder.load()


def build(blocks: list[RawBlock], title: str | None = None) -> Document:
    builder = DocumentBuilder(title)
    for kind, text, level in blocks:
        if kind == "table":
            builder.add_table([line.split(",") for line in text.split("\n")], header_rows=level)
        else:
            builder.add(kind, text, level)
    return builder.build("name.txt")


def words(count: int, of: str = "word") -> str:
    return " ".join(f"{of}{at}" for at in range(count))


def spaceless(text: str) -> str:
    return "".join(text.split())


def check(document: Document, passages: tuple[Passage, ...]) -> None:
    """What holds for every document, whatever the tokenizer."""
    position = 0
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert position <= passage.start < passage.end
        assert passage.text == passage.text.strip()
        assert len(passage.text) <= LONGEST_CHARACTERS
        assert passage.page == document.page_at(passage.start)
        position = passage.end
    held = [
        "".join(
            document.text[max(passage.start, block.start) : min(passage.end, block.end)]
            for passage in passages
            if passage.start < block.end and passage.end > block.start
        )
        for block in document.blocks
    ]
    for block, text in zip(document.blocks, held, strict=True):
        whole = "" if block.kind == "furniture" else document.text[block.start : block.end]
        assert spaceless(text) == spaceless(whole), f"{block} is not held whole"


def check_sizes(passages: tuple[Passage, ...], tokenize: Tokenize, max_tokens: int) -> None:
    for passage in passages:
        tokens = len(tokenize(passage.search_text)) + SPECIAL_TOKENS
        assert tokens <= max_tokens, (
            f"{tokens} tokens of {max_tokens}: {passage.context!r} {passage.text[:300]!r}"
        )


# Words from real scripts, long and mixed, and characters that tokenizers treat specially.
WORDS = st.sampled_from(
    [
        "aid", "Syria.", "unbelievably", "Dr.", "“Quoted!”", "日本語の文。", "한국어", "可能です",
        "ประเทศไทย", "नमस्ते", "مرحبا", "🏳️\u200d🌈", "e\u0301\u0302\u0303", "ffiffl", "İstanbul",
        "x" * 99, "x" * 101, "ab,cd;ef", "가,나,다", "\ufffd", "۝", "½", "ﷺ", "[UNK]", "[SEP]",
        "http://example.org/a_b?c=d&e=f", "\n",
    ]
)  # fmt: skip
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
PROSE = st.lists(WORDS, max_size=80).map(" ".join)
HUGE_WORDS = st.builds(
    lambda unit, times: unit * times,
    st.sampled_from(
        ["x", "é", "日本", "가,", "ab.", "\ufffd", "ffi,", "ab가", "ﷺ", "-_", "🏳️", "Ǆ"]
    ),
    st.integers(1, 3_000),
)
TEXTS = ANY_TEXT | PROSE | HUGE_WORDS | st.lists(PROSE | HUGE_WORDS, max_size=4).map(" ".join)
BLOCKS = st.lists(
    st.tuples(st.sampled_from(["paragraph", "list", "code", "furniture"]), TEXTS, st.just(0))
    | st.tuples(st.just("table"), TEXTS, st.integers(0, 2))
    | st.tuples(st.just("heading"), TEXTS, st.integers(1, 6)),
    max_size=12,
)


@pytest.mark.slow
@given(BLOCKS, st.none() | TEXTS, st.sampled_from([16, 24, 64, 256]))
@settings(max_examples=150)
def test_passages_of_any_document_are_exact_complete_and_fit_word_tokens(
    blocks: list[RawBlock], title: str | None, max_tokens: int
) -> None:
    document = build(blocks, title)
    passages = split(document, word_starts, max_tokens)
    check(document, passages)
    check_sizes(passages, word_starts, max_tokens)


@pytest.mark.slow
@given(blocks=BLOCKS, title=st.none() | TEXTS, max_tokens=st.sampled_from([24, 64, 128, 256]))
@settings(max_examples=200)
@example(blocks=[("paragraph", "가,나다라," * 400, 0)], title=None, max_tokens=24)
@example(
    blocks=[("paragraph", "ab" * 2_025, 0), ("paragraph", words(9), 0)], title=None, max_tokens=24
)
@example(blocks=[("paragraph", "ﷺ" * 900, 0)], title=None, max_tokens=24)
def test_passages_of_any_document_are_exact_complete_and_fit_the_packaged_model(
    real: SentenceTransformersEncoder,
    blocks: list[RawBlock],
    title: str | None,
    max_tokens: int,
) -> None:
    document = build(blocks, title)
    passages = split(document, real.tokenize, max_tokens)
    check(document, passages)
    check_sizes(passages, real.tokenize, max_tokens)


def test_splitting_needs_no_torch() -> None:
    program = """
import sys
from embeddings.document import DocumentBuilder
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.splitting import split
encoder = SentenceTransformersEncoder.load()
builder = DocumentBuilder()
builder.add("paragraph", "Aid was sent. " * 300)
passages = split(builder.build("a.txt"), encoder.tokenize, encoder.model.max_tokens)
assert "torch" not in sys.modules and "transformers" not in sys.modules
print(len(passages), encoder.model.max_tokens)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, max_tokens = map(int, done.stdout.split())
    assert max_tokens == 256
    assert 1200 / 256 < count < 1200 / 256 * 2


def texts(blocks: list[RawBlock], max_tokens: int = 202, title: str | None = "T") -> list[str]:
    """Passages' texts, with one token for the title: room for 199 words."""
    return [passage.text for passage in split(build(blocks, title), word_starts, max_tokens)]


def test_list_stays_with_the_paragraph_that_introduces_it() -> None:
    before, introduction = words(100, "before"), words(70, "intro")
    items = "\n".join(f"- item {at}" for at in range(30))
    found = texts([("paragraph", before, 0), ("paragraph", introduction, 0), ("list", items, 0)])
    assert found == [before, f"{introduction}\n\n{items}"]


def test_small_introduction_leaves_its_neighbour_for_the_list() -> None:
    before, introduction = words(150, "before"), words(5, "intro")
    items = "\n".join(f"- item {at}" for at in range(30))
    found = texts([("paragraph", before, 0), ("paragraph", introduction, 0), ("list", items, 0)])
    assert found == [before, f"{introduction}\n\n{items}"]


def test_beginning_of_a_long_list_stays_with_its_introduction() -> None:
    before, introduction = words(100, "before"), words(70, "intro")
    lines = [f"- item {at}" for at in range(200)]
    found = texts(
        [("paragraph", before, 0), ("paragraph", introduction, 0), ("list", "\n".join(lines), 0)]
    )
    assert found[0] == before
    assert found[1].startswith(f"{introduction}\n\n{lines[0]}\n"), found
    assert [line for text in found[1:] for line in text.split("\n") if line[:1] == "-"] == lines


def test_small_neighbours_are_joined_up_to_the_room() -> None:
    small = [("paragraph", words(30, f"p{at}_"), 0) for at in range(10)]
    found = texts(small)  # type: ignore[arg-type]  # a list of literals
    assert [len(text.split()) for text in found] == [180, 120]


def test_large_neighbours_stay_apart() -> None:
    large = words(SMALL_TOKENS)
    assert texts([("paragraph", large, 0)] * 3) == [large] * 3
    small = words(SMALL_TOKENS - 1)
    assert texts([("paragraph", small, 0)] * 3) == ["\n\n".join([small] * 3)]


def test_headings_keep_small_neighbours_apart() -> None:
    found = split(
        build(
            [
                ("heading", "One", 1),
                ("paragraph", "a", 0),
                ("heading", "Two", 2),
                ("paragraph", "b", 0),
                ("heading", "Three\nlines", 2),
                ("paragraph", "c", 0),
                ("heading", "Empty", 2),
                ("heading", "Four", 1),
                ("paragraph", "d", 0),
                ("heading", "Last", 4),
            ],
        ),
        word_starts,
        64,
    )
    assert [(passage.headings, passage.text) for passage in found] == [
        (("One",), "One\n\na"),
        (("One", "Two"), "Two\n\nb"),
        (("One", "Three lines"), "Three\nlines\n\nc"),
        (("One", "Empty"), "Empty"),
        (("Four",), "Four\n\nd"),
        (("Four", "Last"), "Last"),
    ]


def test_context_has_the_headings_that_the_passage_does_not_begin_with() -> None:
    blocks: list[RawBlock] = [
        ("heading", "Aid", 1),
        ("paragraph", words(64, "a"), 0),
        ("heading", "Syria", 2),
        ("heading", "Trucks", 3),
        ("paragraph", words(64, "b"), 0),
        ("paragraph", words(64, "c"), 0),
    ]
    found = split(build(blocks), word_starts, 128)
    assert [passage.text.split("\n\n")[:-1] for passage in found] == [
        ["Aid"],
        ["Syria", "Trucks"],
        [],
    ]
    assert [passage.context for passage in found] == ["Aid", "Aid", "Aid › Syria › Trucks"]
    found = split(build(blocks, "Report"), word_starts, 128)
    assert [passage.context for passage in found] == [
        "Report",
        "Report › Aid",
        "Report › Aid › Syria › Trucks",
    ]
    assert HEADING_SEPARATOR == " › "


def test_search_text_is_context_then_text() -> None:
    (passage,) = split(build([("paragraph", "a", 0)], "T"), word_starts, 64)
    assert passage.search_text == "T\na"


def test_long_context_takes_a_quarter_of_the_encoder() -> None:
    (passage,) = split(build([("paragraph", words(5), 0)], words(500, "t")), word_starts, 64)
    assert passage.context == words(16, "t")
    assert passage.text == words(5)


def test_long_paragraph_is_split_at_sentence_ends() -> None:
    sentences = [f"Sentence {at} says {words(20)} here." for at in range(40)]
    found = texts([("paragraph", " ".join(sentences), 0)])
    assert all(text.startswith("Sentence") and text.endswith("here.") for text in found)
    assert [len(text.split()) for text in found] == [192] * 5
    assert " ".join(found) == " ".join(sentences)


def test_list_is_split_at_lines() -> None:
    lines = [f"- {words(30)}. And more. And more." for _ in range(20)]
    found = texts([("list", "\n".join(lines), 0)])
    assert [line for text in found for line in text.split("\n")] == lines


def test_row_of_a_table_is_a_passage_with_names_and_introduction() -> None:
    blocks: list[RawBlock] = [
        ("heading", "Rooms", 1),
        ("paragraph", "Prices in euros:", 0),
        ("table", "House,Winter,Summer\nAlder,60,90\n,75,", 1),
        ("paragraph", "After.", 0),
    ]
    found = split(build(blocks, "T"), word_starts, 64)
    assert [(passage.context, passage.columns, passage.text) for passage in found] == [
        ("T", (), "Rooms\n\nPrices in euros:\n\nHouse\tWinter\tSummer"),
        ("T › Rooms › Prices in euros:", ("House", "Winter", "Summer"), "Alder\t60\t90"),
        ("T › Rooms › Prices in euros:", ("Winter", "Summer"), "75"),
        ("T › Rooms", (), "After."),
    ]
    assert found[1].search_text.endswith("\nHouse: Alder; Winter: 60; Summer: 90")
    assert found[2].search_text.endswith("\nWinter: 75")


def test_piece_of_a_long_row_carries_the_row_and_its_column() -> None:
    row = f"P077,654,{words(70)}"
    found = split(build([("table", f"Pump,Speed,Notes\n{row}", 1)], "T"), word_starts, 42)
    assert [passage.columns for passage in found[:2]] == [(), ("Pump", "Speed")]
    assert {passage.columns for passage in found[2:]} == {("P077 › Notes",)}
    assert " ".join(passage.text for passage in found[2:]) == words(70)


def test_enormous_cell_is_cut_although_it_is_one_word() -> None:
    cell = "x" * 9_000
    found = split(build([("table", f"Pump,Notes\nP077,{cell}\nP078,fine", 1)]), word_starts, 42)
    assert [passage.text for passage in found[1:]] == [
        "P077", "x" * 4_000, "x" * 4_000, "x" * 1_000, "P078\tfine"
    ]  # fmt: skip


def test_names_that_leave_no_room_are_left_out() -> None:
    table = f"Pump,{words(30, 'name')}\nP077,{words(10)}"
    found = split(build([("table", table, 1)], "T"), word_starts, 24)
    assert (found[-1].text, found[-1].columns) == (words(10), ())


def test_each_piece_of_a_long_list_carries_its_introduction() -> None:
    lines = [f"- item {at}" for at in range(60)]
    blocks: list[RawBlock] = [
        ("paragraph", "The club lends:", 0),
        ("list", "\n".join(lines), 0),
    ]
    found = split(build(blocks, "T"), word_starts, 64)
    assert [passage.context for passage in found] == ["T", *["T › The club lends:"] * 4]
    assert "\n".join(passage.text for passage in found[1:]) == "\n".join(lines)


def test_furniture_is_in_no_passage_and_parts_its_neighbours() -> None:
    blocks: list[RawBlock] = [
        ("paragraph", "a", 0),
        ("furniture", "Contents 1 2 3", 0),
        ("paragraph", "b", 0),
    ]
    assert texts(blocks) == ["a", "b"]


def test_page_is_that_of_the_first_character() -> None:
    builder = DocumentBuilder("T")
    builder.start_page()
    builder.add("paragraph", words(150))
    builder.start_page()
    builder.add("paragraph", words(150))
    passages = split(builder.build("a.pdf"), word_starts, 202)
    assert [passage.page for passage in passages] == [1, 2]


def test_nothing_is_split_into_nothing() -> None:
    assert split(build([]), word_starts, 64) == ()


def test_encoder_that_reads_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an encoder that reads at least 16 tokens"):
        split(build([]), word_starts, 15)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: build([("paragraph", "x" * 1_000_000, 0)]),
        lambda: build([("paragraph", "日本語" * 100_000, 0)]),
        lambda: build([("paragraph", "a,b." * 100_000, 0)]),
        lambda: build([("paragraph", "“" * 100_000, 0)]),
        lambda: build([("paragraph", "word " * 200_000, 0)]),
        lambda: build([("list", "- a\n" * 100_000, 0)]),
        lambda: build([("paragraph", "a", 0)] * 50_000),
        lambda: build([("heading", "a", 1), ("heading", "b", 2)] * 20_000),
        lambda: build([("heading", f"h{at}", at % 6 + 1) for at in range(40_000)]),
        lambda: build([("paragraph", "The same paragraph, word by word.", 0)] * 10_000),
    ],
    ids=[
        "one word", "no spaces", "punctuation", "quotes", "words", "lines", "paragraphs",
        "headings", "nested headings", "near-duplicates",
    ],
)  # fmt: skip
def test_hostile_documents_are_split_in_bounded_time(
    real: SentenceTransformersEncoder, make: Callable[[], Document]
) -> None:
    document = make()
    started = time.perf_counter()
    passages = split(document, real.tokenize, 256)
    seconds = time.perf_counter() - started
    assert passages
    assert seconds < 10, f"{seconds:.1f} s"
    if len(document.blocks) < 1_000:
        check(document, passages)
    check_sizes(passages[:: len(passages) // 200 + 1], real.tokenize, 256)
