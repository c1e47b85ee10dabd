"""Signatures tell given answers from made-up ones, also after a new start."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from qa.results import Answer
from qa.secret_key import KEY_BYTES
from qa.service.signing import Signer
from tests.qa.web.html.test_page import ANSWER


def test_signature_is_good_after_a_new_start_and_for_this_answer_alone(tmp_path: Path) -> None:
    signature = Signer.beside(tmp_path / "index").sign(ANSWER)
    again = Signer.beside(tmp_path / "index")
    assert again.is_signed(ANSWER, signature)
    assert again.is_signed(Answer.from_json(ANSWER.to_json()), signature)
    assert not again.is_signed(replace(ANSWER, confidence=0.5), signature)
    assert not Signer.beside(tmp_path / "other").is_signed(ANSWER, signature)
    key = tmp_path / "index.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == KEY_BYTES
    left = {path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")}
    assert left == {"index.key", "other.key"}


def test_programs_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        signers = list(threads.map(Signer.beside, [tmp_path / "index"] * 32))
    assert len({signer.sign(ANSWER) for signer in signers}) == 1


def test_without_a_place_for_the_key_signatures_are_good_until_the_end(tmp_path: Path) -> None:
    signer = Signer.beside(tmp_path / "missing" / "index")
    assert signer.is_signed(ANSWER, signer.sign(ANSWER))


def test_key_that_is_none_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "index.key").write_bytes(b"short")
    signature = Signer.beside(tmp_path / "index").sign(ANSWER)
    assert Signer.beside(tmp_path / "index").is_signed(ANSWER, signature)
    (tmp_path / "index.key").unlink()
    os.mkfifo(tmp_path / "index.key")
    signer = Signer.beside(tmp_path / "index")
    assert signer.is_signed(ANSWER, signer.sign(ANSWER))
