"""Factory: the span model of a name, whichever kind it is."""

from embeddings.models.model_folder import folder_of
from embeddings.models.precision import Precision
from qa.reading.base import GRAPH, LazyModel
from qa.reading.onnx_reader import OnnxSpanModel
from qa.reading.transformers_reader import TransformersSpanModel
from qa.settings import DEFAULT_READER


def load_span_model(name: str, precision: Precision = "float32") -> LazyModel:
    """The span model of that name; its weights are read when it first reads.

    Args:
        name: The packaged model's name, a folder (of transformers, or one that ``python -m
            qa.training export`` wrote), or a name on the Hugging Face hub, which is the only
            thing that may use the network.
        precision: In which it computes.

    Raises:
        ModelError: There is no such model, it answers no questions, or a packaged file is
            damaged.
    """
    if name == DEFAULT_READER:
        return OnnxSpanModel.load(precision)
    folder = folder_of(name)
    if (folder / GRAPH).is_file():
        return OnnxSpanModel(folder, precision)
    return TransformersSpanModel.load(folder, precision)
