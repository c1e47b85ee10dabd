"""The trained reader that comes with the project, served by ONNX Runtime."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ModelError, Remedy
from embeddings.models.model_cache import load_graph
from embeddings.models.model_folder import (
    SUMS,
    check_sha256,
    file_sha256,
    load_tokenizer,
    read_checksums,
)
from embeddings.models.onnx_model import open_session
from embeddings.models.precision import Precision
from qa.reading.base import LazyModel, Run
from qa.reading.windows import WindowTokenizer

FOLDER = Path(__file__).parent / "model"

GRAPH = "reader.onnx"

FILES = (GRAPH, "tokenizer.json", "calibration.json")


class OnnxSpanModel(LazyModel):
    """The trained reader, 8-bit weights in ONNX; see its card, ``qa/reading/model/README.md``."""

    def __init__(self, folder: Path, precision: Precision = "float32") -> None:
        super().__init__(folder, WindowTokenizer(load_tokenizer(folder)), precision)

    def check(self) -> None:
        """Make sure that the weights that come with the project are the published ones.

        Raises:
            ModelError: They are missing or differ.
        """
        if self.folder == FOLDER:
            check_sha256(FOLDER / GRAPH, _published()[GRAPH], Remedy.REINSTALL)

    @classmethod
    def load(cls, precision: Precision = "float32") -> "OnnxSpanModel":
        """The model that comes with the project.

        Raises:
            ModelError: A file is missing or is not the published one.
        """
        for name, sha256 in _published().items():
            if name != GRAPH:
                check_sha256(FOLDER / name, sha256, Remedy.REINSTALL)
        return cls(FOLDER, precision)

    @cached_property
    def _run(self) -> Run:
        graph = self.folder / GRAPH
        packaged = self.folder == FOLDER
        return load_graph(
            f"reader at {self.folder}",
            "span",
            graph,
            _published()[GRAPH] if packaged else file_sha256(graph),
            self.precision,
            self.check,
            onnx_run,
            Remedy.REINSTALL if packaged else Remedy.EXPORT_MODEL_AGAIN,
        )


def _published() -> dict[str, str]:
    """SHA-256 of each file of the packaged model.

    Raises:
        ModelError: The list of checksums cannot be read.
    """
    try:
        sums = read_checksums(FOLDER)
        return {name: sums[name] for name in FILES}
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            "has checksums that cannot be read", FOLDER / SUMS, Remedy.REINSTALL, detail=error
        ) from error


def onnx_run(path: Path, remedy: Remedy) -> Run:
    """The model in an ONNX file.

    Args:
        path: Of the file.
        remedy: What to do if it cannot be used, for the message.

    Raises:
        ModelError: It cannot be loaded.
    """
    session = open_session(path, remedy)
    names = {get_input.name for get_input in session.get_inputs()}

    def run(
        ids: NDArray[np.int64], types: NDArray[np.int64], mask: NDArray[np.int64]
    ) -> Sequence[NDArray[np.float32]]:
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        outputs: Sequence[NDArray[np.float32]] = session.run(
            None, {name: inputs[name] for name in inputs if name in names}
        )
        return outputs

    return run
