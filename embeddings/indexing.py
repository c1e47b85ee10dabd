"""Indexing: brings the index up to date with a folder.

Only what changed is read, split and encoded; each document is committed by itself, every few
seconds, so an interrupted run continues where it stopped. A file at which a run was killed is set
aside until a run with ``retry``. A file that cannot be read for now keeps its document.
"""

import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from embeddings.document import Document
from embeddings.errors import NothingToRead, Remedy, UnreadableFile
from embeddings.file_system import file_sha256
from embeddings.files.folder import Entry, walk
from embeddings.files.formats import SUFFIXES, format_of, named_format, unsupported
from embeddings.files.limits import Limits
from embeddings.files.loading import DocumentLoader
from embeddings.folders import folder_name, resolved
from embeddings.index.index import STORE_FILE, Index, uploads_beside
from embeddings.index.protocols import SearchIndex
from embeddings.index.records import Source
from embeddings.indexing_report import IndexingProgress, IndexingReport, OnProgress, Skipped
from embeddings.journal import SET_ASIDE, Content, IndexingJournal, signals_as_exit
from embeddings.models.encoder import Encoder, Progress, Vectors
from embeddings.pacing import CommitPace
from embeddings.passages import Passage

DEFAULT_LIMITS = Limits()

BATCH_PASSAGES = 512
"""Most passages encoded at a time, over several documents, so that batches are of like length;
fewer where the machine would take long (``embeddings.pacing``). Chosen by hand."""

READ_AHEAD = 4
"""Files read while others are encoded; more would only take more memory. Chosen by hand."""

REPORT_SECONDS = 1.0
"""Interval at which progress is reported while a file is read. Chosen by hand."""

_Contents = tuple[Document, tuple[Passage, ...]]

RACY_NS = 2_000_000_000
"""A file changed this shortly before it was read may change again within the same time stamp; some
file systems store times in steps of two seconds."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read, to be encoded and committed."""

    source: Source
    format: str
    document: Document
    passages: tuple[Passage, ...]

    @property
    def content(self) -> Content:
        return self.source.sha256, self.format


def open_and_index(
    folder: Path,
    place: Path,
    encoder: Encoder,
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress | None = None,
    retry: bool = False,
) -> tuple[Index, IndexingReport]:
    """The index at ``place``, created if there is none, with the folder as it is now.

    Args:
        folder: As for ``index_folder``, as are the others.
        place: Folder of the index.
        encoder: With which it is or was made.
        limits: Bounds on reading a single file.
        on_progress: Called after each file and each batch of passages.
        retry: Read also files that are set aside.

    Raises:
        ChapterAndVerseError: As ``index_folder`` and ``Index.open_or_create``; a folder that
            cannot be indexed leaves no new index behind.
    """
    entries = walk(resolved(folder), leave_out=_excluded(place))
    if not (place / STORE_FILE).exists() and not any(map(_is_readable, entries)):
        raise _nothing_to_read(folder)
    index = Index.open_or_create(place, encoder)
    with ExitStack() as on_error:
        on_error.callback(index.close)
        report = index_folder(folder, index, encoder, limits, on_progress, retry)
        on_error.pop_all()
    return index, report


def open_folder(folder: Path, place: Path, encoder: Encoder) -> Index:
    """The index at ``place``, created if there is none, in which the folder has a name.

    The folder is not indexed yet, and may be empty.

    Args:
        folder: As for ``index_folder``.
        place: Folder of the index.
        encoder: With which it is or was made.

    Raises:
        ChapterAndVerseError: As ``open_and_index``, apart from ``NothingToRead``.
    """
    location = resolved(folder)
    next(walk(location), None)  # is a folder that can be read
    index = Index.open_or_create(place, encoder)
    with ExitStack() as on_error:
        on_error.callback(index.close)
        with index.writing() as store:
            folder_name(store, location)
        on_error.pop_all()
    return index


