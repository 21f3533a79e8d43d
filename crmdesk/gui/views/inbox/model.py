"""The tables of the inbox: orders as two-line rows, and the lines of one order.

Owns columns and cells. Reading, grouping and words are the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.domain.states import OrderStatus, order_status_word
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.inbox.items import GroupItem, LineItem
from crmdesk.gui.views.inbox.words import note_item
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.rows import Cell, Column, Heading, RowsModel, major
from crmdesk.i18n import (
    CURRENCY_SIGNS,
    _,
    format_amount,
    format_date_near,
    format_number,
    format_percent,
    format_time,
    ngettext,
)
from crmdesk.services.queries.inbox import InboxRow

QUANTITY = "quantity"
_MUTED = ("rejected", "cancelled")


class OrdersModel(RowsModel):
    """Orders by local id, with headings between them; Space picks."""

    def __init__(
        self, today: Callable[[], date], currency: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(_order_columns(today, currency), pickable=True, parent=parent)


class LinesModel(RowsModel):
    """Lines of one order by product; quantities can be typed while it is being altered."""

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(_line_columns(currency, editing=False), parent=parent)
        self._currency = currency

    def set_editing(self, *, on: bool) -> None:
        """Let quantities be typed, or not."""
        self.beginResetModel()
        self.columns = _line_columns(self._currency, editing=on)
        self.endResetModel()


def heading(group: GroupItem) -> Heading:
    """A group's heading as the table takes it."""
    ink = text_token(group.tone)
    runs = (
        Run(group.title, ink, t.SEMIBOLD, icon=group.icon),
        Run(group.note, "muted", gap=t.SPACE_2),
    )
    return Heading(group.key, runs, (Run(group.right, "muted"),))


def _order_columns(today: Callable[[], date], currency: str) -> tuple[Column, ...]:
    sign = CURRENCY_SIGNS.get(currency, currency)
    return (
        Column(
            "customer", _("Customer"), lambda row: _customer(row, currency), 240, stretch=True,
            sortable=False, value=lambda row: row.customer,
            extra=(
                (_("Town"), lambda row: row.city),
                (_("Number"), lambda row: row.number),
                (_("Status"), lambda row: order_status_word(OrderStatus(row.status))),
                (_("Date"), lambda row: row.order_date),
                (_("Rep"), lambda row: row.rep),
                (_("Territory"), lambda row: row.territory),
                (_("Lines"), lambda row: row.lines),
                (_("To look at"), lambda row: _looks(row, currency)),
            ),
        ),
        Column(
            "delivery", _("Delivery"), lambda row: _delivery(row, today()), 92, sortable=False,
            value=lambda row: row.delivery_date,
        ),
        Column(
            "net", _("Net {currency}").format(currency=sign),
            lambda row: _net(row, currency), 92, right=True, sortable=False,
            value=lambda row: major(row.net_minor, currency),
            extra=(
                (_("Total"), lambda row: major(row.total_minor, currency)),
                (_("Margin"), lambda row: major(row.margin_minor, currency)),
            ),
        ),
    )  # fmt: skip


def _looks(row: InboxRow, currency: str) -> str:
    return "; ".join(note_item(one, currency).text for one in row.attention)


def _customer(row: InboxRow, currency: str) -> Cell:
    where = row.city
    if row.attention:
        # These stand together whoever sent them, so that each row names its rep.
        where = " · ".join(part for part in (row.city, row.rep) if part)
    detail, tone = _detail(row, currency)
    return Cell(row.customer, unit=where, detail=detail, detail_tone=tone)


def _detail(row: InboxRow, currency: str) -> tuple[str, Tone]:
    """What to look at first, or what came in of it, and what became of it."""
    if row.attention:
        note = note_item(row.attention[0], currency)
        rest = len(row.attention) - 1
        more = f" +{format_number(rest)}" if rest else ""
        return f"{row.number} · {note.text}{more}", note.tone
    lines = ngettext("{count} line", "{count} lines", row.lines)
    parts = [row.number, lines.format(count=format_number(row.lines))]
    if row.submitted_at is not None:
        parts.append(format_time(row.submitted_at))
    if row.entered_by:
        parts.append(_("keyed by {person}").format(person=row.entered_by))
    if row.altered:
        parts.append(_("altered"))
    if row.answer and row.status in _MUTED:
        parts.append(row.answer)
    return " · ".join(parts), Tone.MUTED


def _delivery(row: InboxRow, today: date) -> Cell:
    if row.delivery_date is None:
        return Cell("–", tone=Tone.MUTED)
    late = row.delivery_date < today and row.status in ("submitted", "accepted")
    return Cell(
        format_date_near(row.delivery_date, today), tone=Tone.DANGER if late else Tone.PLAIN
    )


def _net(row: InboxRow, currency: str) -> Cell:
    share = format_percent(row.margin_minor / row.net_minor) if row.net_minor else ""
    tone = Tone.DANGER if row.margin_minor < 0 else Tone.MUTED
    return Cell(format_amount(row.net_minor, currency), strong=True, detail=share, detail_tone=tone)


def _line_columns(currency: str, *, editing: bool) -> tuple[Column, ...]:
    sign = CURRENCY_SIGNS.get(currency, currency)
    return (
        Column("name", _("SKU"), _name, 150, stretch=True, sortable=False),
        Column(
            QUANTITY, _("Quantity"), lambda line: _quantity(line, editing=editing), 124,
            sortable=False, editable=editing, right=not editing,
        ),
        Column(
            "price", _("Price {currency}").format(currency=sign),
            lambda line: Cell(line.price), 76, right=True, sortable=False,
        ),
        Column(
            "net", _("Net {currency}").format(currency=sign),
            lambda line: Cell(line.net, strong=True), 84, right=True, sortable=False,
        ),
    )  # fmt: skip


def _name(line: LineItem) -> Cell:
    tone = Tone.MUTED if line.gone else Tone.PLAIN
    return Cell(line.name, detail=line.detail, detail_tone=line.detail_tone, tone=tone)


def _quantity(line: LineItem, *, editing: bool) -> Cell:
    tone = Tone.ACCENT if line.changed else Tone.PLAIN
    return Cell(line.packs, unit=line.pack, field=editing, tone=tone, strong=not editing)
