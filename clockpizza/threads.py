"""Threads that share pieces of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Each(Protocol):
    """`map`, or that of threads."""

    def __call__(self, work: Callable[[Item], Result], of: Iterable[Item], /) -> Iterator[Result]: ...


class Threads:
    """`count` threads; the one that calls is the first, and need not be woken."""

    def __init__(self, count: int):
        self._others = ThreadPoolExecutor(count - 1) if count > 1 else None

    def map(self, work: Callable[[Item], Result], of: Iterable[Item], /) -> Iterator[Result]:
        """Results in the order of the items; an item is taken by the first thread that is free."""
        if self._others is None:
            return map(work, of)
        items = list(of)
        futures = [self._others.submit(work, item) for item in items[1:]]
        first = [work(item) for item in items[:1]]
        left = {i: work(items[i]) for i, future in enumerate(futures, 1) if future.cancel()}
        return iter(first + [left[i] if i in left else future.result() for i, future in enumerate(futures, 1)])
