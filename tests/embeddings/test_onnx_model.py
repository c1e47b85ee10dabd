"""Batches that hold little padding, and the models that run them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.onnx_model import BATCH_TOKENS, batches_of_like_length, open_session, padded


@given(st.lists(st.integers(1, 3 * BATCH_TOKENS)))
def test_every_position_is_in_one_batch_and_no_batch_is_too_large(lengths: list[int]) -> None:
    batches = list(batches_of_like_length(lengths))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[at] for at in batch)
        assert len(batch) == 1 or len(batch) * longest <= BATCH_TOKENS


def test_rows_are_filled_up_to_the_longest() -> None:
    rows = padded([[1], [2, 3, 4], []], fill=9)
    assert rows.tolist() == [[1, 9, 9], [2, 3, 4], [9, 9, 9]]


def test_file_that_is_no_model_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07 no model")
    with pytest.raises(ModelError, match=r"model\.onnx cannot be loaded .*; install it again\."):
        open_session(tmp_path / "model.onnx", "install it again")
