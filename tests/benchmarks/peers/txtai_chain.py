"""txtai: its hybrid embeddings index with content, and its reader for extractive questions."""

from contextlib import suppress
from pathlib import Path

from tests.benchmarks.peers.peer import Answer, run


def index(passages: list[str], store: Path, encoder: Path) -> None:
    """Embed the passages and write the index to the disk."""
    from txtai import Embeddings

    embeddings = Embeddings(path=str(encoder), content=True, hybrid=True)
    embeddings.index(passages)
    embeddings.save(str(store))


def load(store: Path, encoder: Path, reader: Path, hits: int) -> Answer:
    """Search, then txtai's reader on each passage."""
    from txtai import Embeddings
    from txtai.pipeline import Questions

    embeddings = Embeddings()
    embeddings.load(str(store))
    questions = Questions(str(reader), gpu=False)

    def answer(question: str) -> str | None:
        best: str | None = None
        for found in embeddings.search(question, hits):
            # The pipeline raises where the model finds no answer.
            with suppress(TypeError):
                read = questions([question], [found["text"]])[0]
                best = best or read
        return best

    return answer


if __name__ == "__main__":
    run(index, load)
