"""Export of the reader: ``reader.onnx`` and its tokenizer, as packaged with the project."""

from pathlib import Path
from shutil import copyfile

import torch

from embeddings.file_system import file_sha256
from qa.reading.base import GRAPH
from qa.training.common.onnx_export import write_model
from qa.training.reader.model import SpanTransformer


def export(trained: Path, tokenizer: Path, folder: Path, quantised: bool = True) -> dict[str, str]:
    """Write ``reader.onnx`` and ``tokenizer.json``; the SHA-256 of each by its name.

    Weights become 8-bit integers, each column with its own scale, and each word's embedding
    with its own. They are multiplied out again when the model is loaded, so that it computes in
    float32. Quantised activations (dynamic quantisation) would cost one point of F1; quantised
    weights do not, and the logits of a window do not depend on the rest of its batch.

    Args:
        trained: Folder that ``SpanTransformer.save`` wrote.
        tokenizer: The tokenizer's file.
        folder: To write into.
        quantised: Whether to quantise; full precision is for comparison.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = SpanTransformer.load(trained).eval()
    ids = torch.randint(1000, 2000, (2, 24))
    types, mask = torch.zeros_like(ids), torch.ones_like(ids)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    spans = ("batch", "tokens")
    outputs = {"starts": spans, "ends": spans, "answerable": ("batch",)}
    write_model(model, inputs, outputs, folder / GRAPH, quantised)
    copyfile(tokenizer, folder / "tokenizer.json")
    return {name: file_sha256(folder / name) for name in (GRAPH, "tokenizer.json")}
