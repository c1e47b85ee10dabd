"""Documents of a service: what is done at a time."""

import threading
import time

import pytest

from qa.service.documents import ConcurrencyLimit, TooManyWaiting


def test_limit_bounds_the_running_and_the_waiting() -> None:
    limit, inside, most = ConcurrencyLimit(2, 5), 0, 0
    lock, leave = threading.Lock(), threading.Event()

    def enter() -> None:
        nonlocal inside, most
        with limit:
            with lock:
                inside += 1
                most = max(most, inside)
            leave.wait(10)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(5)]
    for thread in threads:
        thread.start()
    while inside < 2 or limit._pending._value:
        time.sleep(0.001)
    with pytest.raises(TooManyWaiting), limit:
        pass
    leave.set()
    for thread in threads:
        thread.join()
    assert most == 2 and inside == 0
    with limit:
        pass
