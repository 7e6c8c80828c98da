"""Threads that share work: who does what, and what comes back."""

from __future__ import annotations

import threading

import pytest

from clockpizza.threads import Threads


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 7])
def test_results_are_in_the_order_of_the_items(count: int, items: int) -> None:
    assert list(Threads(count).map(lambda i: 10 * i, range(items))) == [10 * i for i in range(items)]


def test_the_others_go_on_while_the_first_is_busy() -> None:
    done = threading.Semaphore(0)

    def work(i: int) -> str:
        if i:
            done.release()
        else:  # the caller's: waits for all others
            assert all(done.acquire(timeout=10) for _ in range(3))
        return threading.current_thread().name

    caller, *others = Threads(2).map(work, range(4))
    assert caller == threading.current_thread().name
    assert caller not in others


def test_the_caller_takes_what_nobody_has_begun() -> None:
    begun, last = threading.Event(), threading.Event()

    def work(i: int) -> str:
        if i == 0:
            assert begun.wait(timeout=10)
        elif i == 1:  # the other thread's: waits for the one after it
            begun.set()
            assert last.wait(timeout=10)
        elif i == 2:
            last.set()
        return threading.current_thread().name

    first, other, then = Threads(2).map(work, range(3))
    assert first == then == threading.current_thread().name != other


@pytest.mark.parametrize("bad", range(3))
def test_an_error_reaches_the_caller(bad: int) -> None:
    def work(i: int) -> None:
        if i == bad:
            raise ValueError(i)

    with pytest.raises(ValueError, match=str(bad)):
        list(Threads(2).map(work, range(3)))
