"""Haystack: embedding and BM25 retrievers over the in-memory store, joined, extractive reader."""

from pathlib import Path

from tests.benchmarks.peers.peer import Answer, run


def index(passages: list[str], store: Path, encoder: Path) -> None:
    """Embed the passages and write the store to the disk."""
    from haystack import Document
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
    )

    embedder = SentenceTransformersDocumentEmbedder(model=str(encoder), progress_bar=False)
    embedder.warm_up()
    documents = embedder.run(documents=[Document(content=text) for text in passages])["documents"]
    documents_store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    documents_store.write_documents(documents)
    documents_store.save_to_disk(str(store))


def load(store: Path, encoder: Path, reader: Path, hits: int) -> Answer:
    """The hybrid pipeline with an extractive reader."""
    from haystack import Pipeline
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import (
        InMemoryBM25Retriever,
        InMemoryEmbeddingRetriever,
    )
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersTextEmbedder,
    )
    from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

    documents_store = InMemoryDocumentStore.load_from_disk(str(store))
    chain = Pipeline()
    chain.add_component(
        "embedder", SentenceTransformersTextEmbedder(model=str(encoder), progress_bar=False)
    )
    chain.add_component("vectors", InMemoryEmbeddingRetriever(documents_store, top_k=hits))
    chain.add_component("words", InMemoryBM25Retriever(documents_store, top_k=hits))
    chain.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=hits))
    chain.add_component("reader", TransformersExtractiveReader(model=str(reader), top_k=3))
    chain.connect("embedder.embedding", "vectors.query_embedding")
    chain.connect("vectors", "joiner")
    chain.connect("words", "joiner")
    chain.connect("joiner", "reader")

    def answer(question: str) -> str | None:
        inputs = {"embedder": {"text": question}, "words": {"query": question}}
        found = chain.run({**inputs, "reader": {"query": question}})
        best = found["reader"]["answers"][0].data
        return None if best is None else str(best)

    return answer


if __name__ == "__main__":
    run(index, load)
