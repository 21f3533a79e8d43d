"""The reorder board: which SKU at which customer, how urgent, how likely, how much.

Owns the board's counts, its order of keys, and its rows with their purchases. Forecasts are read
from ``summary_pair``; the wording of a row is left to the place, what a pick does to
:mod:`crmdesk.services.reorder_board`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    true,
    tuple_,
)

from crmdesk.domain.packaging import Pack
from crmdesk.domain.reorder_overrides import OverrideKind
from crmdesk.services.queries.customers import parse_day
from crmdesk.services.queries.reorder_filter import (
    ENDED,
    Area,
    ReorderFilter,
    Route,
    Urgency,
    in_area,
    matching,
    not_set_aside,
    on_route,
    stops_on,
)
from crmdesk.services.queries.reorder_order import ACCOUNT_PAIRS, BY_CUSTOMER, BY_LIKELIHOOD
from crmdesk.storage import summaries
from crmdesk.storage.tables import summary_pair, table

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

__all__ = [
    "Area",
    "BoardCounts",
    "PackOption",
    "PairEntry",
    "PairKey",
    "ReorderFilter",
    "ReorderRow",
    "ReorderSort",
    "Route",
    "Urgency",
    "UrgencyCount",
    "board_counts",
    "board_entries",
    "board_page",
    "board_rows",
    "pack_options",
    "pages_quickly",
]
PairKey = tuple[int, int]
"""Local ids of the account and the product."""

HISTORY_DAYS = 365
FIRST_PAGE = 120
_p = summary_pair.c
_account, _product = table("account"), table("product")
_former = _product.alias("former")
_packaging, _planned = table("packaging"), table("planned_visit")
_override, _listed = table("reorder_override"), table("account_product")
_sale, _line = table("sale"), table("sale_line")


class ReorderSort(StrEnum):
    """What the board can be sorted by within a group; the values are the table's column keys."""

    PRODUCT = "product"
    CUSTOMER = "customer"
    LIKELY = "likely"
    SUGGESTED = "suggested"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class UrgencyCount:
    """How many SKUs at how many customers stand in a state, and the margin waiting there."""

    state: Urgency
    pairs: int
    accounts: int
    margin_minor: int
    first_due_on: date | None
    last_due_on: date | None


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """The counts of the board: per state on the chosen route, and stops per route.

    ``pending``: sales are here of which no forecasts have been made yet.
    """

    states: Mapping[Urgency, UrgencyCount]
    stops: Mapping[Route, int]
    as_of: date | None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class PairEntry:
    """One row of the board before it is read in full: enough to sort and to head groups."""

    key: PairKey
    state: Urgency
    account: str
    product: str
    margin_minor: int
    territory_id: int | None = None


@dataclass(frozen=True, slots=True)
class PackOption:
    """One way a product is packed; `packaging_id` None is the base unit."""

    packaging_id: int | None
    unit: str
    factor: int
    minimum: int = 1
    multiple: int = 1

    @property
    def pack(self) -> Pack:
        """The same as the rules of packs know it."""
        return Pack(self.unit, self.factor, self.minimum, self.multiple)


@dataclass(frozen=True, slots=True)
class ReorderRow:
    """One SKU at one customer.

    `packs` of `pack` are suggested, `expected_quantity` is the same in base units before rounding.
    `purchases` are (days before today, base units) of the last year, newest last. Money in minor
    units. `visit_minute` is minutes after midnight of the next planned visit. `agreed_quantity` is
    what a person said it will be instead, in base units, while the forecast goes by it; `because`
    is the column of ``summary_pair``, `replaced` the product whose place this one took.
    """

    key: PairKey
    state: Urgency
    product: str
    sku: str
    account: str
    city: str
    visit_on: date | None
    visit_minute: int | None
    times: int
    gap_days: float | None
    last_on: date
    p_14: float
    expected_quantity: int
    pack: PackOption
    packs: int
    expected_net_minor: int
    margin_minor: int
    purchases: tuple[tuple[int, int], ...]
    base_unit: str = "EA"
    listed: bool = True
    par_level: int | None = None
    agreed_quantity: int | None = None
    because: str | None = None
    replaced: str | None = None


