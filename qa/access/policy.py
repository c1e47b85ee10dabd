"""Policy: whether a request is let in, and as whom."""

from pathlib import Path

from qa.access.caller import RIGHTS, Caller
from qa.access.keys import Keys, key_id
from qa.access.rates import Failures
from qa.access.refusals import NotAuthenticated, TooManyAttempts
from qa.access.sessions import ENDED, Sessions
from qa.access.tokens import TokenVerifier

_NONE = "This needs a key: send it as Authorization: Bearer KEY, or sign in."
_WRONG = "This key or token is not valid here (any more)."


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
        scheme, _, credential = (authorization_header or "").strip().partition(" ")
        if scheme.lower() == "bearer":
            return self._bearer(credential.strip(), address)
        if api_key_header is not None:
            return self._holder(api_key_header.strip(), address)
        if session_cookie is not None:
            identifier = self._sessions.key_id(session_cookie)
            if identifier is not None:
                if caller := self._keys.holder(identifier):
                    return caller
                raise NotAuthenticated(ENDED)
        if self.required:
            raise NotAuthenticated(_NONE)
        return Caller(f"address:{address}", frozenset(RIGHTS))

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

    def _bearer(self, credential: str, address: str) -> Caller:
        if self._tokens is None or key_id(credential):
            return self._holder(credential, address)
        if caller := self._tokens.verify(credential):
            return caller
        raise self._refusal(address)

    def _holder(self, key: str, address: str) -> Caller:
        # Not even an address with many failures keeps out a key that was good before: people
        # behind one proxy have one address.
        if caller := self._keys.remembered(key):
            return caller
        if seconds := self._failures.wait(address):
            raise TooManyAttempts(seconds)
        if caller := self._keys.verify(key):
            return caller
        raise self._refusal(address)

    def _refusal(self, address: str) -> NotAuthenticated | TooManyAttempts:
        """Count wrong credentials of an address, and say what becomes of them."""
        if seconds := self._failures.wait(address):
            return TooManyAttempts(seconds)
        self._failures.add(address)
        return NotAuthenticated(_WRONG)
