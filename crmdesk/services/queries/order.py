"""One order on its sheet: lines with price and reason, totals, credit, worth, what else to ask.

Owns everything the order entry shows, in one consistent read, and the check whether a quantity is
reasonable. Changing the order is left to :mod:`crmdesk.services.orders`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from crmdesk.analytics.figures import Figure
from crmdesk.analytics.value import break_even_order
from crmdesk.domain.clock import parse_instant
from crmdesk.domain.errors import NotFound
from crmdesk.domain.order_guards import UsualRow
from crmdesk.domain.policy import DEFAULTS, Policy
from crmdesk.i18n import _
from crmdesk.services.credit import read_exposure
from crmdesk.services.debts import read_debts
from crmdesk.services.delivering import cannot_arrive
from crmdesk.services.prices import reason_words, terms_of
from crmdesk.services.queries.customer_matrix import SkuRow, read_rows
from crmdesk.services.queries.customer_value import read_rates, visit_cost_minor
from crmdesk.services.queries.order_gifts import GiftRow, unclaimed
from crmdesk.services.queries.order_history import LastOrder, SameDay, last_orders, same_day
from crmdesk.services.queries.order_status import HqState, hq_state
from crmdesk.services.queries.order_stock import StockRow, stock_of
from crmdesk.services.queries.policy import policy_in
from crmdesk.storage import profile, search
from crmdesk.storage.tables import summary_pair, table
from crmdesk.sync import facts

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

ALSO_ASK = 3
_order, _line, _account = table("order"), table("order_line"), table("account")
_product, _packaging, _list = table("product"), table("packaging"), table("price_list")
_sale, _sale_line, _visit = table("sale"), table("sale_line"), table("visit")
_organisation, _contact = table("organisation"), table("contact")
_p = summary_pair.c


@dataclass(frozen=True, slots=True)
class PackRow:
    """A packaging that a product is sold in; `id` None is the base unit."""

    id: int | None
    unit: str
    factor: int
    minimum: int = 1
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """A line: so many packs, prices at 1e-4 of the major unit per base unit, net in minor units."""

    product_id: int
    position: int
    name: str
    sku: str
    packaging_id: int | None
    unit: str
    packs: int
    factor: int
    base_quantity: int
    list_price_e4: int
    net_price_e4: int
    discount_bp: int
    reason: str
    reduced: bool
    net_minor: int
    tax_bp: int
    tax_minor: int
    cost_minor: int
    suggested: int | None
    usual: UsualRow | None
    packagings: tuple[PackRow, ...]
    base_unit: str = "EA"
    free_quantity: int = 0
    by_rule: bool = True
    stock: StockRow | None = None
    by_hand: str | None = None

    @property
    def below_cost(self) -> bool:
        """True when the line brings less than it costs; what an offer gives away is meant to."""
        given = 0 < self.base_quantity <= self.free_quantity
        return not given and self.net_minor < self.cost_minor

    @property
    def weighed_quantity(self) -> int | None:
        """What the packs really come to in base units, where that was weighed."""
        usual = self.packs * self.factor
        return None if self.base_quantity == usual else self.base_quantity


@dataclass(frozen=True, slots=True)
class TaxRow:
    """The tax of one rate: on what, and how much, in minor units."""

    rate_bp: int
    on_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class CreditRow:
    """Debts of the customer without this order; a limit of None means there is none.

    ``as_of`` is when HQ told them last; None in a profile of its own, where they are its own.
    ``late_minor`` and ``open_minor`` are less ``collected_minor``, which HQ has not booked yet;
    ``ordered_minor`` are other orders that were sent and are not invoiced.
    """

    late_minor: int
    open_minor: int
    limit_minor: int | None
    mode: str
    as_of: datetime | None = None
    collected_minor: int = 0
    ordered_minor: int = 0


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """Everything on the sheet of one order; money in minor units of `currency`."""

    id: int
    number: str
    status: str
    source: str
    account_id: int
    customer: str
    city: str
    visit_id: int | None
    visit_started_at: datetime | None
    visit_running: bool
    currency: str
    order_date: date
    delivery_date: date | None
    terms_days: int
    price_list: str
    stock_as_of: datetime | None
    note: str
    answer: str
    net_minor: int
    discount_minor: int
    total_minor: int
    cost_minor: int
    lines: tuple[OrderLineRow, ...]
    taxes: tuple[TaxRow, ...]
    credit: CreditRow
    visit_cost_minor: int
    break_even: Figure[int]
    minimum_minor: int
    also_ask: tuple[SkuRow, ...]
    last_orders: tuple[LastOrder, ...]
    gifts: tuple[GiftRow, ...] = ()
    reference: str = ""
    delivery_trouble: str = ""
    contact: str = ""
    signed_by: str = ""
    signed_at: datetime | None = None
    signature: Mapping[str, Any] | None = None
    same_day: tuple[SameDay, ...] = ()
    policy: Policy = DEFAULTS
    hq: HqState | None = None

    @property
    def is_draft(self) -> bool:
        """True while the lines can be changed."""
        return self.status == "draft"


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A product that can be added to an order, with its usual or first packaging."""

    product_id: int
    name: str
    sku: str
    packaging_id: int | None
    unit: str
    factor: int


