"""A token is taken if this issuer signed it, for this program, and now."""

import hmac
import json
import time
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import JWKRegistry, OctKey, OKPKey, RSAKey

from qa.access.caller import Caller
from qa.access.tokens import LEEWAY_SECONDS, MAX_TOKEN_CHARACTERS, TokenVerifier
from tests.issuer import AUDIENCE, TestIssuer, running_issuer


@pytest.fixture(scope="module")
def running() -> Iterator[TestIssuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture
def issuer(running: TestIssuer) -> TestIssuer:
    """The issuer, with one key."""
    running.rotate()
    running.answers.clear()
    return running


@pytest.fixture
def verifier(issuer: TestIssuer) -> TokenVerifier:
    return TokenVerifier(issuer.url, AUDIENCE)


def unpadded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def encoded(part: object) -> str:
    return unpadded(json.dumps(part).encode())


def test_token_names_its_subject_with_rights_and_limit(
    issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    token = issuer.token(qa_within=["docs/public/", "town"])
    assert verifier.verify(token) == Caller(
        "oidc:ada", frozenset({"ask"}), ("docs/public", "town"), "120/minute"
    )


def test_token_is_verified_by_known_keys_without_the_network(
    issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    issuer.requested.clear()
    token = issuer.token()
    assert verifier.verify_known(token) is None and issuer.requested == []
    caller = verifier.verify(token)
    asked = len(issuer.requested)
    assert caller is not None and verifier.verify_known(token) == caller
    assert verifier.verify_known(issuer.token(aud="other")) is None
    issuer.rotate()
    assert verifier.verify_known(issuer.token()) is None
    assert len(issuer.requested) == asked == 2


@pytest.mark.parametrize(
    ("claims", "rights"),
    [
        ({"scope": "ask write"}, {"ask", "write"}),
        ({"scope": ["write", "email"]}, {"write"}),
        ({"scope": None, "scp": "ask"}, {"ask"}),
        ({"scope": None, "scp": ["ask", "write"]}, {"ask", "write"}),
        ({"scope": "asking ASK"}, set()),
        ({"scope": None}, set()),
    ],
)
def test_rights_are_those_that_the_scope_names(
    claims: dict[str, Any], rights: set[str], issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    caller = verifier.verify(issuer.token(**claims))
    assert caller and set(caller.rights) == rights


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://127.0.0.1:1"},
        {"iss": None},
        {"aud": "another-program"},
        {"aud": ["another-program"]},
        {"aud": None},
        {"aud": [AUDIENCE, 1]},
        {"aud": {AUDIENCE: True}},
        {"exp": None},
        {"exp": 1},
        {"exp": "never"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\nb"},
        {"sub": "a" * 256},
        {"nbf": "soon"},
        {"iat": []},
        {"scope": 7},
        {"scope": [7]},
        {"qa_within": []},
        {"qa_within": ""},
        {"qa_within": "/"},
        {"qa_within": ["docs", ""]},
        {"qa_within": ["docs", 7]},
        {"qa_within": {"docs": True}},
        {"qa_within": True},
    ],
)
def test_claim_that_is_missing_wrong_or_malformed_is_refused(
    claims: dict[str, Any], issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    assert verifier.verify(issuer.token())
    assert verifier.verify(issuer.token(**claims)) is None


def test_limit_of_null_is_refused(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    payload = json.dumps(issuer.claims() | {"qa_within": None}).encode()
    assert verifier.verify(issuer.token(payload=payload)) is None


def test_clocks_may_differ_by_a_minute(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    now, near, far = int(time.time()), LEEWAY_SECONDS - 10, LEEWAY_SECONDS + 10
    taken: list[dict[str, Any]] = [{"exp": now - near}, {"nbf": now + near}, {"iat": now + near}]
    for claims in taken:
        assert verifier.verify(issuer.token(**claims)), claims
    refused: list[dict[str, Any]] = [{"exp": now - far}, {"nbf": now + far}, {"iat": now + far}]
    for claims in refused:
        assert verifier.verify(issuer.token(**claims)) is None, claims


def test_audience_may_be_one_of_several(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    assert verifier.verify(issuer.token(aud=["another-program", AUDIENCE]))


@pytest.mark.parametrize(
    "header",
    [{"crit": ["kid"]}, {"typ": "logout+jwt"}, {"kid": "unknown"}, {"typ": "dpop+jwt"}],
)
def test_header_of_another_kind_is_refused(
    header: dict[str, object], issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    assert verifier.verify(issuer.token(header=header)) is None


@pytest.mark.parametrize("typ", [None, "JWT", "at+JWT", "application/at+jwt"])
def test_header_of_an_access_token_is_taken(
    typ: str | None, issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    assert verifier.verify(issuer.token(header={"typ": typ, "x5t": "unused", "own": [1]}))


def test_unsigned_token_is_refused(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    claims = encoded(issuer.claims())
    for algorithm in ("none", "None", "NONE", "", None, 7, ["ES256"]):
        header = encoded({"alg": algorithm, "kid": issuer.keys[0].kid})
        for signature in ("", "AAAA", issuer.token().rpartition(".")[2]):
            assert verifier.verify(f"{header}.{claims}.{signature}") is None


@pytest.mark.parametrize("order", [1, -1])
def test_algorithm_that_is_named_twice_is_refused(
    order: int, issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    algorithms = ", ".join(['"alg": "ES256"', '"alg": "none"'][::order])
    header = unpadded(f'{{"kid": "{issuer.keys[0].kid}", {algorithms}}}'.encode())
    for signature in ("", "AAAA"):
        assert verifier.verify(f"{header}.{encoded(issuer.claims())}.{signature}") is None


def test_audience_is_not_blank(issuer: TestIssuer) -> None:
    with pytest.raises(ValueError, match="expected the audience of the issuer's tokens, got none"):
        TokenVerifier(issuer.url, " ")


def test_public_key_is_no_secret_to_sign_with(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    rsa = RSAKey.generate_key(2048, auto_kid=True)
    issuer.keys.append(rsa)
    for text in (rsa.as_pem(), rsa.as_der(), json.dumps(rsa.as_dict(private=False)).encode()):
        header, claims = encoded({"alg": "HS256", "kid": rsa.kid}), encoded(issuer.claims())
        signature = hmac.digest(text, f"{header}.{claims}".encode(), "sha256")
        assert verifier.verify(f"{header}.{claims}.{unpadded(signature)}") is None
    assert verifier.verify(issuer.token(rsa))


def test_symmetric_key_of_the_issuer_is_ignored(
    issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    secret = OctKey.generate_key(256, auto_kid=True)
    keys = [*[key.as_dict(private=False) for key in issuer.keys], secret.as_dict(private=True)]
    issuer.answers["/keys"] = 200, {}, json.dumps({"keys": keys}).encode()
    assert verifier.verify(issuer.token())
    assert verifier.verify(issuer.token(secret, {"alg": "HS256"})) is None


@pytest.mark.parametrize(
    ("kind", "curve_or_bits", "algorithms"),
    [
        ("RSA", 2048, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        ("EC", "P-256", ["ES256"]),
        ("EC", "P-384", ["ES384"]),
        ("EC", "P-521", ["ES512"]),
        ("OKP", "Ed25519", ["Ed25519"]),
        ("OKP", "Ed448", ["Ed448"]),
    ],
)
def test_every_asymmetric_algorithm_is_verified(
    kind: str,
    curve_or_bits: str | int,
    algorithms: list[str],
    issuer: TestIssuer,
    verifier: TokenVerifier,
) -> None:
    own, other = (JWKRegistry.generate_key(kind, curve_or_bits, {"kid": "1"}) for _ in range(2))
    issuer.keys = [own]
    for algorithm in algorithms:
        assert verifier.verify(issuer.token(own, {"alg": algorithm})), algorithm
        assert verifier.verify(issuer.token(other, {"alg": algorithm})) is None, algorithm


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_older_name_of_the_edwards_curve_is_verified_without_a_warning(
    issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    issuer.keys = [OKPKey.generate_key("Ed25519", auto_kid=True)]
    token = issuer.token(header={"alg": "EdDSA"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verifier.verify(token)


def test_new_key_of_the_issuer_is_fetched(
    issuer: TestIssuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = issuer.token()
    assert verifier.verify(old)
    issuer.rotate()
    # Not again at once, whatever tokens are sent.
    requests = len(issuer.requested)
    for _ in range(20):
        assert verifier.verify(issuer.token()) is None
    assert len(issuer.requested) == requests
    monkeypatch.setattr("qa.access.issuer.RETRY_SECONDS", 0.0)
    assert verifier.verify(issuer.token())
    assert verifier.verify(old) is None


def test_new_key_is_fetched_where_tokens_name_none(
    issuer: TestIssuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.access.issuer.RETRY_SECONDS", 0.0)
    assert verifier.verify(issuer.token(header={"kid": None}))
    issuer.rotate()
    assert verifier.verify(issuer.token(header={"kid": None}))


def test_changed_token_is_refused(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    header, claims, signature = issuer.token().split(".")
    more = encoded(issuer.claims(scope="ask write"))
    assert verifier.verify(f"{header}.{more}.{signature}") is None
    assert verifier.verify(f"{header}.{claims}.{signature[:-4]}AAAA") is None
    assert verifier.verify(f"{header}.{claims}.") is None
    assert verifier.verify(f"{header}.{claims}") is None


def test_huge_token_is_refused(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    fitting = issuer.token(note="x" * 5_000)
    assert verifier.verify(fitting) and len(fitting) < MAX_TOKEN_CHARACTERS
    assert verifier.verify(issuer.token(note="x" * 9_000)) is None
    assert verifier.verify("x" * 10_000_000) is None


@pytest.mark.parametrize("content", ['{"a":' * 1_000, "[" * 3_000, '"' + "a" * 3_000])
def test_header_and_claims_of_any_depth_are_refused(
    content: str, issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    assert verifier.verify(issuer.token())
    part = unpadded(content.encode())
    assert verifier.verify(f"{part}.{part}.AAAA") is None
    assert verifier.verify(issuer.token(payload=content.encode())) is None


def test_any_text_is_refused_without_an_exception(
    issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    header, claims, signature = issuer.token().split(".")
    parts = st.sampled_from([header, claims, signature]) | st.text() | st.binary().map(unpadded)
    texts = st.text() | st.lists(parts, min_size=2, max_size=4).map(".".join)

    @given(texts)
    def is_refused(text: str) -> None:
        assert verifier.verify(text) is None or text == f"{header}.{claims}.{signature}"

    is_refused()


def test_any_claims_that_the_issuer_signs_raise_nothing(
    issuer: TestIssuer, verifier: TokenVerifier
) -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some, max_size=3),
        max_leaves=5,
    )
    names = st.sampled_from([*issuer.claims(), "nbf", "scp", "qa_within", "value"]) | st.text()

    @given(st.dictionaries(names, values, max_size=3))
    def is_judged(changed: dict[str, object]) -> None:
        payload = json.dumps(issuer.claims() | changed).encode()
        caller = verifier.verify(issuer.token(payload=payload))
        assert caller is None or caller.name.startswith("oidc:")

    is_judged()