_LIVE = and_(
    _account.c.merged_into_uid.is_(None),
    _account.c.status != "lost",
    or_(_product.c.status == "active", _p.state.in_([state.value for state in ENDED])),
)
_JOINED = ACCOUNT_PAIRS.join(_product, _product.c.id == _p.product_id)
_RANK = case({state.value: place for place, state in enumerate(Urgency)}, value=_p.state, else_=9)
_SORTS: Mapping[ReorderSort, ColumnElement[Any]] = {
    ReorderSort.PRODUCT: func.lower(_product.c.name),
    ReorderSort.CUSTOMER: func.lower(_account.c.name),
    ReorderSort.LIKELY: _p.p_14,
    ReorderSort.SUGGESTED: _p.packs,
    ReorderSort.MARGIN: _p.expected_margin_minor,
}


def board_counts(ws: Workspace, route: Route = Route.ALL, area: Area = Area()) -> BoardCounts:  # noqa: B008 - frozen
    """What the filter bar says."""
    with ws.database.read() as connection:
        rows = connection.execute(_counts_query(connection, ws, route, area)).all()
        stops = {each: stops_on(connection, ws, each, area) for each in (Route.TODAY, Route.WEEK)}
        pending = summaries.are_put_off(connection)
    counts = {
        Urgency(row.state): UrgencyCount(
            Urgency(row.state), row.pairs, row.accounts, int(row.margin or 0),
            parse_day(row.first_due), parse_day(row.last_due),
        )
        for row in rows
    }  # fmt: skip
    empty = {state: UrgencyCount(state, 0, 0, 0, None, None) for state in Urgency}
    as_of = max((row.as_of for row in rows), default=None)
    return BoardCounts({**empty, **counts}, stops, parse_day(as_of), pending)


def _counts_query(connection: Connection, ws: Workspace, route: Route, area: Area) -> Select[Any]:
    return (
        select(
            _p.state,
            func.count().label("pairs"),
            func.count(_p.account_id.distinct()).label("accounts"),
            func.sum(_p.expected_margin_minor).label("margin"),
            func.min(_p.due_on).label("first_due"),
            func.max(_p.due_on).label("last_due"),
            func.max(_p.as_of).label("as_of"),
        )
        .select_from(BY_CUSTOMER)
        .where(
            _LIVE,
            not_set_aside(ws.today()),
            on_route(ws, route, area),
            in_area(connection, ws, area),
        )
        .group_by(_p.state)
    )


def board_entries(
    ws: Workspace,
    wanted: ReorderFilter,
    sort: ReorderSort = ReorderSort.LIKELY,
    *,
    descending: bool = True,
) -> tuple[PairEntry, ...]:
    """Every row that matches, the urgent states first and then in the order asked for."""
    column = _SORTS[sort]
    with ws.database.read() as connection:
        query = (
            select(
                _p.account_id, _p.product_id, _p.state, _account.c.name.label("account"),
                _product.c.name.label("product"), _p.expected_margin_minor,
                _account.c.territory_id,
            )
            .select_from(BY_CUSTOMER)
            .where(
                _LIVE,
                not_set_aside(ws.today()),
                on_route(ws, wanted.route, wanted.area),
                in_area(connection, ws, wanted.area),
                matching(connection, wanted.text),
                _p.state.in_([state.value for state in wanted.states]),
                true() if wanted.account_id is None else _account.c.id == wanted.account_id,
            )
            .order_by(
                _RANK,
                column.desc() if descending else column.asc(),
                _p.p_7.desc(),
                _p.account_id,
                _p.product_id,
            )
        )  # fmt: skip
        rows = connection.execute(query)
        states = {state.value: state for state in Urgency}
        return tuple(
            PairEntry((account_id, product_id), states[state], account, product, margin, territory)
            for account_id, product_id, state, account, product, margin, territory in rows
        )


