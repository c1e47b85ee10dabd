import pytest

from embeddings.models.encoder import SentenceTransformersEncoder


@pytest.fixture(scope="module")
def encoder() -> SentenceTransformersEncoder:
    return SentenceTransformersEncoder.load()
