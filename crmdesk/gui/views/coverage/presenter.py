"""What the place of coverage does, without Qt: figures, rows behind them, balance, moving.

Owns which part and period are shown, what is picked to move, and the preview of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui.effort_words import CompareRow, compare_rows
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.coverage import words
from crmdesk.gui.widgets.area_map import Area, Dot
from crmdesk.gui.widgets.items import FactPart
from crmdesk.i18n import _, ngettext
from crmdesk.services import reassigning, undo
from crmdesk.services.queries.attention import effort_of
from crmdesk.services.queries.coverage import (
    CoverageReport,
    Outcome,
    coverage_report,
    period_of,
)
from crmdesk.services.queries.serving_facts import CompanyFacts, serving_facts
from crmdesk.services.queries.what_if import WhatIfRow
from crmdesk.services.queries.workload import WorkBalance, work_balance
from crmdesk.services.reassigning import ReassignPreview

_SHOWN = frozenset(
    {
        "visit", "planned_visit", "account", "territory", "territory_user", "assignment", "order",
        "attention_model", "leave", "user",
    }
)  # fmt: skip

_Read = tuple[CoverageReport, CompanyFacts, WorkBalance]


class CoverageView(Protocol):
    """What the presenter asks of the widget."""

    def show_heading(self, facts: Sequence[FactPart]) -> None:
        """The figures of the whole."""

    def show_part(self, part: str, rows: Sequence[tuple[Any, Any]]) -> None:
        """The rows of a part by key."""

    def show_lines(self, title: str, rows: Sequence[tuple[int, Any]], figure: str) -> None:
        """The rows behind a figure."""

    def show_map(self, areas: Sequence[Area], dots: Sequence[Dot], chosen: int | None) -> None:
        """Territories and customers."""

    def show_work(self, rows: Sequence[tuple[int, Any]]) -> None:
        """The reps with their hours."""

    def show_targets(self, rows: Sequence[tuple[int, Any]]) -> None:
        """The territories that customers can go to."""

    def show_preview(self, sentence: str, rows: Sequence[CompareRow], step: str) -> None:
        """What moving would do; without a step it cannot be done."""

    def clear_note(self) -> None:
        """The note has been sent along."""


class CoveragePresenter:
    """The logic of the place."""

    def __init__(self, context: PlaceContext, view: CoverageView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.part, self.period, self.figure = "reps", "weeks", "not_reached"
        self._report: CoverageReport | None = None
        self._company: CompanyFacts | None = None
        self._balance: WorkBalance | None = None
        self._key: Any = None
        self._territory: int | None = None
        self._search = ""
        self._picked: tuple[int, ...] = ()
        self._target: int | None = None
        self._preview: ReassignPreview | None = None
        self._asked = 0

    def start(self) -> None:
        """Read for the first time."""
        self._read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when visits, plans, customers or territories were touched."""
        if changes.touches(*_SHOWN):
            self._read()

    # -------------------------------------------------------------------------------- reading

    def _read(self) -> None:
        ws, period = self.workspace, self.period

        def work() -> _Read:
            company = serving_facts(ws)
            report = coverage_report(ws, *period_of(period, ws.today()))
            return report, company, work_balance(ws, company)

        self._runner.read(work, self._on_read, owner=self)

    def _on_read(self, found: _Read) -> None:
        self._report, self._company, self._balance = found
        self._view.show_heading(words.heading(self._report))
        self._show_part()

    # -------------------------------------------------------------------------------- showing

    def choose_part(self, part: str) -> None:
        """Show another part."""
        if part in words.PARTS and part != self.part:
            self.part, self._key = part, None
            self._show_part()

    def choose_period(self, period: str) -> None:
        """Look at other days."""
        if period in words.PERIODS and period != self.period:
            self.period = period
            self._read()

    def next_period(self) -> str:
        """Go on to the next period; gives it back."""
        place = words.PERIODS.index(self.period)
        self.choose_period(words.PERIODS[(place + 1) % len(words.PERIODS)])
        return self.period

    def choose_figure(self, figure: str) -> None:
        """Open the rows of another figure."""
        if figure in words.FIGURES:
            self.figure = figure
            self._show_lines()

    def next_figure(self) -> None:
        """Open the rows of the next figure."""
        place = words.FIGURES.index(self.figure)
        self.choose_figure(words.FIGURES[(place + 1) % len(words.FIGURES)])

    def _show_part(self) -> None:
        report, balance = self._report, self._balance
        if report is None or balance is None:
            return
        rows: list[tuple[Any, Any]] = []
        if self.part in ("reps", "classes"):
            found = report.reps if self.part == "reps" else report.classes
            rows = [("", report.whole), *((row.key, row) for row in found)]
        elif self.part == "reasons":
            rows = [(place, row) for place, row in enumerate(report.reasons)]
        elif self.part == "balance":
            rows = [(row.id or 0, row) for row in balance.territories]
            self._view.show_work([(rep.id, rep) for rep in balance.reps])
        else:
            rows = [(row.facts.account_id, row) for row in self._candidates()]
            self._view.show_targets([(r.id or 0, r) for r in balance.territories if r.id])
        self._view.show_part(self.part, rows)
        keys = [key for key, _row in rows]
        if self._key not in keys:
            self._key = keys[0] if keys else None
        self._show_lines()
        self._show_map()
        if self.part == "move":
            self._try()

    def choose(self, key: Any) -> None:
        """Another row is under the bar."""
        if key is None or key == self._key:
            return
        self._key = key
        if self.part == "balance":
            self._territory = key or None
            self._show_map()
        elif self.part != "move":
            self._show_lines()

    def _show_lines(self) -> None:
        report = self._report
        if report is None or self.part in ("balance", "move"):
            return
        if self.part == "reasons":
            wanted = report.reasons[self._key].name if isinstance(self._key, int) else ""
            lines: Sequence[Any] = [
                line for line in report.planned
                if line.reason == wanted and line.outcome in (Outcome.MISSED, Outcome.LATE)
            ]  # fmt: skip
            title = words.reason_text(wanted)
        else:
            key = self._key if isinstance(self._key, str) else ""
            lines = words.lines_of(report, self.part, key, self.figure)
            title = dict(words.figure_words())[self.figure]
        self._view.show_lines(title, list(enumerate(lines)), self.figure)

    def _show_map(self) -> None:
        balance = self._balance
        if balance is None or self.part not in ("balance", "move"):
            return
        areas = [
            words.area_of(work, self.workspace.currency)
            for work in balance.territories
            if len(work.hull) > 2
        ]
        chosen = self._target if self.part == "move" else self._territory
        self._view.show_map(
            areas, words.dots_of(balance.territories, frozenset(self._picked)), chosen
        )

    def open_line(self, account_id: int) -> None:
        """Open the card of a customer behind a figure."""
        self._desk.go("customer", account=account_id)

    def open(self, key: Any) -> None:
        """Open a row: the customers of a territory, or a customer's card."""
        if self.part == "balance" and isinstance(key, int):
            self._territory = key or None
            self.choose_part("move")
        elif self.part == "move" and isinstance(key, int):
            self._desk.go("customer", account=key)

    def choose_area(self, key: object) -> None:
        """An outline on the map was clicked."""
        if not isinstance(key, int):
            return
        if self.part == "move":
            self.choose_target(key)
        else:
            self._territory = key
            self._show_map()

    def arrange_cover(self) -> None:
        """Go to where a colleague stands in for somebody."""
        key = self._key if self.part == "reps" else None
        if isinstance(key, str) and key:
            self._desk.go("cover", rep=int(key))
        else:
            self._desk.go("cover")

    # ----------------------------------------------------------------------------------- move

    def territory_names(self) -> dict[int, str]:
        """The territories by id, for the table of customers."""
        balance = self._balance
        return {} if balance is None else {w.id or 0: w.name for w in balance.territories}

    def _candidates(self) -> list[WhatIfRow]:
        company = self._company
        if company is None:
            return []
        rows = []
        for one in company.customers.values():
            if self._territory is not None and one.territory_id != self._territory:
                continue
            if self._search and self._search not in f"{one.name} {one.city} {one.code}".casefold():
                continue
            served = effort_of(company, one)
            rows.append(WhatIfRow(one, served, served))
        return rows

    def search(self, text: str) -> None:
        """Narrow the customers that can move by name, town or code."""
        self._search = text.strip().casefold()
        self._show_part()

    def all_territories(self) -> None:
        """Show the customers of every territory again."""
        self._territory, self._search = None, ""
        self._show_part()

    def pick(self, keys: Sequence[int]) -> None:
        """Other customers move."""
        if tuple(keys) != self._picked:
            self._picked = tuple(keys)
            self._show_map()
            self._try()

    def choose_target(self, territory_id: int | None) -> None:
        """They go to another territory."""
        if territory_id and territory_id != self._target:
            self._target = territory_id
            self._show_map()
            self._try()

    def _try(self) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace
        picked, target = self._picked, self._target
        company, balance = self._company, self._balance
        self._preview = None
        if not picked or target is None or company is None or balance is None:
            said = _("Pick customers with Space, and the territory they go to.")
            self._view.show_preview(said, (), "")
            return

        def work() -> ReassignPreview | CrmdeskError:
            try:
                return reassigning.reassign_preview(ws, picked, target, (company, balance))
            except CrmdeskError as error:
                return error

        self._runner.read(work, lambda found: self._on_tried(number, found), owner=self)

    def _on_tried(self, number: int, found: ReassignPreview | CrmdeskError) -> None:
        if number != self._asked:
            return
        if isinstance(found, CrmdeskError):
            self._view.show_preview(f"{found.message} {found.hint}".strip(), (), "")
            return
        self._preview = found
        currency = self.workspace.currency
        count = len(found.customers)
        step = ngettext("Move {count} customer", "Move {count} customers", count)
        self._view.show_preview(
            words.preview_text(found, currency),
            compare_rows(found.before, found.after, currency) if count else (),
            step.format(count=count) if count else "",
        )

    def move(self, note: str) -> None:
        """Give the picked customers to the territory; one undo takes all of it back."""
        preview, target, ws = self._preview, self._target, self.workspace
        if preview is None or target is None or not preview.customers:
            return
        picked = self._picked
        count = len(preview.customers)
        said = ngettext(
            "{count} customer moved to {territory}", "{count} customers moved to {territory}", count
        ).format(count=count, territory=preview.target)
        self._runner.write(
            lambda: reassigning.reassign(ws, picked, target, note),
            lambda changes: self._on_moved(said, changes),
            owner=self,
        )

    def _on_moved(self, said: str, changes: ChangeSet) -> None:
        self._picked = ()
        self._view.clear_note()
        ws, txn = self.workspace, changes.undo
        if txn is None:
            self._desk.toast(said)
            return

        def take_back() -> None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

        self._desk.toast(said, undo=take_back)
