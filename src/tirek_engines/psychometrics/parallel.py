"""Work on chunks by several threads, the results taken in the order of the chunks: the same bits for any number of threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

CHUNK = 65_536
"""Units of a chunk. It never depends on the number of threads, for it decides the order of sums."""


def n_threads(asked: int) -> int:
    """As many as asked for; 0 means one for each processor that this process may use."""
    if asked > 0:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slices(n: int) -> list[slice]:
    """The chunks of `n` units."""
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def in_order(function: Callable[[int], T], count: int, threads: int) -> Iterator[T]:
    """function(0), function(1), … by several threads, never more than a few of them waiting to be taken."""
    threads = min(n_threads(threads), count)
    if threads <= 1:
        yield from map(function, range(count))
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for k in range(count):
            waiting.append(pool.submit(function, k))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
