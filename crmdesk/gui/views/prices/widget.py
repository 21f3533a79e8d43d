"""The place of prices on the screen: parts, header, form, keys.

Owns layout and input; everything else is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from crmdesk.gui import keys, theme
from crmdesk.gui import theme_tokens as t
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.prices import model
from crmdesk.gui.views.prices.form import FormPanel
from crmdesk.gui.views.prices.items import Form, MapItem, Section, Table, Tile
from crmdesk.gui.views.prices.pages import (
    ListsPage,
    MarginsPage,
    OneTablePage,
    TableBox,
    TrialPage,
)
from crmdesk.gui.views.prices.presenter import PricesPresenter
from crmdesk.gui.views.prices.rules import ask_rules
from crmdesk.gui.widgets.buttons import KeyHintButton, SegmentedControl
from crmdesk.gui.widgets.exporting import ask_export_file
from crmdesk.gui.widgets.fields import SearchField
from crmdesk.gui.widgets.items import Tone, WaterfallStep
from crmdesk.gui.widgets.lines import Run
from crmdesk.gui.widgets.panels import PageHeader
from crmdesk.i18n import _

_ACTIONS = (
    "new", "change", "activate", "put_away", "add", "remove", "agree", "try", "customer", "sku",
    "whole", "view", "export", "rules",
)  # fmt: skip
_BUTTONS = {
    Section.LISTS: ("try", "activate", "new"),
    Section.PROMOTIONS: ("put_away", "try", "new"),
    Section.COSTS: ("change", "new"),
    Section.MARGINS: ("view", "whole"),
    Section.TRIAL: ("export", "new"),
}
_SEARCHED = (Section.LISTS, Section.COSTS)


class PricesPlace(QWidget):
    """The place; see :class:`~crmdesk.gui.presenting.PlaceWidget`."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._settings = context.settings
        self._currency = context.workspace.currency
        self.presenter = PricesPresenter(context, self)
        self._build()
        self._bind()
        self._dress()
        self.setFocusProxy(self.front().table)

    def show_target(self, args: Mapping[str, Any]) -> None:
        """``section``: which part; ``list``: a price list; ``account`` or ``product``: margins."""
        section = Section(str(args.get("section", self.presenter.section)))
        self._sections.choose(section)
        self.presenter.choose(section)
        if "list" in args:
            self.presenter.lists.choose(int(args["list"]))
        self.front().table.setFocus()

    # ------------------------------------------------------------------------------ building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(t.PAGE_MARGIN, t.SPACE_4, t.PAGE_MARGIN, t.PAGE_MARGIN)
        column.setSpacing(t.SPACE_3)
        self._header = PageHeader(_("Prices"), self)
        self._actions: dict[str, KeyHintButton] = {}
        for name in ("export", "view", "whole", "put_away", "change", "activate", "try", "new"):
            button = KeyHintButton(
                keys.title(f"prices.{name}"), keys.hint(f"prices.{name}"), parent=self
            )
            button.clicked.connect(partial(self._act, name))
            self._actions[name] = button
            self._header.add_action(button)
        column.addWidget(self._header)
        tools = QHBoxLayout()
        tools.setSpacing(t.SPACE_3)
        self._sections = SegmentedControl(
            [
                (Section.LISTS, _("Price lists")), (Section.PROMOTIONS, _("Promotions")),
                (Section.COSTS, _("Costs")), (Section.MARGINS, _("Margins")),
                (Section.TRIAL, _("Try a change")),
            ],
            _("Part of prices"), self,
        )  # fmt: skip
        tools.addWidget(self._sections)
        tools.addStretch(1)
        self.search = SearchField(
            _("SKU, product, category"), keys.hint("prices.filter"), icon="filter", parent=self
        )
        theme.fix_width(self.search, 260)
        tools.addWidget(self.search)
        column.addLayout(tools)
        self.form = FormPanel(self)
        column.addWidget(self.form)
        self._stack = QStackedLayout()
        self._pages()
        column.addLayout(self._stack, 1)

    def _pages(self) -> None:
        currency, settings = self._currency, self._settings
        self.lists = ListsPage(currency, settings, self)
        self.promotions = OneTablePage(
            TableBox("promotions", _("Promotions"), model.promotion_columns(), settings, self),
            ("prices.edit", "prices.new", "prices.put_away", "prices.try"), self,
        )  # fmt: skip
        self.costs = OneTablePage(
            TableBox("costs", _("Costs"), model.cost_columns(currency), settings, self, "money"),
            ("prices.edit", "prices.new", "prices.change", "prices.filter"), self,
        )  # fmt: skip
        self.margins = MarginsPage(currency, settings, self)
        self.trial = TrialPage(currency, settings, self)
        self._by_section: dict[Section, QWidget] = {
            Section.LISTS: self.lists, Section.PROMOTIONS: self.promotions,
            Section.COSTS: self.costs, Section.MARGINS: self.margins, Section.TRIAL: self.trial,
        }  # fmt: skip
        for page in self._by_section.values():
            self._stack.addWidget(page)
        self._boxes = {
            box.name: box
            for box in (
                self.lists.lists, *self.lists.pages.boxes.values(), self.promotions.box,
                self.costs.box, *self.margins.pages.boxes.values(), self.trial.box,
            )
        }  # fmt: skip

    def _bind(self) -> None:
        p = self.presenter
        self._sections.chosen.connect(lambda key: p.choose(Section(key)))
        self.search.searched.connect(self._on_searched)
        self.search.left_down.connect(self._into_table)
        self.search.escaped.connect(self._into_table)
        self.form.submitted.connect(p.submit)
        self.form.typed.connect(p.typed)
        self.form.left.connect(p.close_form)
        self.lists.lists.table.current_key_changed.connect(p.lists.choose)
        self.lists.lists.table.opened.connect(lambda _key: self._into_prices())
        self.lists.pages.boxes["rules"].table.opened.connect(p.lists.edit_rule)
        self.lists.pages.boxes["agreed"].table.opened.connect(p.lists.agree)
        self.promotions.box.table.opened.connect(p.promotions.edit)
        self.costs.box.table.opened.connect(p.costs.edit)
        self.margins.map.opened.connect(p.margins.look_at)
        self.margins.fall.step_activated.connect(p.margins.look_at_step)
        self.margins.choice.chosen.connect(p.margins.choose_page)
        for name, box in self.margins.pages.boxes.items():
            box.table.opened.connect(
                p.margins.look_at_product if name == "products" else p.margins.open
            )
        self.trial.choice.chosen.connect(p.trial.choose_page)
        self.trial.box.table.opened.connect(p.trial.open)
        self.trial.cancelled.connect(p.trial.cancel)
        for name in _ACTIONS:
            keys.bind(self, f"prices.{name}", partial(self._act, name))
        for section in Section:
            keys.bind(self, f"prices.{section.value}", partial(self._on_section_wanted, section))
        keys.bind(self, "prices.filter", self.search.setFocus)
        keys.bind(self, "prices.submit", self._on_submit_wanted)
        keys.bind(self, "prices.leave", self._on_leave_wanted)

    def _dress(self) -> None:
        """The buttons that are of use in the part shown; one of them filled, unless a form is."""
        shown = _BUTTONS[self.presenter.section]
        for name, button in self._actions.items():
            button.setVisible(name in shown)
            first = name == "new" and self.form.isHidden()
            button.set_kind("filled" if first else "outline")
        words = _words(self.presenter.section)
        for name in ("new", "put_away"):
            self._actions[name].set_label(words.get(name, keys.title(f"prices.{name}")))
        self.search.setVisible(self.presenter.section in _SEARCHED)

    def front(self) -> TableBox:
        """The table that keys are about."""
        section = self.presenter.section
        if section is Section.LISTS:
            lists = self.lists.lists
            return lists if lists.table.hasFocus() else self.lists.pages.front()
        if section is Section.MARGINS:
            return self.margins.pages.front()
        return {
            Section.PROMOTIONS: self.promotions.box, Section.COSTS: self.costs.box,
            Section.TRIAL: self.trial.box,
        }[section]  # fmt: skip

    # ------------------------------------------------------------------- the presenter's view

    def show_heading(self, facts: str) -> None:
        """Show the line beside the title."""
        self._header.set_title(_("Prices"), [Run(facts, "muted")])

    def show_section(self, section: Section) -> None:
        """Show a part of the place."""
        self._sections.choose(section)
        self._stack.setCurrentWidget(self._by_section[section])
        self.setFocusProxy(self.front().table)
        self._dress()
        if section is Section.MARGINS:
            self.margins.map.setFocus()
        elif section is not Section.TRIAL:
            self.front().table.setFocus()

    def show_table(self, table: Table) -> None:
        """Show the rows of a table."""
        self._boxes[table.name].show_table(table)
        if table.name == "lists" and self.presenter.lists.chosen is not None:
            self.lists.lists.table.select_key(self.presenter.lists.chosen)
        if table.name == "rules":
            row = self.presenter.lists.lists.get(self.presenter.lists.chosen or 0)
            if row is not None:
                note = f"{row.code} · {row.replaces} →" if row.replaces else row.code
                self.lists.right.set_title(row.name, note)
        elif table.name == "agreed":
            self.lists.right.set_title(_("Agreed with customers"))

    def show_form(self, form: Form) -> None:
        """Open a form, the keyboard in its first field."""
        self.form.show_form(form)
        self._dress()

    def show_preview(self, text: str, tone: Tone) -> None:
        """Say what the form means so far."""
        self.form.say(text, tone)

    def show_problem(self, field: str, text: str) -> None:
        """Say what is wrong with a field; what was typed stays."""
        self.form.point_at(field, text)

    def close_form(self) -> None:
        """Close the form; the keyboard goes back to the table."""
        if not self.form.isHidden():
            self.form.hide()
            self.front().table.setFocus()
        self._dress()

    def show_map(self, item: MapItem) -> None:
        """Show the margin map."""
        self.margins.map.set_item(item)
        note = _("twelve months; Enter looks at a cell")
        if item.categories > len(item.columns):
            note = _("the {count} largest of {all} categories; Enter looks at a cell").format(
                count=len(item.columns), all=item.categories
            )
        self.margins.map_panel.set_title(_("Margin by segment and category"), note)

    def show_waterfall(self, title: str, note: str, steps: Sequence[WaterfallStep]) -> None:
        """Show the way from list price to margin."""
        self.margins.fall_panel.set_title(title, note)
        self.margins.fall.set_steps(steps, _("Nothing was sold in the last twelve months."))

    def show_count(self, text: str) -> None:
        """Say how many lines are behind the figures."""
        self.margins.count.set_runs([Run(text, "muted")])

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far the simulation is; empty text: it has ended."""
        self.trial.progress.setVisible(bool(text))
        if text:
            self.trial.progress.show_progress(text, done, total)

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show the result of a simulation in a few figures."""
        self.trial.tiles.set_tiles(tiles)

    def open_page(self, name: str) -> None:
        """Bring one of the alternative tables of a section to the front."""
        self.lists.pages.open_page(name)
        self.margins.pages.open_page(name)
        if name in self.margins.pages.boxes:
            self.margins.choice.choose(name)

    # --------------------------------------------------------------------------------- input

    def _act(self, name: str) -> None:
        found = self._deeds().get((self.presenter.section, name))
        if found is not None:
            found()

    def _deeds(self) -> dict[tuple[Section, str], Callable[[], object]]:
        p, front = self.presenter, self.front()
        lists, promotions, costs, margins = p.lists, p.promotions, p.costs, p.margins
        current = front.table.current_key()
        return {
            (Section.LISTS, "new"): lists.new_version,
            (Section.LISTS, "rules"): lambda: ask_rules(p),
            (Section.LISTS, "change"): lists.change_prices,
            (Section.LISTS, "activate"): lists.activate,
            (Section.LISTS, "put_away"): lists.put_away,
            (Section.LISTS, "try"): lists.try_out,
            (Section.LISTS, "add"): lambda: lists.edit_rule(None),
            (Section.LISTS, "remove"): lambda: lists.remove_rule(self.lists.pages.front().key()),
            (Section.LISTS, "agree"): lambda: lists.agree(None),
            (Section.PROMOTIONS, "new"): lambda: promotions.edit(None),
            (Section.PROMOTIONS, "put_away"): lambda: promotions.end(front.key()),
            (Section.PROMOTIONS, "try"): lambda: promotions.try_out(front.key()),
            (Section.COSTS, "new"): lambda: costs.edit(None),
            (Section.COSTS, "change"): costs.change,
            (Section.MARGINS, "customer"): lambda: margins.look_at_customer(current),
            (Section.MARGINS, "sku"): lambda: margins.look_at_product(current),
            (Section.MARGINS, "whole"): margins.whole,
            (Section.MARGINS, "view"): lambda: margins.choose_page(
                _next(list(self.margins.pages.boxes), margins.page)
            ),
            (Section.TRIAL, "new"): p.trial.ask,
            (Section.TRIAL, "view"): self._on_next_effects_wanted,
            (Section.TRIAL, "export"): self._on_export_wanted,
        }

    def _on_section_wanted(self, section: Section) -> None:
        self._sections.choose(section)
        self.presenter.choose(section)

    def _on_searched(self, text: str) -> None:
        if self.presenter.section is Section.COSTS:
            self.presenter.costs.filter(text)
        else:
            self.presenter.lists.filter(text)

    def _on_submit_wanted(self) -> None:
        if not self.form.isHidden():
            self.form.submit()

    def _on_leave_wanted(self) -> None:
        if not self.form.isHidden():
            self.presenter.close_form()
        elif self.presenter.section is Section.TRIAL:
            self.presenter.trial.cancel()
        elif self.presenter.section is Section.MARGINS:
            self.presenter.margins.whole()

    def _on_next_effects_wanted(self) -> None:
        pages = ["customers", "products", "segments", "categories"]
        page = _next(pages, self.presenter.trial.page)
        self.trial.choice.choose(page)
        self.presenter.trial.choose_page(page)

    def _on_export_wanted(self) -> None:
        path = ask_export_file(self, "prices")
        if path is not None:
            self.presenter.trial.export(path)

    def _into_table(self) -> None:
        self.front().table.setFocus()

    def _into_prices(self) -> None:
        box = self.lists.pages.front()
        box.table.select_first()
        box.table.setFocus()


def _words(section: Section) -> dict[str, str]:
    """Words of a button that say what it does in this part."""
    return {
        Section.LISTS: {"new": _("New version"), "put_away": _("Put away")},
        Section.PROMOTIONS: {"new": _("New promotion"), "put_away": _("End promotion")},
        Section.COSTS: {"new": _("New cost")},
        Section.TRIAL: {"new": _("Another change")},
        Section.MARGINS: {},
    }[section]


def _next(names: Sequence[str], name: str) -> str:
    return names[(list(names).index(name) + 1) % len(names)]


def build(context: PlaceContext) -> PricesPlace:
    """Make the place."""
    return PricesPlace(context)