def order_sheet(ws: Workspace, order_id: int) -> OrderSheet:
    """The sheet of one order. Raises NotFound when it is gone."""
    today = ws.today()
    with ws.database.read() as connection:
        head = _head(connection, order_id)
        account_id = head["account_id"]
        stock = stock_of(connection, order_id) if head["status"] == "draft" else {}
        lines = _lines(connection, order_id, account_id, stock)
        visit_cost = visit_cost_minor(read_rates(connection, today), ws.currency)
        asked = _also_ask(connection, account_id, [line.product_id for line in lines])
        return OrderSheet(
            id=order_id,
            number=head["number"],
            status=head["status"],
            source=head["source"] or "",
            account_id=account_id,
            customer=head["customer"],
            city=head["city"] or "",
            visit_id=head["visit_id"],
            visit_started_at=head["started_at"],
            visit_running=head["visit_id"] is not None and head["ended_at"] is None,
            currency=head["currency"],
            order_date=head["order_date"],
            delivery_date=head["delivery_date"],
            terms_days=head["payment_terms_days"],
            price_list=head["list_name"] or "",
            stock_as_of=min((row.as_of for row in stock.values()), default=None),
            note=head["note"] or "",
            answer=head["answer"] or "",
            net_minor=head["net_minor"],
            discount_minor=head["discount_minor"],
            total_minor=head["total_minor"],
            cost_minor=head["cost_minor"],
            lines=lines,
            taxes=_taxes(lines),
            credit=_credit(connection, order_id, head, today),
            visit_cost_minor=visit_cost,
            break_even=break_even_order(visit_cost, head["net_minor"], head["cost_minor"]),
            minimum_minor=head["minimum_minor"] or 0,
            also_ask=read_rows(connection, account_id, asked, today),
            last_orders=last_orders(connection, account_id),
            gifts=_gifts(connection, head, lines),
            reference=head["customer_reference"] or "",
            delivery_trouble=_trouble(connection, head),
            contact=head["contact"] or "",
            signed_by=head["signed_by"] or "",
            signed_at=head["signed_at"],
            signature=head["signature"],
            same_day=same_day(connection, order_id),
            policy=policy_in(connection),
            hq=hq_state(connection, order_id),
        )


def find_products(
    ws: Workspace, account_id: int, text: str, limit: int = 12
) -> tuple[FoundProduct, ...]:
    """Active products for what was typed (name, SKU, brand or barcode), best first."""
    with ws.database.read() as connection:
        hits = search.find(connection, text, kinds=("product",), limit=limit * 3)
        ids = [hit.id for hit in hits]
        query = select(_product.c.id, _product.c.name, _product.c.sku, _product.c.base_unit).where(
            _product.c.id.in_(ids), _product.c.status == "active"
        )
        rows = {row.id: row for row in connection.execute(query)}
        chosen = [rows[key] for key in ids if key in rows][:limit]
        usual: dict[int, int | None] = dict(
            connection.execute(
                select(_p.product_id, _p.packaging_id).where(
                    _p.account_id == account_id, _p.product_id.in_([row.id for row in chosen])
                )
            ).all()
        )
        packs = _packagings(connection, [row.id for row in chosen])
    return tuple(_found(row, packs.get(row.id, ()), usual.get(row.id)) for row in chosen)


