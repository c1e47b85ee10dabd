"""An issuer is asked for its keys, seldom, and believed only if it is the one that was named."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import ECKey

from qa.access.issuer import MAX_BYTES, Issuer, IssuerUnavailable, checked_address
from tests.issuer import TestIssuer, running_issuer

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def served() -> Iterator[TestIssuer]:
    with running_issuer() as served:
        yield served


def test_keys_are_fetched_once(served: TestIssuer) -> None:
    issuer = Issuer(served.url)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: issuer.signing_keys(), range(32)))
    assert {tuple(key.kid for key in keys) for keys in found} == {(served.keys[0].kid,)}
    assert served.requested == [DISCOVERY, "/keys"]


def test_keys_that_the_issuer_withdrew_end(
    served: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = Issuer(served.url)
    old = issuer.signing_keys()
    served.rotate()
    assert issuer.signing_keys() is old
    monkeypatch.setattr("qa.access.issuer.REFRESH_SECONDS", 0.0)
    monkeypatch.setattr("qa.access.issuer.RETRY_SECONDS", 0.0)
    assert [key.kid for key in issuer.signing_keys()] == [served.keys[0].kid]


def test_issuer_that_is_down_is_not_asked_again_at_once(
    served: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = Issuer(served.url)
    served.answers[DISCOVERY] = 503, {}, b""
    for _ in range(5):
        with pytest.raises(IssuerUnavailable, match="The issuer of tokens answers 503"):
            issuer.signing_keys()
    assert served.requested == [DISCOVERY]
    served.answers.clear()
    monkeypatch.setattr("qa.access.issuer.RETRY_SECONDS", 0.0)
    assert issuer.signing_keys()


def test_known_keys_are_used_while_the_issuer_is_down(served: TestIssuer) -> None:
    issuer = Issuer(served.url)
    keys = issuer.signing_keys()
    served.answers[DISCOVERY] = 503, {}, b""
    assert issuer.signing_keys() is keys
    assert issuer.signing_keys(unlike=keys) is keys


def test_issuer_that_cannot_be_reached_is_named_with_a_remedy(served: TestIssuer) -> None:
    served.stop()
    with pytest.raises(IssuerUnavailable, match=f"{served.url}.* Check the address") as raised:
        Issuer(served.url).signing_keys()
    assert raised.value.summary == "The issuer of tokens cannot be reached"


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        (DISCOVERY, (200, {}, b"<html>"), "does not say what an issuer says"),
        (DISCOVERY, (200, {}, b"[" * 100_000), "does not say what an issuer says"),
        (DISCOVERY, (200, {}, b'{"issuer": 7}'), "does not say what an issuer says"),
        (DISCOVERY, (200, {}, b" " * (MAX_BYTES + 1)), "sends more than 500,000 bytes"),
        (DISCOVERY, (302, {"Location": "file:///etc/passwd"}, b""), "answers 302"),
        (DISCOVERY, (301, {"Location": "http://192.0.2.1/"}, b""), "answers 301"),
        ("/keys", (404, {}, b""), "answers 404"),
        ("/keys", (200, {}, b'{"keys": {}}'), "does not say what an issuer says"),
        ("/keys", (200, {}, b'{"keys": []}'), "has no key that is read"),
        ("/keys", (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), "does not say what an issuer"),
        ("/keys", (200, {}, b'{"keys": [%s]}' % b",".join([b"{}"] * 101)), "does not say what an"),
    ],
)
def test_issuer_that_answers_otherwise_is_unavailable(
    path: str, answer: tuple[int, dict[str, str], bytes], said: str, served: TestIssuer
) -> None:
    served.answers[path] = answer
    with pytest.raises(IssuerUnavailable, match=said):
        Issuer(served.url).signing_keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issuer": "https://id.example.org"}, "says that it is another issuer"),
        ({"jwks_uri": "http://192.0.2.1/keys"}, "names no address of its keys"),
        ({"jwks_uri": "file:///etc/passwd"}, "names no address of its keys"),
    ],
)
def test_discovery_names_the_same_issuer_and_safe_addresses(
    change: dict[str, str], said: str, served: TestIssuer
) -> None:
    content = {"issuer": served.url, "jwks_uri": f"{served.url}/keys"} | change
    served.answers[DISCOVERY] = 200, {}, json.dumps(content).encode()
    with pytest.raises(IssuerUnavailable, match=said):
        Issuer(served.url).signing_keys()
    assert "/keys" not in served.requested


def test_slow_issuer_is_given_up(served: TestIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.access.issuer.TIMEOUT_SECONDS", 0.1)
    released, answer = threading.Event(), served.answer

    def late(path: str) -> tuple[int, dict[str, str], bytes]:
        released.wait(5)
        return answer(path)

    monkeypatch.setattr(served, "answer", late)
    started = time.monotonic()
    with pytest.raises(IssuerUnavailable, match="cannot be reached"):
        Issuer(served.url).signing_keys()
    assert time.monotonic() - started < 3
    released.set()


def test_issuer_that_never_ends_is_given_up(
    served: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.access.issuer.MAX_FETCH_SECONDS", -1.0)
    with pytest.raises(IssuerUnavailable, match="is too slow"):
        Issuer(served.url).signing_keys()


def test_keys_of_other_kinds_are_left_out(served: TestIssuer) -> None:
    good = served.keys[0].as_dict(private=False)
    encrypting = ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)
    keys = [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"},
        {"kty": "RSA", "n": "AQAB" * 30, "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC"},
        {"kty": 7},
        {},
        encrypting.as_dict(private=False),
        good,
    ]
    served.answers["/keys"] = 200, {}, json.dumps({"keys": keys}).encode()
    assert [key.kid for key in Issuer(served.url).signing_keys()] == [good["kid"]]


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.org",
        "https://id.example.org:8443/realms/town/",
        "http://localhost:8080/realm",
        "http://127.0.0.2",
        "http://[::1]:8080",
    ],
)
def test_address_of_https_or_of_this_machine_is_taken(url: str) -> None:
    assert checked_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "id.example.org",
        "http://id.example.org",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@id.example.org",
        "https://id.example.org/?realm=town",
        "https://id.example.org/#town",
        "https://id.example.org:port",
        "https://[id.example.org",
        "https://id.example.org/a b",
        "https://id.example.org/\n",
        "https://idé.example.org",
    ],
)
def test_other_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected an address that starts with https://"):
        Issuer(url)
