"""Attention on the screen: the list at the left, what is typed and what it does at the right.

Owns layout, keys and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.attention import model as tables
from crmdesk.gui.views.attention.forms import ChangePart, ModelForm, OwnForm
from crmdesk.gui.views.attention.presenter import AttentionPresenter, ChangeItem
from crmdesk.gui.views.attention.words import MODES, ModelTyped, OwnTyped
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.charts import text_token
from crmdesk.gui.widgets.items import FactPart, Tone
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.rows import RowsModel
from crmdesk.gui.widgets.side_tables import side_table
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _

_SIDE = 490
_ROW = 45
_FOOT = ("attention.open", "attention.edit", "attention.behind", "attention.accept",
         "attention.remove", "attention.new")  # fmt: skip


class AttentionPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = AttentionPresenter(context, self)
        currency = context.workspace.currency
        self.models: dict[str, RowsModel] = {
            "models": tables.models_model(currency, self),
            "proposals": tables.proposals_model(currency, self),
            "exceptions": tables.exceptions_model(currency, self),
            "customers": tables.customers_model(currency, self),
        }
        self.tables: dict[str, RowsTable] = {}
        self._build()
        self._bind()
        self.setFocusProxy(self.tables["models"])

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``part``: models, proposals, exceptions or customers."""
        part = args.get("part")
        if isinstance(part, str):
            self._on_mode_wanted(part)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Attention"), self)
        self._accept = KeyHintButton(
            keys.title("attention.accept"), keys.hint("attention.accept"), parent=self
        )
        self.save = KeyHintButton(
            keys.title("attention.save"), keys.hint("attention.save"), kind="filled", parent=self
        )
        self._header.add_action(self._accept)
        self._header.add_action(self.save)
        column.addWidget(self._header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        row.addWidget(self._list_panel(), 1)
        row.addWidget(self._side_panel())
        column.addLayout(row, 1)

    def _list_panel(self) -> Panel:
        self._list = Panel(parent=self)
        tools = QHBoxLayout()
        tools.setContentsMargins(t.SPACE_3, t.SPACE_2, t.SPACE_3, t.SPACE_2)
        self.mode = SegmentedControl([(mode, mode) for mode in MODES], _("What is shown"), self)
        tools.addWidget(self.mode)
        tools.addStretch(1)
        self._list.body.addLayout(tools)
        self._pages = QStackedWidget(self)
        self._empty = EmptyState("eye", "", "", parent=self)
        for name, model in self.models.items():
            table = side_table(
                model, _("Attention"), self, name=f"attention.{name}", row_height=_ROW
            )
            table.current_key_changed.connect(self._on_row_chosen)
            table.opened.connect(self._on_opened)
            self.tables[name] = table
            self._pages.addWidget(table)
        self._pages.addWidget(self._empty)
        self._list.body.addWidget(self._pages, 1)
        self._list.add_foot(
            KeyStrip([((keys.hint(action),), keys.title(action)) for action in _FOOT])
        )
        return self._list

    def _side_panel(self) -> Panel:
        self._side = Panel(_("Model"), parent=self)
        theme.fix_width(self._side, _SIDE)
        self.form, self.own = ModelForm(self), OwnForm(self)
        self.own.hide()
        self.change = ChangePart(self)
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.form)
        column.addWidget(self.own)
        column.addWidget(self.change, 1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        area.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        self._side.body.addWidget(area, 1)
        return self._side

    def _bind(self) -> None:
        presenter = self.presenter
        self.mode.chosen.connect(self._on_mode_wanted)
        self.form.typed.connect(presenter.type_model)
        self.own.typed.connect(presenter.type_own)
        self.form.left.connect(self._to_list)
        self.own.left.connect(self._to_list)
        self.save.clicked.connect(self._on_save_wanted)
        self._accept.clicked.connect(self._on_accept_wanted)
        slots: dict[str, Callable[[], object]] = {
            "attention.save": self._on_save_wanted,
            "attention.accept": self._on_accept_wanted,
            "attention.remove": lambda: presenter.remove(self._chosen()),
            "attention.new": self._on_new_wanted,
            "attention.edit": self._on_edit_wanted,
            "attention.behind": presenter.show_behind,
        }
        for place, mode in enumerate(MODES, start=1):
            slots[f"attention.part{place}"] = partial(self._on_mode_wanted, mode)
        for action, slot in slots.items():
            keys.bind(self, action, slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_heading(self, facts: Sequence[FactPart], modes: Sequence[tuple[str, str]]) -> None:
        """Show the figures of the whole."""
        self._header.set_title(
            _("Attention"),
            [
                Run(p.text, text_token(p.tone), t.REGULAR if p.tone is Tone.MUTED else t.SEMIBOLD)
                for p in facts
            ],
        )
        self.mode.set_choices(modes)

    def show_part(self, mode: str, rows: Sequence[tuple[int, Any]], title: str) -> None:
        """Show the rows of a part."""
        self.mode.choose(mode)
        table = self.tables[mode]
        current = table.current_key()
        blocked = table.blockSignals(True)
        self.models[mode].set_keys([key for key, _row in rows], dict(rows))
        if current is None or not table.select_key(current):
            table.select_first()
        table.blockSignals(blocked)
        if rows:
            self._pages.setCurrentWidget(table)
        else:
            self._empty.set_words(*_EMPTY[mode]())
            self._pages.setCurrentWidget(self._empty)
        self._accept.setVisible(mode == "proposals")
        self._accept.setEnabled(bool(rows))
        self._list.setAccessibleName(title or _("Attention"))

    def show_model(self, typed: ModelTyped, title: str, *, may_change: bool) -> None:
        """Show the form of a model."""
        self._show_form(own=False)
        self._side.set_title(title, _("what serves these customers"))
        self.form.show_typed(typed, may_change=may_change)
        self.save.set_label(_("Save the model"))
        self.save.setEnabled(may_change)

    def model_typed(self) -> ModelTyped:
        """What stands in the form of a model, to the last key."""
        return self.form.value()

    def show_customer(self, name: str, facts: str, typed: OwnTyped, usual: OwnTyped) -> None:
        """Show a customer and its own figures."""
        self._show_form(own=True)
        self._side.set_title(name, _("figures of its own"))
        self.own.show_typed(facts, typed, usual)
        self.save.set_label(_("Save its figures"))
        self.save.setEnabled(True)

    def _show_form(self, *, own: bool) -> None:
        self.form.setVisible(not own)
        self.own.setVisible(own)

    def show_change(self, item: ChangeItem) -> None:
        """Show what the change would do."""
        self.change.show_change(item)
        if item.field and self.own.isHidden():
            self.form.go(item.field)

    # --------------------------------------------------------------------------------- input

    def _table(self) -> RowsTable:
        return self.tables[self.presenter.mode]

    def _chosen(self) -> list[int]:
        """The picked rows, or the one under the bar."""
        table = self._table()
        picked = [key for key in table.rows_model().picked() if isinstance(key, int)]
        current = table.current_key()
        return picked or ([current] if isinstance(current, int) else [])

    def _to_list(self) -> None:
        self._table().setFocus()

    def _on_row_chosen(self, key: object) -> None:
        self.presenter.choose(key if isinstance(key, int) else None)

    def _on_opened(self, key: object) -> None:
        self.presenter.open(key if isinstance(key, int) else None)

    def _on_mode_wanted(self, mode: str) -> None:
        self.presenter.choose_mode(mode)
        self._to_list()

    def _on_save_wanted(self) -> None:
        if not self.save.isEnabled():
            return
        if self.own.isHidden():
            self.presenter.type_model(self.form.value())
        self.presenter.save()

    def _on_accept_wanted(self) -> None:
        self.presenter.accept(self._chosen())

    def _on_new_wanted(self) -> None:
        self.presenter.new_model()
        if self.presenter.mode == "models" and self.save.isEnabled():
            self.form.go("code")

    def _on_edit_wanted(self) -> None:
        if self.own.isHidden():
            self.form.go()
        else:
            self.own.go()


_EMPTY: Mapping[str, Callable[[], tuple[str, str]]] = {
    "models": lambda: (
        _("There is no attention model yet."),
        _("Make one: how often customers of a class are visited, and called between."),
    ),
    "proposals": lambda: (
        _("Every customer is served as it buys."),
        _("Proposals come where orders and visits of twelve months speak for another rhythm."),
    ),
    "exceptions": lambda: (
        _("No customer has figures of its own."),
        _("Give one an interval of its own in Customers, Alt+4."),
    ),
    "customers": lambda: (_("There is no customer here."), ""),
}


def build(context: PlaceContext) -> AttentionPlace:
    """Make the place."""
    return AttentionPlace(context)
