"""Items made ahead in a second process, while the first works on those before.

Owns that process and the line between the two. The second one is forked, so that it goes on where
the first stands and begins in milliseconds; where that is not safe (other systems, other threads)
or brings nothing (a single core) the items are made here. Either way they are the same, in the same
order, and so are the errors.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.i18n import _

T = TypeVar("T")

_LINE_BYTES = 1 << 20
_ITEM, _ERROR, _END = "item", "error", "end"


@contextmanager
def made_ahead(items: Iterator[T], files: Collection[int] = ()) -> Iterator[Iterator[T]]:
    """The items, made in a second process where that can be; it ends with the block.

    ``files`` are the descriptors that making them reads from. What the making raises is raised
    here; EnvironmentProblem when the second process is lost.
    """
    if not _can_fork():
        yield items
        return
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    _widen(there)
    process = context.Process(target=_make, args=(items, there, files), daemon=True)
    try:
        process.start()
    except OSError:
        here.close()
        there.close()
        yield items
        return
    there.close()
    try:
        yield _received(here)
    finally:
        here.close()
        process.kill()
        process.join()


def _can_fork() -> bool:
    """Forking is safe in a program without other threads, and brings something on two cores."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    return len(os.sched_getaffinity(0)) > 1


def _widen(line: Connection) -> None:
    """Let a few items wait in the line, so that neither process waits for each of the other's."""
    import fcntl

    with contextlib.suppress(OSError):
        fcntl.fcntl(line.fileno(), fcntl.F_SETPIPE_SZ, _LINE_BYTES)


def _received(line: Connection) -> Iterator[Any]:
    while True:
        try:
            kind, what = line.recv()
        except (EOFError, OSError) as error:
            raise EnvironmentProblem(
                _("Reading the file was cut off."), _("Nothing was imported; try again.")
            ) from error
        if kind == _END:
            return
        if kind == _ERROR:
            raise what
        yield what


def _make(items: Iterator[Any], line: Connection, files: Collection[int]) -> None:
    """The second process: everything it makes goes into the line, an error as the last of it."""
    # A key pressed to stop the program is the first process's to answer, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _let_go({line.fileno(), *files})
    # When the first process has ended, nobody is there to be told.
    with contextlib.suppress(BrokenPipeError):
        try:
            for item in items:
                line.send((_ITEM, item))
            line.send((_END, None))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in the first one
            line.send((_ERROR, error))


def _let_go(kept: Collection[int]) -> None:
    """Close what was inherited, so that no lock and no end of a line outlives the first process."""
    first = 3
    for descriptor in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(first, descriptor)
        first = descriptor + 1
