"""Records: what the index stores of its folders, files, documents and passages."""

from dataclasses import dataclass

from embeddings.models.encoder import EncoderModel
from embeddings.passages import Passage


@dataclass(frozen=True, slots=True)
class Header:
    """What the index was made with, and how often its passages have changed since.

    Attributes:
        library: Its name, 32 hexadecimal digits that no other index has.
        encoder: That made its vectors.
        dimension: Of the vectors.
        generation: Number of changes.
        stamp: 32 hexadecimal digits, other ones after each change: of two copies of an index
            that went different ways, the same generation has different ones.
        sources: Number of files that were looked at.
        documents: Number of documents.
        passages: Number of passages.
        digest: Sum of the checksums of all rows, 16 hexadecimal digits.
    """

    library: str
    encoder: EncoderModel
    dimension: int
    generation: int
    stamp: str
    sources: int = 0
    documents: int = 0
    passages: int = 0
    digest: str = f"{0:016x}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was looked at: it holds a document, or there was a problem with it.

    Both where it cannot be read for now: the document is what it held when it was read last.

    Attributes:
        path: The folder's name in the library, then the path inside it: "docs/guide/ask.md".
        folder: The folder's name in the library.
        size: Bytes.
        mtime_ns: Time of the last change of its content, nanoseconds since 1970.
        ctime_ns: Time of the last change of content or owner or name, likewise.
        checked_ns: When it was read, likewise.
        sha256: Of the file's bytes.
        document: Id of its document.
        problem: Why it has none, or why it could not be read again.
        set_aside: Whether a run was killed or crashed while it was reading this file; the file is
            not read again unless that is asked for.
    """

    path: str
    folder: str
    size: int
    mtime_ns: int
    ctime_ns: int
    checked_ns: int
    sha256: str
    document: int | None = None
    problem: str | None = None
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a citation says about its document, without the document's text.

    Attributes:
        id: Never used again for another document.
        paths: Every path at which this content lies, sorted.
        title: Of the document.
        sha256: Of the file's bytes.
        page_starts: As in ``Document``.
        indexed_at: ISO 8601, UTC.
        passages: Number of its passages.
        characters: Of its text.
        parts: In which it can be read.
        modified_ns: For each path, when the file there was changed last, as in ``Source``.
        page_labels: As in ``Document``.
        not_read: As in ``Document``.
    """

    id: int
    paths: tuple[str, ...]
    title: str
    sha256: str
    page_starts: tuple[int, ...]
    indexed_at: str
    passages: int
    characters: int
    parts: int
    modified_ns: tuple[int, ...]
    page_labels: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()

    def title_at(self, path: str) -> str:
        """The title, as it is at one of the document's paths.

        A file's name stands for the title where a document has none. It was that of the file which
        was read first; who sees another file must not be told its name.

        Args:
            path: In the library.
        """
        names = {each.rpartition("/")[2] for each in self.paths}
        return path.rpartition("/")[2] if self.title in names else self.title


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with its id and that of its document."""

    id: int
    document: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """What a check of all that is stored found.

    Attributes:
        corrupted: What is corrupted, one sentence each.
        missing: What had been committed and is missing, one sentence each.
        documents: Number of documents; 0 if anything is corrupted or missing, as below.
        passages: Number of passages.
        misaligned: Path and offset of passages that are not what their documents say there.
        saved_vectors: Number of vectors in the file of this generation; none if there is no
            such file.
    """

    corrupted: tuple[str, ...]
    missing: tuple[str, ...]
    documents: int = 0
    passages: int = 0
    misaligned: tuple[tuple[str, int], ...] = ()
    saved_vectors: int | None = None
