"""Coverage on the screen: figures at the left, their rows or the map and the move at the right.

Owns layout, keys and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.effort_words import CompareRow
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.coverage import model as tables
from crmdesk.gui.views.coverage import words
from crmdesk.gui.views.coverage.presenter import CoveragePresenter
from crmdesk.gui.widgets.area_map import Area, AreaMap, Dot
from crmdesk.gui.widgets.badges import FilterChips
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.compare import CompareTable
from crmdesk.gui.widgets.entries import LabelledEntry
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import FactPart, Tone
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.gui.widgets.side_tables import side_table
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_SIDE = 470
_ROW = 45
_FOOTS = {
    "balance": ("coverage.every", "coverage.open", "coverage.cover"),
    "move": ("coverage.pick", "coverage.search", "coverage.target", "coverage.note",
             "coverage.move"),
}  # fmt: skip
_FOOT = ("coverage.figure", "coverage.rows", "coverage.open", "coverage.period", "coverage.cover")


class CoveragePlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._today = context.workspace.today
        self.presenter = CoveragePresenter(context, self)
        currency = context.workspace.currency
        self._names: dict[int, str] = {}
        self.models: dict[str, RowsModel] = {
            "reps": tables.rows_model(_("Rep"), currency, self),
            "classes": tables.rows_model(_("Class"), currency, self),
            "reasons": tables.reasons_model(self),
            "balance": tables.territories_model(currency, self),
            "move": tables.customers_model(currency, self._names, self),
        }
        self.lines_model = tables.lines_model(self._today, self)
        self.work_model = tables.work_model(self)
        self.targets_model = tables.territories_model(currency, self)
        self.tables: dict[str, RowsTable] = {}
        self._build()
        self._bind()
        self.setFocusProxy(self.tables["reps"])

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``part``: reps, classes, reasons, balance or move."""
        part = args.get("part")
        if isinstance(part, str):
            self._on_part_wanted(part)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Coverage"), self)
        self._move = KeyHintButton(
            _("Move customers"), keys.hint("coverage.move"), kind="filled", parent=self
        )
        self._move.hide()
        self.period = SegmentedControl(words.period_words(), _("Period"), self)
        self.period.choose(self.presenter.period)
        self._header.add_action(self.period)
        self._header.add_action(self._move)
        column.addWidget(self._header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._list_panel(), 1)
        row.addWidget(self._side())
        column.addLayout(row, 1)

    def _list_panel(self) -> Panel:
        panel = Panel(parent=self)
        tools = QHBoxLayout()
        tools.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        tools.setSpacing(t.SPACE_3)
        self.part = FilterChips(words.part_words(), _("What is shown"), self)
        self.search = SearchField(_("Name, town or code"), keys.hint("coverage.search"),
                                  parent=self)  # fmt: skip
        theme.fix_width(self.search, 190)
        self.search.hide()
        tools.addWidget(self.part, 1)
        tools.addWidget(self.search)
        panel.body.addLayout(tools)
        self._pages = QStackedWidget(self)
        self._empty = EmptyState(
            "map", _("There is nothing here yet."),
            _("Plan and make visits: coverage, compliance and missed visits come from them."),
            parent=self,
        )  # fmt: skip
        for name, model in self.models.items():
            table = self._table(model, dict(words.part_words())[name], f"coverage.{name}")
            table.current_key_changed.connect(self.presenter.choose)
            table.opened.connect(self._on_opened)
            self.tables[name] = table
            self._pages.addWidget(table)
        self._pages.addWidget(self._empty)
        panel.body.addWidget(self._pages, 1)
        self._foot = KeyStrip([], parent=self)
        panel.add_foot(self._foot)
        return panel

    def _table(self, model: RowsModel, title: str, name: str = "") -> RowsTable:
        return side_table(model, title, self, name=name, row_height=_ROW)

    def _side(self) -> QWidget:
        side = QWidget(self)
        theme.fix_width(side, _SIDE)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(t.SPACE_3)
        self._lines_panel = Panel(_("Rows"), parent=side)
        tools = QHBoxLayout()
        tools.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.figure = FilterChips(words.figure_words(), _("Which rows"), self)
        tools.addWidget(self.figure, 1)
        self._lines_panel.body.addLayout(tools)
        self.lines = self._table(self.lines_model, _("Rows"), "coverage.lines")
        self._lines_panel.body.addWidget(self.lines, 1)
        self.map = AreaMap(side)
        self._work_panel = Panel(_("Reps"), parent=side)
        self.work = self._table(self.work_model, _("Reps"))
        self._work_panel.body.addWidget(self.work)
        self._move_panel = self._make_move(side)
        column.addWidget(self._lines_panel, 1)
        column.addWidget(self.map, 2)
        column.addWidget(self._work_panel, 1)
        column.addWidget(self._move_panel, 3)
        return side

    def _make_move(self, parent: QWidget) -> Panel:
        panel = Panel(_("Where they go"), parent=parent)
        self.targets = self._table(self.targets_model, _("Where they go"))
        theme.least_height(self.targets, 120)
        panel.body.addWidget(self.targets, 1)
        panel.body.addWidget(HLine(panel))
        self.said = TextLabel("", wrap=True, parent=panel)
        self.said.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        panel.body.addWidget(self.said)
        self.compare = CompareTable(_("What changes in a month"), panel)
        panel.body.addWidget(self.compare)
        self.note = LabelledEntry(
            _("Note"), keys.hint("coverage.note"), placeholder=_("the new rep reads it"),
            parent=panel,
        )  # fmt: skip
        self.note.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_3)
        panel.body.addWidget(self.note)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.part.chosen.connect(self._on_part_wanted)
        self.period.chosen.connect(presenter.choose_period)
        self.figure.chosen.connect(presenter.choose_figure)
        self.search.searched.connect(presenter.search)
        self.search.escaped.connect(self._to_list)
        self.search.left_down.connect(self._to_list)
        self.map.area_selected.connect(presenter.choose_area)
        self.models["move"].picked_changed.connect(self._on_picked_changed)
        self.targets.current_key_changed.connect(
            lambda key: presenter.choose_target(key if isinstance(key, int) else None)
        )
        self.lines.opened.connect(self._on_line_opened)
        self.note.field.entered.connect(lambda _text: self._to_list())
        self.note.field.given_up.connect(self._to_list)
        self._move.clicked.connect(self._on_move_wanted)
        slots: dict[str, Callable[[], object]] = {
            "coverage.figure": presenter.next_figure,
            "coverage.period": lambda: self.period.choose(presenter.next_period()),
            "coverage.search": self._on_search_wanted,
            "coverage.every": self._on_every_wanted,
            "coverage.cover": presenter.arrange_cover,
            "coverage.target": self.targets.setFocus,
            "coverage.note": self.note.field.setFocus,
            "coverage.rows": self._on_rows_wanted,
            "coverage.move": self._on_move_wanted,
        }
        for place, part in enumerate(words.PARTS, start=1):
            slots[f"coverage.part{place}"] = partial(self._on_part_wanted, part)
        for action, slot in slots.items():
            keys.bind(self, action, slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_heading(self, facts: Sequence[FactPart]) -> None:
        """Show the figures of the whole."""
        self._header.set_title(
            _("Coverage"),
            [
                Run(p.text, text_token(p.tone), t.REGULAR if p.tone is Tone.MUTED else t.SEMIBOLD)
                for p in facts
            ],
        )

    def show_part(self, part: str, rows: Sequence[tuple[Any, Any]]) -> None:
        """Show the rows of a part, and what belongs beside them."""
        self.part.choose(part)
        actions = _FOOTS.get(part, _FOOT)
        self._foot.set_items([((keys.hint(one),), keys.title(one)) for one in actions])
        self._names.clear()
        self._names.update(self.presenter.territory_names())
        table = self.tables[part]
        current = table.current_key()
        blocked = table.blockSignals(True)
        self.models[part].set_keys([key for key, _row in rows], dict(rows))
        if current is None or not table.select_key(current):
            table.select_first()
        table.blockSignals(blocked)
        self._pages.setCurrentWidget(table if rows else self._empty)
        on_map, moving = part in ("balance", "move"), part == "move"
        self._lines_panel.setVisible(not on_map)
        self.figure.setVisible(part in ("reps", "classes"))
        self.map.setVisible(on_map)
        self._work_panel.setVisible(part == "balance")
        self._move_panel.setVisible(moving)
        self._move.setVisible(moving)
        self.search.setVisible(moving)
        self.period.setVisible(not on_map)

    def show_lines(self, title: str, rows: Sequence[tuple[int, Any]], figure: str) -> None:
        """Show the rows behind a figure."""
        self.figure.choose(figure)
        self._lines_panel.set_title(title, str(len(rows)))
        self.lines_model.set_keys([key for key, _row in rows], dict(rows))
        self.lines.select_first()

    def show_map(self, areas: Sequence[Area], dots: Sequence[Dot], chosen: int | None) -> None:
        """Show territories and customers."""
        self.map.set_areas(areas, dots, chosen)

    def show_work(self, rows: Sequence[tuple[int, Any]]) -> None:
        """Show the reps with their hours."""
        self.work_model.set_keys([key for key, _row in rows], dict(rows))

    def show_targets(self, rows: Sequence[tuple[int, Any]]) -> None:
        """Show the territories that customers can go to."""
        current = self.targets.current_key()
        blocked = self.targets.blockSignals(True)
        self.targets_model.set_keys([key for key, _row in rows], dict(rows))
        if current is not None:
            self.targets.select_key(current)
        self.targets.blockSignals(blocked)

    def show_preview(self, sentence: str, rows: Sequence[CompareRow], step: str) -> None:
        """Show what moving would do."""
        self.said.setText(sentence)
        self.compare.setVisible(bool(rows))
        if rows:
            self.compare.show_rows([row for row in rows if row.key in ("hours", "km", "cost")])
        self._move.set_label(step or _("Move customers"))
        self._move.setEnabled(bool(step))

    def clear_note(self) -> None:
        """Empty the note, and take the ticks away."""
        self.note.field.clear()
        self.models["move"].set_picked([])

    # --------------------------------------------------------------------------------- input

    def _to_list(self) -> None:
        self.tables[self.presenter.part].setFocus()

    def _on_part_wanted(self, part: str) -> None:
        self.presenter.choose_part(part)
        self._to_list()

    def _on_opened(self, key: object) -> None:
        if self.presenter.part in ("reps", "classes", "reasons"):
            self.lines.setFocus()
        else:
            self.presenter.open(key)
            self._to_list()

    def _on_rows_wanted(self) -> None:
        (self.lines if self._lines_panel.isVisible() else self.map).setFocus()

    def _on_line_opened(self, key: object) -> None:
        row = self.lines_model.row_of(key) if isinstance(key, int) else None
        if row is not None:
            self.presenter.open_line(row.account_id)

    def _on_picked_changed(self) -> None:
        keys_now = [key for key in self.models["move"].picked() if isinstance(key, int)]
        self.presenter.pick(keys_now)

    def _on_search_wanted(self) -> None:
        self._on_part_wanted("move")
        self.search.setFocus()

    def _on_every_wanted(self) -> None:
        self.search.clear()
        self.presenter.all_territories()

    def _on_move_wanted(self) -> None:
        if self._move.isEnabled() and self._move.isVisible():
            self.presenter.move(self.note.field.text())


def build(context: PlaceContext) -> CoveragePlace:
    """Make the place."""
    return CoveragePlace(context)
