"""Work on arrays shared out between the processor's cores.

Owns the threads. Only for work that numpy does without Python's lock and that writes what nothing
else reads: whatever the number of cores, and whoever is first, the results are the same.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")

_MOST_THREADS = 4


def shared(work: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """``map`` with results in their order; where no thread can be had, one after the other."""
    calls = list(zip(*arguments, strict=True))
    threads = min(len(calls), _cores())
    if threads > 1:
        try:
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(lambda call: work(*call), calls))
        except RuntimeError:  # no further thread can be started
            pass
    return [work(*call) for call in calls]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST_THREADS)
    return min(os.cpu_count() or 1, _MOST_THREADS)
