"""Model cache: models converted once, then loaded from the user's cache folder."""

import errno
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from platformdirs import user_cache_path

from embeddings.errors import NotConvertible, Remedy
from embeddings.file_system import file_sha256
from embeddings.models.model_folder import read_checksums, write_checksums
from embeddings.models.onnx_model import write_external_weights
from embeddings.models.precision import Precision, cache_name, convert_precision

CACHE = user_cache_path("chapter-and-verse", appauthor=False) / "models"

REFUSED = "REFUSED"
"""File with the reason why a model cannot be converted, so that later starts do not try again."""

LAYOUT = 1
"""Version of how graphs are written; raised whenever that changes."""

IN_PYTORCH = "in PyTorch, which starts and answers more slowly"
"""How a model runs that cannot be converted."""

MIN_FREE_BYTES = 1 << 28
"""With less free space, a failed conversion is taken for a full disk. Chosen by hand: a multiple of
the largest packaged model."""

_log = logging.getLogger(__name__)

Model = TypeVar("Model")


def load_converted(
    name: str,
    key: str,
    convert: Callable[[Path], None],
    load: Callable[[Path], Model],
    load_original: Callable[[], Model],
    fallback: str,
) -> Model:
    """A converted model; the original where it cannot be converted or cached.

    Args:
        name: Of the model, for log messages.
        key: As for ``cached``.
        convert: Writes the converted model into an empty folder.
        load: Loads the converted model from that folder.
        load_original: Loads the model without conversion.
        fallback: How the original runs, for the log message.
    """

    def fill(to: Path) -> None:
        _log.warning("Preparing the %s; this takes some seconds, once.", name)
        convert(to)

    try:
        return load(cached(key, fill))
    except (NotConvertible, OSError) as why:
        _log.warning(
            "The %s runs %s: it cannot be converted and cached in %s (%s).",
            name,
            fallback,
            CACHE,
            why,
        )
        return load_original()


def load_graph(
    *,
    name: str,
    kind: str,
    graph: Path,
    sha256: str,
    precision: Precision,
    check: Callable[[], None],
    load: Callable[[Path, Remedy], Model],
    remedy: Remedy,
) -> Model:
    """A model that is an ONNX file already: its cached copy in a precision, or the file itself.

    Args:
        name: As for ``load_converted``.
        kind: First part of its cache key.
        graph: The file.
        sha256: Of the file.
        precision: In which it is to compute.
        check: Called before the file is read.
        load: Loads a graph; its second argument is what to do if the graph cannot be loaded.
        remedy: What to do if ``graph`` itself cannot be loaded.
    """

    def convert(to: Path) -> None:
        check()
        write_external_weights(graph, to / graph.name)
        convert_precision(precision, to / graph.name)

    def load_original() -> Model:
        check()
        return load(graph, remedy)

    return load_converted(
        name,
        f"{cache_name(kind, precision)}-{LAYOUT}-{sha256}",
        convert,
        lambda folder: load(folder / graph.name, Remedy.DELETE_CONVERTED),
        load_original,
        "from its own file, which takes more memory",
    )


def cached(key: str, fill: Callable[[Path], None], cache: Path | None = None) -> Path:
    """The folder that ``fill`` filled, now or at an earlier start.

    Cached files are compared with their checksums; a damaged folder is filled again. A process
    that is killed meanwhile leaves no folder that another would take for complete. Of two
    processes that start at once, the second waits for the first.

    Args:
        key: A kind, a version, and whatever else the content depends on, joined by hyphens. Other
            versions of the kind are removed.
        fill: Called with an empty folder.
        cache: Holds the folder; the user's cache folder by default.

    Raises:
        NotConvertible: Raised by ``fill``, now or at an earlier start.
        OSError: The cache cannot be written.
    """
    cache = cache or CACHE
    folder = cache / key
    if not _is_complete(folder):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "writer.lock"):
            if not _is_complete(folder):
                _fill(folder, fill)
    refused = folder / REFUSED
    if refused.is_file():
        raise NotConvertible(refused.read_text(encoding="utf-8"))
    return folder


def _fill(folder: Path, fill: Callable[[Path], None]) -> None:
    new = folder.with_name(f"{folder.name}.new")
    for left in (new, folder):
        if left.exists():
            shutil.rmtree(left)
    _remove_other_versions(folder)
    new.mkdir()
    try:
        try:
            fill(new)
        except NotConvertible as why:
            if shutil.disk_usage(new).free < MIN_FREE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(new)) from why
            shutil.rmtree(new)
            new.mkdir()
            (new / REFUSED).write_text(why.what, encoding="utf-8")
        write_checksums(new, [path.name for path in new.iterdir()])
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _remove_other_versions(folder: Path) -> None:
    kind, *rest = folder.name.split("-")
    for other in folder.parent.glob(f"{kind}-*"):
        if other.name.split("-")[1:2] != rest[:1]:
            # Windows cannot delete files in use; they are removed with the next version.
            shutil.rmtree(other, ignore_errors=True)


def _is_complete(folder: Path) -> bool:
    try:
        sums = read_checksums(folder)
        return bool(sums) and all(file_sha256(folder / name) == sums[name] for name in sums)
    except (OSError, ValueError):
        return False
