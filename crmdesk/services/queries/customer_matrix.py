"""What a customer buys: the SKUs in the order of their rhythm, their months, what comes next.

Owns the rows of the SKU × month matrix and the purchases behind a SKU, read from ``summary_pair``
and ``summary_month``. Colours and number formats are left to the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, ScalarSelect, case, func, select

from crmdesk.services.queries.customers import parse_day
from crmdesk.storage.tables import summary_month, summary_pair, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MONTHS = 24
_p = summary_pair.c
_m = summary_month.c
_product, _packaging = table("product"), table("packaging")
_sale, _line = table("sale"), table("sale_line")


@dataclass(frozen=True, slots=True)
class SkuRow:
    """A SKU at this customer: base units per month (oldest first) and its forecast.

    `packs` of `unit` are suggested; `usual_quantity` is the expected purchase in base units;
    `times` counts purchase-days; `gap_days` is their median gap. `because` says what besides sales
    changed the forecast, `former` names the product whose history it took over. `last_net_e4` is
    the net price of a base unit paid last; `net_minor` and `cost_minor` are of twelve months.
    """

    product_id: int
    name: str
    sku: str
    units: tuple[int, ...]
    state: str
    times: int
    gap_days: float | None
    last_on: date
    due_on: date | None
    p_14: float
    usual_quantity: int
    packaging_id: int | None
    unit: str
    factor: int
    packs: int
    expected_net_minor: int
    expected_margin_minor: int
    net_minor: int
    because: str | None = None
    former: str | None = None
    last_net_e4: int | None = None
    cost_minor: int = 0


@dataclass(frozen=True, slots=True)
class SkuKeys:
    """Product ids in the order of their rhythm and the months of the matrix (first days)."""

    keys: tuple[int, ...]
    months: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class PurchaseRow:
    """One sold line of a SKU: packs of a unit, base units, net and unit price at 1e-4."""

    sale_id: int
    position: int
    day: date
    document: str
    unit: str
    quantity: int
    base_quantity: int
    net_minor: int
    discount_minor: int
    cost_minor: int | None = None
    base_unit: str = "EA"


def matrix_months(today: date, count: int = MONTHS) -> tuple[date, ...]:
    """The first days of the last `count` months, oldest first, this month last."""
    last = today.year * 12 + today.month - 1
    return tuple(date(n // 12, n % 12 + 1, 1) for n in range(last - count + 1, last + 1))


def read_keys(connection: Connection, account_id: int, today: date) -> SkuKeys:
    """The SKUs bought at least once: frequent first, then new ones, lapsed ones last."""
    rank = case((_p.state == "lapsed", 2), (_p.state == "new", 1), else_=0)
    query = (
        select(_p.product_id)
        .where(_p.account_id == account_id)
        .order_by(rank, func.coalesce(_p.median_gap, 9999), _p.n.desc(), _p.product_id)
    )
    return SkuKeys(tuple(connection.execute(query).scalars()), matrix_months(today))


def sku_rows(ws: Workspace, account_id: int, product_ids: Sequence[int]) -> tuple[SkuRow, ...]:
    """The rows of these SKUs, in the order asked for; ids never bought are left out."""
    with ws.database.read() as connection:
        return read_rows(connection, account_id, product_ids, ws.today())


def former_product() -> ScalarSelect[Any]:
    """Name of the product whose history a row of ``summary_pair`` took over, or NULL."""
    former = _product.alias("former")
    key = func.json_extract(_p.because, "$.instead_of")
    return select(former.c.name).where(former.c.id == key).scalar_subquery()


def read_rows(
    connection: Connection, account_id: int, product_ids: Sequence[int], today: date
) -> tuple[SkuRow, ...]:
    """The same inside a read transaction that is already open."""
    months = matrix_months(today)
    units, net, cost = _month_units(connection, account_id, product_ids, months)
    query = (
        select(
            _p.product_id, _product.c.name, _product.c.sku, _p.state, _p.n, _p.median_gap,
            _p.last_on, _p.due_on, _p.p_14, _p.expected_quantity, _p.packaging_id, _p.packs,
            _p.expected_net_minor, _p.expected_margin_minor, _p.last_net_e4,
            _packaging.c.unit, _packaging.c.factor, _product.c.base_unit, _p.because,
            former_product().label("former"),
        )
        .select_from(
            summary_pair.join(_product, _product.c.id == _p.product_id).outerjoin(
                _packaging, _packaging.c.id == _p.packaging_id
            )
        )
        .where(_p.account_id == account_id, _p.product_id.in_(list(product_ids)))
    )  # fmt: skip
    empty = (0,) * len(months)
    found = {
        row.product_id: _sku_row(
            row,
            units.get(row.product_id, empty),
            (net.get(row.product_id, 0), cost.get(row.product_id, 0)),
        )
        for row in connection.execute(query)
    }
    return tuple(found[key] for key in product_ids if key in found)


def purchases(ws: Workspace, account_id: int, product_id: int) -> tuple[PurchaseRow, ...]:
    """Every sold line of a SKU at this customer, newest first; returns are negative."""
    unit = func.coalesce(_packaging.c.unit, _product.c.base_unit).label("unit")
    query = (
        select(
            _sale.c.id, _line.c.position, _sale.c.date, _sale.c.document, unit, _line.c.quantity,
            _line.c.base_quantity, _line.c.net_minor, _line.c.discount_minor, _line.c.cost_minor,
            _line.c.factor, _product.c.base_unit,
        )
        .select_from(
            _sale.join(_line, _line.c.parent_id == _sale.c.id)
            .join(_product, _product.c.id == _line.c.product_id)
            .outerjoin(_packaging, _packaging.c.id == _line.c.packaging_id)
        )
        .where(_sale.c.account_id == account_id, _line.c.product_id == product_id)
        .order_by(_sale.c.date.desc(), _sale.c.id.desc(), _line.c.position)
    )  # fmt: skip
    with ws.database.read() as connection:
        return tuple(map(_purchase, connection.execute(query)))


def _purchase(row: Any) -> PurchaseRow:
    """A sold line; what was weighed is said in base units, as its packs are only about as much."""
    exact = row.base_quantity == row.quantity * row.factor
    return PurchaseRow(
        row.id, row.position, row.date, row.document or "",
        row.unit if exact else row.base_unit, row.quantity if exact else row.base_quantity,
        row.base_quantity, row.net_minor, row.discount_minor, row.cost_minor, row.base_unit,
    )  # fmt: skip


def _month_units(
    connection: Connection, account_id: int, product_ids: Sequence[int], months: Sequence[date]
) -> tuple[dict[int, tuple[int, ...]], dict[int, int], dict[int, int]]:
    """Base units per SKU and month, and net and cost of the last twelve months per SKU."""
    place = {month.year * 100 + month.month: i for i, month in enumerate(months)}
    first = months[0].year * 100 + months[0].month
    query = select(_m.product_id, _m.month, _m.base_quantity, _m.net_minor, _m.cost_minor).where(
        _m.account_id == account_id, _m.product_id.in_(list(product_ids)), _m.month >= first
    )
    units: dict[int, list[int]] = {}
    net: dict[int, int] = {}
    cost: dict[int, int] = {}
    for product, month, quantity, amount, spent in connection.execute(query):
        if month not in place:
            continue
        units.setdefault(product, [0] * len(months))[place[month]] = quantity
        if place[month] >= len(months) - 12:
            net[product] = net.get(product, 0) + amount
            cost[product] = cost.get(product, 0) + spent
    return {product: tuple(row) for product, row in units.items()}, net, cost


def _sku_row(row: Any, units: Iterable[int], worth: tuple[int, int]) -> SkuRow:
    last_on = parse_day(row.last_on)
    if last_on is None:
        raise ValueError("a bought SKU has a last purchase")
    return SkuRow(
        product_id=row.product_id,
        name=row.name,
        sku=row.sku,
        units=tuple(units),
        state=row.state,
        times=row.n,
        gap_days=row.median_gap,
        last_on=last_on,
        due_on=parse_day(row.due_on),
        p_14=row.p_14,
        usual_quantity=row.expected_quantity,
        packaging_id=row.packaging_id,
        unit=row.unit or row.base_unit,
        factor=row.factor or 1,
        packs=row.packs,
        expected_net_minor=row.expected_net_minor,
        expected_margin_minor=row.expected_margin_minor,
        net_minor=worth[0],
        because=row.because,
        former=row.former,
        last_net_e4=row.last_net_e4,
        cost_minor=worth[1],
    )
