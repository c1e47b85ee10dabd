"""Policy: whether a request is let in, and as whom."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, TypeVar

from qa.access.caller import RIGHTS, Caller
from qa.access.keys import Keys, key_id
from qa.access.rates import Failures
from qa.access.refusals import NotAuthenticated, TooManyAttempts
from qa.access.sessions import ENDED, Sessions
from qa.access.tokens import TokenVerifier

KEY_THREADS = 2
"""In which keys are hashed, one at a time, that are used for the first time."""

TOKEN_THREADS = 2
"""In which tokens are verified by keys of the issuer that are known."""

ISSUER_THREADS = 4
"""In which tokens wait for other keys of the issuer. Chosen by hand."""

_NONE = "This needs a key: send it as Authorization: Bearer KEY, or sign in."
_WRONG = "This key or token is not valid here (any more)."

_Result = TypeVar("_Result")


class Access:
    """Tells who sends a request. Safe to use from several threads.

    What it does is quick but for a key that is used for the first time, which takes a tenth of a
    second, and for a token when the issuer's keys are fetched, which can take some seconds.

    Args:
        keys: Of the index that is served.
        sessions: Of those who signed in with one of these keys.
        tokens: Verifies bearer tokens that are no keys; without it they are wrong.
        required: Whether a request without credentials is refused; else it may do everything.
    """

    def __init__(
        self, keys: Keys, sessions: Sessions, tokens: TokenVerifier | None = None, *, required: bool
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._tokens = tokens
        self._failures = Failures()
        # None waits for what another is slow with.
        self._key_threads = ThreadPoolExecutor(KEY_THREADS, "keys")
        self._token_threads = ThreadPoolExecutor(TOKEN_THREADS, "tokens")
        self._issuer_threads = ThreadPoolExecutor(ISSUER_THREADS, "issuer")
        self.required = required

    @classmethod
    def beside(
        cls, index: Path, tokens: TokenVerifier | None = None, *, required: bool
    ) -> "Access":
        """With the keys and sessions beside an index.

        Args:
            index: Its folder.
            tokens: Verifies bearer tokens that are no keys.
            required: Whether a request without credentials is refused.
        """
        return cls(Keys(index), Sessions.beside(index), tokens, required=required)

    def authenticate(
        self,
        authorization_header: str | None,
        api_key_header: str | None,
        session_cookie: str | None,
        address: str,
    ) -> Caller:
        """Whoever sends a request.

        The first credentials that are there decide. Wrong, revoked or expired ones are refused also
        where none are required: whoever sends a key of less rights must not get more. A cookie that
        was not made here counts as none: browsers send it to every port of a host.

        Args:
            authorization_header: ``Bearer`` and a key or token; other schemes are not ours, a proxy
                may have asked for them.
            api_key_header: A key.
            session_cookie: What ``sign_in`` returned.
            address: Where the request comes from; all that is counted together has the same.

        Raises:
            NotAuthenticated: The credentials are wrong, or there are none.
            TooManyAttempts: Too many from that address were wrong.
            KeysUnusable: The keys cannot be read.
            IssuerUnavailable: A token cannot be verified.
        """
        kind, credential = self._presented(authorization_header, api_key_header)
        if kind == "token":
            return self._bearer(credential, address)
        if kind == "key":
            return self._holder(credential, address)
        return self._guest(session_cookie, address)

    async def authenticate_async(
        self,
        authorization_header: str | None,
        api_key_header: str | None,
        session_cookie: str | None,
        address: str,
    ) -> Caller:
        """As ``authenticate``, without keeping the event loop for longer than a file is looked at.

        Whoever is known waits neither for keys that are hashed nor for the issuer.
        """
        kind, credential = self._presented(authorization_header, api_key_header)
        if kind == "none":
            return self._guest(session_cookie, address)
        if kind == "key":
            if caller := self._keys.remembered(credential):
                return caller
            self._check_failures(address)
            return await _within(self._key_threads, self._holder, credential, address)
        assert self._tokens is not None
        known = self._tokens.verify_known
        if caller := await _within(self._token_threads, known, credential):
            return caller
        self._check_failures(address)
        return await _within(self._issuer_threads, self._bearer, credential, address)

    def sign_in(self, key: str, address: str) -> str:
        """The value of a cookie that ``authenticate`` takes for a key.

        It is good for ``SESSION_SECONDS`` at most, and until the key is revoked.

        Raises:
            NotAuthenticated: The key is wrong.
            TooManyAttempts: Too many from that address were wrong.
            KeysUnusable: The keys cannot be read.
        """
        key = key.strip()
        self._holder(key, address)
        return self._sessions.cookie(key_id(key) or "")

    def _presented(
        self, authorization_header: str | None, api_key_header: str | None
    ) -> tuple[Literal["key", "token", "none"], str]:
        """The credential in the headers, and what it would be."""
        scheme, _, credential = (authorization_header or "").strip().partition(" ")
        if scheme.lower() == "bearer":
            credential = credential.strip()
            is_key = self._tokens is None or key_id(credential)
            return ("key" if is_key else "token"), credential
        if api_key_header is not None:
            return "key", api_key_header.strip()
        return "none", ""

    def _guest(self, session_cookie: str | None, address: str) -> Caller:
        """Whoever shows no credential, but perhaps a cookie."""
        if session_cookie is not None:
            identifier = self._sessions.key_id(session_cookie)
            if identifier is not None:
                if caller := self._keys.holder(identifier):
                    return caller
                raise NotAuthenticated(ENDED)
        if self.required:
            raise NotAuthenticated(_NONE)
        return Caller(f"address:{address}", frozenset(RIGHTS))

    def _bearer(self, token: str, address: str) -> Caller:
        assert self._tokens is not None
        # As for keys: what costs little is looked at, whatever else comes from its address.
        if caller := self._tokens.verify_known(token):
            return caller
        self._check_failures(address)
        if caller := self._tokens.verify(token):
            return caller
        raise self._refusal(address)

    def _holder(self, key: str, address: str) -> Caller:
        # Not even an address with many failures keeps out a key that was good before: people
        # behind one proxy have one address.
        if caller := self._keys.remembered(key):
            return caller
        self._check_failures(address)
        if caller := self._keys.verify(key):
            return caller
        raise self._refusal(address)

    def _check_failures(self, address: str) -> None:
        if seconds := self._failures.wait(address):
            raise TooManyAttempts(seconds)

    def _refusal(self, address: str) -> NotAuthenticated | TooManyAttempts:
        """Count wrong credentials of an address, and say what becomes of them."""
        if seconds := self._failures.wait(address):
            return TooManyAttempts(seconds)
        self._failures.add(address)
        return NotAuthenticated(_WRONG)


async def _within(
    threads: ThreadPoolExecutor, call: Callable[..., _Result], *arguments: str
) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)
