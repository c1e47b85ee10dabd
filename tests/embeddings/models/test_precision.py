"""Models computed in 8 bits: as good as in full precision, on the texts that are compared."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from embeddings.errors import NotConvertible
from embeddings.models import precision
from embeddings.models.encoder import DEFAULT_MODEL, SentenceTransformersEncoder
from embeddings.models.onnx_model import write_external_weights
from embeddings.models.precision import quantise, resolve_precision
from embeddings.rendering import rendered
from qa.pipeline import load_encoder, load_reader, load_rewriter
from qa.reading.base import GRAPH
from qa.reading.onnx_reader import FOLDER, OnnxSpanModel
from qa.reading.spans import best_spans
from qa.settings import Settings

PAIRS = [
    ("How much aid did Kazakhstan send?", "Kazakhstan sent Syria 50 tons of aid in 2023."),
    ("When was the mill built?", "The mill was built in 1850 by Ada Finch, a miller of Tern."),
    ("Who built the mill?", "The mill was built in 1850 by Ada Finch, a miller of Tern."),
]

X86 = "processor\t: 0\nflags\t\t: fpu avx2 {more}\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [("avx512_vnni", "int8"), ("avx_vnni sse", "int8"), ("avx512f", "float32")],
)
def test_auto_is_8_bits_where_the_processor_has_instructions_for_them(
    more: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(X86.format(more=more))
    monkeypatch.setattr(precision, "_PROCESSOR", tmp_path / "cpuinfo")
    precision._instructions.cache_clear()
    assert resolve_precision("auto") == expected
    assert (resolve_precision("int8"), resolve_precision("float32")) == ("int8", "float32")
    monkeypatch.setattr(precision, "_PROCESSOR", tmp_path / "none")
    precision._instructions.cache_clear()
    assert resolve_precision("auto") == "float32"


@pytest.fixture(autouse=True)
def forget() -> None:
    precision._instructions.cache_clear()


def test_auto_leaves_models_alone_on_which_it_was_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_instructions", lambda: frozenset({"avx_vnni"}))
    packaged = SentenceTransformersEncoder.load().folder
    assert load_encoder(Settings()).precision == "int8"
    assert load_reader(Settings()).precision == "int8"
    assert load_rewriter(Settings()).precision == "int8"
    assert load_encoder(Settings(encoder=str(packaged))).precision == "float32"
    assert load_reader(Settings(reader=str(FOLDER))).precision == "float32"
    assert load_encoder(Settings(encoder=str(packaged), precision="int8")).precision == "int8"
    assert load_reader(Settings(precision="float32")).precision == "float32"
    assert load_rewriter(Settings(precision="float32")).precision == "float32"


def test_vectors_in_8_bits_are_near_those_in_full_precision() -> None:
    texts = [passage for _, passage in PAIRS] + [question for question, _ in PAIRS]
    full, eight = (
        SentenceTransformersEncoder.load(DEFAULT_MODEL, each).encode(texts)
        for each in ("float32", "int8")
    )
    cosines = (full * eight).sum(axis=1)
    assert cosines.min() > 0.985 and cosines.max() < 0.99999
    assert np.allclose(np.linalg.norm(eight, axis=1), 1, atol=1e-5)


def test_reader_in_8_bits_finds_the_same_spans() -> None:
    found = []
    for each in ("float32", "int8"):
        model = OnnxSpanModel.load(each)
        spans = []
        for pair in PAIRS:
            (window,) = model.window_tokenizer.split([pair], [""])
            (logits,) = model.read([window])
            span = best_spans(logits.starts, logits.ends, window, rendered(pair[1]), 1)[0]
            spans.append((pair[1][span.start : span.end], span.score - logits.null))
        found.append(spans)
    full, eight = found
    assert [text for text, _ in full] == ["50 tons", "1850", "Ada Finch"]
    assert [text for text, _ in eight] == ["50 tons", "1850", "Ada Finch"]
    differences = [abs(one - other) for (_, one), (_, other) in zip(full, eight, strict=True)]
    assert 0 < max(differences) < 1.5


@pytest.mark.slow
def test_what_narrows_stays_in_full_precision(tmp_path: Path) -> None:
    write_external_weights(FOLDER / GRAPH, tmp_path / GRAPH)
    before = (tmp_path / "weights.bin").stat().st_size
    quantise(tmp_path / GRAPH)
    graph = onnx.load(str(tmp_path / GRAPH)).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul"]
    assert sorted(shapes[node.input[1]] for node in products) == [[384, 2]] + [[1536, 384]] * 6
    kinds = [node.op_type for node in graph.node]
    assert (kinds.count("QAttention"), kinds.count("MatMulInteger")) == (6, 12)
    assert (tmp_path / "weights.bin").stat().st_size < 0.8 * before


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / GRAPH).write_bytes(b"no graph")
    with pytest.raises(NotConvertible, match="cannot be quantised"):
        quantise(tmp_path / GRAPH)


@pytest.mark.slow
def test_both_precisions_are_cached_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddings.models.model_cache.CACHE", tmp_path)
    for each in ("float32", "int8", "float32"):
        OnnxSpanModel.load(each).load_weights()
    assert sorted(path.name.split("-")[0] for path in tmp_path.glob("span*")) == ["span", "span8"]
