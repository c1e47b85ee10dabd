import numpy as np

from qa.training.common.onnx_export import quantise


def test_weights_come_back_within_half_a_step_of_their_scale() -> None:
    weights = np.random.default_rng(0).normal(size=(50, 30)).astype(np.float32)
    weights[:, 3] = 0
    weights[:, 4] *= 100
    for axis, shape in ((0, (1, 30)), (1, (50, 1))):
        integers, scales = quantise(weights, axis)
        assert integers.dtype == np.int8
        assert scales.shape == shape
        assert (np.abs(integers * scales - weights) <= scales * 0.5001).all()
