"""Issuer of OpenID Connect: the public keys of its tokens, fetched from where it says they are.

OpenID Connect Discovery 1.0, section 4, and JSON Web Key Sets (RFC 7517).
"""

import threading
import time
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from pydantic import BaseModel, Field, ValidationError

from embeddings.errors import ChapterAndVerseError, Remedy

REFRESH_SECONDS = 3_600.0
"""After which keys are fetched again, so that those that the issuer withdrew end."""

RETRY_SECONDS = 30.0
"""Between two times that keys are fetched, whatever is asked for."""

TIMEOUT_SECONDS = 5.0
"""Without a byte from the issuer."""

MAX_FETCH_SECONDS = 10.0
"""For a whole document of the issuer."""

MAX_BYTES = 500_000
"""Of a document of the issuer."""

MIN_RSA_BITS = 2_048
"""Of an RSA key (NIST SP 800-131A)."""


class IssuerUnavailable(ChapterAndVerseError):
    """The issuer cannot be reached, or does not answer as one; nobody's token can be verified."""


class _Discovery(BaseModel):
    issuer: str
    jwks_uri: str


class _KeySet(BaseModel):
    keys: Annotated[list[dict[str, Any]], Field(max_length=100)]


_Document = TypeVar("_Document", bound=BaseModel)


def checked_address(url: str) -> str:
    """The address, if it is one of HTTPS, or of HTTP on this machine.

    >>> checked_address("https://id.example.org/realm"), checked_address("http://127.0.0.1:8080")
    ('https://id.example.org/realm', 'http://127.0.0.1:8080')

    Raises:
        ValueError: It is not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
        good = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    except ValueError:
        good, host = False, ""
    if not (good and host and url.isascii() and url.isprintable() and " " not in url) or (
        parts.username is not None or parts.query or parts.fragment
    ):
        raise ValueError(
            f"expected an address that starts with https:// (http:// on this machine alone) "
            f"without user, query and fragment, got {url!r}"
        )
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Issuer:
    """The keys with which an issuer signs. Safe to use from several threads.

    They are fetched when they are first asked for, by one thread at a time.

    Args:
        url: The issuer, exactly as its tokens name it.

    Raises:
        ValueError: It is no address of HTTPS.
    """

    def __init__(self, url: str) -> None:
        self.url = checked_address(url)
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = self._tried = -float("inf")
        self._error: IssuerUnavailable | None = None

    def signing_keys(self, unlike: KeySet | None = None) -> KeySet:
        """The public keys.

        Args:
            unlike: Keys that were returned before and lack the one that is sought: newer ones are
                fetched, unless that was done less than ``RETRY_SECONDS`` ago.

        Raises:
            IssuerUnavailable: There are none.
        """
        if (known := self._fresh(unlike)) is not None:
            return known
        with self._lock:
            # Another thread may have fetched them meanwhile.
            if (known := self._fresh(unlike)) is not None:
                return known
            if time.monotonic() - self._tried < RETRY_SECONDS:
                if self._keys is not None and self._is_current():
                    return self._keys
                raise self._error or self._unavailable("cannot be reached")
            self._tried = time.monotonic()
            try:
                self._keys = self._fetch()
            except IssuerUnavailable as error:
                self._error = error
                raise
            self._fetched, self._error = time.monotonic(), None
            return self._keys

    def known_keys(self) -> KeySet | None:
        """The public keys; none where they would have to be fetched first."""
        return self._fresh(None)

    def _fresh(self, unlike: KeySet | None) -> KeySet | None:
        known = self._keys
        return known if known is not None and known is not unlike and self._is_current() else None

    def _is_current(self) -> bool:
        return time.monotonic() - self._fetched < REFRESH_SECONDS

    def _fetch(self) -> KeySet:
        # A slash at the end of the issuer is not repeated (OpenID Connect Discovery 1.0, 4.1).
        place = f"{self.url.rstrip('/')}/.well-known/openid-configuration"
        discovery = self._document(place, _Discovery)
        if discovery.issuer != self.url:
            raise self._unavailable("says that it is another issuer", discovery.issuer)
        try:
            place = checked_address(discovery.jwks_uri)
        except ValueError as error:
            raise self._unavailable("names no address of its keys", error) from error
        keys = [
            key
            for data in self._document(place, _KeySet).keys
            if (key := _signing_key(data)) is not None
        ]
        if not keys:
            raise self._unavailable("has no key that is read")
        return KeySet(keys)

    def _document(self, url: str, kind: type[_Document]) -> _Document:
        """A JSON document of the issuer, fetched and validated."""
        ends = time.monotonic() + MAX_FETCH_SECONDS
        content = b""
        try:
            # As it is sent: what is compressed could grow. Redirects are not followed.
            headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
            with (
                httpx.Client(timeout=TIMEOUT_SECONDS, headers=headers) as client,
                client.stream("GET", url) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise self._unavailable(f"answers {response.status_code}", url)
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > MAX_BYTES:
                        raise self._unavailable(f"sends more than {MAX_BYTES:,} bytes", url)
                    if time.monotonic() > ends:
                        raise self._unavailable("is too slow", url)
            return kind.model_validate_json(content)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._unavailable("cannot be reached", f"{url}: {error}") from error
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            what = "does not say what an issuer says"
            raise self._unavailable(what, f"{url}: {first['msg']}") from error

    def _unavailable(self, what: str, detail: object = "") -> IssuerUnavailable:
        return IssuerUnavailable(
            f"The issuer of tokens {what}",
            remedy=Remedy.CHECK_ISSUER,
            detail=str(detail)[:300] or self.url,
        )


def _signing_key(data: Mapping[str, Any]) -> Key | None:
    """A key that can verify signatures; none of another kind, which RFC 7517 says to ignore.

    A symmetric key would be known to whoever reads it, so that it is none.
    """
    if data.get("kty") not in ("RSA", "EC", "OKP") or data.get("use", "sig") != "sig":
        return None
    # The library would only warn of a short one.
    if data["kty"] == "RSA" and 6 * len(str(data.get("n"))) < MIN_RSA_BITS:
        return None
    try:
        return JWKRegistry.import_key(dict(data))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
