"""The lists on the screen: heading, sentence, bars, table, totals.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.lists.bars import EditBar, NameBar, SentenceField
from crmdesk.gui.views.lists.model import ListModel
from crmdesk.gui.views.lists.presenter import FilterItem, ListsPresenter
from crmdesk.gui.views.lists.steps import ViewItem
from crmdesk.gui.widgets.badges import FilterChips
from crmdesk.gui.widgets.buttons import KeyHintButton
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.kept_rows import KeptRows
from crmdesk.gui.widgets.lines import Run, TextLabel
from crmdesk.gui.widgets.notices import EmptyState
from crmdesk.gui.widgets.panels import HLine, KeyStrip, PageHeader, Panel
from crmdesk.gui.widgets.tables import RowsTable
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services.queries.lists.conditions import ListQuery
from crmdesk.services.queries.lists.registry import all_lists
from crmdesk.services.queries.lists.spec import ListRow, ListSpec

_FOOT = (
    "lists.open", "lists.search", "lists.filter", "lists.views", "lists.other", "lists.pick",
    "lists.edit", "lists.columns", "lists.export",
)  # fmt: skip


class ListsPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._workspace = context.workspace
        self._settings = context.settings
        self._tables: dict[str, RowsTable] = {}
        self._kept: dict[str, KeptRows] = {}
        self._edited: list[int] = []
        self._columns: dict[str, tuple[str, ...]] = {}
        self._views: tuple[ViewItem, ...] = ()
        self.presenter = ListsPresenter(context, self)
        self._build()
        self._bind()

    @property
    def table(self) -> RowsTable:
        """The table shown."""
        return self._tables[self.presenter.spec.key]

    @property
    def model(self) -> ListModel:
        """Its model."""
        model = self.table.rows_model()
        assert isinstance(model, ListModel)  # noqa: S101 - every table here has one
        return model

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``list``: which list; ``filter``: a sentence; ``text``: what to search."""
        if "list" in args:
            self.presenter.show(str(args["list"]))
        if "text" in args:
            self.search.setText(str(args["text"]))
            self.presenter.search(str(args["text"]))
        if "filter" in args:
            self.presenter.filter(str(args["filter"]))

    def complete_list(self, done: Callable[[], None]) -> None:
        """Read the keys of all rows, for whoever writes or prints the list."""
        self.presenter.read_on(done)

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader("", self)
        self.search = SearchField(
            _("Search the list"), keys.hint("lists.search"), height=t.BUTTON, parent=self
        )
        theme.fix_width(self.search, 220)
        self._view = KeyHintButton(_("Views"), keys.hint("lists.views"), parent=self)
        self._edit = KeyHintButton(_("Change"), keys.hint("lists.edit"), parent=self)
        self._export = KeyHintButton(_("Export"), keys.hint("lists.export"), parent=self)
        for widget in (self.search, self._view, self._edit, self._export):
            self._header.add_action(widget)
        column.addWidget(self._header)
        titles = [(spec.key, spec.title()) for spec in all_lists().values()]
        self.chips = FilterChips(titles, _("Lists"), self)
        column.addWidget(self.chips)
        self.sentence = SentenceField(keys.hint("lists.filter"), self)
        column.addWidget(self.sentence)
        self._problem = TextLabel("", ink="danger", wrap=True, parent=self)
        self._problem.hide()
        column.addWidget(self._problem)
        self.name_bar, self.edit_bar = NameBar(self), EditBar(self)
        column.addWidget(self.name_bar)
        column.addWidget(self.edit_bar)
        column.addWidget(self._panel(), 1)

    def _panel(self) -> Panel:
        panel = Panel(parent=self)
        self._stack = QStackedLayout()
        self._empty = EmptyState("filter", "", "", parent=panel)
        self._stack.addWidget(self._empty)
        panel.body.addLayout(self._stack, 1)
        panel.body.addWidget(HLine(panel))
        self._totals = TextLabel("", ink="muted", parent=panel)
        self._totals.setMargin(t.SPACE_2)
        panel.body.addWidget(self._totals)
        panel.add_foot(KeyStrip([((keys.hint(one),), keys.title(one)) for one in _FOOT]))
        return panel

    def _bind(self) -> None:
        presenter = self.presenter
        self.chips.chosen.connect(presenter.show)
        self.search.searched.connect(presenter.search)
        self.search.returnPressed.connect(self._enter)
        self.search.left_down.connect(self._enter)
        self.search.escaped.connect(self._enter)
        self.sentence.given.connect(self._on_sentence_given)
        self.sentence.begun.connect(presenter.complete)
        self.sentence.escaped.connect(self._on_sentence_left)
        self.name_bar.given.connect(lambda: presenter.steps.save_view(self.name_bar.name.text()))
        self.edit_bar.given.connect(self._on_edit_given)
        self.name_bar.closed.connect(self.close_bars)
        self.edit_bar.closed.connect(self.close_bars)
        self._export.clicked.connect(presenter.export)
        self._edit.clicked.connect(self._on_edit_wanted)
        self._view.clicked.connect(self._on_views_wanted)
        for action, slot in (
            ("lists.search", self.search.setFocus),
            ("lists.filter", self._on_filter_wanted),
            ("lists.views", self._on_views_wanted),
            ("lists.other", self._on_other_wanted),
            ("lists.pick_all", self._on_pick_all),
            ("lists.edit", self._on_edit_wanted),
            ("lists.save", self._on_save_wanted),
            ("lists.columns", self._on_columns_wanted),
            ("lists.export", presenter.export),
        ):
            keys.bind(self, action, slot)

    def _table_of(self, spec: ListSpec) -> RowsTable:
        names = tuple(column.key for column in spec.columns)
        old = self._tables.get(spec.key)
        if old is not None and self._columns[spec.key] != names:
            # The office has defined other fields of its own since.
            self._stack.removeWidget(old)
            old.deleteLater()
            del self._tables[spec.key]
        if spec.key not in self._tables:
            self._columns[spec.key] = names
            ws = self._workspace
            model = ListModel(spec, ws.today, ws.currency, self)
            table = RowsTable(model, name=f"list-{spec.key}", settings=self._settings, parent=self)
            table.setAccessibleName(spec.title())
            table.set_ground("surface")
            places = [column.key for column in spec.columns]
            column, descending = spec.sort
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            header = table.horizontalHeader()
            header.blockSignals(True)
            header.setSortIndicator(places.index(column), order)
            header.blockSignals(False)
            presenter = self.presenter
            model.rows_wanted.connect(presenter.read_rows)
            model.more_wanted.connect(presenter.read_on)
            model.sort_wanted.connect(lambda key, down: presenter.sort(key, descending=down))
            model.picked_changed.connect(self._on_picked_changed)
            header.geometriesChanged.connect(presenter.columns_changed)
            table.opened.connect(presenter.open)
            self._tables[spec.key], self._kept[spec.key] = table, KeptRows(table)
            self._stack.addWidget(table)
        return self._tables[spec.key]

    # ------------------------------------------------------------------- the presenter's view

    def show_list(self, spec: ListSpec, query: ListQuery) -> None:
        """Show the columns of a list, as the query has them."""
        table = self._table_of(spec)
        if query.columns:
            table.set_layout_shown(query.columns)
        if query.sort is not None:
            places = [column.key for column in spec.columns]
            order = Qt.SortOrder.DescendingOrder if query.sort[1] else Qt.SortOrder.AscendingOrder
            header = table.horizontalHeader()
            header.blockSignals(True)
            header.setSortIndicator(places.index(query.sort[0]), order)
            header.blockSignals(False)
            header.viewport().update()
        self._stack.setCurrentWidget(table)
        self._header.set_title(spec.title(), [])
        self.chips.choose(spec.key)
        self.sentence.show_example(self.presenter.example())
        self.search.setText(query.text)
        self._totals.setText("")
        self.setFocusProxy(table)
        self.close_bars()

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(self.presenter.spec.title(), [Run(facts, "muted")])

    def show_keys(
        self, keys: Sequence[int], rows: Mapping[int, ListRow], *, more: bool, again: bool
    ) -> None:
        """Show these rows; bar, marks and picks stay on their rows, far down the list too."""
        self._kept[self.presenter.spec.key].show(keys, rows, more=more, again=again)

    def add_keys(self, keys: Sequence[int], *, more: bool) -> None:
        """Show these behind the others."""
        self._kept[self.presenter.spec.key].add(keys, more=more)

    def put_rows(self, rows: Mapping[int, ListRow]) -> None:
        """Rows that were asked for or have changed."""
        self.model.put_rows(rows)

    def show_empty(self, title: str, hint: str) -> None:
        """Say why there is no row."""
        self._empty.set_words(title, hint)
        self._stack.setCurrentWidget(self._empty if title else self.table)

    def show_totals(self, words: str) -> None:
        """Show what all rows come to."""
        self._totals.setText(words)

    def show_filter(self, item: FilterItem) -> None:
        """Show the filter, or why it was not understood."""
        self._problem.setText(item.problem)
        self._problem.setVisible(bool(item.problem))
        if item.problem:
            self.sentence.setFocus()
            return
        self.sentence.set_sentence(item.sentence)
        if self.sentence.hasFocus():
            self._enter()

    def show_endings(self, text: str, endings: Sequence[str]) -> None:
        """Offer how the sentence typed may go on."""
        self.sentence.show_endings(text, endings)

    def show_views(self, views: Sequence[ViewItem]) -> None:
        """The views that can be chosen."""
        self._views = tuple(views)

    def shown_columns(self) -> tuple[tuple[str, int], ...]:
        """The visible columns with their widths."""
        return self.table.layout_shown()

    def waits_for_rows(self) -> bool:
        """True while a row that had the bar or a pick has not come back."""
        return self._kept[self.presenter.spec.key].waits

    def close_bars(self) -> None:
        """Close the bars of editing and naming."""
        for bar in (self.name_bar, self.edit_bar):
            bar.hide()
        self._enter()

    def say_problem(self, words: str) -> None:
        """Say in the open bar what is wrong."""
        bar = self.name_bar if self.name_bar.isVisible() else self.edit_bar
        bar.say(words)

    # --------------------------------------------------------------------------------- input

    def _enter(self) -> None:
        if self.isVisible():
            self.table.setFocus()

    def _on_filter_wanted(self) -> None:
        self.sentence.setFocus()
        self.sentence.end(False)
        self.presenter.complete(self.sentence.text())

    def _on_sentence_given(self, text: str) -> None:
        self.presenter.filter(text)

    def _on_sentence_left(self) -> None:
        self._problem.hide()
        self._enter()

    def _on_other_wanted(self) -> None:
        menu = QMenu(self)
        for spec in all_lists().values():
            action = menu.addAction(spec.title())
            action.triggered.connect(lambda _on=False, key=spec.key: self.presenter.show(key))
        self._pop_up(menu, self.chips)

    def _on_columns_wanted(self) -> None:
        menu = self.table.columns_menu()
        menu.triggered.connect(lambda _action: self.presenter.columns_changed())
        self._pop_up(menu, self._export)

    def _on_views_wanted(self) -> None:
        self._pop_up(self.views_menu(), self._view)

    def _pop_up(self, menu: QMenu, under: QWidget) -> None:
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(under.mapToGlobal(QPoint(0, under.height())))

    def views_menu(self) -> QMenu:
        """Choosing a view, keeping one, and what can be done with one's own."""
        menu = QMenu(self)
        steps = self.presenter.steps
        for place, item in enumerate(self._views):
            words = f"{item.name}\t{item.note}" if item.note else item.name
            action = QAction(words, menu)
            action.triggered.connect(lambda _on=False, place=place: steps.choose_view(place))
            menu.addAction(action)
        if self._views:
            menu.addSeparator()
        menu.addAction(_("Everything"), self._on_everything)
        menu.addAction(
            f"{keys.title('lists.save')}\t{keys.hint('lists.save')}", self._on_save_wanted
        )
        mine = next((one for one in self._views if one.own and one.id == steps.chosen), None)
        if mine is not None:
            self._add_sharing(menu, mine)
        return menu

    def _add_sharing(self, menu: QMenu, view: ViewItem) -> None:
        steps = self.presenter.steps
        share = menu.addMenu(_("Show “{name}” to").format(name=view.name))
        everybody = share.addAction(_("Everybody"), lambda: steps.share(view.id))
        everybody.setCheckable(True)
        everybody.setChecked(view.shared and not view.people)
        for person, name in steps.people:
            action = share.addAction(name)
            action.setCheckable(True)
            action.setChecked(person in view.people)
            action.triggered.connect(
                lambda _on=False, person=person: steps.share_also(view, person)
            )
        if view.shared:
            menu.addAction(_("Show it to nobody"), lambda: steps.stop_sharing(view.id))
        words = _("Delete “{name}”").format(name=view.name)
        menu.addAction(words, lambda: steps.delete_view(view.id))

    def _on_everything(self) -> None:
        self.presenter.steps.chosen = None
        self.presenter.show(self.presenter.spec.key, ListQuery())

    def _on_save_wanted(self) -> None:
        self.edit_bar.hide()
        chosen = self.presenter.steps.chosen
        name = next((one.name for one in self._views if one.own and one.id == chosen), "")
        self.name_bar.open(name or self.sentence.text()[:60])

    def _on_pick_all(self) -> None:
        def pick() -> None:
            every = self.model.shown_keys()
            self.model.set_all_picked(picked=len(self.model.picked()) < len(every))

        self.presenter.read_on(pick)

    def _meant(self) -> list[int]:
        """The picked rows; without any the selected ones."""
        found = self.model.picked() or self.table.selected_keys()
        return [key for key in found if isinstance(key, int)]

    def _on_edit_wanted(self) -> None:
        items, meant = self.presenter.steps.editable(), self._meant()
        if not items or not meant:
            self.presenter.say_not_editable()
            return
        self.name_bar.hide()
        words = ngettext("In {count} row change", "In {count} rows change", len(meant))
        # Those: what is under the bar when the value has been typed may be another row.
        self._edited = meant
        self.edit_bar.open(words.format(count=format_number(len(meant))), items)

    def _on_edit_given(self) -> None:
        column, value = self.edit_bar.chosen()
        self.presenter.steps.edit(self._edited, column, value)

    def _on_picked_changed(self) -> None:
        picked = len(self.model.picked()) if self.model.is_any_picked() else 0
        label = _("Change")
        if picked:
            label = ngettext("Change {count} row", "Change {count} rows", picked)
        self._edit.set_label(label.format(count=format_number(picked)))


def build(context: PlaceContext) -> ListsPlace:
    """Make the place."""
    return ListsPlace(context)