def index_folder(
    folder: Path,
    index: SearchIndex,
    encoder: Encoder,
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress | None = None,
    retry: bool = False,
) -> IndexingReport:
    """Make the index hold exactly the readable documents of the folder, as they are now.

    Other folders in the same index stay as they are. Ctrl-C, a kill or an error leaves a
    consistent index with the documents committed so far. After a kill the next run sets aside the
    file that was in work; if there were several, it reads each of them in a batch of its own, last.

    Args:
        folder: With its subfolders.
        index: Made with ``encoder``.
        encoder: Turns passages into vectors.
        limits: Bounds on reading a single file.
        on_progress: Called after each file and each batch of passages, and at least every few
            seconds; the run ends with any error that it raises.
        retry: Read also files that are set aside; meant for runs that somebody watches.

    Raises:
        FolderError: Missing or unreadable.
        NothingToRead: Without any file of a format that is read.
        IndexLocked: Another process is writing.
        IndexMismatch: The index was made with another encoder.
        IndexNotWritable: No room or no permission.
    """
    on_progress = on_progress or (lambda _: None)
    with signals_as_exit():
        return _Run(resolved(folder), index, encoder, limits, on_progress, retry).run()


class _Run:
    """One run over one folder; holds what the steps share."""

    def __init__(
        self,
        folder: Path,
        index: SearchIndex,
        encoder: Encoder,
        limits: Limits,
        on_progress: OnProgress,
        retry: bool,
    ) -> None:
        self.folder = folder
        self.index = index
        self.encoder = encoder
        self.limits = limits
        self.on_progress = on_progress
        self.retry = retry
        self.name = ""
        self.files_done = 0
        self.files = 0
        self.passages = 0
        self.not_read: dict[str, tuple[str, ...]] = {}
        self.pace = CommitPace(BATCH_PASSAGES)

    def run(self) -> IndexingReport:
        started = time.perf_counter()
        self.index.check_encoder(self.encoder.model)
        self.splitting = self.encoder.splitting
        with (
            self.index.writing() as self.store,
            IndexingJournal(self.index.folder) as self.journal,
        ):
            entries = list(walk(self.folder, leave_out=_excluded(self.index.folder)))
            files = [entry for entry in entries if _is_readable(entry)]
            if not files:
                raise _nothing_to_read(self.folder)
            self.name = folder_name(self.store, self.folder)
            self.before = before = self.store.sources(self.name)
            todo = [found for entry in files if (found := self._changed(entry))]
            self.set_aside = self._set_aside()
            self.files = len(todo)
            self._index(todo)
            # Last, so that a file that was renamed is given the passages of its old name.
            removed = self._remove_vanished(entries, files)
            self.index.save_vectors()
            after = self.store.sources(self.name)
            self.store.checkpoint(self.name)
        kept = {path for path, source in after.items() if _is_kept(source)}
        touched = {source.path for _, source in todo} - kept
        documents = {path for path, source in after.items() if source.document is not None}
        had = {path for path, source in before.items() if source.document is not None}
        return IndexingReport(
            name=self.name,
            added=tuple(sorted((documents & touched) - had)),
            changed=tuple(sorted(documents & touched & had)),
            removed=removed,
            unchanged=len(documents - touched),
            skipped=(*self._skipped(entries), *_problems(after)),
            passages=self.passages,
            seconds=time.perf_counter() - started,
            not_read=tuple(sorted(self.not_read.items())),
        )

    def _changed(self, entry: Entry) -> tuple[Entry, Source] | None:
        """The file with its present state, if its content differs from the index."""
        path = f"{self.name}/{entry.path}"
        known = self.before.get(path)
        try:
            now = entry.location.stat()
            stamp = (now.st_size, now.st_mtime_ns, now.st_ctime_ns)
            if known and known.set_aside and self.retry:
                known = None
            if known and _untouched(known, stamp):
                return None
            checked = time.time_ns()
            sha256 = file_sha256(entry.location) if now.st_size <= self.limits.file_bytes else ""
        except OSError as error:
            return entry, self._unreadable(path, error)
        source = Source(path, self.name, *stamp, checked, sha256)
        same = known if known and known.sha256 == sha256 != "" else None
        if same and (same.document is not None or stamp == _stamp(same)):
            # Touched, copied back or readable again: the same content needs no new passages. A
            # problem is kept only if nothing changed, for permissions may have.
            problem = same.problem if same.document is None else None
            again = replace(
                source, document=same.document, problem=problem, set_aside=same.set_aside
            )
            with self.store.transaction():
                self.store.put_source(again)
            return None
        return entry, source

    def _set_aside(self) -> set[Content]:
        """Contents at which runs were killed, in any folder and under any name."""
        sources = self.store.sources().values()
        stored = {_content(source) for source in sources if source.set_aside}
        return stored | self.journal.sole_suspects

    def _remove_vanished(self, entries: list[Entry], files: list[Entry]) -> tuple[str, ...]:
        before = self.before
        there = {f"{self.name}/{entry.path}" for entry in files}
        # A file that cannot be looked at now, or is below such a subfolder, may still exist.
        unknown = {f"{self.name}/{entry.path}" for entry in entries if entry.unreadable}
        gone = [
            path for path in before if path not in there and unknown.isdisjoint(_with_parents(path))
        ]
        if gone:
            with self.store.transaction():
                for path in gone:
                    self.store.drop_source(path)
        return tuple(path for path in gone if before[path].document is not None)

    def _skipped(self, entries: list[Entry]) -> Iterator[Skipped]:
        for entry in entries:
            if entry.problem:
                yield Skipped(f"{self.name}/{entry.path}", entry.problem)
            elif not format_of(entry.location):
                yield Skipped(f"{self.name}/{entry.path}", unsupported(entry.location))

    def _index(self, todo: list[tuple[Entry, Source]]) -> None:
        suspected = self.set_aside | self.journal.joint_suspects
        suspects = [item for item in todo if _content(item[1]) in suspected]
        self._index_batches([item for item in todo if _content(item[1]) not in suspected])
        for item in suspects:
            # In a batch of its own: if the process is killed again, the cause is known.
            self._index_batches([item])

    def _index_batches(self, todo: list[tuple[Entry, Source]]) -> None:
        waiting: list[_Read] = []
        with closing(self._read_ahead(todo)) as reads:
            for read in reads:
                if read is None or self.pace.is_large(read.passages):
                    # A large one gets a batch of its own, so that the others need not wait for it.
                    self._commit(waiting)
                    waiting = []
                if read is not None:
                    waiting.append(read)
                    self.pace.add(read.passages)
                if self.pace.is_due:
                    self._commit(waiting)
                    waiting = []
        self._commit(waiting)

    def _read_ahead(self, todo: list[tuple[Entry, Source]]) -> Generator[_Read | None]:
        """The files that need encoding; the next ones are read while some are encoded.

        None where the next one takes so long that those before it should be committed meanwhile.
        """
        loader, reading = DocumentLoader(self.limits), ThreadPoolExecutor(1)
        pending: deque[tuple[Source, str, Future[_Contents]]] = deque()
        try:
            for entry, source in todo:
                self._report(source.path)
                format = format_of(entry.location)
                assert format is not None, "only files of a known format come here"
                if not self._is_resolved(source, format.name):
                    contents = reading.submit(self._load, loader, entry, source)
                    pending.append((source, format.name, contents))
                if len(pending) > READ_AHEAD:
                    yield from self._loaded(*pending.popleft())
            while pending:
                yield from self._loaded(*pending.popleft())
        finally:
            # Closing ends the read in progress; one that was just about to begin is waited for.
            reading.shutdown(wait=False, cancel_futures=True)
            loader.close()
            reading.shutdown()
            loader.close()

    def _is_resolved(self, source: Source, format: str) -> bool:
        """Whether a problem or a stored document makes reading needless; stores the source then."""
        if source.problem:
            self._put(source)
            return True
        known = self.store.document_id(source.sha256, format) if source.sha256 else None
        if known is not None:
            self._put(replace(source, document=known))
        elif source.sha256 and (source.sha256, format) in self.set_aside and not self.retry:
            self._put(replace(source, problem=SET_ASIDE, set_aside=True))
        else:
            return False
        return True

    def _load(self, loader: DocumentLoader, entry: Entry, source: Source) -> _Contents:
        """Document and passages of the file; runs in the reading thread, without the store."""
        with self.journal.reading(_content(source)):
            contents = loader.load_split(entry.location, self.splitting)
        now = entry.location.stat()
        if (now.st_size, now.st_mtime_ns) != (source.size, source.mtime_ns):
            raise UnreadableFile("changed while it was read; index the folder again")
        return contents

    def _loaded(
        self, source: Source, format: str, contents: Future[_Contents]
    ) -> Iterator[_Read | None]:
        """The file once it is read; nothing if it has a problem, which is stored."""
        if wait([contents], self.pace.seconds_left).not_done:
            yield None
        while wait([contents], REPORT_SECONDS).not_done:
            # Whoever is told may end the run.
            self._report(source.path)
        try:
            document, passages = contents.result()
        except UnreadableFile as error:
            self._put(replace(source, problem=error.what))
        except OSError as error:
            self._put(self._unreadable(source.path, error))
        else:
            yield _Read(source, format, document, passages)

    def _commit(self, waiting: list[_Read]) -> None:
        texts = [passage.search_text for read in waiting for passage in read.passages]
        if not waiting:
            return
        with self.journal.encoding({read.content for read in waiting}):
            started = time.perf_counter()
            vectors = self.encoder.encode(texts, progress=self._encoding(waiting))
            seconds = time.perf_counter() - started
            at = 0
            for read in waiting:
                self._put_document(read, vectors[at : at + len(read.passages)])
                at += len(read.passages)
        self.pace.committed(seconds)

    def _put_document(self, read: _Read, vectors: Vectors) -> None:
        with self.store.transaction():
            # Two files of the batch may have the same content.
            document = self.store.document_id(read.source.sha256, read.format)
            if document is None:
                document = self.store.put_document(
                    read.source.sha256, read.format, read.document, read.passages, vectors
                )
                self.passages += len(read.passages)
            self.store.put_source(replace(read.source, document=document))
        if read.document.not_read:
            self.not_read[read.source.path] = read.document.not_read
        self.journal.complete(read.content)
        self.files_done += 1
        self._report(read.source.path)

    def _encoding(self, waiting: list[_Read]) -> Progress:
        """Reports how many passages of each file are encoded; batches mix files, by length."""
        file_of = [read for read in waiting for _ in read.passages]
        done: Counter[str] = Counter()

        def progress(batch: Sequence[int]) -> None:
            advanced = {file_of[at].source.path: file_of[at] for at in batch}
            done.update(file_of[at].source.path for at in batch)
            for path, read in advanced.items():
                self._report(path, done[path], len(read.passages))

        return progress

    def _put(self, source: Source) -> None:
        with self.store.transaction():
            self.store.put_source(source)
        self.journal.complete(_content(source))
        self.files_done += 1
        self._report(source.path)

    def _unreadable(self, path: str, error: OSError) -> Source:
        """A file that could not be opened: with times that make the next run try again.

        It keeps its document, unless it has just vanished.
        """
        problem = f"cannot be read ({error.strerror})"
        known = self.before.get(path)
        if known and known.document is not None and not isinstance(error, FileNotFoundError):
            return replace(known, checked_ns=0, problem=problem)
        return Source(path, self.name, 0, 0, 0, 0, "", problem=problem)

    def _report(self, path: str, passages_done: int = 0, passages: int = 0) -> None:
        self.on_progress(
            IndexingProgress(self.files_done, self.files, path, passages_done, passages)
        )


