"""What commands print: lines for people, or exactly one JSON document; progress on a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, TextIO

from crmdesk.i18n import format_number

DONE, FINDINGS, WRONG, FAILED = 0, 1, 2, 3
_PROGRESS_EVERY_S = 0.2


class Console:
    """Where a command's words go. With ``as_json`` only :meth:`document` reaches the output."""

    def __init__(self, *, as_json: bool, out: TextIO | None = None) -> None:
        self.as_json = as_json
        self._out = out or sys.stdout
        self._last = 0.0
        self._shown = False

    def say(self, text: str = "") -> None:
        """A line for people."""
        if not self.as_json:
            self._clear()
            print(text, file=self._out)

    def document(self, value: Any) -> None:
        """The one JSON document of a command."""
        if self.as_json:
            json.dump(value, self._out, ensure_ascii=False, default=plain)
            self._out.write("\n")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A small table for people; numbers are right-aligned."""
        texts = [[_shown(cell) for cell in row] for row in rows]
        widths = [max([len(head), *(len(row[i]) for row in texts)]) for i, head in enumerate(heads)]
        numeric = [
            bool(rows) and all(isinstance(r[i], int | float) or r[i] is None for r in rows)
            for i in range(len(heads))
        ]
        for line in [list(heads), *texts]:
            cells = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ]
            self.say("  ".join(cells).rstrip())

    def progress(self) -> Callable[[str, int], None]:
        """A callback that shows what goes on and how far, on a terminal only."""

        def show(what: str, count: int) -> None:
            now = time.monotonic()
            if self.as_json or not sys.stderr.isatty() or now - self._last < _PROGRESS_EVERY_S:
                return
            self._last, self._shown = now, True
            print(f"\r{what} {format_number(count)}\033[K", end="", file=sys.stderr, flush=True)

        return show

    def _clear(self) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def plain(value: Any) -> Any:
    """What JSON cannot hold by itself: dates, uids, dataclasses, states."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _shown(cell: object) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return format_number(cell, 3)
    return str(cell)
