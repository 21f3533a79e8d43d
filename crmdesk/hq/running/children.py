"""Starting server processes: what a child is told, and how.

What the child then does is :mod:`crmdesk.hq.running.child`'s.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from crmdesk.hq.running.options import ServeOptions


@dataclass(frozen=True, slots=True)
class Task:
    """What a child serves. ``listener`` is an inherited socket; without it the child opens one.

    ``place`` is its number among its siblings; with ``follow`` it ends when its parent does.
    ``fit``: it serves nothing and fits the reorder model, giving way to whatever else runs here.
    """

    url: str
    options: ServeOptions
    address_file: Path | None = None
    listener: int | None = None
    place: int = 0
    follow: bool = False
    fit: bool = False


def start(task: Task, *, output: IO[Any] | None = None) -> subprocess.Popen[bytes]:
    """A child at work on a task; its output goes to ``output``, else where ours goes.

    ``stdin`` of a child that follows must be kept open for as long as it shall run.
    """
    command = [sys.executable]
    frozen = getattr(sys, "frozen", False)
    command += ["--hq-child"] if frozen else ["-m", "crmdesk.hq.running.child"]
    inherited: Sequence[int] = () if task.listener is None else (task.listener,)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        pass_fds=inherited,
        # Ctrl+C in a terminal is for the parent, which passes it on once.
        start_new_session=task.follow,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    pipe = cast(IO[bytes], process.stdin)
    with suppress(BrokenPipeError):
        pipe.write(msgspec.json.encode(task, enc_hook=str) + b"\n")
        pipe.flush()
    if not task.follow:
        pipe.close()
    return process


def read_task(line: bytes) -> Task:
    """The task a parent wrote."""
    return msgspec.json.decode(line, type=Task, dec_hook=lambda kind, value: kind(value))
