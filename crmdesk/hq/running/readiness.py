"""Telling the service manager that a server answers, as systemd's ``sd_notify(3)`` describes it.

Without ``NOTIFY_SOCKET`` in the environment nothing is told to anybody. That one ends is not told:
with several processes the manager would take the end of one for the end of all.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def tell_ready() -> None:
    """Say it; a manager that does not listen is none of the server's business."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):
        # A name in Linux' abstract namespace begins with a zero byte.
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.sendto(b"READY=1", address)
