"""Work on chunks by several threads, the results taken in the order of the chunks: the same bits for any number of threads."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

CHUNK = 65_536
"""Units of a chunk. It never depends on the number of threads, for it decides the order of sums."""

_pools: dict[int, ThreadPoolExecutor] = {}
_own = threading.local()


def n_threads(asked: int) -> int:
    """As many as asked for; 0 means one for each processor that this process may use."""
    if asked > 0:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slices(n: int) -> list[slice]:
    """The chunks of `n` units."""
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]


def in_order(function: Callable[[int], T], count: int, threads: int) -> Iterator[T]:
    """function(0), function(1), … by several threads, never more than a few of them waiting to be taken.

    Work that asks for threads of its own inside such a thread gets none.
    """
    threads = min(n_threads(threads), count)
    if threads <= 1 or getattr(_own, "working", False):
        yield from map(function, range(count))
        return
    pool = _pool(threads)
    waiting: deque[Future[T]] = deque()
    try:
        for k in range(count):
            waiting.append(pool.submit(function, k))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for left in waiting:
            left.cancel()


def each_slice(function: Callable[[slice], T], n: int, threads: int) -> list[T]:
    """`function` of every chunk of `n` units, in their order."""
    places = slices(n)
    return list(in_order(lambda k: function(places[k]), len(places), threads))


def _pool(threads: int) -> ThreadPoolExecutor:
    """One pool of so many threads for the whole process: they are started once, not for every pass."""
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads, "chunks", initializer=_begin)
    return _pools[threads]


def _begin() -> None:
    _own.working = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # threads do not live on in a forked process
