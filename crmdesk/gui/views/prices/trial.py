"""A change tried on last year's lines, without Qt: what is tried, how far it is, what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crmdesk.analytics.price_effect import Effect
from crmdesk.domain.errors import FieldError
from crmdesk.gui.jobs import Control, Report
from crmdesk.gui.views.prices import typing as read
from crmdesk.gui.views.prices.desk import PricesDesk
from crmdesk.gui.views.prices.items import Form, FormField, Table, Tile
from crmdesk.gui.views.prices.lists import category_keys
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, format_amount, format_number, format_percent, ngettext
from crmdesk.services.queries import price_policy as queries
from crmdesk.services.queries.price_simulation import (
    PartEffect,
    SimulatedChange,
    Trial,
    simulate,
)


@dataclass(frozen=True, slots=True)
class EffectRow:
    """A row of the result."""

    part: PartEffect
    currency: str


class TrialPart:
    """See the module."""

    kinds = ("price_list", "promotion")

    def __init__(self, desk: PricesDesk) -> None:
        self._desk = desk
        self.page = "customers"
        self.found: SimulatedChange | None = None
        self._control: Control | None = None

    def read(self) -> None:
        """Show what there is; what was tried is tried again by Ctrl+Enter only."""
        self._show()
        if self.found is None and self._control is None:
            self.ask()

    def ask(self, what: str = "", key: int = 0) -> None:
        """Ask what is to be tried."""
        ws = self._desk.ws
        lists = [
            (f"list:{row.id}", _("Draft {code}").format(code=row.code))
            for row in queries.price_list_rows(ws)
            if row.state in ("draft", "planned")
        ]
        promotions = [(f"promotion:{row.id}", row.name) for row in queries.promotion_lines(ws)
                      if row.state != "ended"]  # fmt: skip
        chosen = f"{what}:{key}" if what else "change"
        choices = (("change", _("All list prices by percent")), *lists, *promotions)
        form = Form(
            _("Try a change on last year's lines"),
            (
                FormField("what", _("What"), chosen, width=230, choices=choices),
                FormField("percent", _("Percent"), "" if what else "3", width=70),
                FormField("amount", _("plus amount"), width=80),
                FormField("step", _("round to"), width=80),
                FormField("ending", _("ending"), width=70),
                FormField("categories", _("Only categories"), "", _("all"), 160),
                FormField("segment", _("Only segment"), "", _("all"), 100),
            ),
            _("Try it"),
            _("Nothing is written. Percent, amount and rounding count for list prices only."),
        )  # fmt: skip
        self._desk.look(form, self._submit)

    def begin_with(self, what: str, key: int) -> None:
        """Try a draft or a promotion at once."""
        self.ask(what, key)
        self._submit({"what": f"{what}:{key}"})

    def _submit(self, typed: Mapping[str, str]) -> None:
        self._run(self._trial(typed))

    def _trial(self, typed: Mapping[str, str]) -> Trial:
        what, _colon, key = read.text_of(typed, "what").partition(":")
        ws = self._desk.ws
        if what == "list":
            return Trial(list_id=int(key))
        if what == "promotion":
            return Trial(promotion=queries.promotion_input(ws, int(key)))
        change = read.change_of(typed)
        if change.is_nothing:
            raise FieldError("percent", _("Say by how much prices change."))
        segment = read.text_of(typed, "segment") or None
        if segment is not None and segment not in queries.segment_names(ws):
            known = ", ".join(queries.segment_names(ws))
            raise FieldError(
                "segment",
                _("There is no such segment."),
                _("There are: {names}.").format(names=known),
            )
        return Trial(change=change, segment=segment, categories=category_keys(self._desk, typed))

    def _run(self, trial: Trial) -> None:
        self.cancel()
        control = self._control = Control()
        ws = self._desk.ws

        def progress(done: int, total: int) -> None:
            control.report(done, total)
            control.check()

        self._desk.view.show_progress(_("Reading the lines"), 0, 0)
        self._desk.runner.read(
            lambda: simulate(ws, trial, progress), self._on_simulated, self._on_failed,
            owner=self._desk, control=control, progressed=self._on_progress,
        )  # fmt: skip

    def cancel(self) -> None:
        """Stop the simulation; nothing was written."""
        if self._control is not None:
            self._control.cancel()
            self._control = None
            if not self._desk.closed:
                self._desk.view.show_progress("", 0, 0)

    def _on_progress(self, report: Report) -> None:
        words = ngettext("{count} line priced", "{count} lines priced", report.done)
        self._desk.view.show_progress(
            words.format(count=format_number(report.done)), report.done, report.total
        )

    def _on_failed(self, error: Exception) -> None:
        self._control = None
        self._desk.view.show_progress("", 0, 0)
        self._desk.view.show_problem("what", str(error))

    def _on_simulated(self, found: SimulatedChange) -> None:
        self._control, self.found = None, found
        self._desk.view.show_progress("", 0, 0)
        self._show()

    # ------------------------------------------------------------------------------- result

    def choose_page(self, page: str) -> None:
        """By customer, SKU, segment or category."""
        self.page = page
        self._show()

    def open(self, key: object) -> None:
        """Open the customer of a row."""
        if self.page == "customers" and isinstance(key, int):
            self._desk.go("customer", account=key)

    def parts(self) -> tuple[PartEffect, ...]:
        """The rows of the page shown."""
        if self.found is None:
            return ()
        by_page = {
            "customers": self.found.customers, "products": self.found.products,
            "segments": self.found.segments, "categories": self.found.categories,
        }  # fmt: skip
        return by_page[self.page]

    def export(self, path: Path) -> None:
        """Write the rows of all pages as CSV or XLSX."""
        found = self.found
        if found is None:
            return

        def work() -> int:
            from crmdesk.interchange.writing import write_table
            from crmdesk.services.queries.price_simulation import COLUMNS, effect_cells

            return write_table(path, COLUMNS, effect_cells(found))

        self._desk.runner.read(
            work, lambda count: self._desk.exported(count, path), owner=self._desk
        )

    def _show(self) -> None:
        view, found = self._desk.view, self.found
        if found is None:
            view.show_heading(_("what would have been"))
            view.show_tiles(())
            empty = (_("Nothing tried yet"), _("Say above what is to be tried, then Enter."))
            view.show_table(Table("effects", {}, empty))
            return
        lines = ngettext("{count} line", "{count} lines", found.whole.lines)
        view.show_heading(lines.format(count=format_number(found.whole.lines)))
        view.show_tiles(self._tiles(found))
        view.show_table(
            Table(
                "effects",
                {_key(part): EffectRow(part, self._desk.ws.currency) for part in self.parts()},
            )
        )

    def _tiles(self, found: SimulatedChange) -> Sequence[Tile]:
        whole = found.whole
        gains = sum(one.effect.change > 0 for one in found.customers)
        pays = sum(one.effect.change < 0 for one in found.customers)
        tiles = [
            self._tile(_("Sales"), whole.net, whole.net_after),
            self._tile(_("Margin"), whole.margin, whole.margin_after),
            _volume_tile(whole),
            Tile(_("Customers"), format_number(gains),
                 _("pay more, {count} pay less").format(count=format_number(pays))),
        ]  # fmt: skip
        if whole.unpriced:
            tiles.append(
                Tile(_("Lines without a price"), format_number(whole.unpriced),
                     _("counted as they were"), Tone.WARNING)
            )  # fmt: skip
        return tuple(tiles)

    def _tile(self, label: str, before: int, after: int) -> Tile:
        currency = self._desk.ws.currency
        gap = after - before
        tone = Tone.GOOD if gap > 0 else Tone.DANGER if gap < 0 else Tone.PLAIN
        sign = "+" if gap > 0 else ""
        note = sign + format_amount(gap, currency, decimals=0)
        if before:
            note = f"{note} ({sign}{format_percent(gap / before, 1)})"
        return Tile(label, format_amount(after, currency, decimals=0), note, tone)


def _volume_tile(whole: Effect) -> Tile:
    lost = whole.volume_to_lose().value
    if lost is None:
        return Tile(_("Break-even volume"), "–", _("no margin is left"), Tone.DANGER)
    if lost >= 0:
        return Tile(
            _("Volume may fall by"), format_percent(lost, 1), _("until the margin is equal")
        )
    return Tile(
        _("Volume must grow by"), format_percent(-lost / (1 - lost), 1),
        _("until the margin is equal"), Tone.WARNING,
    )  # fmt: skip


def _key(part: PartEffect) -> int | str:
    return part.key if part.key is not None else ""
