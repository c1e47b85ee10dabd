"""Upload: the state of an uploaded file while it is added."""

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "reading", "taken", "refused"]


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file.

    Attributes:
        name: As it was uploaded.
        state: Whether it is being indexed, in the library ("taken") or refused.
        detail: The progress, the path in the library, or why it was refused, as a predicate whose
            subject is the file.
        path: In the library, once it is taken; of one that is refused, where the same content lies.
    """

    name: str
    state: State = "waiting"
    detail: str = ""
    path: str | None = None
