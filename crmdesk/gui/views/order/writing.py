"""Reading and writing behind the order sheet, without Qt: which order, saved or not, undo steps.

Owns the traffic with the runner. What a person means by a key is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import NotFound
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.order.details import Details
from crmdesk.gui.views.order.words import SheetItem, is_short, line_warning, sheet_item
from crmdesk.services import orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.order import FoundProduct, OrderLineRow, OrderSheet, order_sheet

_Shown = tuple[OrderSheet, SheetItem]
T = TypeVar("T")


class OrderView(Protocol):
    """What the presenter asks of the widget."""

    def show_sheet(self, sheet: SheetItem) -> None:
        """Show an order."""

    def show_saving(self, *, saved: bool) -> None:
        """Say whether everything typed is saved."""

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be added."""

    def select_line(self, product_id: int) -> None:
        """Move the selection to a line."""

    def mark_line(self, product_id: int) -> None:
        """Select a line; the keyboard stays where it is."""

    def show_gone(self, message: str, hint: str) -> None:
        """The order is no longer here."""


class SheetWriter:
    """The order that is shown, read and written."""

    def __init__(self, context: PlaceContext, view: OrderView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._order_id: int | None = None
        self._sheet: OrderSheet | None = None
        self._kept: set[tuple[int, int]] = set()
        self._steps: list[tuple[LineInput, ...]] = []
        self._typing: dict[int, LineInput] = {}
        self.details = Details(context.workspace, self._write_quietly, context.desk)
        self._writing = 0
        self._asked = 0
        self._wanted = ""

    @property
    def sheet(self) -> OrderSheet | None:
        """The order shown."""
        return self._sheet

    # -------------------------------------------------------------------------------- writing

    def _change(
        self, line: LineInput, before: LineInput | None, *, select: int | None = None
    ) -> None:
        self._steps.append((before or LineInput(line.product_id, None, 0),))
        self._write_lines((line,), select=select)

    def _change_all(self, lines: Sequence[LineInput], *, select: int) -> None:
        """Several lines in one step, taken back in one step."""
        before = [(one.product_id, self._line(one.product_id)) for one in lines]
        self._steps.append(
            tuple(
                LineInput(key, None, 0) if line is None else as_input(line) for key, line in before
            )
        )
        self._write_lines(tuple(lines), select=select)

    def _write_lines(self, lines: tuple[LineInput, ...], *, select: int | None = None) -> None:
        if self._order_id is None:
            return
        ws, order_id = self.workspace, self._order_id

        def work() -> tuple[ChangeSet, _Shown]:
            changes = orders.set_lines(ws, order_id, lines)
            sheet = order_sheet(ws, order_id)
            return changes, (sheet, self._item(sheet))

        def done(result: tuple[ChangeSet, _Shown]) -> None:
            self._written()
            self._asked += 1
            self._show(result[1])
            if select is not None:
                self._view.select_line(select)

        self._write(work, done)

    def _write_quietly(self, work: Callable[[], ChangeSet], *, show: bool = False) -> None:
        """Save what is being typed; the sheet is read again only where it shows more than that."""

        def done(_changes: ChangeSet) -> None:
            self._written()
            if show and self._order_id is not None:
                self._read(self._order_id)

        self._write(work, done)

    def _write(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        self._writing += 1
        self._view.show_saving(saved=False)
        self._runner.write(work, done, self._on_write_failed, owner=self)

    def _written(self) -> None:
        self._writing -= 1
        self._view.show_saving(saved=self._writing == 0)

    def _on_write_failed(self, error: Exception) -> None:
        self._written()
        self._desk.fail(error)
        if self._order_id is not None:
            self._read(self._order_id)

    def _call_back(self, order_id: int) -> None:
        ws = self.workspace

        def done(_changes: ChangeSet) -> None:
            self._written()
            self._desk.go("order", order=order_id)

        self._write(lambda: orders.call_back_order(ws, order_id), done)

    # -------------------------------------------------------------------------------- reading

    def _read(self, order_id: int) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace

        def work() -> _Shown:
            sheet = order_sheet(ws, order_id)
            return sheet, self._item(sheet)

        def done(shown: _Shown) -> None:
            if number == self._asked:
                self._show(shown)

        self._runner.read(work, done, self._on_read_failed, owner=self)

    def _item(self, sheet: OrderSheet) -> SheetItem:
        ws = self.workspace
        return sheet_item(sheet, frozenset(self._kept), ws.clock.local(ws.now()))

    def _show(self, shown: _Shown) -> None:
        if shown[0].id == self._order_id:
            self._sheet = shown[0]
            self._view.show_sheet(shown[1])

    def _on_read_failed(self, error: Exception) -> None:
        if isinstance(error, NotFound):
            self._view.show_gone(error.message, error.hint)
        else:
            self._desk.fail(error)

    def _line(self, product_id: int) -> OrderLineRow | None:
        if self._sheet is None:
            return None
        return next((x for x in self._sheet.lines if x.product_id == product_id), None)

    def _short(self, product_id: int | None) -> OrderLineRow | None:
        """The line asked for if there is too little of it in stock, else the first such one."""
        if self._sheet is None or not self._sheet.is_draft:
            return None
        short = [x for x in self._sheet.lines if is_short(x, self._kept)]
        mine = [x for x in short if x.product_id == product_id]
        return next(iter(mine or short), None)

    def _warned(self, product_id: int | None) -> OrderLineRow | None:
        """The line asked for if it is unusual, else the first unusual one."""
        if self._sheet is None:
            return None
        unusual = [x for x in self._sheet.lines if line_warning(x, self._kept) is not None]
        mine = [x for x in unusual if x.product_id == product_id]
        return next(iter(mine or unusual), None)


def as_input(line: OrderLineRow) -> LineInput:
    """What would put a line back as it is."""
    return LineInput(
        line.product_id, line.packaging_id, line.packs, line.suggested, line.weighed_quantity
    )
