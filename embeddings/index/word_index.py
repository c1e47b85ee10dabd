"""Word index: BM25 over the occurrences that FTS5 keeps, without its way of ranking.

FTS5 keeps the words of all passages, brought up to date in the transaction that changes them.
Its own ``bm25`` scores every passage that holds any word of the question, one by one: at
100,000 passages that is nine tenths of the time. The same scores are computed here from the
occurrences, for all passages at once, and lengths are fetched only for those that can be among
the best.
"""

import json
import math
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
"""Of Okapi BM25, as FTS5 has them."""

MIN_IDF = 1e-6
"""Of a term that more than half of the passages hold, as in FTS5."""

MAX_CACHED_OCCURRENCES = 4_000_000
"""Cached from one question to the next, 8 bytes each: common words come again. Chosen by hand."""

MAX_CACHED_TOKENS = 2_000
"""Of them, since a token that stands nowhere takes room, too: there is no end of such tokens."""

Occurrences = NDArray[np.int64]
"""Positions of a token, sorted: passage, column and offset in one number."""

_PASSAGE, _COLUMN = 1 << 32, 1 << 31


class WordIndex:
    """Searches the words of a database's passages, for one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, tokenizer: str) -> None:
        self._connection = connection
        # Cuts a question into tokens just as passages were cut.
        self._tokenizer = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._tokenizer.execute(
            "CREATE VIRTUAL TABLE question "
            f"USING fts5 (term, content = '', tokenize = '{tokenizer}')"
        )
        self._tokenizer.execute("CREATE VIRTUAL TABLE token USING fts5vocab (question, instance)")
        self._cache: OrderedDict[str, Occurrences] = OrderedDict()
        self._state: tuple[str, int] | None = None

    def close(self) -> None:
        """Release the tokenizer."""
        self._tokenizer.close()

    def search(
        self, terms: Sequence[str], limit: int, stamp: str, among: NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        """The passages with the highest BM25 scores: (passage id, score), best first.

        Args:
            terms: Words or phrases; a passage need not hold all of them.
            limit: Number of passages at most.
            stamp: Of the passages; occurrences are cached while it is the same.
            among: Ids to choose from; all if it is left out.
        """
        if limit < 1:
            return []
        # What a transaction has changed so far has no stamp of its own.
        state = stamp, self._connection.total_changes
        if state != self._state:
            self._state = state
            self._cache.clear()
        self._connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.occurrence "
            "USING fts5vocab (main, words, instance)"
        )
        count, tokens = self._totals()
        if not count:
            return []
        passages, frequencies, weights = [], [], []
        for phrase in self._phrases(terms):
            ids, found = _counts(self._occurrences(phrase) // _PASSAGE)
            idf = math.log((count - len(ids) + 0.5) / (len(ids) + 0.5))
            weights.append(np.full(len(ids), idf if idf > 0 else MIN_IDF))
            passages.append(ids)
            frequencies.append(found)
        if not passages:
            return []
        ids, at = np.unique(np.concatenate(passages), return_inverse=True)
        frequency, weight = np.concatenate(frequencies), np.concatenate(weights)

        def scores(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
            damping = K1 * (1 - B + B * lengths[at] / (tokens / count))
            parts = weight * (frequency * (K1 + 1)) / (frequency + damping)
            return np.bincount(at, parts, len(ids)).astype(np.float64, copy=False)

        allowed = np.ones(len(ids), dtype=bool) if among is None else np.isin(ids, among)
        if not allowed.any():
            return []
        # No passage scores higher than one of no length would. First come the lengths of those that
        # score highest at the mean length: what cannot beat the worst of them is skipped.
        likely = np.where(allowed, scores(np.full(len(ids), tokens / count)), -np.inf)
        count_first = min(2 * limit, int(allowed.sum()))
        first = np.argpartition(-likely, count_first - 1)[:count_first]
        lengths = np.full(len(ids), np.inf)
        self._read_lengths(lengths, ids, first)
        exact = scores(lengths)
        least = np.sort(exact[first])[-limit] if len(first) >= limit else -np.inf
        bound = scores(np.zeros(len(ids)))
        rest = np.flatnonzero(allowed & (bound >= least) & np.isinf(lengths))
        if len(rest):
            self._read_lengths(lengths, ids, rest)
            exact = scores(lengths)
        known = np.flatnonzero(np.isfinite(lengths))
        best = known[np.lexsort((ids[known], -exact[known]))][:limit]
        return [(int(ids[row]), float(exact[row])) for row in best]

    def _phrases(self, terms: Sequence[str]) -> list[list[str]]:
        """Each term as the tokens it is indexed under; several where it is a phrase."""
        self._tokenizer.execute("INSERT INTO question (question) VALUES ('delete-all')")
        rows = [
            # Halves of surrogate pairs cannot be stored, and stand in no passage.
            (number, term.replace("\0", " ").encode("utf-8", "replace").decode())
            for number, term in enumerate(terms)
        ]
        self._tokenizer.executemany("INSERT INTO question (rowid, term) VALUES (?, ?)", rows)
        found = self._tokenizer.execute('SELECT doc, term FROM token ORDER BY doc, "offset"')
        return [[token for _, token in group] for _, group in groupby(found, lambda row: row[0])]

    def _occurrences(self, phrase: Sequence[str]) -> Occurrences:
        """Positions of the last token of a phrase, right behind the others."""
        found = self._occurrences_of_token(phrase[0])
        for token in phrase[1:]:
            found = _intersection(found + 1, self._occurrences_of_token(token))
        return found

    def _occurrences_of_token(self, token: str) -> Occurrences:
        cached = self._cache.get(token)
        if cached is not None:
            self._cache.move_to_end(token)
            return cached
        (numbers,) = self._connection.execute(
            f"SELECT group_concat(doc * {_PASSAGE} + iif(col = 'text', {_COLUMN}, 0) + \"offset\")"
            " FROM temp.occurrence WHERE term = ?",
            (token,),
        ).fetchone()
        found = np.fromstring(numbers or "", dtype=np.int64, sep=",")
        if (found[1:] < found[:-1]).any():  # They come sorted, which SQLite does not promise.
            found.sort()
        self._cache[token] = found
        if len(self._cache) > MAX_CACHED_TOKENS:
            self._cache.popitem(last=False)
        while sum(map(len, self._cache.values())) > MAX_CACHED_OCCURRENCES and len(self._cache) > 1:
            self._cache.popitem(last=False)
        return found

    def _totals(self) -> tuple[int, int]:
        """Number of passages, and of tokens in all of them."""
        # https://www.sqlite.org/fts5.html: the record with id 1 holds them.
        rows = self._connection.execute("SELECT block FROM words_data WHERE id = 1").fetchall()
        count, *columns = next((_varints(block) for (block,) in rows if block), [0])
        return count, sum(columns)

    def _read_lengths(
        self, lengths: NDArray[np.float64], ids: NDArray[np.int64], at: Occurrences
    ) -> None:
        wanted = json.dumps(ids[at].tolist())
        rows = self._connection.execute(
            "SELECT id, sz FROM words_docsize WHERE id IN (SELECT value FROM json_each(?))",
            (wanted,),
        )
        length_of = {id: sum(_varints(sizes)) for id, sizes in rows}
        lengths[at] = [length_of.get(id, 0) for id in ids[at].tolist()]


def _intersection(one: Occurrences, other: Occurrences) -> Occurrences:
    """Numbers that are in both, each sorted; the fewer are looked up among the more.

    >>> _intersection(np.array([1, 4, 9]), np.array([4, 5, 9, 11])).tolist()
    [4, 9]
    """
    few, many = sorted((one, other), key=len)
    at = np.searchsorted(many, few)
    there = at < len(many)
    there[there] = many[at[there]] == few[there]
    return few[there]


def _counts(passages: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different ones among sorted numbers, and how often each is there.

    >>> [found.tolist() for found in _counts(np.array([3, 3, 7]))]
    [[3, 7], [2, 1]]
    """
    first = np.flatnonzero(np.diff(passages, prepend=-1))
    return passages[first], np.diff(first, append=len(passages))


def _varints(block: bytes) -> list[int]:
    """SQLite's numbers of variable length: 7 bits a byte, the high bit says that more follow.

    >>> _varints(bytes([5, 0x81, 0x00]))
    [5, 128]
    """
    found: list[int] = []
    number = 0
    for byte in block:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            found.append(number)
            number = 0
    return found
