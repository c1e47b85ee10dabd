"""An issuer of OpenID Connect in a thread of the test: discovery, keys and signed tokens."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

AUDIENCE = "chapter-and-verse"


class TestIssuer:
    """An issuer at an address of this machine.

    Attributes:
        url: Of the issuer, as its tokens name it.
        keys: With which it signs; their public parts are served.
        answers: What it serves instead, by path: a status, headers and content.
        requested: The paths that were asked for.
    """

    __test__ = False

    def __init__(self) -> None:
        self.keys: list[Key] = [ECKey.generate_key("P-256", auto_kid=True)]
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requested: list[str] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, content = issuer.answer(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                # Who asks may take no more than it wants.
                with suppress(ConnectionError):
                    self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # By default a server looks every half second whether it has to stop.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.requested.append(path)
        documents: dict[str, object] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
            },
            "/keys": KeySet(self.keys).as_dict(private=False),
        }
        if path in self.answers:
            return self.answers[path]
        if path in documents:
            return 200, {"Content-Type": "application/json"}, json.dumps(documents[path]).encode()
        return 404, {}, b""

    def rotate(self) -> None:
        """Sign with a new key; the one before is no longer served."""
        self.keys = [ECKey.generate_key("P-256", auto_kid=True)]

    def claims(self, **changed: object) -> dict[str, object]:
        """The claims of a good token; those given as None are left out."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "ada",
            "scope": "openid ask",
            "iat": now,
            "exp": now + 300,
        }
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def token(
        self,
        key: Key | None = None,
        header: dict[str, Any] | None = None,
        payload: bytes | None = None,
        **changed: object,
    ) -> str:
        """A token, good but for what is given.

        Args:
            key: That signs it; by default the issuer's first.
            header: Added to the header; what is None is left out.
            payload: In place of claims.
            changed: Claims that differ.
        """
        key = key or self.keys[0]
        algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
        full = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"} | (header or {})
        full = {name: value for name, value in full.items() if value is not None}
        registry = JWSRegistry(algorithms=[full["alg"]], strict_check_header=False)
        content = json.dumps(self.claims(**changed)).encode() if payload is None else payload
        return serialize_compact(full, content, key, registry=registry)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def running_issuer() -> Iterator[TestIssuer]:
    """An issuer, stopped at the end."""
    issuer = TestIssuer()
    try:
        yield issuer
    finally:
        issuer.stop()
