"""The place of rules on the screen: the service's rules at the left, own fields at the right.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.domain.custom_fields import CustomField, kind_word
from crmdesk.gui import keys
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.rules.presenter import FIELDS, RulesPresenter
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.field_form import FieldForm
from crmdesk.gui.widgets.items import Tone
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import PageHeader, Panel
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _


def fields_model(parent: QWidget) -> RowsModel:
    """The company's own fields, by local id."""

    def tone(row: CustomField) -> Tone:
        return Tone.PLAIN if row.active else Tone.MUTED

    return RowsModel(
        (
            Column("name", _("Name"), lambda r: Cell(r.name, tone=tone(r)), 160, stretch=True,
                   sortable=False),
            Column("kind", _("Holds"), lambda r: Cell(kind_word(r.kind), tone=Tone.MUTED), 110,
                   sortable=False),
            Column("choices", _("Answers"), lambda r: Cell(", ".join(r.choices), tone=Tone.MUTED),
                   170, sortable=False, yields=True),
            Column("active", "", lambda r: Cell("" if r.active else _("put away"),
                   tone=Tone.MUTED), 90, sortable=False),
        ),
        parent=parent,
    )  # fmt: skip


class RulesPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self.presenter = RulesPresenter(context, self)
        self._build()
        self._bind()
        self.setFocusProxy(self.service)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``part``: "fields" puts the keyboard into the company's own fields."""
        if args.get("part") == FIELDS:
            self._to_fields()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        header = PageHeader(_("Rules"), self)
        header.set_title(_("Rules"), [Run(_("what the office sets for everybody"), "muted")])
        column.addWidget(header)
        row = QHBoxLayout()
        row.setSpacing(t.SPACE_3)
        self.service = FieldForm(keys.hint("rules.save"), self)
        self.service.back.hide()
        row.addWidget(self.service, 55)
        right = QVBoxLayout()
        right.setSpacing(t.SPACE_3)
        right.addWidget(self._fields_panel(), 1)
        self.form = FieldForm(keys.hint("rules.save"), self)
        self.form.hide()
        right.addWidget(self.form, 1)
        row.addLayout(right, 45)
        column.addLayout(row, 1)

    def _fields_panel(self) -> Panel:
        panel = Panel(_("Fields of your own"), _("on every customer's card"), self)
        new = KeyHintButton(_("New field"), keys.hint("rules.new"), parent=panel)
        new.clicked.connect(partial(self._on_opened, None))
        if panel.header is not None:
            panel.header.add_right(new)
        self.model = fields_model(self)
        self.table = RowsTable(self.model, row_height=t.ROW_COMPACT, parent=panel)
        self.table.setAccessibleName(_("Fields of your own"))
        self._empty = EmptyState(
            "customers", _("No field of your own yet"),
            _("Such as Fridges, Terrace, Wholesaler: the card asks for it, search finds it."),
            parent=panel,
        )  # fmt: skip
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        panel.body.addLayout(self._stack, 1)
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.service.saved.connect(presenter.save_service)
        self.service.closed.connect(presenter.leave)
        self.form.saved.connect(presenter.save_field)
        self.form.closed.connect(self.close_field)
        self.table.opened.connect(self._on_opened)
        slots: dict[str, Callable[[], object]] = {
            "rules.save": self._on_save_wanted,
            "rules.new": partial(self._on_opened, None),
            "rules.fields": self._to_fields,
            "rules.service": self.service.focus_first,
            "rules.leave": self._on_escaped,
        }
        for action, slot in slots.items():
            keys.bind(self, action, slot)

    # ------------------------------------------------------------------- the presenter's view

    def show_service(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Show the form of the service's rules."""
        self.service.show_form(title, note, fields)

    def renew_service(self, fields: Sequence[AskedField]) -> None:
        """Show what the rules are now, but leave what is being typed."""
        self.service.renew(fields)

    def settle_service(self) -> None:
        """What stands in the form was saved."""
        self.service.settle()

    def show_fields(self, rows: Sequence[CustomField]) -> None:
        """Show the company's own fields."""
        current = self.table.current_key()
        self.model.set_keys([row.id for row in rows], {row.id: row for row in rows})
        if current is None or not self.table.select_key(current):
            self.table.select_first()
        self._stack.setCurrentWidget(self.table if rows else self._empty)

    def show_field(self, title: str, note: str, fields: Sequence[AskedField]) -> None:
        """Show the form of one of them."""
        self.form.show()
        self.form.show_form(title, note, fields)

    def renew_field(self, fields: Sequence[AskedField]) -> None:
        """Show what the field that is open says now, but leave what is being typed."""
        if self.form.isVisible():
            self.form.renew(fields)

    def say_wrong(self, part: str, field: str, words: str) -> None:
        """Say what is wrong in a form."""
        (self.form if part == FIELDS else self.service).say(field, words)

    def close_field(self) -> None:
        """The form of a field goes."""
        self.form.hide()
        self._to_fields()

    # --------------------------------------------------------------------------------- input

    def _to_fields(self) -> None:
        self.table.setFocus()

    def _on_opened(self, key: object) -> None:
        self.presenter.open_field(key if isinstance(key, int) else None)

    def _on_save_wanted(self) -> None:
        (self.form if self.form.isVisible() else self.service).submit()

    def _on_escaped(self) -> None:
        if self.form.isVisible():
            self.close_field()
        else:
            self.presenter.leave()


def build(context: PlaceContext) -> RulesPlace:
    """Make the place."""
    return RulesPlace(context)