def _excluded(index: Path) -> tuple[Path, ...]:
    """Folders that hold no documents if the index is inside the folder to index."""
    return index.resolve(), uploads_beside(index)


def _is_readable(entry: Entry) -> bool:
    return entry.problem is None and format_of(entry.location) is not None


def _nothing_to_read(folder: Path) -> NothingToRead:
    formats = ", ".join(SUFFIXES)
    return NothingToRead(
        f"holds no file that can be read; formats read: text, {formats}",
        folder,
        Remedy.CHOOSE_FOLDER,
    )


def _content(source: Source) -> Content:
    # By its name alone, for the path is inside of the library.
    format = named_format(Path(source.path))
    return source.sha256, format.name if format else ""


def _untouched(known: Source, stamp: tuple[int, int, int]) -> bool:
    """Whether size and times show that the file has not changed since it was read."""
    unambiguous = max(known.mtime_ns, known.ctime_ns) < known.checked_ns - RACY_NS
    return unambiguous and stamp == _stamp(known)


def _stamp(source: Source) -> tuple[int, int, int]:
    return source.size, source.mtime_ns, source.ctime_ns


def _problems(sources: dict[str, Source]) -> Iterator[Skipped]:
    for path, source in sources.items():
        if source.problem:
            yield Skipped(path, source.problem, _is_kept(source))


def _with_parents(path: str) -> Iterator[str]:
    """A library path and those of the folders that it lies in.

    >>> list(_with_parents("docs/guide/ask.md"))
    ['docs/guide/ask.md', 'docs', 'docs/guide']
    """
    yield path
    yield from (path[:at] for at, letter in enumerate(path) if letter == "/")


def _is_kept(source: Source) -> bool:
    """Whether a file could not be read for now and keeps its document."""
    return source.problem is not None and source.document is not None
