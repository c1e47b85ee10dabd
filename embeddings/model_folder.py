"""Folders of models: where a model lies, that it is the one it should be, and its settings."""

import hashlib
import json
from pathlib import Path

from tokenizers import Tokenizer

from embeddings.errors import ModelError


def folder_of(name: str) -> Path:
    """The folder of a model: one on the disk, else the hub's, fetched if it is not here yet.

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
            f'There is no model "{name}": it is no folder here, and the hub does not give it '
            f"({reason}). Check the name, or name a folder that holds the model."
        ) from error


def check_sha256(path: Path, expected: str, remedy: str) -> None:
    """Make sure that a file is the published one.

    Raises:
        ModelError: It is missing or another; the message ends with ``remedy``.
    """
    if not path.is_file():
        raise ModelError(f"{path} is missing; {remedy}.")
    found = file_sha256(path)
    if found != expected:
        raise ModelError(f"{path} is not the published file (SHA-256 {found}); {remedy}.")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(path: Path) -> dict[str, object]:
    """The settings in a file.

    Raises:
        ModelError: The file cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); install the model again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a model's settings; install the model again.")
    return content


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model, which neither cuts nor pads.

    Raises:
        ModelError: There is none, or it cannot be read.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelError(f"The model at {folder} has no tokenizer.json; choose another.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises no narrower class
        raise ModelError(f"{path} cannot be read ({error}); install the model again.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
