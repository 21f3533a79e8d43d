"""The pages of the place of prices: which tables and pictures stand where."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.prices import model
from crmdesk.gui.views.prices.items import Table, Tile
from crmdesk.gui.views.prices.margin_map import MarginMapChart
from crmdesk.gui.widgets.buttons import SegmentedControl
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState, ProgressLine
from crmdesk.gui.widgets.panels import HLine, KeyStrip, Panel
from crmdesk.gui.widgets.rows import Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.gui.widgets.waterfall import Waterfall
from crmdesk.i18n import _


class TableBox(QWidget):
    """A table, or why it is empty."""

    def __init__(
        self, name: str, title: str, columns: Sequence[Column], settings: QSettings | None,
        parent: QWidget, icon: str = "tag",
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.name = name
        self.model = RowsModel(columns, parent=self)
        self.table = RowsTable(
            self.model, name=f"prices-{name}", row_height=t.ROW_COMPACT, settings=settings,
            parent=self,
        )  # fmt: skip
        self.table.setAccessibleName(title)
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self._empty = EmptyState(icon, "", "", parent=self)
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        self.setFocusProxy(self.table)

    def show_table(self, shown: Table) -> None:
        """Show other rows; the selection bar stays on its row while that is shown."""
        current = self.table.current_key()
        self.model.set_keys(list(shown.rows), shown.rows)
        if current is None or not self.table.select_key(current):
            self.table.select_first()
        empty = not shown.rows and bool(shown.empty[0])
        if empty:
            self._empty.set_words(*shown.empty)
        self._stack.setCurrentWidget(self._empty if empty else self.table)

    def key(self) -> int | None:
        """The key of the row with the selection bar, where it is a number."""
        key = self.table.current_key()
        return key if isinstance(key, int) else None


class Pages(QWidget):
    """Several tables in one place, one of them in front."""

    def __init__(self, boxes: Sequence[TableBox], parent: QWidget) -> None:
        super().__init__(parent)
        self.boxes = {box.name: box for box in boxes}
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        for box in boxes:
            self._stack.addWidget(box)

    def open_page(self, name: str) -> None:
        """Bring a table to the front."""
        if name in self.boxes:
            self._stack.setCurrentWidget(self.boxes[name])

    def front(self) -> TableBox:
        """The table in front."""
        found = self._stack.currentWidget()
        if not isinstance(found, TableBox):
            raise TypeError
        return found


def _foot(actions: Sequence[str]) -> KeyStrip:
    return KeyStrip([((keys.hint(one),), keys.title(one)) for one in actions])


class ListsPage(QWidget):
    """Price lists at the left, the prices of one at the right."""

    def __init__(self, currency: str, settings: QSettings | None, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.PANEL_GAP)
        left = Panel(_("Price lists"), parent=self)
        theme.fix_width(left, 360)
        self.lists = TableBox("lists", _("Price lists"), model.list_columns(), settings, left)
        left.body.addWidget(self.lists)
        left.add_foot(_foot(("prices.activate", "prices.put_away", "prices.rules")))
        self.right = Panel(_("Prices"), parent=self)
        self.pages = Pages(
            [
                TableBox("rules", _("Prices"), model.rule_columns(currency), settings, self.right),
                TableBox("agreed", _("Agreed with customers"), model.agreed_columns(currency),
                         settings, self.right, "people"),
            ],
            self.right,
        )  # fmt: skip
        self.right.body.addWidget(self.pages)
        self.right.add_foot(
            _foot(("prices.edit", "prices.add", "prices.remove", "prices.change", "prices.agree"))
        )
        row.addWidget(left)
        row.addWidget(self.right, 1)


class OneTablePage(QWidget):
    """One table over the whole page."""

    def __init__(self, box: TableBox, foot: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        panel = Panel(parent=self)
        self.box = box
        panel.body.addWidget(box)
        panel.add_foot(_foot(foot))
        column.addWidget(panel)


class MarginsPage(QWidget):
    """The map above; the way from list price to margin and the rows behind it below."""

    def __init__(self, currency: str, settings: QSettings | None, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.PANEL_GAP)
        top = self.map_panel = Panel(_("Margin by segment and category"), parent=self)
        self.map = MarginMapChart(top)
        top.body.addWidget(self.map)
        column.addWidget(top)
        row = QHBoxLayout()
        row.setSpacing(t.PANEL_GAP)
        self.fall_panel = Panel(_("From list price to margin"), parent=self)
        self.fall = Waterfall(self.fall_panel)
        self.fall_panel.body.addWidget(self.fall)
        right = Panel(parent=self)
        tools = QHBoxLayout()
        tools.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.choice = SegmentedControl(
            [("customers", _("Customers")), ("products", _("SKUs")), ("lines", _("Lines")),
             ("outliers", _("Outliers")), ("months", _("By month"))],
            _("Rows"), right,
        )  # fmt: skip
        tools.addWidget(self.choice)
        self.count = LineLabel(parent=right)
        tools.addSpacing(t.SPACE_3)
        tools.addWidget(self.count, 1)
        self.choice.choose("lines")
        right.body.addLayout(tools)
        right.body.addWidget(HLine(right))
        self.pages = Pages(
            [
                TableBox("lines", _("Lines"), model.line_columns(currency), settings, right),
                TableBox("customers", _("Customers"), model.part_columns(currency), settings,
                         right, "people"),
                TableBox("products", _("SKUs"), model.part_columns(currency), settings, right,
                         "box"),
                TableBox("outliers", _("Outliers"), model.outlier_columns(currency), settings,
                         right),
                TableBox("months", _("By month"), model.month_columns(currency), settings, right),
            ],
            right,
        )  # fmt: skip
        right.body.addWidget(self.pages, 1)
        right.add_foot(_foot(("prices.customer", "prices.sku", "prices.whole", "prices.view")))
        row.addWidget(self.fall_panel, 4)
        row.addWidget(right, 5)
        column.addLayout(row, 1)


class TileRow(QWidget):
    """A few figures side by side."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(t.PANEL_GAP)
        self._panels: list[Panel] = []
        self.hide()

    def set_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show other figures; none hides the row."""
        for old in self._panels:
            self._row.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._panels = [self._tile(tile) for tile in tiles]
        for panel in self._panels:
            self._row.addWidget(panel, 1)
        self.setVisible(bool(tiles))

    def texts(self) -> list[str]:
        """The figures as a screen reader says them."""
        return [panel.accessibleName() for panel in self._panels]

    def _tile(self, tile: Tile) -> Panel:
        panel = Panel(parent=self)
        box = QVBoxLayout()
        box.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        box.setSpacing(2)
        label, value = LineLabel(parent=panel), LineLabel(parent=panel)
        label.set_runs([Run(tile.label, "muted", size=t.SIZE_SMALL)])
        value.set_runs(
            [Run(tile.value, weight=t.SEMIBOLD, size=t.SIZE_STRONG),
             Run(tile.note, text_token(tile.tone), gap=t.SPACE_2)]
        )  # fmt: skip
        box.addWidget(label)
        box.addWidget(value)
        panel.body.addLayout(box)
        panel.setAccessibleName(f"{tile.label} {tile.value} {tile.note}")
        return panel


class TrialPage(QWidget):
    """The result of a change that was tried."""

    cancelled = Signal()

    def __init__(self, currency: str, settings: QSettings | None, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.PANEL_GAP)
        self.progress = ProgressLine(self)
        self.progress.cancelled.connect(self.cancelled)
        self.progress.hide()
        column.addWidget(self.progress)
        self.tiles = TileRow(self)
        column.addWidget(self.tiles)
        panel = Panel(parent=self)
        tools = QHBoxLayout()
        tools.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.choice = SegmentedControl(
            [("customers", _("Customers")), ("products", _("SKUs")), ("segments", _("Segments")),
             ("categories", _("Categories"))],
            _("Rows"), panel,
        )  # fmt: skip
        tools.addWidget(self.choice)
        tools.addStretch(1)
        panel.body.addLayout(tools)
        panel.body.addWidget(HLine(panel))
        self.box = TableBox("effects", _("Who wins and who loses"), model.effect_columns(currency),
                            settings, panel, "value")  # fmt: skip
        panel.body.addWidget(self.box, 1)
        panel.add_foot(_foot(("prices.edit", "prices.new", "prices.view", "prices.export")))
        column.addWidget(panel, 1)
