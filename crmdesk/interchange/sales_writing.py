"""How a sales file is written, and what a person has to be told of how it was read.

Owns what the first rows say of days and decimals, and the notes of a reading: nothing that was
judged rather than known stays unsaid. The cells themselves are ``sales_cells``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from crmdesk.i18n import _, format_date, format_number, ngettext
from crmdesk.interchange import days
from crmdesk.interchange.numbers import decimal_mark
from crmdesk.interchange.tables import TableFile

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Writing:
    """How a file writes days and decimals, as its first rows tell or a person says."""

    order: days.Order = days.Order.OPEN
    mark: str = ""
    open_date: str = ""
    """A date of the samples that may be two days, where nothing says what comes first."""
    serial: str = ""
    """A day of the samples that is a spreadsheet's number."""


def writing_of(places: Mapping[str, int], rows: Iterable[list[str]], mark: str = "") -> Writing:
    """How a file is written by a sample of its rows; ``mark`` is what a person says of it."""
    cut = list(rows)

    def column(name: str) -> list[str]:
        at = places.get(name)
        return [] if at is None else [row[at] for row in cut if at < len(row)]

    told = column("date")
    order = days.order_of(told)
    numbers = chain.from_iterable(map(column, ("quantity", "unit_price", "amount", "cost")))
    unclear = filter(days.is_open, told) if order is days.Order.OPEN else iter(())
    return Writing(
        order, mark or decimal_mark(numbers), next(unclear, ""),
        next(filter(days.is_serial, told), ""),
    )  # fmt: skip


def file_notes(table: TableFile, places: Mapping[str, int]) -> list[str]:
    """What was read of a file: the sheet, the heading, the encoding, the columns that were left."""
    notes = []
    if table.sheet and (table.other_sheets or table.hidden_sheets):
        others = [_("“{sheet}”").format(sheet=one) for one in table.other_sheets]
        others += [_("“{sheet}” (hidden)").format(sheet=one) for one in table.hidden_sheets]
        notes.append(
            _("Sheet “{sheet}” was read; not read: {others}.").format(
                sheet=table.sheet, others=", ".join(others)
            )
        )
    if table.heading_line > 1:
        notes.append(
            _("The heading is line {line}; what stands above it was not read.").format(
                line=format_number(table.heading_line)
            )
        )
    if table.encoding:
        notes.append(
            _(
                "The file does not say how its letters are written: it was read as {encoding}."
            ).format(encoding=table.encoding)
        )
    left = [name for at, name in enumerate(table.columns) if name and at not in places.values()]
    if left:
        notes.append(_("Columns that were not used: {columns}.").format(columns=", ".join(left)))
    return notes


def writing_notes(writing: Writing) -> list[str]:
    """What had to be judged of days."""
    notes = []
    if writing.open_date:
        notes.append(
            _("Dates such as {text} were read with the day first: {date}.").format(
                text=writing.open_date,
                date=format_date(days.read_date(writing.open_date), year=True),
            )
        )
    if writing.serial:
        notes.append(
            _("Dates such as {text} were read as days of a spreadsheet: {date}.").format(
                text=writing.serial, date=format_date(days.read_date(writing.serial), year=True)
            )
        )
    return notes


def weight_notes(weighed: Sequence[str], without_unit: Sequence[str]) -> list[str]:
    """What was made of goods by weight: which are new, and which came without a unit."""
    notes = []
    if weighed:
        words = ngettext(
            "{count} product is new and sold by weight or volume; it is kept in grams or"
            " millilitres: {skus}.",
            "{count} products are new and sold by weight or volume; they are kept in grams or"
            " millilitres: {skus}.",
            len(weighed),
        )
        notes.append(words.format(count=format_number(len(weighed)), skus=_some(weighed)))
    if without_unit:
        notes.append(
            _("Quantities without a unit were read as kilograms or litres for: {skus}.").format(
                skus=_some(without_unit)
            )
        )
    return notes


def amount_notes(rows: int, first: int) -> list[str]:
    """That the amounts of a file are not its prices times its quantities."""
    if not rows:
        return []
    words = ngettext(
        "In {count} row the amount is not price times quantity (line {line}); the price was taken.",
        "In {count} rows the amount is not price times quantity (the first is line {line}); the"
        " price was taken.",
        rows,
    )
    return [words.format(count=format_number(rows), line=format_number(first))]


def _some(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(_("{count} more").format(count=format_number(len(names) - _NAMED)))
    return ", ".join(shown)
