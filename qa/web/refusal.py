"""Refusal: a request that is not served, with its HTTP status."""

from starlette.responses import PlainTextResponse

RETRY_SECONDS = 60
"""Value of ``Retry-After`` with status 503. Chosen by hand."""


class Refusal(Exception):
    """Raised where a request is checked; its status and message are the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> PlainTextResponse:
        """The response to the client."""
        headers = {"Retry-After": str(RETRY_SECONDS)} if self.status == 503 else {}
        return PlainTextResponse(str(self), self.status, headers)
