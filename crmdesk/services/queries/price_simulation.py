"""The effect of a change of prices on the sales of the last twelve months; nothing is written.

Owns gathering lines and rules and saying which change is tried; re-pricing is
:mod:`crmdesk.analytics.price_simulation`, sums are :mod:`crmdesk.analytics.price_effect`. A draft
list and a percent are tried as if they had held all year, a promotion on the same days of the
year; prices agreed with customers stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.domain.money import currency_exponent
from crmdesk.domain.price_book import AgreedRow, ProductRow, PromotionRow, RuleRow
from crmdesk.domain.price_change import PriceChange
from crmdesk.i18n import _
from crmdesk.services.exports import exact_decimal
from crmdesk.services.price_lists import categories_below
from crmdesk.services.prices import price_lists
from crmdesk.services.promotions import PromotionInput, promotion_row
from crmdesk.services.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crmdesk.analytics.price_effect import Effect
    from crmdesk.analytics.price_simulation import Customer, SoldLines, Tariff

Progress = Callable[[int, int], None]
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, one of three: a draft list, a promotion, or a change of all list prices.

    ``segment`` and ``categories`` limit a change of list prices.
    """

    list_id: int | None = None
    promotion: PromotionInput | None = None
    change: PriceChange | None = None
    segment: str | None = None
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PartEffect:
    """A customer, product, segment or category with what the change means for it."""

    key: int | str | None
    code: str
    name: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class SimulatedChange:
    """The effect as a whole and by part, those it means most for first. Money has ``digits``
    decimals."""

    since: date
    until: date
    digits: int
    whole: Effect
    customers: tuple[PartEffect, ...]
    products: tuple[PartEffect, ...]
    segments: tuple[PartEffect, ...]
    categories: tuple[PartEffect, ...]


def simulate(
    ws: Workspace, trial: Trial, progress: Progress = lambda _done, _total: None
) -> SimulatedChange:
    """Price the last twelve months by their own rules and by the changed ones.

    ``progress`` hears lines priced and lines in all (both ways counted); what it raises ends the
    simulation. UserError when nothing was sold or nothing is tried.
    """
    from crmdesk.analytics.price_effect import line_changes, whole_effect
    from crmdesk.analytics.price_simulation import reprice

    until = ws.today()
    since = until - YEAR + timedelta(days=1)
    with ws.database.read() as connection:
        sales = _Year(connection, since, until, ws.currency)
        before = sales.tariff()
        after = _changed(connection, sales, before, trial, since, until)
    total = 2 * len(sales.lines)
    first = reprice(sales.lines, sales.customers, before, lambda done, _n: progress(done, total))
    half = total // 2
    second = reprice(
        sales.lines, sales.customers, after, lambda done, _n: progress(half + done, total)
    )
    change, priced = line_changes(first, second)
    whole = whole_effect(sales.lines, change, priced)
    parts = sales.parts(change, priced)
    return SimulatedChange(since, until, currency_exponent(ws.currency), whole, *parts)


def _rules(connection: Connection) -> list[RuleRow]:
    """Every line of every price list."""
    rows = connection.exec_driver_sql(
        "SELECT lower(hex(r.uid)), lower(hex(l.uid)), lower(hex(p.uid)),"
        " r.minimum_quantity, r.price_e4, r.discount_bp, r.valid_from, r.valid_to"
        " FROM price_rule r JOIN price_list l ON l.id = r.price_list_id"
        " JOIN product p ON p.id = r.product_id"
    )
    return [RuleRow._make((*row[:6], _day(row[6]), _day(row[7]))) for row in rows]


def _agreed(connection: Connection) -> list[AgreedRow]:
    """Every price agreed with a customer."""
    rows = connection.exec_driver_sql(
        "SELECT lower(hex(r.uid)), lower(hex(a.uid)), lower(hex(p.uid)),"
        " r.minimum_quantity, r.price_e4, r.valid_from, r.valid_to FROM account_price r"
        " JOIN account a ON a.id = r.account_id JOIN product p ON p.id = r.product_id"
    )
    return [AgreedRow._make((*row[:5], _day(row[5]), _day(row[6]))) for row in rows]


