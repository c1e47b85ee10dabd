"""Queue limits: how many events of the page are carried out and wait at a time."""

from qa.service.answer_queue import CONCURRENT_ANSWERS, MAX_WAITING

__all__ = ["CONCURRENT_ANSWERS", "MAX_WAITING"]