def _found(row: Any, packs: Sequence[PackRow], usual: int | None) -> FoundProduct:
    first = packs[0] if packs else PackRow(None, row.base_unit, 1)
    pack = next((pack for pack in packs if usual is not None and pack.id == usual), first)
    return FoundProduct(row.id, row.name, row.sku, pack.id, pack.unit, pack.factor)


def _head(connection: Connection, order_id: int) -> Any:
    o, a = _order.c, _account.c
    company = select(func.max(_organisation.c.minimum_order_minor)).scalar_subquery()
    c = _contact.c
    contact = (
        select(c.name)
        .where(c.account_id == o.account_id, c.erased_at.is_(None))
        .order_by((c.id == o.contact_id).desc(), c.position, c.id)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            o.number, o.status, o.source, o.account_id, o.visit_id, o.currency, o.order_date,
            o.delivery_date, o.note, o.answer, o.customer_reference, o.signed_by, o.signed_at,
            o.signature, contact.label("contact"), o.net_minor, o.discount_minor, o.total_minor,
            o.cost_minor, a.name.label("customer"), a.city, a.payment_terms_days,
            a.credit_limit_minor, a.credit_mode, _list.c.name.label("list_name"),
            func.coalesce(a.minimum_order_minor, company).label("minimum_minor"),
            _visit.c.started_at, _visit.c.ended_at,
        )
        .select_from(
            _order.join(_account, a.id == o.account_id)
            .outerjoin(_list, _list.c.id == o.price_list_id)
            .outerjoin(_visit, _visit.c.id == o.visit_id)
        )
        .where(o.id == order_id)
    )  # fmt: skip
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(_("This order is no longer here."), _("Choose another one."))
    return row


def _credit(connection: Connection, order_id: int, head: Any, today: date) -> CreditRow:
    """The customer's debts and other orders, and the limit that this order is held against."""
    debts = read_debts(connection, head["account_id"])
    exposure = read_exposure(connection, head["account_id"], besides=order_id)
    return CreditRow(
        late_minor=debts.late_minor(today),
        open_minor=debts.left_minor,
        limit_minor=head["credit_limit_minor"],
        mode=head["credit_mode"],
        as_of=_last_sync(connection),
        collected_minor=debts.collected_minor,
        ordered_minor=exposure.ordered_minor,
    )


def _lines(
    connection: Connection, order_id: int, account_id: int, stock: Mapping[int, StockRow]
) -> tuple[OrderLineRow, ...]:
    rows = connection.execute(
        select(_line, _product.c.name, _product.c.sku, _product.c.base_unit)
        .select_from(_line.join(_product, _product.c.id == _line.c.product_id))
        .where(_line.c.parent_id == order_id)
        .order_by(_line.c.position)
    ).all()
    ids = [row.product_id for row in rows]
    packs = _packagings(connection, ids)
    usual = _usual(connection, account_id, ids)
    return tuple(
        _line_row(
            row,
            packs.get(row.product_id, ()),
            usual.get(row.product_id),
            stock.get(row.product_id),
        )
        for row in rows
    )


def _line_row(
    row: Any, packs: Sequence[PackRow], usual: UsualRow | None, stock: StockRow | None
) -> OrderLineRow:
    base = PackRow(None, row.base_unit, 1)
    options = tuple(packs) if any(pack.factor == 1 for pack in packs) else (base, *packs)
    reason = row.price_reason or {}
    return OrderLineRow(
        product_id=row.product_id,
        position=row.position,
        name=row.name,
        sku=row.sku,
        packaging_id=row.packaging_id,
        unit=row.unit,
        packs=row.quantity,
        factor=row.factor,
        base_quantity=row.base_quantity,
        list_price_e4=row.list_price_e4,
        net_price_e4=row.net_price_e4,
        discount_bp=row.discount_bp,
        reason=reason_words(reason, row.discount_bp),
        by_rule=reason.get("code") not in ("manual", "last", "none"),
        reduced=reason.get("code") not in (None, "list", "last", "none"),
        net_minor=row.net_minor,
        tax_bp=row.tax_bp,
        tax_minor=row.tax_minor,
        cost_minor=row.cost_minor,
        suggested=row.suggested_quantity,
        usual=usual,
        packagings=options,
        base_unit=row.base_unit,
        free_quantity=_free(reason, row.base_quantity),
        stock=stock,
        by_hand=str(reason.get("why", "")) if reason.get("code") == "manual" else None,
    )


