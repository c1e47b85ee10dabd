"""The trained reader that comes with the project, served by ONNX Runtime."""

from functools import cached_property
from pathlib import Path

from embeddings.errors import ModelError, Remedy
from embeddings.file_system import file_sha256
from embeddings.models.model_cache import load_graph
from embeddings.models.model_folder import (
    SUMS,
    check_sha256,
    load_tokenizer,
    read_checksums,
)
from embeddings.models.precision import Precision
from qa.reading.base import GRAPH, LazyModel, Run, onnx_run
from qa.reading.windows import WindowTokenizer

FOLDER = Path(__file__).parent / "model"

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
            name=f"reader at {self.folder}",
            kind="span",
            graph=graph,
            sha256=_published()[GRAPH] if packaged else file_sha256(graph),
            precision=self.precision,
            check=self.check,
            load=onnx_run,
            remedy=Remedy.REINSTALL if packaged else Remedy.EXPORT_MODEL_AGAIN,
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
