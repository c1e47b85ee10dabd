"""Integrity: checks of the database, the quick ones at each opening and those that read all."""

from collections.abc import Iterator

from embeddings.errors import IndexDamaged, IndexNotWritable
from embeddings.index.database import damaged
from embeddings.index.read_passages import PassageReading
from embeddings.index.tables import TABLES, Totals


class IntegrityChecks(PassageReading):
    """Checks what is stored."""

    def check(self) -> None:
        """Check what can be checked at each opening: all but the texts and their vectors.

        Raises:
            IndexDamaged: Something is wrong.
        """
        for table in ("folder", "source", "document"):
            lines = [line for (line,) in self._rows(f"PRAGMA integrity_check({table})")]
            if lines != ["ok"]:
                raise damaged(self.path, f"fails SQLite's check ({lines[0]})")
        with self.snapshot():
            self.check_counts()

    def check_counts(self) -> None:
        """Compare how many files and documents there are with how many there should be.

        Raises:
            IndexDamaged: Some are missing.
        """
        header = self.header
        for table, expected in (("source", header.sources), ("document", header.documents)):
            (count,) = self._integers(f"SELECT count(*) FROM {table} NOT INDEXED")
            self._require_rows(table, count, expected)

    def misaligned_passages(self) -> Iterator[tuple[str, int]]:
        """Path and offset of passages that are not what their documents say there."""
        for id, facts in self.documents().items():
            text = self.document(id).text
            for stored in self.passages_of(id):
                passage = stored.passage
                if text[passage.start : passage.end] != passage.text:
                    yield facts.paths[0], passage.start

    def corruption(self) -> list[str]:
        """What is corrupted, one sentence each; reads all of the database."""
        found = [*self._sqlite_errors(), *self._word_index_errors()]
        totals = Totals()
        for table in ("header", *TABLES):
            found += self._checksum_errors(table, totals)
        if not found:
            header = self.header
            expected = {
                "source": header.sources,
                "document": header.documents,
                "passage": header.passages,
            }
            if expected != totals.rows or int(header.digest, 16) != totals.digest % 2**64:
                found.append("Rows are missing: the checksums of the others do not add up.")
        return found

    def _sqlite_errors(self) -> list[str]:
        try:
            rows = self._rows("PRAGMA integrity_check")
        except IndexDamaged as error:
            return [f"{error.summary}."]
        return [f"SQLite: {line}" for (line,) in rows if line != "ok"]

    def _word_index_errors(self) -> list[str]:
        try:
            self._rows("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        except IndexDamaged:
            return ["The word index does not agree with the passages."]
        except IndexNotWritable:
            # The check has the form of an insertion: without permission to write it is left out.
            pass
        return []

    def _checksum_errors(self, table: str, totals: Totals) -> list[str]:
        """Rows of a table that fail their checksums; the others are added to the totals."""
        found = []
        try:
            # A row at a time: a single document may hold tens of megabytes.
            for row in self._each_row(f"SELECT * FROM {table}"):
                try:
                    totals.add(table, self._verified(table, row)["checksum"])
                except IndexDamaged as error:
                    found.append(f"{error.summary}.")
        except IndexDamaged as error:
            found.append(f"{error.summary}.")
        return found
