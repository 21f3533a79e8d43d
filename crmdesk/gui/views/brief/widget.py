"""The call brief on the screen: a header, then sections in two columns; one screen, read at once.

Owns layout and input; everything else is the presenter's. Printing and saving take the same brief.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.paper_keys import PaperKeys
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.brief.presenter import BriefPresenter
from crmdesk.gui.views.brief.sections import SectionPanel
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.factstrip import FOCUS_ROOM, FactStrip
from crmdesk.gui.widgets.items import Fact, FactPart
from crmdesk.gui.widgets.lines import LineLabel, Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import Surface, clear_layout
from crmdesk.i18n import _
from crmdesk.interchange.documents.brief import LEFT_SECTIONS
from crmdesk.interchange.documents.content import BriefSection, CallBrief
from crmdesk.services.documents import Wanted


class BriefPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = BriefPresenter(context, self)
        self._day = False
        self._build()
        self._bind()

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``account``: whose brief; ``day``: with the other stops of the day around it."""
        account = args.get("account")
        self.presenter.show(None if account is None else int(account), day=bool(args.get("day")))

    def paper(self) -> Wanted | None:
        """The brief shown, or the whole day while that was asked for."""
        return self.presenter.wanted(day=self._day)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        page = QWidget(self)
        self._empty = EmptyState("today", "", "", parent=self)
        self._pages = QStackedLayout()
        self._pages.addWidget(page)
        self._pages.addWidget(self._empty)
        outer.addLayout(self._pages)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        column.addWidget(self._header(page))
        self.area = QScrollArea(page)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName(_("Call brief"))
        inside = QWidget(self.area)
        inside.setAutoFillBackground(False)
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(t.SPACE_3)
        self._columns = (QVBoxLayout(), QVBoxLayout())
        for one in self._columns:
            one.setSpacing(t.SPACE_3)
            row.addLayout(one, 1)
        self.area.setWidget(inside)
        self.area.viewport().setAutoFillBackground(False)
        column.addWidget(self.area, 1)
        self.setFocusProxy(self.area)

    def _header(self, parent: QWidget) -> Surface:
        header = Surface(parent)
        column = QVBoxLayout(header)
        side = t.SPACE_4 - FOCUS_ROOM
        column.setContentsMargins(side, t.SPACE_3, side, t.SPACE_3)
        column.setSpacing(t.SPACE_2)
        row = QHBoxLayout()
        row.setContentsMargins(FOCUS_ROOM, 0, FOCUS_ROOM, 0)
        row.setSpacing(t.SPACE_2)
        self._name = LineLabel(parent=header)
        row.addWidget(self._name, 1)
        self._before = KeyHintButton("", keys.hint("brief.previous"), kind="quiet", parent=header)
        self._before.setAccessibleName(keys.title("brief.previous"))
        self._next = KeyHintButton(_("next stop"), keys.hint("brief.next"), kind="quiet",
                                   parent=header)  # fmt: skip
        self._print = KeyHintButton(_("Print"), keys.hint("global.print"), parent=header)
        self._card = KeyHintButton(_("Card"), keys.hint("brief.card"), parent=header)
        self._visit = KeyHintButton(
            _("Start visit"), keys.hint("brief.visit"), kind="filled", parent=header
        )
        for button in (self._before, self._next, self._print, self._card, self._visit):
            row.addWidget(button)
        column.addLayout(row)
        self._under = LineLabel(parent=header)
        line = QHBoxLayout()
        line.setContentsMargins(FOCUS_ROOM, 0, FOCUS_ROOM, 0)
        line.addWidget(self._under, 1)
        column.addLayout(line)
        self.facts = FactStrip(header)
        column.addWidget(self.facts)
        return header

    def _bind(self) -> None:
        presenter = self.presenter
        slots: dict[str, Callable[[], object]] = {
            "brief.previous": partial(presenter.step, -1),
            "brief.next": partial(presenter.step, 1),
            "brief.card": presenter.open_card,
            "brief.visit": presenter.start_visit,
            "brief.day": self._on_day_wanted,
            "brief.close": presenter.leave,
        }
        for action, slot in slots.items():
            keys.bind(self, action, slot)
        self._before.clicked.connect(slots["brief.previous"])
        self._next.clicked.connect(slots["brief.next"])
        self._card.clicked.connect(presenter.open_card)
        self._visit.clicked.connect(presenter.start_visit)
        self._print.clicked.connect(partial(self._on_print_wanted, day=False))

    # ------------------------------------------------------------------- the presenter's view

    def show_brief(self, brief: CallBrief, place: str) -> None:
        """Show a brief."""
        self._pages.setCurrentIndex(0)
        runs = [Run(brief.name, weight=t.SEMIBOLD, size=t.SIZE_HERO)]
        if brief.when:
            runs.append(Run(brief.when, "muted", size=t.SIZE_HERO, gap=t.SPACE_3))
        self._name.set_runs(runs)
        under = [part for part in (brief.under, brief.place, place) if part]
        self._under.set_runs([Run(" · ".join(under), "muted")])
        self.facts.set_facts([Fact(label, (FactPart(value),)) for label, value in brief.facts])
        self._before.setVisible(bool(place))
        self._next.setVisible(bool(place))
        self._fill(brief.sections)
        self.area.verticalScrollBar().setValue(0)

    def show_empty(self, message: str, hint: str) -> None:
        """There is nothing to show."""
        self._empty.set_words(message, hint)
        self._pages.setCurrentIndex(1)

    def _fill(self, sections: Sequence[BriefSection]) -> None:
        for column in self._columns:
            clear_layout(column)
        for section in sections:
            column = self._columns[0 if section.key in LEFT_SECTIONS else 1]
            column.addWidget(SectionPanel(section, self.area.widget()))
        for column in self._columns:
            column.addStretch(1)

    # --------------------------------------------------------------------------------- input

    def _on_day_wanted(self) -> None:
        self._on_print_wanted(day=True)

    def _on_print_wanted(self, *, day: bool) -> None:
        paper = getattr(self.window(), "paper", None)
        self._day = day
        try:
            if isinstance(paper, PaperKeys):
                paper.print_shown()
        finally:
            self._day = False


def build(context: PlaceContext) -> BriefPlace:
    """Make the place."""
    return BriefPlace(context)
