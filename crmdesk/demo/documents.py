"""Documents of the demo company's trade: orders, invoices, sales with their lines, payments.

Owns what becomes of a day's purchases. A sale and its order have the same lines; orders and
invoices are kept for the last 18 months only. What came back is :mod:`crmdesk.demo.returns`'.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from crmdesk.demo.alterations import alteration, is_altered
from crmdesk.demo.customer import Customer
from crmdesk.demo.goods import Catalogue
from crmdesk.demo.people import Staff
from crmdesk.demo.pricing import PricedLine, Pricing
from crmdesk.demo.rhythm import Purchase
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.domain.money import share_of_minor
from crmdesk.storage.rows import LineRow, Row, line_maker, row_maker

WAITING_DAYS = 5
"""Orders of the last days are not invoiced yet: they have no sale."""


_WAITING = (
    ("submitted",), ("submitted", "accepted"), ("accepted",), ("accepted", "shipped"),
    ("shipped",), ("shipped",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Placed:
    """When and by whom an order is placed, and its numbers; the day is an ordinal."""

    day: int
    minute: int
    visit: Uid | None
    order_number: str
    invoice_number: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of priced lines in minor units."""

    net: int
    discount: int
    tax: int
    cost: int


def totals(lines: Sequence[PricedLine]) -> Totals:
    """The sums of a document; the tax is rounded line by line."""
    return Totals(
        sum(line.net for line in lines),
        sum(line.discount for line in lines),
        sum(share_of_minor(line.net, line.product.tax_bp) for line in lines),
        sum(line.cost for line in lines),
    )


_order_line = line_maker("order")


def order_lines(lines: Sequence[PricedLine]) -> tuple[LineRow, ...]:
    """Lines of an order or a quote."""
    return tuple(
        _order_line(
            product=line.product.uid, packaging=line.pack.uid, unit=line.pack.unit,
            quantity=line.quantity, factor=line.pack.factor,
            base_quantity=line.quantity * line.pack.factor,
            list_price_e4=line.price.list_price_e4, discount_bp=line.price.discount_bp,
            net_price_e4=line.price.net_price_e4, price_reason=line.reason,
            net_minor=line.net, tax_bp=line.product.tax_bp,
            tax_minor=share_of_minor(line.net, line.product.tax_bp), cost_minor=line.cost,
            suggested_quantity=line.suggested,
        )
        for line in lines
    )  # fmt: skip


def _scribble() -> dict[str, object]:
    """A signature as it is drawn: two strokes, the second one underlining the first."""
    waves = [
        [900 + 70 * n, 5_200 + round(2_400 * math.sin(n / 3.2) * math.cos(n / 17))]
        for n in range(80)
    ]
    line = [[1_400 + 180 * n, 7_900 - 12 * n] for n in range(30)]
    return {"aspect": 300, "strokes": [waves, line]}


