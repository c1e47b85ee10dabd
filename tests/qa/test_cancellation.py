"""What is computed is stopped once nobody wants it."""

import threading

import pytest

from qa.cancellation import Cancelled, check_wanted, wanted_while


def test_what_nobody_speaks_of_is_wanted() -> None:
    check_wanted()


def test_it_is_asked_each_time_and_of_the_innermost() -> None:
    asked = iter([True, True, False])
    with wanted_while(lambda: next(asked)):
        check_wanted()
        with wanted_while(lambda: False), pytest.raises(Cancelled, match="not any more"):
            check_wanted()
        check_wanted([1, 2])
        with pytest.raises(Cancelled):
            check_wanted()
    check_wanted()


def test_another_thread_goes_on() -> None:
    done = threading.Event()

    def compute() -> None:
        check_wanted()
        done.set()

    with wanted_while(lambda: False):
        thread = threading.Thread(target=compute)
        thread.start()
        thread.join(30)
    assert done.is_set()
