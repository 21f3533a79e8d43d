"""Margins without Qt: the map, the way from list price to margin, and the rows behind both.

Owns which slice is looked at. Figures are services.queries.price_margins and price_position.
"""

from __future__ import annotations

from dataclasses import replace

from crmdesk.analytics.figures import Figure
from crmdesk.gui.views.prices.desk import PricesDesk
from crmdesk.gui.views.prices.items import MapCell, MapItem, Table
from crmdesk.gui.widgets.items import Tone, WaterfallStep
from crmdesk.i18n import (
    _,
    currency_digits,
    format_amount,
    format_date,
    format_number,
    format_percent,
    ngettext,
)
from crmdesk.services.queries import price_margins as queries
from crmdesk.services.queries import price_position
from crmdesk.services.queries.price_margins import (
    TOTALS,
    LineRow,
    MarginCell,
    MarginMap,
    PartMargin,
    PriceWaterfall,
    Slice,
    Step,
)

COLUMNS = 12
LINES = 1_000
_LARGE = 10**8
"""Amounts from here on (minor units) are shown in thousands, or bars would hide each other's."""


class MarginsPart:
    """See the module."""

    kinds = ("sale", "product", "account", "category")

    def __init__(self, desk: PricesDesk) -> None:
        self._desk = desk
        self._map: MarginMap | None = None
        self.slice = Slice()
        self.step: Step | None = None
        self.page = "lines"
        self._names: tuple[str, ...] = ()
        self.lines: dict[tuple[int, int], LineRow] = {}
        self.parts: dict[int, PartMargin] = {}

    # ------------------------------------------------------------------------------ reading

    def read(self) -> None:
        """Read the map, then what is looked at."""
        ws = self._desk.ws
        self._desk.runner.read(lambda: queries.margin_map(ws), self._on_map_read, owner=self._desk)
        self._read_slice()

    def _on_map_read(self, found: MarginMap) -> None:
        self._map = found
        whole = sum(cell.net_minor for cell in found.cells.values())
        since, until = (format_date(day, year=True) for day in (found.since, found.until))
        self._desk.view.show_heading(
            _("{since} to {until} · net {amount}").format(
                since=since, until=until,
                amount=self._money(whole),
            )
        )  # fmt: skip
        columns = found.categories[:COLUMNS]
        rows = tuple(
            tuple(self._cell(found.cells.get((segment, key))) for key, _name in columns)
            for segment in found.segments
        )
        self._desk.view.show_map(
            MapItem(
                tuple(one or _("without a segment") for one in found.segments),
                tuple(name for _key, name in columns), rows, len(found.categories),
            )
        )  # fmt: skip

    def _cell(self, cell: MarginCell | None) -> MapCell | None:
        if cell is None:
            return None
        margin = cell.margin
        text = "–" if margin.value is None else format_percent(margin.value, 1)
        reason = _("cost unknown") if margin.value is None else ""
        lines = ngettext("{count} line", "{count} lines", cell.lines)
        spoken = f"{cell.segment}, {cell.category}: {text} {reason}, {self._money(cell.net_minor)}"
        return MapCell(
            cell.segment, cell.category_id, text, self._money(cell.net_minor), margin.value,
            f"{spoken}, {lines.format(count=format_number(cell.lines))}",
        )  # fmt: skip

    def _read_slice(self) -> None:
        ws, of = self._desk.ws, self.slice
        self._desk.runner.read(
            lambda: (of, queries.price_waterfall(ws, of)), self._on_fall_read, owner=self._desk
        )
        self._read_page()

    def _read_page(self) -> None:
        ws, of, step, desk = self._desk.ws, self.slice, self.step, self._desk
        if self.page == "lines":
            desk.runner.read(
                lambda: (of, step, queries.lines_behind(ws, of, step, most=LINES)),
                self._on_lines_read, owner=desk,
            )  # fmt: skip
        elif self.page in ("customers", "products"):
            page, by_customer = self.page, self.page == "customers"
            desk.runner.read(
                lambda: (of, page, queries.parts_of(ws, of, by_customer=by_customer)),
                self._on_parts_read, owner=desk,
            )  # fmt: skip
        elif self.page == "outliers":
            desk.runner.read(
                lambda: price_position.price_outliers(ws),
                lambda rows: desk.view.show_table(
                    Table(
                        "outliers",
                        {(r.outlier.account, r.outlier.product): r for r in rows},
                        (_("Nobody pays a very different price"),
                         _("Six customers who buy about as much of a SKU are needed to compare.")),
                    )
                ),
                owner=desk,
            )  # fmt: skip
        else:
            desk.runner.read(
                lambda: price_position.erosion_rows(ws),
                lambda rows: desk.view.show_table(
                    Table(
                        "months", {r.month: r for r in reversed(rows)}, (_("Nothing sold yet"), "")
                    )
                ),
                owner=desk,
            )

    def _on_fall_read(self, found: tuple[Slice, PriceWaterfall]) -> None:
        of, fall = found
        if of != self.slice:
            return
        large = max(abs(amount) for amount in fall.steps.values()) >= _LARGE
        steps = [
            WaterfallStep(
                step.value, step_words()[step], amount, self._short(amount, large=large),
                step in TOTALS, _tone(step, amount),
            )
            for step, amount in fall.steps.items()
            if fall.lines[step] and (amount or step in TOTALS)
        ]  # fmt: skip
        note = self._desk.ws.currency
        if large:
            note = _("thousand {currency}").format(currency=note)
        if fall.lines[Step.UNLISTED]:
            count = format_number(fall.lines[Step.UNLISTED])
            note = _("{currency} · {count} lines have no list price").format(
                currency=note, count=count
            )
        if fall.steps[Step.NET] and fall.lines[Step.MARGIN]:
            costed = fall.steps[Step.NET] + fall.steps[Step.UNCOSTED]
            if costed:
                share = format_percent(fall.steps[Step.MARGIN] / costed, 1)
                note = f"{note} · " + _("margin {share}").format(share=share)
        self._desk.view.show_waterfall(self.title(), note, steps)
        whole = fall.lines[Step.NET]
        words = ngettext("{count} line", "{count} lines", whole).format(count=format_number(whole))
        if whole > LINES:
            words = _("{words}, the newest {count} are shown").format(
                words=words, count=format_number(LINES)
            )
        self._desk.view.show_count(words)

    def _on_parts_read(self, found: tuple[Slice, str, list[PartMargin]]) -> None:
        of, page, rows = found
        if (of, page) == (self.slice, self.page):
            self.parts = {row.key: row for row in rows}
            self._desk.view.show_table(Table(page, self.parts, _nothing()))

    def _on_lines_read(self, found: tuple[Slice, Step | None, list[LineRow]]) -> None:
        of, step, rows = found
        if (of, step) == (self.slice, self.step) and self.page == "lines":
            self.lines = {(row.sale_id, row.position): row for row in rows}
            self._desk.view.show_table(Table("lines", self.lines, _nothing()))

    # ------------------------------------------------------------------------------ looking

    def look_at(self, segment: str, category_id: int | None, name: str) -> None:
        """Look at a cell of the map."""
        self._go(Slice(segment=segment, category_id=category_id), (segment or "–", name))

    def look_at_step(self, step: str) -> None:
        """Show the lines behind a bar."""
        self.step, self.page = Step(step), "lines"
        self._desk.view.open_page("lines")
        self._read_page()

    def look_at_customer(self, key: object) -> None:
        """Look at the customer of a line or an outlier."""
        account, name = self._of(key, customer=True)
        if account is not None:
            self._go(Slice(account_id=account), (name,))

    def look_at_product(self, key: object) -> None:
        """Look at the SKU of a line or an outlier."""
        product, name = self._of(key, customer=False)
        if product is not None:
            self._go(Slice(product_id=product), (name,))

    def open(self, key: object) -> None:
        """Open the customer behind a line or an outlier."""
        account, _name = self._of(key, customer=True)
        if account is not None:
            self._desk.go("customer", account=account)

    def whole(self) -> None:
        """Look at the whole company again."""
        self._go(Slice(), ())

    def choose_page(self, page: str) -> None:
        """Customers, SKUs, lines, outliers or months."""
        self.page = page
        self._desk.view.open_page(page)
        self._read_page()

    def title(self) -> str:
        """What is looked at."""
        where = " · ".join(self._names) or _("Whole company")
        if self.step is not None:
            where = f"{where} · {step_words()[self.step]}"
        return where

    def _go(self, of: Slice, names: tuple[str, ...]) -> None:
        self.slice, self._names, self.step = replace(of), names, None
        page = "lines" if of.account_id or of.product_id else "customers"
        if self.page != page:
            self.page = page
            self._desk.view.open_page(page)
        self._read_slice()

    def _of(self, key: object, *, customer: bool) -> tuple[int | None, str]:
        part = self.parts.get(key) if isinstance(key, int) else None
        if part is not None and (self.page == "customers") == customer:
            return part.key, part.name
        if not isinstance(key, tuple):
            return None, ""
        if self.page == "outliers":
            row_id = int(key[0] if customer else key[1])
            return row_id, queries.name_of(
                self._desk.ws, "account" if customer else "product", row_id
            )
        row = self.lines.get((int(key[0]), int(key[1])))
        if row is None:
            return None, ""
        return (row.account_id, row.customer) if customer else (row.product_id, row.product)

    def _money(self, minor: int) -> str:
        return format_amount(minor, self._desk.ws.currency, decimals=0)

    def _short(self, minor: int, *, large: bool) -> str:
        if large:
            major = minor / 10 ** currency_digits(self._desk.ws.currency)
            return format_number(major / 1_000, 1)
        return self._money(minor)


def _nothing() -> tuple[str, str]:
    return _("No line here"), _("Esc shows the whole company again.")


def _tone(step: Step, amount: int) -> Tone:
    if step is Step.MARGIN:
        return Tone.GOOD if amount > 0 else Tone.DANGER
    return Tone.ACCENT if step in TOTALS else Tone.MUTED


def step_words() -> dict[Step, str]:
    """The steps in words."""
    return {
        Step.LIST: _("List price"),
        Step.AGREED: _("Agreed prices"),
        Step.VOLUME: _("Quantity"),
        Step.PROMOTION: _("Promotions"),
        Step.FREE: _("Free goods"),
        Step.MANUAL: _("By hand"),
        Step.OTHER: _("Not told why"),
        Step.UNLISTED: _("Without list"),
        Step.NET: _("Net"),
        Step.COST: _("Cost"),
        Step.UNCOSTED: _("Cost unknown"),
        Step.MARGIN: _("Margin"),
    }


def figure_text(figure: Figure[float], decimals: int = 1) -> str:
    """A share as people read it, – where there is none."""
    return "–" if figure.value is None else format_percent(figure.value, decimals)
