"""The table: printed at the end of a run and, with ``--write``, put into ``docs/benchmarks.md``.

Rows of benchmarks that did not run this time keep what the document says of them.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.harness import Figure, verdict

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
_HEAD = ("benchmark", "what", "value", "floor", "ratio", "bound", "", "measured")


def machine() -> str:
    """What was measured on, without naming the machine."""
    import sqlcipher3.dbapi2 as dbapi

    processor = "unknown processor"
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    except OSError:
        processor = platform.processor() or processor
    return (
        f"{os.cpu_count()} cores ({processor}), {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}, PySide6 {version('PySide6-Essentials')},"
        f" SQLAlchemy {version('sqlalchemy')}, SQLCipher on SQLite {dbapi.sqlite_version},"
        f" SQLite of Python {sqlite3.sqlite_version}"
    )


def load_average() -> float:
    """How many processes wanted a core over the last minute; 0 where nobody knows."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def as_text(figures: Sequence[Figure]) -> str:
    """The table for a terminal."""
    rows = [_HEAD[:-1], *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.benchmark, figure.what, figure.value, figure.floor, figure.ratio, figure.bound,
        verdict(figure),
    )  # fmt: skip


def write(figures: Iterable[Figure], today: date, order: Sequence[str]) -> None:
    """Put the figures into the document, in place of the older ones of the same benchmarks."""
    text = DOCUMENT.read_text("utf-8")
    before, _mark, rest = text.partition(BEGIN)
    table, _mark, after = rest.partition(END)
    fresh = [(*_cells(figure), today.isoformat()) for figure in figures]
    ran = {row[0] for row in fresh}
    kept = [row for row in _known(table) if row[0] not in ran]
    rows = sorted([*kept, *fresh], key=lambda row: order.index(row[0]) if row[0] in order else 99)
    lines = [
        "",
        "",
        f"Last written {today.isoformat()} on {machine()}; load {load_average():.1f}.",
        "",
    ]
    lines += [_row(_HEAD), _row(["---"] * len(_HEAD)), *map(_row, rows), ""]
    DOCUMENT.write_text(before + BEGIN + "\n".join(lines) + END + after, encoding="utf-8")


def _known(table: str) -> list[tuple[str, ...]]:
    rows = [line for line in table.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows[2:]]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