class Documents:
    """Writes the documents of purchases into a sink."""

    def __init__(
        self, spec: DemoSpec, catalogue: Catalogue, uids: UidMaker, sink: Sink, staff: Staff
    ) -> None:
        self.pricing = Pricing(spec, catalogue)
        self._uids, self._sink = uids, sink
        self._office = staff.office
        self._credit = staff.reasons["order_rejected", "credit"]
        self._lists = catalogue.lists
        self._today = spec.today.toordinal()
        self._documents_from = self._today - DOCUMENT_DAYS
        self._sale, self._order = row_maker("sale"), row_maker("order")
        self._invoice, self._payment = row_maker("invoice"), row_maker("payment")
        self._collection = row_maker("collection")
        self.collected: dict[tuple[str, int], list[tuple[str, int]]] = {}
        self._owed: tuple[Uid, int] | None = None

    def priced(self, customer: Customer, day: int, bought: Sequence[Purchase]) -> list[PricedLine]:
        """The lines of a day at its prices."""
        year = date.fromordinal(day).year
        price = self.pricing.line
        return [price(customer, p.pair.product, p.pair.pack, p.quantity, day, year) for p in bought]

    def trade(
        self, customer: Customer, placed: Placed, bought: Sequence[Purchase], rng: Random
    ) -> list[PricedLine]:
        """One day's purchases: order and invoice when recent, the sale once it is invoiced.

        Returns the lines sold; none when the order is still on its way or was cancelled.
        """
        lines = self.priced(customer, placed.day, bought)
        if placed.day < self._documents_from:
            self.write_sale(customer, placed.day, placed.invoice_number, lines)
            return lines
        order = self._uids()
        age = self._today - placed.day
        if age <= WAITING_DAYS:
            status = rng.choice(_WAITING[age])
            if rng.random() < 0.03:
                status = "rejected"
            self.write_order(customer, placed, lines, order, status)
            if status in ("accepted", "shipped") and is_altered(order, lines):
                row = alteration(self._uids(), order, customer.uid, self._office, lines, placed.day)
                self._sink.add("order_alteration", row)
            return []
        if rng.random() < 0.01 and customer.cast is None:
            self.write_order(customer, placed, lines, order, "cancelled")
            return []
        invoice, paid = self._write_invoice(customer, placed, lines, order, rng)
        self.write_order(customer, placed, lines, order, "paid" if paid else "invoiced")
        self.write_sale(
            customer, placed.day, placed.invoice_number, lines, order=order, invoice=invoice
        )
        return lines

    def write_order(
        self,
        customer: Customer,
        placed: Placed,
        lines: list[PricedLine],
        order: Uid,
        status: str,
        *,
        signed_by: str | None = None,
    ) -> Row:
        """An order with its lines."""
        sums = totals(lines)
        day = date.fromordinal(placed.day)
        delivery = placed.day + (2 if (placed.day - 1) % 7 < 3 else 4)
        rejected = status == "rejected"
        answer = "Over the credit limit: pay F-26 first." if rejected else None
        row = self._order(
            order, order_lines(lines), account=customer.uid, number=placed.order_number,
            status=status, user=customer.rep.uid, visit=placed.visit,
            price_list=self._lists[customer.price_list], order_date=day,
            delivery_date=date.fromordinal(delivery), answer=answer,
            reason=self._credit if rejected else None,
            submitted_at=instant_text(day, placed.minute), net_minor=sums.net,
            discount_minor=sums.discount, tax_minor=sums.tax, total_minor=sums.net + sums.tax,
            cost_minor=sums.cost, source="suggestion" if placed.visit else "manual",
            signed_by=signed_by, signature=_scribble() if signed_by else None,
            signed_at=instant_text(day, placed.minute) if signed_by else None,
        )  # fmt: skip
        return self._sink.add("order", row)

    def write_sale(
        self,
        customer: Customer,
        day: int,
        document: str,
        lines: Sequence[PricedLine],
        *,
        kind: str = "sale",
        order: Uid | None = None,
        invoice: Uid | None = None,
    ) -> None:
        """The fact of a sale, or of a return whose lines are negative."""
        rows = tuple(
            (
                line.product.uid, line.pack.uid, line.quantity, line.pack.factor,
                line.quantity * line.pack.factor, line.net, line.discount, line.cost,
            )
            for line in lines
        )  # fmt: skip
        row = self._sale(
            self._uids(), rows, account=customer.uid, kind=kind, date=date.fromordinal(day),
            document=document, user=customer.rep.uid, order=order, invoice=invoice,
            net_minor=sum(line.net for line in lines),
            cost_minor=sum(line.cost for line in lines), line_count=len(lines),
        )  # fmt: skip
        self._sink.add("sale", row)

    def _write_invoice(
        self, customer: Customer, placed: Placed, lines: list[PricedLine], order: Uid, rng: Random
    ) -> tuple[Uid, bool]:
        uid, issued = self._uids(), placed.day + 2
        due = issued + customer.terms
        sums = totals(lines)
        late = rng.choice((0, 0, 0, 1, 2, 5, 9)) + (
            rng.randrange(15, 70) if rng.random() < 0.04 else 0
        )
        paid_on = max(issued, due - 3) + late
        if customer.cast in (2, 4) and self._today - 12 < due < self._today:
            paid_on = self._today
        paid = paid_on < self._today
        row = self._invoice(
            uid, account=customer.uid, number=placed.invoice_number,
            date=date.fromordinal(issued), due_on=date.fromordinal(due), order=order,
            net_minor=sums.net, tax_minor=sums.tax, total_minor=sums.net + sums.tax,
            open_minor=0 if paid else sums.net + sums.tax, status="paid" if paid else "open",
        )  # fmt: skip
        self._sink.add("invoice", row)
        if customer.cast == 0 and not paid and self._owed is None:
            self._owed = uid, sums.net + sums.tax
        if paid and sums.net + sums.tax:
            self._write_payment(customer, placed, uid, paid_on, sums.net + sums.tax, rng)
        return uid, paid

    def _write_payment(
        self, customer: Customer, placed: Placed, invoice: Uid, day: int, amount: int, rng: Random
    ) -> None:
        local = date.fromordinal(day)
        row = self._payment(
            self._uids(), account=customer.uid, invoice=invoice, date=local, amount_minor=amount,
            method="transfer" if customer.terms else "cash", reference=placed.invoice_number,
        )  # fmt: skip
        self._sink.add("payment", row)
        if not customer.terms and rng.random() < 0.25:
            self._collect(customer, placed, day, (invoice, amount))

    def _collect(self, customer: Customer, placed: Placed, day: int, paid: tuple[Uid, int]) -> None:
        """Cash taken by the rep; its receipt has the number of the order that it pays."""
        local, number = date.fromordinal(day), f"C{placed.order_number}"
        row = self._collection(
            self._uids(), account=customer.uid, user=customer.rep.uid, invoice=paid[0],
            visit=placed.visit, date=local, at=instant_text(local, placed.minute + 5),
            amount_minor=paid[1], number=number,
        )  # fmt: skip
        self._sink.add("collection", row)
        self.collected.setdefault((customer.rep.code, day), []).append((number, paid[1]))

    def collect_this_morning(self, customer: Customer, placed: Placed) -> None:
        """A part of what the customer of today's first stop owes, handed over in cash."""
        if self._owed is not None:
            invoice, amount = self._owed
            self._collect(customer, placed, placed.day, (invoice, min(amount, 15_000)))
