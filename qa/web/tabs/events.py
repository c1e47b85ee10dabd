"""Events: what the events of the page share."""

from typing import Any

Changes = dict[Any, object]
"""What an event changes, by component; all others stay as they are. Gradio reads this type."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of every event."""

UNQUEUED: dict[str, Any] = {"queue": False, **QUIET}
"""Options of an event that is carried out at once, however many others are waiting."""
