"""Every citation of every answer is exact, whatever the documents and the question hold."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.document import Document, DocumentBuilder
from embeddings.index.index import STORE_FILE, Index
from embeddings.index.records import Source
from embeddings.index.store import Store
from embeddings.splitting import split
from qa import Answer, QuestionAnswerer, Settings, Turn
from qa.pipeline import reader_of
from qa.reading.reader import Reader
from qa.reading.sentence_reader import SentenceReader
from qa.retrieval.retriever import Retriever
from tests.builders import HashingEncoder

# Few words, so that questions meet documents, amid any characters at all.
WORDS = st.sampled_from(["aid", "Syria", "2013", "tons.", "Who?", "😀", "é", "\n", "\r\n", "“a”"])
TEXT = st.lists(WORDS | st.text(max_size=8), max_size=30).map(" ".join)
HISTORY = st.lists(
    st.builds(Turn, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple)), max_size=4
)
QUESTION = TEXT.filter(lambda text: 0 < len(" ".join(text.split())) <= 2_000)
BLOCKS = st.lists(
    st.tuples(
        st.sampled_from(["heading", "paragraph", "list", "table", "code", "furniture"]), TEXT
    ),
    max_size=8,
)


def document_of(blocks: list[tuple[str, str]]) -> Document:
    builder = DocumentBuilder()
    for number, (kind, text) in enumerate(blocks):
        if number % 3 == 0:
            builder.start_page()
        if kind == "table":
            rows = [line.split(" ") for line in text.split("\n")]
            builder.add_table(rows, header_rows=number % 2)
        else:
            level = 1 + number % 6 if kind == "heading" else 0
            builder.add(kind, text, level)  # type: ignore[arg-type]  # one of six strings
    return builder.build("name.txt")


def without_separators(text: str) -> str:
    """A text without what parts the cells and rows of a table."""
    return text.replace("\t", "").replace("\n", "")


def library(folder: Path, documents: list[Document], encoder: HashingEncoder) -> Index:
    store = Store.create(folder / STORE_FILE, encoder.model, encoder.dimension)
    with store.transaction():
        store.put_folder("d", folder)
        for number, document in enumerate(documents):
            passages = split(document, encoder.tokenize, encoder.model.max_tokens)
            vectors = encoder.encode([passage.search_text for passage in passages])
            sha256 = f"{number:064x}"
            id = store.put_document(sha256, "text", document, passages, vectors)
            store.put_source(Source(f"d/{number}", "d", 0, 0, 0, 0, sha256, id))
    return Index(folder, store)


def reader_without_model(encoder: HashingEncoder) -> Reader:
    return SentenceReader(encoder)


def reader_with_model(encoder: HashingEncoder) -> Reader:
    return reader_of(Settings(), encoder)


@pytest.mark.parametrize(
    "reader", [reader_without_model, pytest.param(reader_with_model, marks=pytest.mark.slow)]
)
@settings(max_examples=50)
@given(contents=st.lists(BLOCKS, min_size=1, max_size=3), question=QUESTION, history=HISTORY)
def test_every_quote_is_what_its_document_says_at_its_offsets(
    reader: Callable[[HashingEncoder], Reader],
    contents: list[list[tuple[str, str]]],
    question: str,
    history: list[Turn],
) -> None:
    documents = [document_of(blocks) for blocks in contents]
    encoder = HashingEncoder()
    with TemporaryDirectory() as folder:
        index = library(Path(folder), documents, encoder)
        answerer = QuestionAnswerer(
            index, Retriever(index, encoder), reader(encoder), Settings(threshold=0)
        )
        with answerer:
            answer = answerer.answer(question, history=history)
    given = [answer, *answer.parts]
    cited = [citation for answer in given for citation in answer.citations]
    cited += [
        citation for answer in given for other in answer.candidates for citation in other.citations
    ]
    if reader is reader_without_model and not answer.remark:
        size = encoder.model.max_tokens
        # There are none where all is furniture.
        assert bool(cited) == any(split(each, encoder.tokenize, size) for each in documents)
    for citation in cited:
        document = documents[int(citation.path.removeprefix("d/"))]
        assert document.text[citation.start : citation.end] == citation.quote != ""
        end = citation.passage_start + len(citation.passage)
        assert document.text[citation.passage_start : end] == citation.passage
        assert "".join(citation.around) == citation.passage
        sentence = document.text[citation.sentence_start : citation.sentence_end]
        assert "".join(citation.sentence) == sentence
        quoted = "".join(text for text, role in citation.pieces if role == "quote")
        assert without_separators(quoted) == without_separators(citation.quote)
        assert citation.sentence_start <= citation.start < citation.end <= citation.sentence_end
        assert citation.page == document.page_at(citation.start)
    quotes = [citation.quote for citation in answer.citations]
    assert answer.text is None or answer.text in (quotes[0], " ".join(quotes))
    assert Answer.from_json(answer.to_json()) == answer
