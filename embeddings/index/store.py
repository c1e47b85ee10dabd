"""Store: the SQLite database that holds documents, passages and vectors.

Everything else (the FAISS file) is derived from it. A document is written in one
transaction: after a kill at any moment it is stored completely or not at all. SQLite notices
few flipped bits by itself, so each row carries a checksum that is compared whenever the
row is read. A missing row fails no checksum, so the header holds the number of rows and the sum
of their checksums. SQLite silently drops what a damaged write-ahead log held, so each commit is
recorded a second time in the commit log.
"""

import uuid
from contextlib import ExitStack
from pathlib import Path

from embeddings.errors import IndexInherited, IndexMissing, IndexNotWritable, Remedy
from embeddings.forking import was_disturbed
from embeddings.index.database import (
    check_format,
    check_tables,
    connect,
    make_tables,
    sqlite_errors,
)
from embeddings.index.records import Header
from embeddings.index.recovery import Recovery
from embeddings.index.rows import header_columns
from embeddings.models.encoder import EncoderModel


class Store(Recovery):
    """One database file. Safe to use from one thread at a time.

    Methods that change something are called inside ``with store.transaction():``. They come from:
    ``Tables`` (rows and checksums), ``DocumentReading``, ``PassageReading``, ``DocumentWriting``,
    ``IntegrityChecks`` and ``Recovery`` (transactions and the commit log).
    """

    @classmethod
    def create(cls, path: Path, encoder: EncoderModel, dimension: int) -> "Store":
        """A new, empty database.

        Raises:
            IndexNotWritable: It cannot be written there.
            ValueError: There is a file already.
        """
        if path.exists():
            raise ValueError(f"expected no file at {path}, found one")
        # Renamed once it is complete: a kill before that leaves no database without tables.
        new = path.with_name(f"{path.name}.new")
        for leftover in (new, new.with_name(f"{new.name}-journal")):
            leftover.unlink(missing_ok=True)
        with sqlite_errors(path):
            store = cls(path, connect(new, create=True))
            try:
                with store._scope("BEGIN IMMEDIATE"):
                    make_tables(store._connection)
                    header = Header(uuid.uuid4().hex, encoder, dimension, 0, uuid.uuid4().hex)
                    store._insert("header", **header_columns(header))
                store._connection.execute("PRAGMA journal_mode = WAL")
            finally:
                store.close()
        for kind in ("-wal", "-shm"):
            # Those of a database that was deleted would be replayed into this one.
            path.with_name(f"{path.name}{kind}").unlink(missing_ok=True)
        new.replace(path)
        store = cls.open(path)
        store._reset_log({})
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """The database at ``path``.

        Raises:
            IndexInherited: This process was forked while another thread was inside SQLite.
            IndexMissing: There is none.
            IndexMismatch: Another version of the format.
            IndexNotWritable: No permission.
            IndexDamaged: It is not such a database, or its header fails its checksum.
        """
        if was_disturbed():
            raise IndexInherited(
                "cannot be opened: an index was in use when this process was forked",
                path.parent,
                Remedy.FORK_EARLIER,
            )
        try:
            exists = path.is_file()
        except OSError as error:
            raise IndexNotWritable(
                f"cannot be opened ({error.strerror})", path.parent, Remedy.ALLOW_READING_INDEX
            ) from error
        if not exists:
            raise IndexMissing("does not exist", path.parent, Remedy.INDEX_FIRST)
        with sqlite_errors(path):
            connection = connect(path)
            with ExitStack() as on_error:
                # Until there is a store, nobody else closes it.
                on_error.callback(connection.close)
                check_format(path, connection)
                check_tables(path, connection)
                on_error.pop_all()
        store = cls(path, connection)
        with ExitStack() as on_error:
            on_error.callback(store.close)
            _ = store.header
            on_error.pop_all()
        return store
