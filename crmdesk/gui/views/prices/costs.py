"""Costs without Qt: what goods cost, since when, from when on, and what that does to the margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.views.prices import typing as read
from crmdesk.gui.views.prices.desk import PricesDesk
from crmdesk.gui.views.prices.items import Form, FormField, Table
from crmdesk.gui.views.prices.lists import category_keys
from crmdesk.i18n import _, format_percent, ngettext
from crmdesk.services import costs
from crmdesk.services.queries import price_policy as queries
from crmdesk.services.queries.price_policy import CostLine


class CostsPart:
    """See the module."""

    kinds = ("cost_version", "product", "price_rule", "price_list")

    def __init__(self, desk: PricesDesk) -> None:
        self._desk = desk
        self.rows: dict[int, CostLine] = {}
        self._text = ""

    def read(self) -> None:
        """Read the costs of all active products."""
        ws, text = self._desk.ws, self._text
        self._desk.runner.read(
            lambda: queries.cost_lines(ws, text=text), self._on_read, owner=self._desk
        )

    def filter(self, text: str) -> None:
        """Show what has these words only."""
        self._text = text
        self.read()

    def _on_read(self, rows: list[CostLine]) -> None:
        self.rows = {row.product_id: row for row in rows}
        coming = sum(row.next_e4 is not None for row in rows)
        unknown = sum(row.cost_e4 is None for row in rows)
        facts = ngettext("{count} product", "{count} products", len(rows)).format(count=len(rows))
        if coming:
            words = ngettext("{count} will change", "{count} will change", coming)
            facts = f"{facts} · {words.format(count=coming)}"
        if unknown:
            words = ngettext("{count} without a cost", "{count} without a cost", unknown)
            facts = f"{facts} · {words.format(count=unknown)}"
        self._desk.view.show_heading(facts)
        empty = (_("No product yet"), _("Import products first: Data, or crmdesk import products."))
        self._desk.view.show_table(Table("costs", self.rows, empty))

    def edit(self, product_id: int | None) -> None:
        """Ask for a product's cost from a day on."""
        row, desk = self.rows.get(product_id or 0), self._desk
        form = Form(
            _("New cost") if row is None else row.product,
            self._fields(row),
            _("Set the cost"),
            _("Orders and sales of earlier days keep their cost."),
        )

        def wanted(typed: Mapping[str, str]) -> tuple[int, int]:
            product = queries.product_by_text(desk.ws, read.text_of(typed, "product"))
            if product is None:
                raise FieldError("product", _("No product has this SKU or name."))
            cost = read.price_of(typed, "cost")
            if cost is None:
                raise FieldError("cost", _("A cost is needed here."))
            return product[0], cost

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            (product, cost), start = wanted(typed), read.needed_day(typed, "valid_from")
            return costs.set_cost(desk.ws, product, cost, start), _("Cost set")

        def now() -> Sequence[FormField]:
            lines = {one.product_id: one for one in queries.cost_lines(desk.ws)}
            return self._fields(None if row is None else lines.get(row.product_id, row))

        def preview(typed: Mapping[str, str]) -> str:
            product, cost = wanted(typed)
            line = self.rows.get(product)
            if line is None or not line.price_e4:
                return _("There is no list price to compare it with.")
            before = "–"
            if line.cost_e4 is not None:
                before = format_percent(1 - line.cost_e4 / line.price_e4, 1)
            after = format_percent(1 - cost / line.price_e4, 1)
            return _("Margin at the list price: {before} → {after}").format(
                before=before, after=after
            )

        desk.ask(form, submit, preview, now)

    def _fields(self, row: CostLine | None) -> tuple[FormField, ...]:
        return (
            FormField("product", _("SKU"), "" if row is None else row.sku, width=140),
            FormField("cost", _("Cost"), "" if row is None else read.price_text(row.cost_e4)),
            FormField("valid_from", _("From"), self._desk.ws.today().isoformat()),
        )

    def change(self) -> None:
        """Ask how many costs change at once."""
        desk = self._desk
        form = Form(
            _("Change costs at once"),
            (
                FormField("percent", _("Percent"), "", "+3", 70),
                FormField("amount", _("plus amount"), "", "0.05", 80),
                FormField("categories", _("Only categories"), "", _("all"), 200),
                FormField("valid_from", _("From"), desk.ws.today().isoformat()),
            ),
            _("Change costs"),
        )

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            change, categories = read.change_of(typed), category_keys(desk, typed)
            start = read.needed_day(typed, "valid_from")
            return costs.change_costs(desk.ws, change, start, categories), _("Costs changed")

        desk.ask(form, submit)
