"""The lines of an order as table rows, with a warning under the line it is about.

Owns the columns and where warnings stand. What is unusual is decided in the core.
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crmdesk.gui.packs import pack_of
from crmdesk.gui.views.order.words import LineItem, SheetItem
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.rows import Cell, Column, Heading, RowsModel
from crmdesk.i18n import CURRENCY_SIGNS, _

NUMBER, PRODUCT, QUANTITY, PACK, USUAL, LIST, REASON, NET, TOTAL = range(9)
WARNING = "warning:"


class OrderModel(RowsModel):
    """Lines of one order; keys are product ids, warnings are headings."""

    def __init__(self, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(make_columns(currency), parent=parent)

    def show_lines(self, sheet: SheetItem) -> bool:
        """Show the lines; True when rows came or went, so that the table was reset."""
        warned = {warning.product_id for warning in sheet.warnings}
        entries: list[int | Heading] = []
        for line in sheet.lines:
            entries.append(line.product_id)
            if line.product_id in warned:
                entries.append(Heading(f"{WARNING}{line.product_id}", ()))
        rows = {line.product_id: line for line in sheet.lines}
        if entries == self._shown_entries():
            self.put_rows(rows)
            return False
        self.set_keys(entries, rows)
        return True

    def _shown_entries(self) -> list[object]:
        return [self.heading_at(row) or self.key_at(row) for row in range(self.rowCount())]


def make_columns(currency: str) -> tuple[Column, ...]:
    """The columns of the sheet; the quantity is the only loud one."""
    sign = CURRENCY_SIGNS.get(currency, currency)

    def quantity(line: LineItem) -> Cell:
        return Cell(line.packs, strong=True, field=line.editable)

    def usual(line: LineItem) -> Cell:
        return Cell(line.usual, tone=line.usual_tone, strong=line.usual_tone is Tone.WARNING)

    def reason(line: LineItem) -> Cell:
        if not line.reduced:
            return Cell(line.reason, tone=Tone.MUTED)
        return Cell(line.reason, tone=Tone.GOOD, icon="arrow-down")

    def net(line: LineItem) -> Cell:
        if not line.below_cost:
            return Cell(line.net_price)
        return Cell(line.net_price, tone=Tone.DANGER, icon="warning")

    return (
        Column("number", "", lambda x: Cell(x.number, tone=Tone.MUTED), 46, right=True,
               sortable=False),
        Column("product", _("SKU"), lambda x: Cell(x.name), 150, stretch=True, sortable=False),
        Column("quantity", _("Quantity"), quantity, column_width(76, _("Quantity")), right=True,
               sortable=False, editable=True),
        Column("pack", _("Pack, units"), lambda x: Cell(x.pack, unit=x.units),
               column_width(134, f"{pack_of('CS', 24)} = 480"),
               sortable=False),
        Column("usual", _("Usual"), usual, column_width(66, _("Usual")), right=True,
               sortable=False),
        Column("list", _("List {currency}").format(currency=sign),
               lambda x: Cell(x.list_price, tone=Tone.MUTED), 74, right=True, sortable=False),
        Column("reason", _("Price reason"), reason,
               column_width(152, _("Price reason")), sortable=False),
        Column("net", _("Net {currency}").format(currency=sign), net, 80,
               right=True, sortable=False),
        Column("total", _("Total {currency}").format(currency=sign),
               lambda x: Cell(x.total, strong=True), 86, right=True, sortable=False),
    )  # fmt: skip
