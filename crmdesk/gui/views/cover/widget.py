"""Cover on the screen: who is away and who stands in, the days, the visits, what runs.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.cover.model import covers_model, people_model, visits_model
from crmdesk.gui.views.cover.presenter import CoverItem, CoverPresenter, kind_words
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.lines import TextLabel
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.side_tables import TableOrEmpty, fill_table, side_table
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _
from crmdesk.services.cover import CoveredVisit, CoverRow, PersonRow

_SIDE = 320
_FOOT = ("cover.pick", "cover.days", "cover.kind", "cover.end", "cover.close")


class CoverPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = CoverPresenter(context, self)
        self._build()
        self._bind()
        self.setFocusProxy(self.away)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``rep``: who is away."""
        if "rep" in args:
            self.away.select_key(int(args["rep"]))

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Cover"), self)
        self._give = KeyHintButton(
            _("Give cover"), keys.hint("cover.give"), kind="filled", parent=self
        )
        self._header.add_action(self._give)
        column.addWidget(self._header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._side())
        row.addWidget(self._visits_panel(), 1)
        column.addLayout(row, 1)

    def _side(self) -> QWidget:
        side = QWidget(self)
        theme.fix_width(side, _SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self.away, away = self._people_panel(_("Who is away"))
        self.colleague, colleague = self._people_panel(_("Who stands in"))
        running = Panel(_("Running and to come"), parent=side)
        self.covers_model = covers_model(self)
        self.covers = side_table(self.covers_model, _("Running and to come"), self)
        nobody = EmptyState("people", _("Nobody stands in."), "", parent=running)
        self._covers_stack = TableOrEmpty(self.covers, nobody, running)
        running.body.addWidget(self._covers_stack, 1)
        for panel in (away, colleague, running):
            column.addWidget(panel, 1)
        return side

    def _people_panel(self, title: str) -> tuple[RowsTable, Panel]:
        panel = Panel(title, parent=self)
        table = side_table(people_model(self), title, self)
        panel.body.addWidget(table, 1)
        return table, panel

    def _visits_panel(self) -> Panel:
        panel = Panel(_("When, and what moves along"), parent=self)
        panel.body.addLayout(self._form())
        self._said = TextLabel("", wrap=True, parent=panel)
        self._said.setContentsMargins(t.SPACE_3, 0, t.SPACE_3, t.SPACE_3)
        panel.body.addWidget(self._said)
        panel.body.addWidget(HLine(panel))
        self.model = visits_model(self)
        self.table = side_table(self.model, _("Planned visits"), self)
        no_visits = EmptyState(
            "calendar", _("No visit is planned in these days."),
            _("Visits that the rep has planned stand here and can move along."), parent=panel,
        )  # fmt: skip
        self._stack = TableOrEmpty(self.table, no_visits, panel)
        panel.body.addWidget(self._stack, 1)
        panel.add_foot(KeyStrip([((keys.hint(action),), keys.title(action)) for action in _FOOT]))
        return panel

    def _form(self) -> QVBoxLayout:
        form = QVBoxLayout()
        form.setContentsMargins(t.SPACE_3, t.SPACE_3, t.SPACE_3, t.SPACE_3)
        form.setSpacing(t.SPACE_2)
        self.first = LabelledEntry(_("From"), keys.hint("cover.days"), parent=self)
        self.last = LabelledEntry(_("To"), parent=self)
        self.note = LabelledEntry(_("Note"), placeholder=_("the rep reads it too"), parent=self)
        self.kind = SegmentedControl(kind_words(), _("Why"), self)
        days = QHBoxLayout()
        days.setSpacing(t.SPACE_4)
        days.addWidget(self.first, 1)
        days.addWidget(self.last, 1)
        days.addWidget(self.kind)
        form.addLayout(days)
        form.addWidget(self.note)
        return form

    def _bind(self) -> None:
        presenter = self.presenter
        self.away.current_key_changed.connect(
            lambda key: presenter.choose_away(key if isinstance(key, int) else None)
        )
        self.colleague.current_key_changed.connect(
            lambda key: presenter.choose_colleague(key if isinstance(key, int) else None)
        )
        self.model.picked_changed.connect(self._on_picked_changed)
        for entry in (self.first, self.last):
            entry.field.entered.connect(self._on_days_entered)
            entry.field.given_up.connect(self.table.setFocus)
        self.note.field.textEdited.connect(presenter.set_note)
        self.note.field.entered.connect(lambda _text: self.table.setFocus())
        self.note.field.given_up.connect(self.table.setFocus)
        self.kind.chosen.connect(presenter.set_kind)
        self._give.clicked.connect(presenter.give)
        slots: dict[str, Callable[[], object]] = {
            "cover.give": self._on_give_wanted,
            "cover.days": self._on_days_wanted,
            "cover.kind": self._on_kind_wanted,
            "cover.end": self._on_end_wanted,
            "cover.close": presenter.back,
        }
        for action, slot in slots.items():
            keys.bind(self, action, slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_people(self, away: Sequence[PersonRow], standing_in: Sequence[PersonRow]) -> None:
        """Show who can be away, and who can stand in."""
        for table, rows in ((self.away, away), (self.colleague, standing_in)):
            keys_now = [row.id for row in rows]
            if table.rows_model().shown_keys() != keys_now:
                fill_table(table, keys_now, {row.id: row for row in rows})

    def show_days(self, first: str, last: str) -> None:
        """Show the days."""
        self.first.field.put_text(first)
        self.last.field.put_text(last)

    def show_visits(self, visits: Sequence[CoveredVisit]) -> None:
        """Show the planned visits, picked where they can move."""
        self.model.set_keys([v.id for v in visits], {v.id: v for v in visits})
        self.model.set_picked([v.id for v in visits if not v.colleague_away])
        self.table.select_first()
        self._stack.show_table(on=bool(visits))

    def show_cover(self, item: CoverItem) -> None:
        """Show what would be done, or why it cannot."""
        self._said.setText(item.problem or item.sentence)
        self._said.set_ink("danger" if item.problem else "text")
        self._give.setEnabled(not item.problem)
        self._give.set_label(item.step or _("Give cover"))

    def show_covers(self, rows: Sequence[CoverRow]) -> None:
        """Show what runs and is to come."""
        self.covers_model.set_keys(list(range(len(rows))), dict(enumerate(rows)))
        self._covers_stack.show_table(on=bool(rows))

    # --------------------------------------------------------------------------------- input

    def _on_picked_changed(self) -> None:
        self.presenter.pick([key for key in self.model.picked() if isinstance(key, int)])

    def _on_days_entered(self, _text: str) -> None:
        self.presenter.set_days(self.first.field.text(), self.last.field.text())
        self.table.setFocus()

    def _on_days_wanted(self) -> None:
        self.first.field.setFocus()
        self.first.field.selectAll()

    def _on_kind_wanted(self) -> None:
        other = next(key for key, _words in kind_words() if key != self.kind.choice())
        self.kind.choose(other)
        self.presenter.set_kind(other)

    def _on_give_wanted(self) -> None:
        if self._give.isEnabled():
            self.presenter.give()

    def _on_end_wanted(self) -> None:
        key = self.covers.current_key()
        self.presenter.end(key if isinstance(key, int) else 0)


def build(context: PlaceContext) -> CoverPlace:
    """Make the place."""
    return CoverPlace(context)
