"""Refusals: a request whose sender is not known, or who tries too often."""


class NotAuthenticated(ValueError):
    """There are no credentials where they are required, or they are wrong; HTTP says 401.

    Attributes:
        reason: A sentence for the caller; it does not tell an unknown key from a wrong one.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyAttempts(ValueError):
    """So many credentials were wrong that others are not looked at for a while; HTTP says 429.

    Attributes:
        seconds: After which another attempt is worth it.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts failed. Try again in {seconds} seconds.")
        self.seconds = seconds