def _promotions(connection: Connection, since: date, until: date) -> list[PromotionRow]:
    """The promotions that held on any of these days."""
    rows = connection.exec_driver_sql(
        "SELECT o.code, o.name, o.kind, nullif(lower(hex(p.uid)), ''),"
        " nullif(lower(hex(c.uid)), ''), o.segment, o.discount_bp, o.buy_quantity,"
        " o.free_quantity, o.minimum_quantity, o.rule, o.valid_from, o.valid_to"
        " FROM promotion o LEFT JOIN product p ON p.id = o.product_id"
        " LEFT JOIN category c ON c.id = o.category_id"
        " WHERE o.valid_from <= ? AND o.valid_to >= ?",
        (until.isoformat(), since.isoformat()),
    )
    return [
        PromotionRow._make(
            (*row[:10], None if row[10] is None else json.loads(row[10]), _day(row[11]),
             _day(row[12]))
        )
        for row in rows
    ]  # fmt: skip


class _Year:
    """The lines of the year with everything that names or prices them."""

    def __init__(self, connection: Connection, since: date, until: date, currency: str) -> None:
        import numpy as np

        from crmdesk.analytics.price_simulation import Customer, SoldLines
        from crmdesk.storage.sold_lines import read_sold

        self.currency = currency
        sold = read_sold(connection, since, until, currency)
        if not len(sold.document):
            raise UserError(_("Nothing was sold in the last twelve months."))
        accounts, account = np.unique(sold.account, return_inverse=True)
        products, product = np.unique(sold.product, return_inverse=True)
        self.lines = SoldLines(
            sold.document, account, product, sold.day, sold.quantity, sold.net, sold.cost,
            sold.costed,
        )  # fmt: skip
        run = connection.exec_driver_sql
        self.account_rows = _kept(
            run("SELECT a.id, a.code, a.name, a.segment, lower(hex(a.uid)),"
                " nullif(lower(hex(l.uid)), '') FROM account a LEFT JOIN price_list l"
                " ON l.id = a.price_list_id"),
            accounts.tolist(),
        )  # fmt: skip
        self.product_rows = _kept(
            run("SELECT p.id, p.sku, p.name, p.category_id, lower(hex(p.uid)), p.price_per,"
                " nullif(lower(hex(c.uid)), ''), c.code, c.name FROM product p"
                " LEFT JOIN category c ON c.id = p.category_id"),
            products.tolist(),
        )  # fmt: skip
        self.customers: list[Customer] = [Customer(r[4], r[5], r[3]) for r in self.account_rows]
        self._rules, self._agreed = _rules(connection), _agreed(connection)
        self._promotions = _promotions(connection, since, until)
        self._lists, self.list_ids = price_lists(connection)

    def tariff(self) -> Tariff:
        """The rules as they held through the year."""
        from crmdesk.analytics.price_simulation import Tariff

        products = [ProductRow(r[4], r[6], r[5], 0) for r in self.product_rows]
        return Tariff(
            products, self._rules, self._agreed, self._promotions, self._lists, self.currency
        )

    def parts(
        self, change: NDArray[np.int64], priced: NDArray[np.bool_]
    ) -> tuple[tuple[PartEffect, ...], ...]:
        """The effect by customer, product, segment and category."""
        lines = self.lines
        by_account = [(r[0], r[1], r[2]) for r in self.account_rows]
        by_product = [(r[0], r[1], r[2]) for r in self.product_rows]
        by_segment = [(r[3], r[3] or "", r[3] or _("without a segment")) for r in self.account_rows]
        by_category = [
            (r[3], r[7] or "", r[8] or _("without a category")) for r in self.product_rows
        ]
        return tuple(
            _parts(lines, change, priced, at, names)
            for at, names in (
                (lines.account, by_account), (lines.product, by_product),
                (lines.account, by_segment), (lines.product, by_category),
            )
        )  # fmt: skip


_Named = tuple[int | str | None, str, str]


