"""Model folders: finding a model, verifying its files, and reading its settings."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from tokenizers import Tokenizer

from embeddings.errors import ModelError, Remedy
from embeddings.file_system import file_sha256

SUMS = "SHA256SUMS"
"""File with the SHA-256 of a folder's other files, as ``sha256sum`` writes it."""

TOKENIZER = "tokenizer.json"
"""File with a model's tokenizer, in the format of the ``tokenizers`` library."""

# The files that decide a model's outputs.
_MODEL_FILES = (
    "*.safetensors",
    TOKENIZER,
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "*/config.json",
    "*/*.safetensors",
)


def folder_of(name: str) -> Path:
    """The folder of a model: a local one, else one downloaded from the hub.

    Raises:
        ModelError: There is no such model.
    """
    if is_folder(name):
        return Path(name).resolve()
    return _fetch(name)


def is_folder(name: str) -> bool:
    """Whether the name is a folder's."""
    try:
        return Path(name).is_dir()
    except OSError:  # too long for a file's name
        return False


def _fetch(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(name, allow_patterns=["*.json", "*.txt", "*.safetensors", "*.model"])
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f'"{name}" is neither a folder nor available from the hub',
            remedy=Remedy.CHECK_MODEL_NAME,
            detail=reason,
        ) from error


def check_sha256(path: Path, expected: str, remedy: Remedy) -> None:
    """Make sure that a file is the published one.

    Raises:
        ModelError: It is missing or another.
    """
    if not path.is_file():
        raise ModelError("is missing", path, remedy)
    found = file_sha256(path)
    if found != expected:
        raise ModelError(f"is not the published file (SHA-256 {found})", path, remedy)


def read_checksums(folder: Path) -> dict[str, str]:
    """SHA-256 by file name, as written by ``write_checksums``.

    Raises:
        OSError: There is no such file.
        ValueError: It is no list of checksums.
    """
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """Write the SHA-256 of those files of the folder to ``SUMS``."""
    lines = [f"{file_sha256(folder / name)}  {name}\n" for name in sorted(names)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def digest_of(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """SHA-256 over the files that decide a model's outputs.

    Args:
        folder: Of the model.
        known: SHA-256 of files whose digests are known already, by name.

    Raises:
        ModelError: It holds no weights in a format that cannot run code.
    """
    files = sorted({path for pattern in _MODEL_FILES for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in files):
        raise ModelError("has no weights in safetensors format", folder, Remedy.CHOOSE_SAFETENSORS)
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name} {known.get(name) or file_sha256(path)}\n".encode())
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, object]:
    """The settings in a file.

    Raises:
        ModelError: The file cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            "has settings that cannot be read", path, Remedy.INSTALL_MODEL_AGAIN, detail=error
        ) from error
    if not isinstance(content, dict):
        raise ModelError("has settings that are no JSON object", path, Remedy.INSTALL_MODEL_AGAIN)
    return content


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model, without truncation and padding; shared, so not to be modified.

    Raises:
        ModelError: There is none, or it cannot be read.
    """
    path = folder / TOKENIZER
    if not path.is_file():
        raise ModelError(f"has no {TOKENIZER}", folder, Remedy.CHOOSE_ANOTHER_MODEL)
    return _tokenizer_at(path)


@lru_cache(maxsize=8)
def token_starts(path: Path) -> Callable[[str], list[int]]:
    """A function from a text to the offset of each of its tokens, without special tokens.

    Args:
        path: Of the tokenizer.

    Raises:
        ModelError: It cannot be read.
    """
    tokenizer = _tokenizer_at(path)

    def starts(text: str) -> list[int]:
        return [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]

    return starts


def _tokenizer_at(path: Path) -> Tokenizer:
    try:
        return _tokenizer(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises no narrower class
        raise ModelError(
            "has a tokenizer that cannot be read", path, Remedy.INSTALL_MODEL_AGAIN, detail=error
        ) from error


@lru_cache(maxsize=8)
def _tokenizer(content: str) -> Tokenizer:
    tokenizer = Tokenizer.from_str(content)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
