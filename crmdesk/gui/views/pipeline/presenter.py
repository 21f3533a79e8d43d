"""What the pipeline shows, without Qt: its four ways, filters, whose it is, figures and their rows.

Owns the state of the place. What is done with the selected opportunity or lead is
:mod:`crmdesk.gui.views.pipeline.steps`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from crmdesk.analytics.pipeline_forecast import StageHistory
from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.leads import OPEN_LEADS
from crmdesk.domain.pipeline import Stage
from crmdesk.domain.states import Role
from crmdesk.gui.keyed_list import ChipItem, KeyedList, ListSource, ListView, R_contra
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.pipeline.empties import no_deals, no_leads
from crmdesk.gui.views.pipeline.figure_words import figures_item
from crmdesk.gui.views.pipeline.items import ColumnItem, Figure, FiguresItem, Mode, SideItem
from crmdesk.gui.views.pipeline.steps import PipelineSteps, StepsView
from crmdesk.gui.views.pipeline.words import (
    columns_of,
    deal_side,
    group_words,
    lead_group_words,
    lead_side,
    shares_words,
)
from crmdesk.i18n import _, format_number, ngettext
from crmdesk.services.queries.deal import Named, choices, deal_sheet
from crmdesk.services.queries.deal_shares import ShareElsewhere, shares_elsewhere
from crmdesk.services.queries.deals import (
    BoardColumn,
    DealFilter,
    DealGroup,
    DealRow,
    DealSort,
    board,
    deal_counts,
    deal_keys,
    deal_rows,
)
from crmdesk.services.queries.leads import (
    LeadFilter,
    LeadGroup,
    LeadRow,
    LeadSort,
    lead_counts,
    lead_keys,
    lead_rows,
)
from crmdesk.services.queries.pipeline_figures import (
    PipelineFigures,
    pipeline_figures,
    stage_history,
)

FIGURE = "figure"
"""The chip of the rows behind a figure."""

_KINDS = ("opportunity", "stage_change", "lead", "quote", "account", "organisation", "deal_share")


class ChippedList(ListView[R_contra], Protocol[R_contra]):
    """A list whose chip can be turned on."""

    def choose_chip(self, key: str) -> None:
        """Turn on the chip that is in force."""


class PipelineView(StepsView, Protocol):
    """What the presenter asks of the widget; ``deals`` and ``leads`` are its two lists."""

    @property
    def deals(self) -> ChippedList[DealRow]:
        """The list of opportunities."""

    @property
    def leads(self) -> ChippedList[LeadRow]:
        """The list of leads."""

    def show_mode(self, mode: Mode) -> None:
        """Show one of the four ways to look at it."""

    def show_heading(self, facts: str, person: str) -> None:
        """Show the line beside the title, and whose pipeline it is."""

    def show_board(self, columns: Sequence[ColumnItem]) -> None:
        """Show the board."""

    def show_figures(self, item: FiguresItem, *, by_person: bool) -> None:
        """Show the figures."""

    def show_side(self, item: SideItem | None) -> None:
        """Show what stands beside the board or a list."""

    def refresh_rows(self) -> None:
        """Paint the rows again: the chances are known now."""


class PipelinePresenter:
    """Board, lists, figures and what is done in them."""

    def __init__(self, context: PlaceContext, view: PipelineView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self.mode = Mode.BOARD
        self.known: StageHistory | None = None
        self.is_rep = self.workspace.user.role is Role.REP
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self._figures: PipelineFigures | None = None
        self._figure: Figure | None = None
        self.lines_by_person = False
        self._person: Named | None = None
        self.deal: int | None = None
        self.lead: int | None = None
        self._asked = self._asked_figures = 0
        self.steps = PipelineSteps(context, self, view)
        self._deals = KeyedList(
            context, self, view.deals, _DEALS, DealFilter(), (DealSort.STEP, False),
            self._on_deals_listed,
        )  # fmt: skip
        self._leads = KeyedList(
            context, self, view.leads, _LEADS, LeadFilter(), (LeadSort.SCORE, True),
            self._on_leads_listed,
        )  # fmt: skip

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read for the first time."""
        ws = self.workspace
        self._read()
        self._runner.read(lambda: stage_history(ws), self._on_history_read, owner=self)

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown, when something of the pipeline was touched."""
        if not changes.touches(*_KINDS):
            return
        self._figures = None
        self._read()
        if changes.touches("opportunity", "stage_change"):
            ws = self.workspace
            self._runner.read(lambda: stage_history(ws), self._on_history_read, owner=self)

    def _read(self) -> None:
        """What the mode shows, the counts, and what stands beside it."""
        if self.mode is Mode.BOARD:
            self._read_board()
        elif self.mode is Mode.LIST:
            self._deals.read()
        elif self.mode is Mode.LEADS:
            self._leads.read()
        else:
            self._read_figures()
        self._read_counts()
        self._read_side()

    # ------------------------------------------------------------------------------ looking

    def choose_mode(self, mode: Mode) -> None:
        """Look at it another way."""
        self.mode = mode
        self._view.show_mode(mode)
        self._read()

    def search(self, text: str) -> None:
        """Show what matches a text, in whichever way it is looked at."""
        self._deals.wanted = replace(self._deals.wanted, text=text)
        self._leads.wanted = replace(self._leads.wanted, text=text)
        self._read()

    def choose_deals(self, key: str) -> None:
        """Show the opportunities of one chip."""
        if key != FIGURE:
            self._figure = None
            self._deals.wanted = replace(self._deals.wanted, group=DealGroup(key), ids=None)
        self._read()

    def choose_leads(self, key: str) -> None:
        """Show the leads of one chip."""
        self._leads.wanted = replace(self._leads.wanted, group=LeadGroup(key))
        self._read()

    def choose_stage(self, stage: Stage) -> None:
        """Show the list of what does not fit on the board."""
        ended = {Stage.WON: DealGroup.WON, Stage.LOST: DealGroup.LOST}
        self._figure = None
        group = ended.get(stage, DealGroup.OPEN)
        self._deals.wanted = replace(self._deals.wanted, group=group, ids=None)
        self.choose_mode(Mode.LIST)

    def choose_person(self, person: int | None) -> None:
        """Show the pipeline of one person, or of everybody; reps have their own."""
        if self.is_rep:
            return
        people = {one.id: one for one in choices(self.workspace).people}
        self._person = None if person is None else people.get(person)
        self._figures = None
        self._deals.wanted = replace(self._deals.wanted, person=person)
        self._leads.wanted = replace(self._leads.wanted, person=person)
        self._read()

    def people(self) -> Sequence[Named]:
        """Whose pipeline can be looked at."""
        return () if self.is_rep else choices(self.workspace).people

    def show_lines_by(self, *, person: bool) -> None:
        """Show the time lines by person or by reason."""
        self.lines_by_person = person
        self._show_figures()

    def open_figure(self, figure: Figure) -> None:
        """Show the opportunities that a figure rests on."""
        if not figure.keys:
            return
        self._figure = figure
        self._deals.wanted = replace(
            self._deals.wanted, text="", group=DealGroup.ALL, ids=figure.keys
        )
        self.choose_mode(Mode.LIST)

    def sort_deals(self, column: str, *, descending: bool) -> None:
        """Order the opportunities by a column."""
        self._deals.sort(DealSort(column), descending=descending)

    def sort_leads(self, column: str, *, descending: bool) -> None:
        """Order the leads by a column."""
        self._leads.sort(LeadSort(column), descending=descending)

    def read_deals(self, keys: Sequence[int]) -> None:
        """Opportunities came into view."""
        self._deals.read_rows(keys)

    def read_leads(self, keys: Sequence[int]) -> None:
        """Leads came into view."""
        self._leads.read_rows(keys)

    def select_deal(self, key: int | None) -> None:
        """An opportunity has the selection."""
        self.deal = key
        self._read_side()

    def select_lead(self, key: int | None) -> None:
        """A lead has the selection."""
        self.lead = key
        self._read_side()

    def show_deal(self, key: int) -> None:
        """Show one opportunity, wherever it stands."""
        self.deal, self._figure = key, None
        row = deal_rows(self.workspace, [key]).get(key)
        if row is not None and not row.is_open:
            self._deals.wanted = DealFilter(group=DealGroup.ALL, ids=(key,))
            self.choose_mode(Mode.LIST)
        else:
            self.choose_mode(Mode.BOARD)
        self._view.select_deal(key)

    def show_lead(self, key: int) -> None:
        """Show one lead, whatever became of it."""
        row = lead_rows(self.workspace, [key]).get(key)
        is_open = row is not None and row.status in OPEN_LEADS
        group = LeadGroup.OPEN if is_open else LeadGroup.ALL
        self.lead, self._leads.wanted = key, LeadFilter(group=group)
        self.choose_mode(Mode.LEADS)
        self._view.select_lead(key)

    def export(self) -> None:
        """Write the list shown to a file."""
        if self.mode not in (Mode.LIST, Mode.LEADS):
            self.choose_mode(Mode.LIST)
        self._desk.export_list()

    # ------------------------------------------------------------------------------ reading

    def _read_board(self) -> None:
        ws, wanted = self.workspace, replace(self._deals.wanted, ids=None)
        self._asked += 1
        number = self._asked

        def work() -> tuple[list[BoardColumn], Mapping[int, DealRow]]:
            columns = board(ws, wanted)
            return columns, deal_rows(ws, [key for column in columns for key in column.ids])

        def found(result: tuple[list[BoardColumn], Mapping[int, DealRow]]) -> None:
            if number == self._asked:
                shown = columns_of(*result, ws.today(), ws.currency)
                self._view.show_board(shown)
                keys = [card.key for column in shown for card in column.cards]
                if self.deal is None and keys:
                    self._view.select_deal(keys[0])
                    self.select_deal(keys[0])

        self._runner.read(work, found, owner=self)

    def _read_counts(self) -> None:
        ws, deals, leads = self.workspace, self._deals.wanted, self._leads.wanted
        self._runner.read(
            lambda: (
                deal_counts(ws, replace(deals, ids=None)),
                lead_counts(ws, leads),
                shares_elsewhere(ws),
            ),
            lambda found: self._on_counted(*found),
            owner=self,
        )

    def _on_counted(
        self,
        deals: dict[DealGroup, int],
        leads: dict[LeadGroup, int],
        shares: Sequence[ShareElsewhere],
    ) -> None:
        words = group_words()
        chips = [
            ChipItem(group, f"{words[group]} {format_number(count)}")
            for group, count in deals.items()
        ]
        if self._figure is not None:
            count = format_number(len(set(self._figure.keys)))
            chips.insert(0, ChipItem(FIGURE, f"{self._figure.label} {count}"))
        self._view.deals.show_chips(chips)
        self._view.deals.choose_chip(FIGURE if self._figure else self._deals.wanted.group)
        lead_words = lead_group_words()
        self._view.leads.show_chips(
            [
                ChipItem(group, f"{lead_words[group]} {format_number(count)}")
                for group, count in leads.items()
            ]
        )
        self._view.leads.choose_chip(self._leads.wanted.group)
        waiting = deals[DealGroup.DO] + leads[LeadGroup.DO]
        facts = ngettext("{count} next step is due", "{count} next steps are due", waiting)
        whose = "" if self._person is None else self._person.name
        said = facts.format(count=format_number(waiting)) if waiting else _("nothing is waiting")
        if shares:
            said = f"{said} · {shares_words(shares, self.workspace.currency)}"
        self._view.show_heading(said, whose)

    def open_shares(self) -> None:
        """Open the list of own shares in opportunities of others' customers."""
        self._desk.go("lists", list="shares")

    def _read_figures(self) -> None:
        ws = self.workspace
        person = None if self._person is None else self._person.id
        if self._figures is not None:
            self._show_figures()
            return
        self._asked_figures += 1
        asked = self._asked_figures
        self._runner.read(
            lambda: pipeline_figures(ws, person),
            lambda found: self._on_figures_read(found, asked),
            owner=self,
        )

    def _on_figures_read(self, found: PipelineFigures, asked: int) -> None:
        if asked != self._asked_figures:
            return  # Somebody else's were asked for meanwhile; readers may overtake each other.
        self._figures, self.known = found, found.known
        self._show_figures()

    def _show_figures(self) -> None:
        if self._figures is not None:
            by_person = self.lines_by_person
            item = figures_item(self._figures, self.workspace.currency, by_person=by_person)
            self._view.show_figures(item, by_person=by_person)

    def _on_history_read(self, found: StageHistory) -> None:
        self.known = found
        self._view.refresh_rows()
        self._read_side()

    def _read_side(self) -> None:
        ws, deal, lead, known = self.workspace, self.deal, self.lead, self.known
        mode = self.mode

        def work() -> SideItem | None:
            today, currency = ws.today(), ws.currency
            if mode is Mode.LEADS:
                row = lead_rows(ws, [lead]).get(lead) if lead is not None else None
                return None if row is None else lead_side(row, today)
            if deal is None or not deal_rows(ws, [deal]):
                return None
            return deal_side(deal_sheet(ws, deal), known, today, currency)

        if mode is not Mode.FIGURES:
            self._runner.read(
                work, lambda item: self._on_side_read(mode, deal, lead, item), owner=self
            )

    def _on_side_read(
        self, mode: Mode, deal: int | None, lead: int | None, item: SideItem | None
    ) -> None:
        if (mode, deal, lead) == (self.mode, self.deal, self.lead):
            self._view.show_side(item)

    def _on_deals_listed(self, keys: Sequence[int]) -> None:
        self._view.deals.show_empty(*(("", "") if keys else no_deals(self._deals.wanted)))

    def _on_leads_listed(self, keys: Sequence[int]) -> None:
        self._view.leads.show_empty(*(("", "") if keys else no_leads(self._leads.wanted)))


_DEALS: ListSource[DealFilter, DealSort, DealRow] = ListSource(
    lambda ws, wanted, sort, descending: deal_keys(ws, wanted, sort, descending=descending),
    deal_rows,
)
_LEADS: ListSource[LeadFilter, LeadSort, LeadRow] = ListSource(
    lambda ws, wanted, sort, descending: lead_keys(ws, wanted, sort, descending=descending),
    lead_rows,
)
