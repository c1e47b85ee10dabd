"""What is known of a document: its own words, and which of them are central."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from embeddings.index.index import Index
from embeddings.indexing import open_and_index
from embeddings.models.encoder import Progress, Role, Vectors
from qa import QuestionAnswerer
from qa.library import about as module
from qa.library.about import About, about
from tests.builders import HashingEncoder


class TopicEncoder(HashingEncoder):
    """The direction of a text is how often it names birds, boats and bread."""

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        self.calls += 1
        self.texts += texts
        words = ("bird", "boat", "bread")
        rows = [[text.lower().count(word) + 0.01 for word in words] for text in texts]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        vectors[:, : len(words)] = rows
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


BIRDS = (
    "Many birds rest on the marsh in spring, and most birds breed.",
    "The birds of the marsh eat what the birds of the hills leave.",
    "A bird that a boat wakes flies away from the marsh for good.",
    "No boat may be moored at the quay from dusk until the dawn.",
    "Bread is baked on the quay every day but the first of May.",
)

MARSH = f"""# The marsh

{BIRDS[0]} {BIRDS[2]}

## Birds

{BIRDS[1]} Short birds.

## Quay

{BIRDS[3]}

### Bakers

{BIRDS[4]}

- birds, birds and birds are in this list of items but it is no sentence
"""


@pytest.fixture
def marsh(tmp_path: Path) -> Iterator[tuple[Index, TopicEncoder]]:
    folder = tmp_path / "marsh"
    folder.mkdir()
    (folder / "marsh.md").write_text(MARSH, encoding="utf-8")
    (folder / "copy.md").write_text(MARSH, encoding="utf-8")
    (folder / "blank.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    encoder = TopicEncoder()
    index, _ = open_and_index(folder, tmp_path / "index", encoder)
    yield index, encoder
    index.close()


def known(index: Index, encoder: HashingEncoder, path: str) -> About:
    found = about(index, encoder, path)
    assert found is not None
    return found


def test_outline_and_length_are_the_documents_own(marsh: tuple[Index, TopicEncoder]) -> None:
    found = known(*marsh, "marsh/marsh.md")
    assert (found.title, found.kind, found.pages) == ("The marsh", "Markdown file", 0)
    levels = [(place.text, place.level) for place in found.headings]
    assert levels == [("The marsh", 1), ("Birds", 2), ("Quay", 2), ("Bakers", 3)]
    facts = marsh[0].facts("marsh/copy.md")
    assert facts is not None
    assert (found.characters, found.passages) == (facts.characters, facts.passages)
    assert len(found.dated) == 10 and found.more_headings == 0
    text = marsh[0].text(facts.id, 0, facts.characters)
    for place in (*found.headings, *found.sentences):
        assert text[place.start : place.end] == place.text


def test_central_sentences_are_the_nearest_to_the_mean_of_all_vectors(
    marsh: tuple[Index, TopicEncoder],
) -> None:
    index, encoder = marsh
    facts = index.facts("marsh/marsh.md")
    assert facts is not None
    with index.contents() as contents:
        ids = np.array([each.id for each in contents.passages_of(facts.id)], dtype=np.int64)
        ((_, vectors),) = contents.vectors(ids)
    mean = vectors.mean(axis=0)
    # Two that say the same in the encoder's eyes are one.
    unlike: list[str] = []
    for sentence in sorted(BIRDS, key=lambda text: -float(encoder.encode([text])[0] @ mean)):
        nearness = [float(encoder.encode([sentence])[0] @ encoder.encode([x])[0]) for x in unlike]
        if all(each < module.ALIKE for each in nearness):
            unlike.append(sentence)
    expected = sorted(unlike[:3], key=MARSH.index)
    assert len(expected) == 3
    first = known(index, encoder, "marsh/marsh.md")
    assert [place.text for place in first.sentences] == expected
    assert known(index, encoder, "marsh/marsh.md") == first


def test_few_sentences_are_encoded(
    marsh: tuple[Index, TopicEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, encoder = marsh
    monkeypatch.setattr(module, "MAX_ENCODED", 2)
    monkeypatch.setattr(module, "MAX_HEADINGS", 1)
    before = len(encoder.texts)
    found = known(index, encoder, "marsh/marsh.md")
    assert len(encoder.texts) - before == 2
    assert len(found.headings) == 1 and found.more_headings == 3


def test_document_without_running_text_has_no_central_sentence(
    marsh: tuple[Index, TopicEncoder],
) -> None:
    found = known(*marsh, "marsh/blank.csv")
    assert found.sentences == () == found.headings
    assert about(*marsh, "marsh/nothing.md") is None
    assert about(*marsh, "marsh") is None


def test_shipped_pdf_names_its_pages(answerer: QuestionAnswerer) -> None:
    found = answerer.about("docs/kazakhstan-2024/expert-view.pdf")
    assert found is not None
    assert (found.kind, found.pages, len(found.headings)) == ("PDF", 2, 8)
    assert [(place.page, place.text.split()[:3]) for place in found.sentences] == [
        ("page 1", ["The", "occasion", "of"]),
        ("page 1", ["Zhienbayev", "says", "that"]),
        ("page 2", ["Zhienbayev", "believes", "that"]),
    ]
