"""Torch encoder: a sentence-transformers model in PyTorch, and its conversion to ONNX.

PyTorch is imported here and, for readers, in ``qa/reading/transformers_reader.py`` alone: at
the first start with a model, to convert it, or for a model that cannot be converted.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from embeddings.errors import ModelError, NotConvertible, Remedy
from embeddings.models.onnx_encoder import (
    GRAPH,
    EmbeddingConfig,
    OnnxEncoder,
    Progress,
    Role,
    Vectors,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH_SIZE = 32

COMPARED = (
    "When was it founded?",
    "In February 2023 Kazakhstan sent Syria 50 tons of humanitarian aid.",
    " Spaces, CAPITALS and accents: café, naïve, 日本語 ",
    "",
    "a very long text, longer than any encoder reads at once; " * 300,
)
"""Texts whose vectors must be the same before and after conversion."""

TOLERANCE = 1e-4
"""Largest difference in an element of a unit vector; sums in another order differ by 1e-7."""


def load_transformer(folder: Path) -> "SentenceTransformer":
    """The model in a folder.

    Raises:
        ModelError: It cannot be loaded.
    """
    # Weights are on the disk by now: nothing below may ask a server for anything.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # A progress bar would appear in the middle of an answer.
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    try:
        return SentenceTransformer(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            "cannot be loaded", folder, Remedy.INSTALL_MODEL_AGAIN, detail=error
        ) from error


class TorchEncoder:
    """Encodes with sentence-transformers. Safe to use from several threads."""

    def __init__(self, transformer: "SentenceTransformer") -> None:
        self.transformer = transformer
        # The tokenizer refuses to be used by two threads at once, and one call already
        # keeps all cores busy.
        self._lock = RLock()

    def encode(self, texts: Sequence[str], role: Role, progress: Progress | None) -> Vectors:
        """``(n, dimension)`` float32, unit norm, in the order of ``texts``."""
        transformer = self.transformer
        encode = transformer.encode_query if role == "question" else transformer.encode_document
        vectors = np.empty(
            (len(texts), transformer.get_embedding_dimension() or 0), dtype=np.float32
        )
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
                progress(batch)
        return vectors


def convert(transformer: "SentenceTransformer", folder: Path, to: Path) -> None:
    """Write what ``OnnxEncoder`` reads: the whole model with its pooling and normalisation.

    Args:
        transformer: To convert.
        folder: It was loaded from, with its tokenizer.
        to: Folder to write into.

    Raises:
        NotConvertible: The graph cannot be made, or does not give the same vectors.
    """
    from torch import Tensor
    from torch.nn import Module
    from torch.nn.functional import normalize

    from embeddings.models.conversion import conversion_errors, write_graph
    from embeddings.models.onnx_model import write_external_weights

    class Encode(Module):
        def __init__(self, names: Sequence[str]) -> None:
            super().__init__()
            self.transformer = transformer
            self.names = names

        def forward(self, *tensors: Tensor) -> Tensor:
            features = self.transformer(dict(zip(self.names, tensors, strict=True)))
            return normalize(features["sentence_embedding"])

    known = ("input_ids", "attention_mask", "token_type_ids")
    with conversion_errors():
        features = transformer.preprocess([COMPARED[1], COMPARED[1]])
        inputs = {name: features[name] for name in known if name in features}
        network = transformer.transformers_model
        if network is not None:
            # The optimizer knows this one.
            network.set_attn_implementation("eager")
        config = getattr(network, "config", None)
        module = Encode(list(inputs)).eval()
        with TemporaryDirectory() as scratch:
            graph = Path(scratch) / GRAPH
            write_graph(module, inputs, {"vectors": ("batch",)}, graph, config)
            write_external_weights(graph, to / GRAPH)
        copyfile(folder / "tokenizer.json", to / "tokenizer.json")
        prompts = transformer.prompts
        passage = (prompts.get(name) for name in ("document", "passage", "corpus"))
        EmbeddingConfig(
            inputs=tuple(inputs),
            question=prompts.get("query") or "",
            passage=next((prompt for prompt in passage if prompt is not None), ""),
            max_tokens=transformer.max_seq_length or 512,
            pad_id=int(transformer.tokenizer.pad_token_id or 0),
            dimension=transformer.get_embedding_dimension() or 0,
        ).save(to)
        converted = OnnxEncoder(to)
        roles: tuple[Role, ...] = ("question", "passage")
        for role in roles:
            expected = TorchEncoder(transformer).encode(COMPARED, role, None)
            furthest = float(np.abs(converted.encode(COMPARED, role, None) - expected).max())
            if not furthest <= TOLERANCE:
                raise NotConvertible(f"its vectors would differ by {furthest:.1g}")
