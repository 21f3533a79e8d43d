"""What every command may use; made once per run by the program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.cli.console import Console
from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.interchange.documents.sheet import Sheet

PrintDocuments = Callable[[Iterable[tuple["Sheet", Path]]], Iterator["tuple[Path, int, str]"]]
"""Writes documents as PDF one by one; gives each file, its pages and letters no font has."""


MakeLogo = Callable[[bytes], bytes]
"""Makes a picture file small enough for a logo."""


def no_logos(_picture: bytes) -> bytes:
    """The same for pictures."""
    raise EnvironmentProblem(_("This program cannot read pictures."))


def no_printing(_sheets: Iterable[tuple[Sheet, Path]]) -> Iterator[tuple[Path, int, str]]:
    """The printing room of a program that was started without one."""
    raise EnvironmentProblem(_("This program cannot print documents."))


@dataclass(frozen=True, slots=True)
class Context:
    """What a command may use: the profile's folder, instants, its words, and the desktop.

    ``desktop(folder)`` opens the window and returns its exit code; ``tour(folder, pictures)``
    walks through a rep's day by itself; ``smoke()`` proves a bundle. ``print_documents`` is the
    printing room, which needs Qt.
    """

    folder: Path
    instants: Callable[[], datetime]
    console: Console
    desktop: Callable[[Path], int]
    tour: Callable[[Path, Path], int]
    smoke: Callable[[], int]
    print_documents: PrintDocuments
    make_logo: MakeLogo
