"""Settings: everything a user can change, with its unit and default.

Each can be given in Python, ``Settings(threshold=0.6)``, or in the environment with the
prefix ``QA_``: ``QA_THRESHOLD=0.6``. Reading limits are nested: ``QA_LIMITS__SECONDS=120``.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field, PositiveInt, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from embeddings.files.limits import NO_OCR, Limits
from embeddings.index.index import DEFAULT_INDEX
from embeddings.models.encoder import DEFAULT_MODEL
from embeddings.models.precision import PrecisionChoice

DEFAULT_WORD_WEIGHT = 0.3
"""Default share of the word score. Chosen on questions of the training sets, not on those of the
figures."""

DEFAULT_READER = "chapter-and-verse-reader"
"""Name of the packaged reader; any other is looked for as a folder, then on the hub."""

FORM_BYTES = 10_000
"""Size of the fields of an upload form beside each file. An upper bound, chosen by hand."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Limits of what users add to a library in the chat. Chosen by hand."""

    files: PositiveInt = 20  # at a time
    file_bytes: PositiveInt = 50_000_000  # of one file
    documents: PositiveInt = 1_000  # kept in all
    total_bytes: PositiveInt = 1_000_000_000  # of all that are kept

    @property
    def batch_bytes(self) -> int:
        """Limit of one upload, with the fields of its form."""
        return self.files * (self.file_bytes + FORM_BYTES)


class Settings(BaseSettings):
    """The settings, validated when they are created."""

    model_config = SettingsConfigDict(
        env_prefix="QA_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    index: Path = DEFAULT_INDEX
    """Folder of the index, the same for chat, command line and Python."""

    encoder: str = DEFAULT_MODEL
    """The packaged model, a folder with a sentence-transformers model, or a name on the hub."""

    reader: str = DEFAULT_READER
    """The packaged model, a folder with an extractive question-answering model, or a name on the
    hub."""

    precision: PrecisionChoice = "auto"
    """In which these, and the question rewriting model, compute: ``float32``, ``int8``, or
    ``auto``, which is int8 where the processor has instructions for it and the model is a
    packaged one, on which it was measured."""

    hits: int = Field(default=12, ge=1, le=1000)
    """Passages read for a question. Chosen by hand; not fitted."""

    word_weight: float = Field(default=DEFAULT_WORD_WEIGHT, ge=0, le=1)
    """Share of the word score (BM25) in a hit's score; the rest is the cosine's."""

    threshold: float = Field(default=0.3, ge=0, le=1)
    """Confidence (a probability) below which the documents are said not to answer. The default is
    the best threshold on the questions on which the packaged reader's confidence was fitted; see
    its model card."""

    question_characters: int = Field(default=2_000, ge=1)
    """Longest question taken."""

    ocr: str = Field(default=NO_OCR, pattern=r"^[A-Za-z_]+(\+[A-Za-z_]+)*$")
    """Languages in which Tesseract, if it is installed, recognises scanned pages: ``eng+deu``. It
    takes some seconds a page: long scans need more of ``limits.seconds``."""

    limits: Limits = Field(default=Limits(), validate_default=True)
    """Bounds on reading one file."""

    uploads: UploadLimits = UploadLimits()
    """Limits of what users add in the chat."""

    @field_validator("limits")
    @classmethod
    def _recognise(cls, limits: Limits, info: ValidationInfo) -> Limits:
        return replace(limits, ocr=info.data.get("ocr", NO_OCR)) if limits.ocr == NO_OCR else limits
