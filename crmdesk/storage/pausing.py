"""Python's search for cycles put off while many rows are worked on.

Rows are tens of thousands of small objects without one cycle, and each search goes through them
and the whole program: up to half the time of taking in a page of HQ's rows.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collecting() -> Iterator[None]:
    """No search for cycles within the block or function; for work that ends soon by itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
