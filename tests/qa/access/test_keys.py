"""Keys are verified against their hashes, and end at once when they are revoked."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from qa.access.caller import Caller
from qa.access.key_file import KeysUnusable
from qa.access.keys import Keys, key_id
from qa.access.rates import FAILURE_RATE, parse_rate
from qa.access.refusals import TooManyAttempts

pytestmark = pytest.mark.usefixtures("quick_hashing")

ALLOWED = parse_rate(FAILURE_RATE).amount


def wrong(key: str) -> str:
    """Another secret with the id of a key."""
    return key[:-8] + ("AAAAAAAA" if not key.endswith("AAAAAAAA") else "BBBBBBBB")


def hashings(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """What counts how often keys are hashed from now on."""
    verify = Mock(wraps=keys._hasher.verify)
    monkeypatch.setattr(keys, "_hasher", Mock(verify=verify))
    return verify


def test_key_is_its_holders_alone(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "index")
    key = keys.add("reports", ["ask"], "docs/public/", "60/minute")
    other = keys.add("uploads", ["ask", "write"])
    for reader in (keys, Keys(tmp_path / "index")):
        assert reader.verify(key) == Caller(
            "key:reports", frozenset({"ask"}), ("docs/public",), "60/minute"
        )
        assert reader.verify(other) == Caller(
            "key:uploads", frozenset({"ask", "write"}), (), "120/minute"
        )
        assert reader.verify(wrong(key)) is None
        assert reader.verify(key + "x") is None
    assert Keys(tmp_path / "elsewhere").verify(key) is None


def test_neither_the_key_nor_a_quick_hash_of_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.access.keys.PasswordHasher", PasswordHasher)
    key = Keys(tmp_path / "index").add("reports", ["ask"])
    path = tmp_path / "index.keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    stored = path.read_text()
    assert key.split("_", 2)[2] not in stored
    (entry,) = json.loads(stored)["keys"]
    parameters = extract_parameters(entry["hash"])
    # RFC 9106, section 4: the second recommended option.
    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost) == ("ID", 65_536, 3)


def test_revoked_key_ends_at_once_in_every_process(tmp_path: Path) -> None:
    serving, command = Keys(tmp_path / "index"), Keys(tmp_path / "index")
    kept, key = command.add("kept", ["ask"]), command.add("reports", ["ask"])
    assert serving.verify(key) and serving.verify(kept)
    command.revoke("reports")
    assert serving.verify(key) is None and serving.remembered(key) is None
    assert serving.holder(str(key_id(key))) is None
    assert serving.verify(kept)
    # A new one of the same name is another.
    assert command.add("reports", ["ask"]) != key and serving.verify(key) is None


def test_key_that_was_verified_is_not_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(tmp_path / "index")
    key = keys.add("reports", ["ask"])
    verify = hashings(keys, monkeypatch)
    assert keys.remembered(key) is None
    for _ in range(10):
        assert keys.verify(key)
    assert keys.remembered(key) and verify.call_count == 1
    # An id has one secret.
    assert keys.verify(wrong(key)) is None and verify.call_count == 1


def test_threads_that_begin_at_once_hash_a_key_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(tmp_path / "index")
    key = keys.add("reports", ["ask"])
    verify = hashings(keys, monkeypatch)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(keys.verify, [key] * 32))
    assert verify.call_count == 1


def test_wrong_secrets_cost_a_bounded_number_of_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(tmp_path / "index")
    key, other = keys.add("reports", ["ask"]), keys.add("other", ["ask"])
    verify = hashings(keys, monkeypatch)
    for _ in range(ALLOWED):
        assert keys.verify(wrong(key)) is None
    for _ in range(100):
        with pytest.raises(TooManyAttempts) as refused:
            keys.verify(wrong(key))
    assert 1 <= refused.value.seconds <= 60
    assert verify.call_count == ALLOWED
    assert keys.verify(f"cv_{'0' * 16}_{'x' * 43}") is None
    assert verify.call_count == ALLOWED
    assert keys.verify(other)


def test_key_that_was_good_before_is_not_kept_out_by_wrong_ones(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "index")
    key = keys.add("reports", ["ask"])
    assert keys.verify(key)
    for _ in range(2 * ALLOWED):
        assert keys.verify(wrong(key)) is None
    assert keys.verify(key)


def test_any_other_text_is_no_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "index")
    keys.add("reports", ["ask"])

    @given(st.text() | st.from_regex(r"cv_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", fullmatch=True))
    def is_no_key(text: str) -> None:
        assert keys.verify(text) is None

    is_no_key()


@pytest.mark.parametrize(
    ("name", "rights", "within", "rate", "said"),
    [
        ("", ["ask"], (), "1/minute", "expected a name of letters"),
        ("a b", ["ask"], (), "1/minute", "expected a name of letters"),
        ("-a", ["ask"], (), "1/minute", "expected a name of letters"),
        ("a\n", ["ask"], (), "1/minute", "expected a name of letters"),
        ("a" * 65, ["ask"], (), "1/minute", "expected a name of letters"),
        ("a", [], (), "1/minute", "expected some of the rights ask, write, got none"),
        ("a", ["ask", "own"], (), "1/minute", "expected some of the rights ask, write, got ask, o"),
        ("a", ["ask"], ["/"], "1/minute", "expected the path of a document"),
        ("a", ["ask"], (), "often", "expected a rate such as 60/minute"),
    ],
)
def test_key_that_cannot_be_is_not_added(
    name: str, rights: list[str], within: tuple[str, ...], rate: str, said: str, tmp_path: Path
) -> None:
    keys = Keys(tmp_path / "index")
    with pytest.raises(ValueError, match=said):
        keys.add(name, rights, within, rate)  # type: ignore[arg-type]
    assert keys.entries() == ()


def test_two_keys_do_not_have_one_name(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "index")
    key = keys.add("reports", ["ask"])
    with pytest.raises(ValueError, match="expected a name that no key has, got reports"):
        keys.add("reports", ["write"])
    with pytest.raises(ValueError, match="expected the name of a key, got 'others'"):
        keys.revoke("others")
    assert [entry.name for entry in keys.entries()] == ["reports"] and keys.verify(key)


def _add(index: Path, name: str) -> None:
    Keys(index).add(name, ["ask"])


def test_writers_that_add_at_once_lose_no_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(_add, [tmp_path / "index"] * 16, map(str, range(16))))
    assert {entry.name for entry in Keys(tmp_path / "index").entries()} == set(map(str, range(16)))


@pytest.mark.slow
def test_processes_that_add_at_once_lose_no_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add, args=(tmp_path / "index", name)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {entry.name for entry in Keys(tmp_path / "index").entries()} == set("abc")


def test_hash_of_another_kind_is_an_error(tmp_path: Path) -> None:
    key = Keys(tmp_path / "index").add("reports", ["ask"])
    path = tmp_path / "index.keys.json"
    content = json.loads(path.read_text())
    content["keys"][0]["hash"] = "$argon2id$v=19$m=8,t=1,p=1$short"
    path.write_text(json.dumps(content))
    with pytest.raises(KeysUnusable, match="cannot be compared with the key reports"):
        Keys(tmp_path / "index").verify(key)


def test_key_stays_verified_while_others_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(tmp_path / "index")
    key = keys.add("reports", ["ask"])
    assert keys.verify(key)
    Keys(tmp_path / "index").add("another", ["ask"])
    # Wrong secrets with its id, which somebody may have seen, keep its holder from nothing.
    verify = hashings(keys, monkeypatch)
    for _ in range(2 * ALLOWED):
        assert keys.verify(wrong(key)) is None
    assert keys.verify(key) is not None and verify.call_count == 0
