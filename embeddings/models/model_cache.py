"""Model cache: models converted once, kept for every start after the first."""

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
from embeddings.models.model_folder import file_sha256, sums_of, write_sums
from embeddings.models.onnx_model import lay_out
from embeddings.models.precision import Precision, cache_name, convert_precision

CACHE = user_cache_path("chapter-and-verse", appauthor=False) / "models"

REFUSED = "REFUSED"
"""File with the reason why there is nothing else: it is not tried again at every start."""

LAYOUT = 1
"""Raised whenever the way changes in which graphs are laid out."""

IN_PYTORCH = "in PyTorch, which starts and answers more slowly"
"""How a model runs that was not converted from there."""

ROOM = 1 << 28
"""Bytes: with less of it free on the disk, a failure may have no other reason."""

_log = logging.getLogger(__name__)

Served = TypeVar("Served")


def served(
    name: str,
    key: str,
    convert: Callable[[Path], None],
    serve: Callable[[Path], Served],
    unconverted: Callable[[], Served],
    otherwise: str,
) -> Served:
    """A model as it runs: converted, now or at an earlier start, or as it is where it cannot be.

    Args:
        name: Of the model, for whoever waits for it.
        key: As for ``kept``.
        convert: Called with an empty folder to convert the model into.
        serve: What runs it from that folder.
        unconverted: What runs it otherwise.
        otherwise: How it runs then.
    """

    def make(to: Path) -> None:
        _log.warning("Preparing the %s; this takes some seconds, once.", name)
        convert(to)

    try:
        return serve(kept(key, make))
    except (NotConvertible, OSError) as why:
        _log.warning(
            "The %s runs %s: it cannot be converted and kept in %s (%s).",
            name,
            otherwise,
            CACHE,
            why,
        )
        return unconverted()


def load_graph(
    name: str,
    kind: str,
    graph: Path,
    sha256: str,
    precision: Precision,
    check: Callable[[], None],
    serve: Callable[[Path, Remedy], Served],
    remedy: Remedy,
) -> Served:
    """A model that is an ONNX file already: laid out and in a precision, or from its own file.

    Args:
        name: As for ``served``.
        kind: Under which it is kept.
        graph: The file.
        sha256: Of the file.
        precision: In which it is to compute.
        check: Called before the file is read.
        serve: What runs a graph; it is given what to do if that cannot be used.
        remedy: What to do if the file itself cannot be.
    """

    def make(to: Path) -> None:
        check()
        lay_out(graph, to / graph.name)
        convert_precision(precision, to / graph.name)

    def as_it_is() -> Served:
        check()
        return serve(graph, remedy)

    return served(
        name,
        f"{cache_name(kind, precision)}-{LAYOUT}-{sha256}",
        make,
        lambda place: serve(place / graph.name, Remedy.DELETE_CONVERTED),
        as_it_is,
        "from its own file, which takes more memory",
    )


def kept(key: str, make: Callable[[Path], None], cache: Path | None = None) -> Path:
    """The folder that ``make`` filled, now or at an earlier start.

    What is kept is compared with its checksums and made anew where it was damaged. A process
    that is killed while it makes something leaves nothing that another would take for whole,
    and of two that start at once the second waits for the first.

    Args:
        key: Names what is made, and changes with everything that it is made from: a kind, the
            version of how it is made, and more, with hyphens between. Other versions of a kind
            are removed.
        make: Called with an empty folder to fill.
        cache: Where it is kept; in the user's cache folder if it is left out.

    Raises:
        NotConvertible: ``make`` said so, now or then.
        OSError: It cannot be kept there.
    """
    cache = cache or CACHE
    folder = cache / key
    if not _is_whole(folder):
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "writer.lock"):
            if not _is_whole(folder):
                _make(folder, make)
    refused = folder / REFUSED
    if refused.is_file():
        raise NotConvertible(refused.read_text(encoding="utf-8"))
    return folder


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    new = folder.with_name(f"{folder.name}.new")
    for left in (new, folder):
        if left.exists():
            shutil.rmtree(left)
    _remove_other_versions(folder)
    new.mkdir()
    try:
        try:
            make(new)
        except NotConvertible as why:
            if shutil.disk_usage(new).free < ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(new)) from why
            shutil.rmtree(new)
            new.mkdir()
            (new / REFUSED).write_text(why.what, encoding="utf-8")
        write_sums(new, [path.name for path in new.iterdir()])
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _remove_other_versions(folder: Path) -> None:
    kind, *rest = folder.name.split("-")
    for other in folder.parent.glob(f"{kind}-*"):
        if other.name.split("-")[1:2] != rest[:1]:
            # Windows keeps what another process runs; it goes with the next version.
            shutil.rmtree(other, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    try:
        sums = sums_of(folder)
        return bool(sums) and all(file_sha256(folder / name) == sums[name] for name in sums)
    except (OSError, ValueError):
        return False