def _parts(
    lines: SoldLines, change: NDArray[np.int64], priced: NDArray[np.bool_], at: NDArray[np.int64],
    names: Sequence[_Named],
) -> tuple[PartEffect, ...]:  # fmt: skip
    import numpy as np

    from crmdesk.analytics.price_effect import effects

    keys = {name: place for place, name in enumerate(dict.fromkeys(names))}
    group = np.array([keys[name] for name in names], dtype=np.int64)[at]
    found = [
        PartEffect(*name, effect)
        for name, effect in zip(keys, effects(lines, change, priced, group, len(keys)), strict=True)
    ]
    return tuple(sorted(found, key=lambda p: (-abs(p.effect.change), -p.effect.net, p.code)))


def _changed(
    connection: Connection, sales: _Year, before: Tariff, trial: Trial, since: date, until: date
) -> Tariff:
    from dataclasses import replace

    if trial.list_id is not None:
        return _with_draft(sales, before, trial.list_id)
    if trial.promotion is not None:
        row = _in_year(promotion_row(connection, trial.promotion), since, until)
        others = [one for one in before.promotions if one.code != row.code]
        return replace(before, promotions=[*others, row])
    if trial.change is None or trial.change.is_nothing:
        raise UserError(_("Say what is to be tried: a draft, a promotion or a change."))
    wanted = categories_below(connection, trial.categories) if trial.categories else None
    return _with_change(sales, before, trial.change, trial.segment, wanted)


def _with_draft(sales: _Year, before: Tariff, list_id: int) -> Tariff:
    """The draft's rules as they are on its first day, in place of the versions before it."""
    from dataclasses import replace

    uid = next((one for one, key in sales.list_ids.items() if key == list_id), None)
    if uid is None:
        raise NotFound(_("This price list is no longer here."), _("Choose another one."))
    chain = {row.uid for row in before.lists.versions(uid)}
    first = max(
        (rule.valid_from for rule in before.rules if rule.price_list == uid and rule.valid_from),
        default=date.min,
    )
    rules = [
        rule if rule.price_list != uid else rule._replace(valid_from=None, valid_to=None)
        for rule in before.rules
        if rule.price_list != uid or rule.valid_to is None or rule.valid_to >= first
    ]
    return replace(
        before, rules=rules, instead=lambda listed, _segment: uid if listed in chain else listed
    )


def _with_change(
    sales: _Year, before: Tariff, change: PriceChange, segment: str | None,
    categories: Collection[int] | None,
) -> Tariff:  # fmt: skip
    """A changed copy of every list; customers outside of the segment keep theirs."""
    from dataclasses import replace

    concerned = {row[4] for row in sales.product_rows if categories is None or row[3] in categories}

    def moved(rule: RuleRow) -> RuleRow:
        price = rule.price_e4
        if price is not None and rule.product in concerned:
            price = change.of(price)
        return rule._replace(price_list=f"{rule.price_list}+", price_e4=price)

    return replace(
        before,
        rules=[*before.rules, *(moved(rule) for rule in before.rules)],
        instead=lambda listed, of: f"{listed}+" if segment in (None, of) else listed,
    )


def _in_year(row: PromotionRow, since: date, until: date) -> PromotionRow:
    """A promotion on the same days of the year that was; longer than that, all of it."""
    start, end = row.valid_from or since, row.valid_to or until
    if (end - start).days >= YEAR.days - 1:
        return row._replace(valid_from=since, valid_to=until)
    years = 0
    while end - years * YEAR > until:
        years += 1
    return row._replace(valid_from=start - years * YEAR, valid_to=end - years * YEAR)


def _kept(rows: Any, keys: Sequence[int]) -> list[tuple[Any, ...]]:
    found: Mapping[int, tuple[Any, ...]] = {row[0]: tuple(row) for row in rows}
    return [found[key] for key in keys]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


COLUMNS = ("kind", "code", "name", "net", "net_after", "margin", "margin_after", "lines")


def effect_cells(found: SimulatedChange) -> Iterator[tuple[str | int, ...]]:
    """All parts as rows of a file, amounts in major units, exactly."""
    groups = (
        ("customer", found.customers), ("sku", found.products), ("segment", found.segments),
        ("category", found.categories),
    )  # fmt: skip
    for kind, parts in groups:
        for part in parts:
            amounts = (
                part.effect.net, part.effect.net_after, part.effect.margin,
                part.effect.margin_after,
            )  # fmt: skip
            money = (exact_decimal(one, found.digits) for one in amounts)
            yield (kind, part.code, part.name, *money, part.effect.lines)
