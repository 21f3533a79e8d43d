"""A child of a server: ``python -m crmdesk.hq.running.child``, told on standard input what to do.

The first line is a :class:`crmdesk.hq.running.children.Task`: the address of the database, with its
password, must not stand on a command line. A child that follows its parent ends when the pipe
closes, so that none is left behind.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from crmdesk.domain.errors import CrmdeskError
from crmdesk.hq.running import children, fitting, server
from crmdesk.hq.running.serving import serve
from crmdesk.i18n import use_language

_STDIN = 0


def main() -> int:
    """Serve as the task says, until SIGTERM or the parent's end; the exit code."""
    use_language()
    try:
        _serve()
    except CrmdeskError as error:
        print(f"crmdesk: {error}", file=sys.stderr)  # noqa: T201 - nobody else can say it
        return 3
    return 0


def _serve() -> None:
    # Not ``sys.stdin``: a program without a console has none, whatever it was given.
    with os.fdopen(_STDIN, "rb", buffering=0, closefd=False) as pipe:
        task = children.read_task(pipe.readline())
    if task.follow:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    if task.fit:
        fitting.work(task)
        return
    if task.listener is None:
        serve(task.url, task.options, address_file=task.address_file)
        return
    with socket.socket(fileno=task.listener) as listener:
        server.run(task.url, task.options, listener, place=task.place)


def _end_with_parent() -> None:
    # A bare read: a buffered one would hold a lock that the interpreter wants at its end.
    while os.read(_STDIN, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
