"""Spreadsheets as tables: XLSX, XLS and ODS, one sheet of them, its cells as text.

Owns which sheet is read (the first that is not hidden and not empty, or the one named) and what a
cell says. Containers are hostile until looked at: what they unpack to is bounded.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from crmdesk.domain.errors import UserError
from crmdesk.i18n import _, format_bytes

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How files of old Excel begin, and those of the present one that are locked by a password."""
ZIP = b"PK\x03\x04"
SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".ods", ".xls")
_MOST_BYTES = 1 << 30
_MOST_RATIO = 400
_LOCKED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open sheet: its rows with their lines, what it is called, and which others there are."""

    name: str
    rows: Iterator[tuple[int, list[str]]]
    others: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def is_spreadsheet(path: Path, head: bytes) -> bool:
    """Whether a file is a spreadsheet by its name or its first bytes."""
    if path.suffix.lower() == ".xls":
        # What many programs call XLS is a table of text, or a page of the web.
        return head.startswith((ZIP, COMPOUND))
    return path.suffix.lower() in SUFFIXES or head.startswith((ZIP, COMPOUND))


def open_sheet(path: Path, head: bytes, name: str = "") -> Sheet:
    """Open a sheet of a workbook. UserError says why it cannot be read."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    _check(path, head)
    try:
        book = CalamineWorkbook.from_path(str(path))
        seen = [(one.name, one.visible == SheetVisibleEnum.Visible) for one in book.sheets_metadata]
        chosen = _chosen(path, book, seen, name)
        sheet = book.get_sheet_by_name(chosen)
        return Sheet(
            chosen,
            _rows(sheet),
            tuple(one for one, visible in seen if visible and one != chosen),
            tuple(one for one, visible in seen if not visible and one != chosen),
        )
    except (CalamineError, OSError, IndexError) as error:
        if "assword" in str(error):
            raise _locked(path) from error
        raise _unreadable(path) from error


def _chosen(path: Path, book: Any, seen: list[tuple[str, bool]], name: str) -> str:
    if name:
        if name not in [one for one, _visible in seen]:
            raise UserError(
                _("{file} has no sheet “{sheet}”.").format(file=path.name, sheet=name),
                _("Sheets are: {sheets}.").format(sheets=", ".join(one for one, _v in seen)),
            )
        return name
    shown = [one for one, visible in seen if visible]
    if not shown:
        raise UserError(
            _("{file} has no sheet that can be seen.").format(file=path.name),
            _("Show the sheet with the table and save the file; nothing was imported."),
        )
    for one in shown:
        if book.get_sheet_by_name(one).start is not None:
            return one
    return shown[0]


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(sheet.iter_rows(), start=1):
        texts = [_cell(value) for value in row]
        if any(texts):
            yield line, texts


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        # As many digits as a spreadsheet shows: what formulas add up ends in …0000000004.
        return str(int(value)) if value.is_integer() else repr(float(f"{value:.15g}"))
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, timedelta):
        return ""
    return "" if value is None else str(value)


def _check(path: Path, head: bytes) -> None:
    if head.startswith(COMPOUND):
        with path.open("rb") as file:
            if _LOCKED in file.read(64 << 20):
                raise _locked(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile:
        raise _unreadable(path) from None
    if total > _MOST_BYTES or total > path.stat().st_size * _MOST_RATIO + (1 << 20):
        raise UserError(
            _("{file} unpacks to {size}, which is not believable.").format(
                file=path.name, size=format_bytes(total)
            ),
            _("Save it as CSV and try again; nothing was imported."),
        )


def _locked(path: Path) -> UserError:
    return UserError(
        _("{file} is locked by a password.").format(file=path.name),
        _("Save it without one and try again; nothing was imported."),
    )


def _unreadable(path: Path) -> UserError:
    return UserError(
        _("{file} is not a spreadsheet that can be read.").format(file=path.name),
        _("Save it as XLSX or CSV and try again."),
    )
