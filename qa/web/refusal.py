"""Refusal: a request that is not served, with the HTTP status that says so."""

from starlette.responses import PlainTextResponse

RETRY_SECONDS = 60


class Refusal(Exception):
    """Raised where a request is looked at, and answered with its status and its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status

    def response(self) -> PlainTextResponse:
        """What the client is answered."""
        headers = {"Retry-After": str(RETRY_SECONDS)} if self.status == 503 else {}
        return PlainTextResponse(str(self), self.status, headers)
