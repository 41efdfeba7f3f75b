"""One decorator for all compiled kernels: cached where the folder is writable, plain Python when the JIT is off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` without fast-math, so that every run gives the same bits; other threads may run meanwhile.

    Numba refuses to cache where neither the package's folder nor the user's cache folder is writable;
    the kernel is then compiled anew in each process.
    """
    try:
        return cast(F, numba.njit(cache=True, fastmath=False, nogil=True)(function))
    except RuntimeError:
        return cast(F, numba.njit(fastmath=False, nogil=True)(function))
