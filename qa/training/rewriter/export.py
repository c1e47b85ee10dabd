"""Export of the rewriting model: ``rewriter.onnx``, with 8-bit weights like the reader's."""

from pathlib import Path

import torch

from qa.conversation.features import FEATURES
from qa.conversation.rewriter import FEATURES_INPUT, GRAPH, QUESTION_OUTPUT, WORD_OUTPUT
from qa.training.common.onnx_export import write_model
from qa.training.rewriter.model import TermModel


def export_rewriter(trained: Path, folder: Path) -> None:
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
        FEATURES_INPUT: torch.zeros(2, 24, len(FEATURES)),
    }
    outputs = {WORD_OUTPUT: ("batch", "tokens"), QUESTION_OUTPUT: ("batch",)}
    write_model(model, inputs, outputs, folder / GRAPH)
