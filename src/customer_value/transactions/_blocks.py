"""Long arrays in blocks that stay in the cache, worked on by a few threads (numpy lets go of the interpreter)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

BLOCK = 1 << 16
_MOST_THREADS = 8  # sorting and gathering wait for memory, which more threads do not make faster


def blocks(n: int, size: int = BLOCK) -> list[slice]:
    """Cut the rows 0..n-1 into consecutive slices."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def threads() -> int:
    """Return how many threads may run: the processors that this process is allowed to use, within reason."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, _MOST_THREADS)


def in_threads(work: Callable[[Part], Result], parts: Sequence[Part], *, fewest: int = 16) -> list[Result]:
    """Do independent pieces of work; results come in the order of the parts.

    With less than `fewest` parts, starting threads would cost more than they save: a block of rows is mostly read,
    turned into something and written within half a millisecond.
    """
    if len(parts) < fewest or threads() == 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(threads(), len(parts))) as pool:
        return list(pool.map(work, parts))
