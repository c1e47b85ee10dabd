"""Tokens: who a bearer token of OpenID Connect names, if the issuer signed it for this program.

JSON Web Tokens as RFC 7519, RFC 8725 and, for access tokens, RFC 9068 describe them.
"""

from typing import Annotated, Any, Literal, get_args

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry, deserialize_compact
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter

from qa.access.caller import RIGHTS, Caller, limit_of
from qa.access.issuer import Issuer
from qa.access.rates import DEFAULT_RATE

MAX_TOKEN_CHARACTERS = 8_192
"""Of a token; servers take no longer headers."""

LEEWAY_SECONDS = 60
"""By which the clocks of issuer and server may differ."""

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448",
]  # fmt: skip
"""Of a signature: each has a public key, with which nobody can sign."""

_OBJECT = TypeAdapter(dict[str, Any])


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _names(value: object) -> frozenset[str]:
    """The names in a scope: separated by spaces (RFC 6749, 3.3), or a list."""
    names = value.split() if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("expected names")
    return frozenset(names)


def _limit(value: object) -> tuple[str, ...]:
    """A limit. An empty list is refused: whoever sends it may mean nothing, or everything."""
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        raise ValueError("expected paths")
    return limit_of(paths)


class _Header(BaseModel):
    """What a token says of itself; what it names as critical, nothing here understands."""

    alg: Algorithm
    kid: str | None = None
    typ: Annotated[Literal["jwt", "at+jwt", "application/at+jwt"], BeforeValidator(_lower)] = "jwt"
    crit: None = None


class _Claims(BaseModel):
    """What a token says of its subject; the other claims are checked by ``JWTClaimsRegistry``."""

    sub: Annotated[str, Field(pattern="^[ -~]{1,255}$")]
    scope: Annotated[frozenset[str], BeforeValidator(_names)] = frozenset()
    scp: Annotated[frozenset[str], BeforeValidator(_names)] = frozenset()
    qa_within: Annotated[tuple[str, ...], BeforeValidator(_limit)] = ()


class _Registry(JWSRegistry):
    """Of these algorithms alone; of "EdDSA", the older name of two, it does not warn."""

    max_header_length = MAX_TOKEN_CHARACTERS

    def get_alg(self, name: str) -> Any:
        """The algorithm of a name.

        Raises:
            UnsupportedAlgorithmError: It is none of them.
        """
        # Looked at again: JSON can name a header twice.
        if name not in get_args(Algorithm):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


class TokenVerifier:
    """Verifies bearer tokens of one issuer. Safe to use from several threads.

    The claim ``scope`` (or ``scp``) names the rights, ``ask`` and ``write``; a claim ``qa_within``,
    one library path or a list of them, limits what exists for the subject.

    Args:
        issuer: Exactly as its tokens name it, such as ``https://id.example.org/realm``.
        audience: This program, as tokens for it name it.

    Raises:
        ValueError: The issuer is no address of HTTPS, or the audience is blank.
    """

    def __init__(self, issuer: str, audience: str) -> None:
        if not audience.strip():
            raise ValueError("expected the audience of the issuer's tokens, got none")
        self._issuer = Issuer(issuer)
        self._registry = _Registry(strict_check_header=False)
        self._claims = JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer.url},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def verify(self, token: str) -> Caller | None:
        """The subject of a token; none if it is none of this issuer for this program and now.

        Raises:
            IssuerUnavailable: The issuer's keys are needed and cannot be fetched.
        """
        header = _header(token)
        if header is None:
            return None
        keys = self._issuer.signing_keys()
        payload = self._payload(token, keys)
        # The issuer may sign with a new key.
        if payload is None and (header.kid is None or not _has(keys, header.kid)):
            newer = self._issuer.signing_keys(unlike=keys)
            payload = None if newer is keys else self._payload(token, newer)
        return None if payload is None else self._caller(payload)

    def verify_known(self, token: str) -> Caller | None:
        """As ``verify``, without the network: none also where the issuer would have to be asked."""
        header, keys = _header(token), self._issuer.known_keys()
        if header is None or keys is None:
            return None
        payload = self._payload(token, keys)
        return None if payload is None else self._caller(payload)

    def _payload(self, token: str, keys: KeySet) -> bytes | None:
        """What is signed; none if none of the keys signed it."""
        try:
            return deserialize_compact(token, keys, registry=self._registry).payload
        except (JoseError, ValueError):
            return None

    def _caller(self, payload: bytes) -> Caller | None:
        try:
            claims = _OBJECT.validate_json(payload)
            self._claims.validate(claims)
            known = _Claims.model_validate(claims)
        except (JoseError, ValueError):
            return None
        scope = known.scope | known.scp
        rights = frozenset(right for right in RIGHTS if right in scope)
        return Caller(f"oidc:{known.sub}", rights, known.qa_within, DEFAULT_RATE)


def _header(token: str) -> _Header | None:
    """The header of a token; none if that is none, or of a kind that is not taken."""
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        return _Header.model_validate_json(urlsafe_b64decode(token.partition(".")[0].encode()))
    except ValueError:
        return None


def _has(keys: KeySet, kid: str) -> bool:
    return any(key.kid == kid for key in keys)
