"""Samples on the screen: what was given, what came of it, and a field to give another one.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.sampling.presenter import SampleItem, SamplePresenter
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.product_finder import ProductFinder
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.queries.order import FoundProduct


class SamplePlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = SamplePresenter(context, self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.SPACE_3)
        sheet = QWidget(self)
        self._gone = EmptyState("box", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(sheet)
        self._pages.addWidget(self._gone)
        outer.addLayout(self._pages)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Samples"), self)
        column.addWidget(self._header)
        panel = Panel(parent=self)
        self.finder = ProductFinder(
            panel, words=_("Give a sample: SKU, name or barcode"), key=keys.hint("sampling.add")
        )
        panel.body.addWidget(self.finder)
        self.model = samples_model(self)
        self.table = RowsTable(self.model, row_height=t.ROW_COMPACT, parent=panel)
        self.table.setAccessibleName(_("Samples"))
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self._empty = EmptyState(
            "box", _("No samples yet"),
            _("Type a product above and press Enter: it is written down at once. “3 x rice” gives"
              " three."), parent=panel,
        )  # fmt: skip
        self._lists = QStackedLayout()
        self._lists.addWidget(self.table)
        self._lists.addWidget(self._empty)
        panel.body.addLayout(self._lists, 1)
        column.addWidget(panel, 1)
        foot = ("add", "back", "close")
        column.addWidget(
            KeyStrip(
                [((keys.hint(f"sampling.{a}"),), keys.title(f"sampling.{a}")) for a in foot],
                parent=self,
            )
        )
        self._bind()
        self.setFocusProxy(self.finder.field)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: who is given a sample."""
        self.finder.close_matches()
        if "account" in args:
            self.presenter.show(int(args["account"]))

    def _bind(self) -> None:
        presenter = self.presenter
        self.finder.searched.connect(presenter.find)
        self.finder.chosen.connect(presenter.give)
        self.finder.scanned.connect(presenter.find)
        self.finder.left.connect(presenter.leave)
        self.model.edited.connect(lambda key, _column, text: presenter.count(key, text))
        keys.bind(self, "sampling.add", self.finder.field.setFocus)
        keys.bind(self, "sampling.back", lambda: presenter.take_back(self.table.current_key()))
        keys.bind(self, "sampling.close", presenter.leave)

    # ------------------------------------------------------------------- the presenter's view

    def show_samples(self, customer: str, facts: str, items: Sequence[SampleItem]) -> None:
        """Show the samples of a customer."""
        self._pages.setCurrentIndex(0)
        self._header.set_title(customer, [Run(facts, "muted")])
        self.model.set_keys([item.key for item in items], {item.key: item for item in items})
        self.table.select_first()
        self._lists.setCurrentWidget(self.table if items else self._empty)

    def show_found(self, found: Sequence[FoundProduct]) -> None:
        """Show products that can be given."""
        self.finder.show_found(found)

    def show_gone(self, message: str, hint: str) -> None:
        """The customer is no longer here."""
        self._gone.set_words(message, hint)
        self._pages.setCurrentIndex(1)


def samples_model(parent: QWidget | None = None) -> RowsModel:
    """Samples, the latest first, and what came of them."""
    columns = (
        Column("name", _("SKU"), lambda r: Cell(r.name), 260, stretch=True, sortable=False),
        Column("quantity", _("Given"), lambda r: Cell(r.quantity, field=r.editable), 110,
               sortable=False, editable=True),
        Column("when", _("When"), lambda r: Cell(r.when, tone=Tone.MUTED), 110, sortable=False),
        Column("came", _("What came of it"), lambda r: Cell("", badge=r.came), 220,
               sortable=False),
        Column("since", _("Bought since"), lambda r: Cell(r.since), 130, right=True,
               sortable=False),
        Column("note", _("Note"), lambda r: Cell(r.note, tone=Tone.MUTED), 180, sortable=False,
               yields=True),
    )  # fmt: skip
    return RowsModel(columns, parent=parent)


def build(context: PlaceContext) -> SamplePlace:
    """Make the place."""
    return SamplePlace(context)