def _free(reason: Mapping[str, Any], base_quantity: int) -> int:
    """How many units of a line an offer gives away, as its reason says."""
    parts = reason.get("parts") or [{**reason, "quantity": base_quantity}]
    return sum(
        min(int(part.get("free", 0)), int(part.get("quantity", base_quantity))) for part in parts
    )


def _gifts(connection: Connection, head: Any, lines: Sequence[OrderLineRow]) -> tuple[GiftRow, ...]:
    if head["status"] != "draft":
        return ()
    terms = terms_of(connection, head["account_id"], head["order_date"])
    asked = {line.product_id: line.base_quantity for line in lines if line.by_rule}
    return unclaimed(connection, terms, asked, head["currency"])


def _trouble(connection: Connection, head: Any) -> str:
    """Why nothing is delivered on the day that stands on a draft."""
    if head["status"] != "draft" or head["delivery_date"] is None:
        return ""
    return cannot_arrive(connection, head["account_id"], head["delivery_date"])


def _last_sync(connection: Connection) -> datetime | None:
    text = profile.get_fact(connection, facts.LAST_SYNC)
    return parse_instant(text) if text else None


def _packagings(connection: Connection, ids: Sequence[int]) -> dict[int, list[PackRow]]:
    found: dict[int, list[PackRow]] = {}
    of = _packaging.c
    query = (
        select(of.product_id, of.id, of.unit, of.factor, of.minimum, of.multiple)
        .where(_packaging.c.product_id.in_(list(ids)), _packaging.c.sellable)
        .order_by(_packaging.c.factor)
    )
    for product, *pack in connection.execute(query):
        found.setdefault(product, []).append(PackRow(*pack))
    return found


def _usual(connection: Connection, account_id: int, ids: Sequence[int]) -> dict[int, UsualRow]:
    most = dict(
        connection.execute(
            select(_sale_line.c.product_id, func.max(_sale_line.c.base_quantity))
            .select_from(_sale.join(_sale_line, _sale_line.c.parent_id == _sale.c.id))
            .where(_sale.c.account_id == account_id, _sale_line.c.product_id.in_(list(ids)))
            .group_by(_sale_line.c.product_id)
        ).all()
    )
    query = (
        select(
            _p.product_id, _p.expected_quantity, _p.packs, _p.median_gap, _p.n,
            _packaging.c.unit, _packaging.c.factor, _product.c.base_unit,
        )
        .select_from(
            summary_pair.join(_product, _product.c.id == _p.product_id).outerjoin(
                _packaging, _packaging.c.id == _p.packaging_id
            )
        )
        .where(_p.account_id == account_id, _p.product_id.in_(list(ids)))
    )  # fmt: skip
    return {
        row.product_id: UsualRow(
            quantity=row.expected_quantity,
            unit=row.unit or row.base_unit,
            factor=row.factor or 1,
            packs=row.packs,
            most=most.get(row.product_id, 0),
            gap_days=row.median_gap,
            times=row.n,
        )
        for row in connection.execute(query)
    }


def _taxes(lines: Sequence[OrderLineRow]) -> tuple[TaxRow, ...]:
    rates = sorted({line.tax_bp for line in lines})
    return tuple(
        TaxRow(
            rate,
            sum(line.net_minor for line in lines if line.tax_bp == rate),
            sum(line.tax_minor for line in lines if line.tax_bp == rate),
        )
        for rate in rates
    )


def _also_ask(connection: Connection, account_id: int, on_order: Sequence[int]) -> list[int]:
    query = (
        select(_p.product_id)
        .select_from(summary_pair.join(_product, _product.c.id == _p.product_id))
        .where(
            _p.account_id == account_id,
            _p.product_id.not_in(list(on_order)),
            _p.state.in_(("overdue", "due", "at_risk", "fine")),
            _p.packs > 0,
            _product.c.status == "active",
        )
        .order_by((_p.state == "fine"), (_p.state == "at_risk"), _p.p_14.desc())
        .limit(ALSO_ASK)
    )
    return list(connection.execute(query).scalars())
