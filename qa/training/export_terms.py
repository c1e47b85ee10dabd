"""Export of the rewriting model, as the reader is exported: 8-bit weights in ONNX."""

from pathlib import Path

import torch

from qa.conversation.context import FACTS
from qa.conversation.rewriter import GRAPH
from qa.training.export import write_model
from qa.training.term_model import TermModel


def export_terms(trained: Path, folder: Path) -> None:
    """Write ``rewriter.onnx``; its tokenizer is the reader's.

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
    write_model(model, inputs, outputs, folder / GRAPH)