def board_page(
    ws: Workspace, wanted: ReorderFilter, limit: int = FIRST_PAGE
) -> tuple[PairEntry, ...]:
    """The first rows of :func:`board_entries` in its first order, found without reading the rest.

    Only for a filter that leaves out nothing but states (:func:`pages_quickly`).
    """
    found: list[PairEntry] = []
    with ws.database.read() as connection:
        for state in Urgency:
            if state not in wanted.states or len(found) >= limit:
                continue
            query = (
                select(
                    _p.account_id, _p.product_id, _account.c.name,
                    _product.c.name.label("product"), _p.expected_margin_minor,
                    _account.c.territory_id,
                )
                .select_from(BY_LIKELIHOOD)
                .where(_p.state == state.value, _LIVE, not_set_aside(ws.today()))
                .order_by(_p.p_14.desc(), _p.p_7.desc(), _p.account_id, _p.product_id)
                .limit(limit - len(found))
            )  # fmt: skip
            found += [
                PairEntry((account_id, product_id), state, *rest)
                for account_id, product_id, *rest in connection.execute(query)
            ]
    return tuple(found)


def pages_quickly(wanted: ReorderFilter, sort: ReorderSort, *, descending: bool) -> bool:
    """True when the first rows can be had before all of them."""
    everything = ReorderFilter(states=wanted.states)
    return wanted == everything and sort is ReorderSort.LIKELY and descending


def board_rows(ws: Workspace, keys: Sequence[PairKey]) -> dict[PairKey, ReorderRow]:
    """The rows of these keys; keys that are gone are left out."""
    if not keys:
        return {}
    today = ws.today()
    with ws.database.read() as connection:
        purchases = _purchases(connection, keys, today)
        agreed = _agreed(connection, keys, today)
        visits = _next_visits(connection, ws, {account for account, _product in keys})
        rows = connection.execute(_rows_query(keys))
        return {
            (row.account_id, row.product_id): _row(
                row,
                visits.get(row.account_id, (None, None)),
                purchases.get((row.account_id, row.product_id), ()),
                agreed.get((row.account_id, row.product_id)),
            )
            for row in rows
        }


def pack_options(ws: Workspace, product_ids: Iterable[int]) -> dict[int, tuple[PackOption, ...]]:
    """How products are packed for sale, the smallest first; the base unit where nothing else is."""
    wanted = sorted(set(product_ids))
    c = _packaging.c
    query = (
        select(c.product_id, c.id, c.unit, c.factor, c.minimum, c.multiple)
        .where(c.product_id.in_(wanted), c.sellable)
        .order_by(c.product_id, c.factor, c.id)
    )
    found: defaultdict[int, list[PackOption]] = defaultdict(list)
    with ws.database.read() as connection:
        for product, *option in connection.execute(query):
            found[product].append(PackOption(*option))
        bare = [product for product in wanted if product not in found]
        units = select(_product.c.id, _product.c.base_unit).where(_product.c.id.in_(bare))
        for product, unit in connection.execute(units):
            found[product].append(PackOption(None, unit, 1))
    return {product: tuple(options) for product, options in found.items()}


def _rows_query(keys: Sequence[PairKey]) -> Select[Any]:
    return (
        select(
            _p.account_id, _p.product_id, _p.state, _product.c.name.label("product"),
            _product.c.sku, _account.c.name.label("account"), _account.c.city, _p.n,
            _p.median_gap, _p.last_on, _p.p_14, _p.expected_quantity, _p.packaging_id,
            _packaging.c.unit, _packaging.c.factor, _packaging.c.minimum, _packaging.c.multiple,
            _product.c.base_unit, _p.packs, _p.expected_net_minor, _p.expected_margin_minor,
            _listed.c.listed, _listed.c.par_level, _p.because,
            select(_former.c.name)
            .where(_former.c.id == func.json_extract(_p.because, "$.instead_of"))
            .scalar_subquery()
            .label("replaced"),
        )
        .select_from(
            _JOINED.outerjoin(_packaging, _packaging.c.id == _p.packaging_id).outerjoin(
                _listed,
                and_(
                    _listed.c.account_id == _p.account_id, _listed.c.product_id == _p.product_id
                ),
            )
        )
        .where(tuple_(_p.account_id, _p.product_id).in_([tuple(key) for key in keys]))
    )  # fmt: skip


