"""Operations by hand, and a ceiling that is there."""

import pytest

from tests.benchmarks.limit import Ceiling, Transformer, measure_ceiling


def test_operations_of_the_packaged_models_by_hand() -> None:
    settings = {"num_hidden_layers": 6, "hidden_size": 384, "intermediate_size": 1536}
    model = Transformer.of(settings)
    # 1,769,472 weights a layer, each used once a token; and 384 numbers of each pair, twice.
    assert model.operations(100) == 6 * (2 * 100 * 1_769_472 + 2 * 2 * 100 * 100 * 384)
    assert model.of_answer(8, [100, 200]) == sum(map(model.operations, (8, 100, 200)))


def test_ceiling_is_the_higher_of_both() -> None:
    assert Ceiling(90.0, 100.0, 150.0).float32 == 100.0


@pytest.mark.slow
def test_cores_do_something() -> None:
    ceiling = measure_ceiling()
    assert min(ceiling.numpy, ceiling.onnx, ceiling.onnx_int8) > 1e8
