"""What opens inside the card in words: purchases, files, changes of data, what an event was.

Owns their rows as the tables show them. No Qt here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from crmdesk.domain.money import currency_exponent, divide_half_even
from crmdesk.domain.packaging import is_weighed
from crmdesk.gui.change_words import change_author, change_words, field_name, standing_word
from crmdesk.gui.figure_words import FigureItem, FigureRowItem, row_item
from crmdesk.gui.line_words import event_title, file_kind_word
from crmdesk.gui.packs import pack_text
from crmdesk.gui.sku_words import sku_sentence
from crmdesk.i18n import (
    _,
    format_amount,
    format_bytes,
    format_date,
    format_date_near,
    format_money,
    format_number,
    format_percent,
    format_price,
    format_time,
    ngettext,
    pgettext,
)
from crmdesk.services.field_words import value_text
from crmdesk.services.queries.account_work import SiteRow, TaskRow
from crmdesk.services.queries.customer import DocumentRow
from crmdesk.services.queries.customer_matrix import PurchaseRow, SkuRow
from crmdesk.services.queries.event_details import EventDetails
from crmdesk.services.queries.field_history import ADDED, REMOVED, FieldChange
from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PurchaseItem:
    """A sold line of a SKU as a table row."""

    key: int
    day: date
    date_text: str
    document: str
    packs: str
    units: str
    price: str
    net: str
    discount: str
    is_return: bool


@dataclass(frozen=True, slots=True)
class DocumentItem:
    """A file of the customer as a table row; `key` opens it."""

    key: int
    name: str
    kind: str
    taken: str
    size: str


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """One value a field has had, as a table row; `can_restore` where it can be put back."""

    key: int
    when: str
    who: str
    field: str
    about: str
    old: str
    new: str
    standing: str
    kept: bool
    can_restore: bool


def purchase_item(row: PurchaseRow, currency: str) -> PurchaseItem:
    """A sold line as a table row; the price is per base unit, of weighed goods per kilogram."""
    price = "–"
    if row.base_quantity:
        scale = int(10 ** (4 - currency_exponent(currency)))
        scale *= 1000 if is_weighed(row.base_unit) else 1
        e4 = divide_half_even(abs(row.net_minor) * scale, abs(row.base_quantity))
        price = format_price(e4, currency)
    return PurchaseItem(
        key=row.sale_id * 10_000 + row.position,
        day=row.day,
        date_text=format_date(row.day, year=True),
        document=row.document,
        packs=pack_text(row.unit, row.quantity),
        units=_base_units(row.base_unit, row.base_quantity),
        price=price,
        net=format_amount(row.net_minor, currency),
        discount=format_amount(row.discount_minor, currency) if row.discount_minor else "",
        is_return=row.base_quantity < 0,
    )


def _base_units(base_unit: str, quantity: int) -> str:
    """Pieces as a bare number, grams and millilitres in kilograms and litres."""
    return pack_text(base_unit, quantity) if is_weighed(base_unit) else format_number(quantity)


def purchases_note(rows: Sequence[PurchaseItem]) -> str:
    """How many purchases and since when."""
    bought = [row for row in rows if not row.is_return]
    if not bought:
        return _("never bought")
    words = ngettext("{count} purchase since {date}", "{count} purchases since {date}", len(bought))
    return words.format(
        count=format_number(len(bought)), date=format_date(bought[-1].day, year=True)
    )


def document_item(row: DocumentRow) -> DocumentItem:
    """A file as a table row."""
    taken = "" if row.taken_on is None else format_date(row.taken_on, year=True)
    return DocumentItem(row.id, row.name, file_kind_word(row.kind), taken, format_bytes(row.size))


def purchase_figure(
    name: str, rows: Sequence[PurchaseRow], sku: SkuRow | None, ws: Workspace
) -> FigureItem:
    """What stands above and below the purchases of a SKU: why, and what they add up to."""
    net = sum(row.net_minor for row in rows)
    cost = sum(row.cost_minor or 0 for row in rows)
    known = all(row.cost_minor is not None for row in rows)
    sums = [
        _sum(_("Total"), _base_units(
                 rows[0].base_unit if rows else "EA", sum(row.base_quantity for row in rows)),
             format_amount(net, ws.currency)),
    ]  # fmt: skip
    if rows and known:
        share = format_percent((net - cost) / net, 1) if net > 0 else ""
        sums.append(_sum(_("Gross margin"), share, format_amount(net - cost, ws.currency)))
    formula = ""
    if sku is not None:
        formula = sku_sentence(sku, ws.today())
        last = next((row for row in rows if row.base_quantity > 0), None)
        if last is not None:
            price = purchase_item(last, ws.currency).price
            formula += " " + _("Last price {price} on {date}.").format(
                price=price, date=format_date(last.day, year=True)
            )
        if sku.packs > 0:
            formula += " " + _("Usually {packs}.").format(packs=pack_text(sku.unit, sku.packs))
    note = purchases_note([purchase_item(row, ws.currency) for row in rows])
    return FigureItem("sku", name, note, formula, (), tuple(sums))


def _sum(what: str, quantity: str, amount: str) -> FigureRowItem:
    return FigureRowItem(None, "", what, "", quantity, amount, strong=True)


def change_item(change: FieldChange, currency: str, at: datetime) -> ChangeItem:
    """A change as a table row; `at` is local."""
    came_or_went = change.field in (ADDED, REMOVED)
    if came_or_went:
        title, _detail = change_words(change, currency)
        name, old, new = title, "", ""
    else:
        name = field_name(change)
        old = value_text(change.field, change.old, currency)
        new = value_text(change.field, change.new, currency)
    return ChangeItem(
        key=change.number,
        when=f"{format_date(at.date(), year=True)} {format_time(at)}",
        who=change_author(change),
        field=name,
        about="" if came_or_went or name == change.about else change.about,
        old=old,
        new=new,
        standing=standing_word(change),
        kept=change.kept,
        can_restore=not came_or_went and change.row_id is not None,
    )


def event_figure(details: EventDetails, currency: str) -> FigureItem:
    """An event opened: what it was, and its lines."""
    value = "" if details.amount_minor is None else format_money(details.amount_minor, currency)
    day = format_date(details.day, year=True)
    name = event_title(details.kind, details.title)
    formula = ". ".join(part for part in (day, details.who, details.text) if part)
    return FigureItem(
        f"event:{details.kind}", name, value, formula,
        tuple(row_item(line, currency) for line in details.lines),
        tuple(row_item(line, currency, strong=True) for line in details.sums),
        _("There is nothing more to it."),
    )  # fmt: skip


def task_texts(row: TaskRow, today: date) -> tuple[int, tuple[str, ...]]:
    """A promise or task as a row: what, until when, who, whether it is done."""
    due = "" if row.due_on is None else format_date_near(row.due_on, today)
    standing = pgettext("task", "open")
    if row.done:
        standing = _("done")
    elif row.due_on is not None and row.due_on < today:
        standing = _("late")
    return row.id, (row.text, due, row.who, standing)


def site_texts(row: SiteRow, today: date) -> tuple[int, tuple[str, ...]]:
    """A place of delivery as a row: name, where, when it is open, how goods get in, standing."""
    where = ", ".join(part for part in (row.street, f"{row.postcode} {row.city}".strip()) if part)
    standing = _("usual") if row.usual else ""
    if row.closed_on is not None:
        standing = _("closed {day}").format(day=format_date_near(row.closed_on, today))
    hours = value_text("opening_hours", row.hours, "") if row.hours else ""
    return row.id, (row.name, where, hours, row.delivery_note, standing)
