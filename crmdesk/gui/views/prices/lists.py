"""Price lists without Qt: versions, their prices, agreed prices.

Owns which list is shown and the forms about it; the commands are services.price_lists and
services.price_rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.gui.views.prices import typing as read
from crmdesk.gui.views.prices.desk import PricesDesk
from crmdesk.gui.views.prices.items import Form, FormField, Table
from crmdesk.gui.views.prices.price_fields import agreed_fields, agreed_now, rule_fields, rule_now
from crmdesk.i18n import _, format_date, format_number, ngettext
from crmdesk.services import price_lists, price_rules
from crmdesk.services.price_lists import NewVersion
from crmdesk.services.price_rules import RuleInput
from crmdesk.services.queries import price_policy as queries
from crmdesk.services.queries.price_policy import AgreedLine, PriceListRow, RuleLine

AGREED = -1
"""The key that stands for agreed prices in the table of lists."""


class ListsPart:
    """See the module."""

    kinds = ("price_list", "price_rule", "account_price", "cost_version", "product")

    def __init__(self, desk: PricesDesk) -> None:
        self._desk = desk
        self.lists: dict[int, PriceListRow] = {}
        self.rules: dict[int, RuleLine] = {}
        self.agreed: dict[int, AgreedLine] = {}
        self.chosen: int | None = None
        self._text = ""

    # ------------------------------------------------------------------------------ reading

    def read(self) -> None:
        """Read the lists and the prices of the one chosen."""
        ws = self._desk.ws
        self._desk.runner.read(
            lambda: queries.price_list_rows(ws), self._on_lists_read, owner=self._desk
        )
        if self.chosen is not None:
            self._read_rules()

    def _on_lists_read(self, rows: list[PriceListRow]) -> None:
        self.lists = {row.id: row for row in rows}
        drafts = sum(row.state == "draft" for row in rows)
        facts = ngettext("{count} list", "{count} lists", len(rows)).format(count=len(rows))
        if drafts:
            words = ngettext("{count} draft", "{count} drafts", drafts).format(count=drafts)
            facts = f"{facts} · {words}"
        self._desk.view.show_heading(facts)
        self._desk.view.show_table(Table("lists", dict([*self.lists.items(), (AGREED, "")])))
        if self.chosen not in (*self.lists, AGREED) and rows:
            first = next((row for row in rows if row.is_default), rows[0])
            self.choose(first.id)

    def choose(self, key: int) -> None:
        """Show the prices of a list, or those agreed with customers."""
        if key != self.chosen:
            self.chosen = key
            self._desk.view.open_page("agreed" if key == AGREED else "rules")
            self._read_rules()

    def filter(self, text: str) -> None:
        """Show what has these words only."""
        self._text = text
        self._read_rules()

    def _read_rules(self) -> None:
        ws, text, key = self._desk.ws, self._text, self.chosen
        if key == AGREED:
            self._desk.runner.read(
                lambda: queries.agreed_lines(ws, text=text), self._on_agreed_read, owner=self._desk
            )
        elif key is not None:
            self._desk.runner.read(
                lambda: (key, queries.rule_lines(ws, key, text=text)), self._on_rules_read,
                owner=self._desk,
            )  # fmt: skip

    def _on_rules_read(self, found: tuple[int, list[RuleLine]]) -> None:
        key, rows = found
        if key == self.chosen:
            self.rules = {row.id: row for row in rows}
            empty = (_("No price here"), _("R adds one; or import prices from a file."))
            if self._text:
                empty = (_("Nothing found"), _("No SKU, product or category has these words."))
            self._desk.view.show_table(Table("rules", self.rules, empty))

    def _on_agreed_read(self, rows: list[AgreedLine]) -> None:
        if self.chosen == AGREED:
            self.agreed = {row.id: row for row in rows}
            empty = (_("No price is agreed with a customer"), _("G agrees one."))
            self._desk.view.show_table(Table("agreed", self.agreed, empty))

    # -------------------------------------------------------------------------------- lists

    def new_version(self) -> None:
        """Ask for a new version of the list chosen."""
        row = self.lists.get(self.chosen or 0)
        if row is None:
            return
        desk, today = self._desk, self._desk.ws.today()
        fields = (
            FormField("code", _("Code"), f"{row.code.split('/')[0]}/{today.year % 100 + 1}"),
            *_change_fields(),
            FormField("note", _("Note"), width=200),
        )
        form = Form(
            _("New version of {name}").format(name=row.name), fields, _("Make the draft"),
            _("Its prices are copied, changed, and hold once you put it in force."),
        )  # fmt: skip

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            wanted = NewVersion(
                read.text_of(typed, "code"), note=read.text_of(typed, "note"),
                change=read.change_of(typed), categories=self._categories(typed),
            )  # fmt: skip

            self.chosen, changes = price_lists.new_version(desk.ws, row.id, wanted)
            return changes, _("Draft {code} made").format(code=wanted.code)

        desk.ask(form, submit)

    def change_prices(self) -> None:
        """Ask how all prices of the draft change."""
        row = self.lists.get(self.chosen or 0)
        if row is None:
            return
        form = Form(
            _("Change all prices of {code}").format(code=row.code), _change_fields(),
            _("Change prices"),
            _("Only drafts can be changed at once; N makes one.") if row.state != "draft" else "",
        )  # fmt: skip
        desk = self._desk

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            change, categories = read.change_of(typed), self._categories(typed)
            changes = price_lists.change_prices(desk.ws, row.id, change, categories)
            return changes, _("Prices of {code} changed").format(code=row.code)

        desk.ask(form, submit)

    def activate(self) -> None:
        """Ask from which day the draft holds."""
        row = self.lists.get(self.chosen or 0)
        if row is None:
            return
        desk = self._desk
        first = _first_of_next_month(desk.ws.today())
        form = Form(
            _("Put {code} in force").format(code=row.code),
            (FormField("valid_from", _("From"), first.isoformat()),), _("Put in force"),
            _("The version before it ends the day before; customers need not be touched."),
        )  # fmt: skip

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            start = read.needed_day(typed, "valid_from")
            said = _("{code} holds from {date}").format(
                code=row.code, date=format_date(start, year=True)
            )
            return price_lists.activate_list(desk.ws, row.id, start), said

        desk.ask(form, submit)

    def put_away(self) -> None:
        """Close the draft chosen, or end the agreed price chosen."""
        row = self.lists.get(self.chosen or 0)
        if row is not None:
            ws = self._desk.ws
            self._desk.write(
                lambda: price_lists.put_away(ws, row.id),
                _("Draft {code} put away").format(code=row.code),
            )

    def try_out(self) -> None:
        """Try the draft chosen on last year's lines."""
        if self.chosen in self.lists:
            self._desk.try_out("list", self.chosen)

    # -------------------------------------------------------------------------------- prices

    def edit_rule(self, rule_id: int | None) -> None:
        """Ask for a price of the list; with a rule, for what takes its place."""
        row, rule = self.lists.get(self.chosen or 0), self.rules.get(rule_id or 0)
        if row is None:
            return
        desk = self._desk
        form = Form(
            _("Price in {code}").format(code=row.code) if rule is None else rule.product,
            rule_fields(desk.ws, rule), _("Set the price"),
        )  # fmt: skip

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            holds = rule_now(desk.ws, row.id, rule)
            wanted = self._rule(typed, keep=holds if row.state == "draft" else None)
            taken = None if holds is None else holds.id
            return price_rules.set_rule(desk.ws, row.id, wanted, taken), _("Price set")

        desk.ask(form, submit, now=lambda: rule_fields(desk.ws, rule_now(desk.ws, row.id, rule)))

    def remove_rule(self, rule_id: int | None) -> None:
        """Take a price out of the list, or end an agreed one today."""
        ws, chosen = self._desk.ws, self.chosen
        if chosen == AGREED and rule_id is not None:
            last = ws.today() - timedelta(days=1)
            self._desk.write(
                lambda: price_rules.end_account_price(ws, rule_id, last), _("Agreed price ended")
            )
        elif chosen in self.lists and rule_id is not None:
            key: int = chosen
            self._desk.write(
                lambda: price_rules.remove_rule(ws, key, rule_id), _("Price taken out")
            )

    def agree(self, price_id: int | None = None) -> None:
        """Ask for a price that is agreed with a customer."""
        row = self.agreed.get(price_id or 0)
        desk = self._desk
        form = Form(
            _("Agree a price"), agreed_fields(desk.ws, row), _("Agree"),
        )  # fmt: skip

        def submit(typed: Mapping[str, str]) -> tuple[ChangeSet, str]:
            account = queries.account_by_text(desk.ws, read.text_of(typed, "account"))
            if account is None:
                raise FieldError("account", _("No customer has this code or name."))
            wanted, reason = self._rule(typed), read.text_of(typed, "reason")
            changes = price_rules.set_account_price(desk.ws, account[0], wanted, reason)
            return changes, _("Price agreed with {name}").format(name=account[1])

        desk.ask(form, submit, now=lambda: agreed_fields(desk.ws, agreed_now(desk.ws, row)))

    def _rule(self, typed: Mapping[str, str], keep: RuleLine | None = None) -> RuleInput:
        product = queries.product_by_text(self._desk.ws, read.text_of(typed, "product"))
        if product is None:
            raise FieldError("product", _("No product has this SKU or name."))
        price, discount = read.price_of(typed, "price"), read.percent_of(typed, "discount")
        if (price is None) == (discount is None):
            raise FieldError("price", _("Give a price or a discount, not both."))
        return RuleInput(
            product[0], read.whole_of(typed, "minimum_quantity", 1) or 1, price, discount,
            None if keep is None else keep.packaging_id,
            read.day_of(typed, "valid_from", None if keep is None else keep.valid_from),
            read.day_of(typed, "valid_to"),
        )  # fmt: skip

    def _categories(self, typed: Mapping[str, str]) -> tuple[int, ...]:
        return category_keys(self._desk, typed)


def category_keys(desk: PricesDesk, typed: Mapping[str, str]) -> tuple[int, ...]:
    """The categories typed, parted by semicolons; none means all."""
    names = {name.casefold(): key for key, name in queries.category_names(desk.ws)}
    found = []
    for text in read.text_of(typed, "categories").split(";"):
        if not text.strip():
            continue
        key = names.get(text.strip().casefold())
        if key is None:
            near = [k for name, k in names.items() if text.strip().casefold() in name]
            if len(near) != 1:
                raise FieldError(
                    "categories", _("There is no category {name}.").format(name=text.strip())
                )
            key = near[0]
        found.append(key)
    return tuple(found)


def _change_fields() -> tuple[FormField, ...]:
    return (
        FormField("percent", _("Percent"), "", "+3", 70),
        FormField("amount", _("plus amount"), "", "0.05", 80),
        FormField("step", _("round to"), "", format_number(0.05, 2), 80),
        FormField("ending", _("ending"), "", "0.99", 70),
        FormField("categories", _("Only categories"), "", _("all"), 180),
    )


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
