"""The left side of the card: five years as bars, filter chips, search, and the list of events.

Owns layout and input of the timeline panel; reading is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.views.customer.words import MonthItems
from crmdesk.gui.widgets.badges import FilterChips
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import MonthCount
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, Panel
from crmdesk.gui.widgets.timeline import TimelineList, TimelineOverview
from crmdesk.i18n import _
from crmdesk.services.queries.customer_timeline import EventGroup


def group_words() -> list[tuple[str, str]]:
    """The filters above the timeline."""
    return [
        (EventGroup.ALL, _("All")),
        (EventGroup.VISITS, _("Visits")),
        (EventGroup.ORDERS, _("Orders")),
        (EventGroup.SERVICE, _("Service")),
        (EventGroup.MONEY, _("Money")),
        (EventGroup.NOTES, _("Notes")),
        (EventGroup.FILES, _("Files")),
        (EventGroup.CHANGES, _("Changes")),
        (EventGroup.PRICES, _("Prices")),
    ]


class HistoryPanel(Panel):
    """The timeline of one customer."""

    searched = Signal(str)

    def __init__(self, today: Callable[[], date], parent: QWidget | None = None) -> None:
        super().__init__(_("Timeline"), " ", parent)
        self._today = today
        self._find = KeyHintButton("", keys.hint("customer.search"), kind="quiet", icon="search")
        self._find.setAccessibleName(keys.title("customer.search"))
        self._find.clicked.connect(self.open_search)
        if self.header is not None:
            self.header.add_right(self._find)
        top = QVBoxLayout()
        top.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        top.setSpacing(t.SPACE_2)
        self.search = SearchField(_("Search the timeline"), parent=self)
        self.search.hide()
        self.overview = TimelineOverview(self)
        self.chips = FilterChips(group_words(), _("Kind of events"), self)
        for widget in (self.search, self.overview, self.chips):
            top.addWidget(widget)
        self.body.addLayout(top)
        self.body.addWidget(HLine(self))
        self.list = TimelineList(self)
        self._empty = EmptyState(
            "note", _("Nothing here yet"), _("Visits, orders and notes will stand here."),
            parent=self,
        )  # fmt: skip
        self._stack = QStackedLayout()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        self.body.addLayout(self._stack, 1)
        self.search.searched.connect(self.searched)
        self.search.left_down.connect(self.list.setFocus)
        self.overview.month_chosen.connect(self.list.show_month)
        self.list.month_shown.connect(self.overview.set_shown)

    def is_narrowed(self) -> bool:
        """True while a filter or a search shows only some of the events."""
        return self.chips.choice() != EventGroup.ALL or bool(self.search.text().strip())

    def show_months(
        self,
        months: Sequence[MonthCount],
        events: Sequence[MonthItems],
        note: str,
        *,
        keep: bool = False,
    ) -> None:
        """Show these months; `events` are those already read. With `keep` the list stays put."""
        self.set_title(_("Timeline"), note)
        self.overview.set_counts(months, self._today())
        self.list.set_months(months, keep=keep)
        for month in events:
            self.list.events.put_month(month.month, month.events)
        top = self.list.top_month() if keep else None
        self.overview.set_shown(top or (months[0].month if months else None))
        self._stack.setCurrentWidget(self.list if months else self._empty)

    def open_search(self) -> None:
        """Show the search field and put the keyboard into it."""
        self.search.show()
        self.search.setFocus()

    def close_search(self) -> bool:
        """Empty and hide the search field; False when it was not open."""
        if not self.search.isVisible():
            return False
        if self.search.text():
            self.search.clear()
            self.searched.emit("")
        self.search.hide()
        self.list.setFocus()
        return True

    def reset(self) -> None:
        """Forget filter and search: another customer is shown."""
        self.chips.choose(EventGroup.ALL)
        self.search.clear()
        self.search.hide()