def _row(
    row: Any,
    visit: tuple[date | None, int | None],
    purchases: tuple[tuple[int, int], ...],
    agreed: int | None,
) -> ReorderRow:
    last_on = parse_day(row.last_on)
    if last_on is None:
        raise ValueError("a bought SKU has a last purchase")
    pack = PackOption(
        row.packaging_id, row.unit or row.base_unit, row.factor or 1, row.minimum or 1,
        row.multiple or 1,
    )  # fmt: skip
    return ReorderRow(
        key=(row.account_id, row.product_id),
        state=Urgency(row.state),
        product=row.product,
        sku=row.sku,
        account=row.account,
        city=row.city or "",
        visit_on=visit[0],
        visit_minute=visit[1],
        times=row.n,
        gap_days=row.median_gap,
        last_on=last_on,
        p_14=row.p_14,
        expected_quantity=row.expected_quantity,
        pack=pack,
        packs=row.packs,
        expected_net_minor=row.expected_net_minor,
        margin_minor=row.expected_margin_minor,
        purchases=purchases,
        base_unit=row.base_unit,
        because=row.because,
        replaced=row.replaced,
        listed=row.listed is None or bool(row.listed),
        par_level=row.par_level,
        agreed_quantity=agreed if agreed == row.expected_quantity else None,
    )


def _agreed(connection: Connection, keys: Sequence[PairKey], today: date) -> dict[PairKey, int]:
    """What people said of these pairs it will be instead, in base units; the newest word counts."""
    c = _override.c
    query = (
        select(c.account_id, c.product_id, c.base_quantity)
        .where(
            tuple_(c.account_id, c.product_id).in_([tuple(key) for key in keys]),
            c.kind == OverrideKind.QUANTITY.value, c.base_quantity > 0,
            or_(c.until.is_(None), c.until >= today),
        )
        .order_by(c.made_on, c.id)
    )  # fmt: skip
    return {(account, product): int(units) for account, product, units in connection.execute(query)}


def _purchases(
    connection: Connection, keys: Sequence[PairKey], today: date
) -> dict[PairKey, tuple[tuple[int, int], ...]]:
    """Net base units per purchase-day of the last year, without days that end at zero or below.

    Reads by account, whose sales of a year are few, and keeps the pairs asked for.
    """
    first = today - timedelta(days=HISTORY_DAYS)
    quantity = func.sum(_line.c.base_quantity)
    query = (
        select(_sale.c.account_id, _line.c.product_id, _sale.c.date, quantity)
        .select_from(_sale.join(_line, _line.c.parent_id == _sale.c.id))
        .where(
            _sale.c.account_id.in_({account for account, _product in keys}),
            _sale.c.date > first,
            _sale.c.date <= today,
            _line.c.product_id.in_({product for _account, product in keys}),
        )
        .group_by(_sale.c.account_id, _line.c.product_id, _sale.c.date)
        .order_by(_sale.c.date)
    )
    wanted = set(keys)
    found: defaultdict[PairKey, list[tuple[int, int]]] = defaultdict(list)
    for account, product, day, units in connection.execute(query):
        if (account, product) in wanted and units > 0:
            found[(account, product)].append(((today - day).days, int(units)))
    return {key: tuple(marks) for key, marks in found.items()}


def _next_visits(
    connection: Connection, ws: Workspace, account_ids: set[int]
) -> dict[int, tuple[date, int | None]]:
    c = _planned.c
    query = (
        select(c.account_id, c.date, c.start_minute)
        .where(
            c.account_id.in_(account_ids), c.user_id == ws.user.id, c.date >= ws.today(),
            c.status.in_(("planned", "started")),
        )
        .order_by(c.date.desc(), c.sequence.desc())
    )  # fmt: skip
    return {account: (day, minute) for account, day, minute in connection.execute(query)}
