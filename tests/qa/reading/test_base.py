"""How windows are read in batches."""

import numpy as np
import pytest

from embeddings.models.onnx_model import BATCH_TOKENS
from qa.cancellation import Cancelled, wanted_while
from qa.reading.base import read_batches
from qa.reading.onnx_reader import OnnxSpanModel
from tests.qa.reading.conftest import PASSAGE


def test_windows_read_together_are_read_as_alone(packaged: OnnxSpanModel) -> None:
    pairs = [("Who?", PASSAGE[:at]) for at in range(1, len(PASSAGE), 3)]
    pairs += [("How much aid?", f"{PASSAGE} " * 12)]
    windows = packaged.window_tokenizer.split(pairs, [""] * len(pairs))
    assert sum(len(window.ids) for window in windows) > BATCH_TOKENS / 4
    together = packaged.read(windows)
    for window, batched in zip(windows, together, strict=True):
        (alone,) = packaged.read([window])
        assert len(batched.starts) == len(batched.ends) == len(window.ids)
        assert np.allclose(batched.starts, alone.starts, atol=1e-3)
        assert np.allclose(batched.ends, alone.ends, atol=1e-3)
        assert alone.null == pytest.approx(float(alone.starts[0] + alone.ends[0]))


def test_batches_hold_no_more_tokens_than_allowed(packaged: OnnxSpanModel) -> None:
    shapes: list[tuple[int, int]] = []

    def run(ids, types, mask):  # type: ignore[no-untyped-def]  # stands in for a model
        shapes.append(ids.shape)
        # Each window's logits are its own ids, so that an exchange would show.
        assert (ids[mask == 0] == 9).all()
        return ids.astype(np.float32), ids.astype(np.float32), mask.sum(axis=1)

    pairs = [("Who?", "word " * count) for count in (300, 1, 200, 50, 120, 7, 90)]
    windows = packaged.window_tokenizer.split(pairs, [""] * len(pairs))
    logits = read_batches(windows, run, pad_id=9)
    # A window that is longer by itself is read by itself.
    assert all(rows == 1 or rows * tokens <= BATCH_TOKENS for rows, tokens in shapes)
    assert max(rows for rows, _ in shapes) > 1
    assert sum(rows for rows, _ in shapes) == len(windows)
    for window, logit in zip(windows, logits, strict=True):
        assert logit.starts.tolist() == window.ids.tolist()
        assert logit.answerable == len(window.ids)
    assert read_batches([], run, pad_id=9) == []


def test_no_batch_is_read_that_nobody_wants(packaged: OnnxSpanModel) -> None:
    read: list[int] = []

    def run(ids, types, mask):  # type: ignore[no-untyped-def]  # stands in for a model
        read.append(len(ids))
        return ids.astype(np.float32), ids.astype(np.float32)

    windows = packaged.window_tokenizer.split([("Who?", "word " * 300)] * 5, [""] * 5)
    with wanted_while(lambda: len(read) < 2), pytest.raises(Cancelled):
        read_batches(windows, run, pad_id=0)
    assert len(read) == 2 < len(windows)
