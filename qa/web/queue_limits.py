"""Queue limits: how many events of the page are carried out and wait at a time."""

import os

CONCURRENT_ANSWERS = os.cpu_count() or 1
"""Questions answered at a time: an answer keeps a core busy, so more would wait for each other."""

MAX_WAITING = 32
"""Events that wait for their turn; at a second each the last one waits half a minute. Chosen
by hand."""
