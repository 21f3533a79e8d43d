"""What every command may use; made once per run by the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crmdesk.cli.console import Console


@dataclass(frozen=True, slots=True)
class Context:
    """What a command may use: the profile's folder, instants, its words, and the desktop.

    ``desktop(folder)`` opens the window and returns its exit code; ``tour(folder, pictures)``
    walks through a rep's day by itself; ``smoke()`` proves a bundle.
    """

    folder: Path
    instants: Callable[[], datetime]
    console: Console
    desktop: Callable[[Path], int]
    tour: Callable[[Path, Path], int]
    smoke: Callable[[], int]
