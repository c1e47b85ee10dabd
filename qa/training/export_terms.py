"""Export of the completion model, as the reader is exported: 8-bit weights in ONNX."""

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch

from embeddings.conversion import write_graph
from qa.completion import GRAPH
from qa.history import FACTS
from qa.training.export import quantise_graph
from qa.training.term_model import TermModel


def export_terms(trained: Path, folder: Path) -> None:
    """Write ``completion.onnx``; its tokenizer is the reader's.

    Args:
        trained: Folder that ``TermModel.save`` wrote.
        folder: To write into.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = TermModel.load(trained).eval()
    ids = torch.randint(1000, 2000, (2, 24))
    inputs = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": torch.zeros_like(ids),
        "facts": torch.zeros(2, 24, FACTS),
    }
    outputs = {"belongs": ("batch", "tokens"), "lacks": ("batch",)}
    with TemporaryDirectory() as scratch:
        fused = Path(scratch) / GRAPH
        write_graph(model, inputs, outputs, fused, model.config)
        graph = onnx.load(str(fused))
    quantise_graph(graph.graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(folder / GRAPH))
