"""Model cache: models converted once, kept for every start after the first."""

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from embeddings.model_folder import file_sha256, sums_of, write_sums

CACHE = user_cache_path("chapter-and-verse", appauthor=False) / "models"


def kept(key: str, make: Callable[[Path], None], cache: Path | None = None) -> Path:
    """The folder that ``make`` filled, now or at an earlier start.

    What is kept is compared with its checksums and made anew where it was damaged. A process
    that is killed while it makes something leaves nothing that another would take for whole,
    and of two that start at once the second waits for the first.

    Args:
        key: Names what is made, and changes with everything that it is made from.
        make: Called with an empty folder to fill.
        cache: Where it is kept; in the user's cache folder if it is left out.

    Raises:
        OSError: It cannot be kept there.
    """
    cache = cache or CACHE
    folder = cache / key
    if _is_whole(folder):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "writer.lock"):
        if _is_whole(folder):
            return folder
        new = cache / f"{key}.new"
        for left in (new, folder):
            if left.exists():
                shutil.rmtree(left)
        new.mkdir()
        try:
            make(new)
            write_sums(new, [path.name for path in new.iterdir()])
            new.rename(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return folder


def _is_whole(folder: Path) -> bool:
    try:
        sums = sums_of(folder)
        return bool(sums) and all(file_sha256(folder / name) == sums[name] for name in sums)
    except (OSError, ValueError):
        return False
