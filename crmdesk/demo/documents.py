"""Documents of the demo company's trade: orders, invoices, sales with their lines, payments.

Owns pricing of the history by the product's lists, breaks, agreed prices and promotions, with the
money rules of :mod:`crmdesk.domain.money`. A sale and its order have the same lines; the order is
kept for the last 18 months only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from crmdesk.demo.catalogue import BREAK_BP, LISTS, Catalogue, Pack, Product, Promo
from crmdesk.demo.customers import Customer
from crmdesk.demo.rhythm import Purchase
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.domain.money import discounted_price_e4, divide_half_even, share_of_minor
from crmdesk.storage.rows import LineRow, Row, line_maker, row_maker
from crmdesk.storage.types import dump_json


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line with its money: minor units, prices at 1e-4; quantity in packs."""

    product: Product
    pack: Pack
    quantity: int
    list_price: int
    discount_bp: int
    net_price: int
    net: int
    discount: int
    cost: int
    reason: dict[str, object]


@dataclass(frozen=True, slots=True)
class Placed:
    """When and by whom an order is placed, and its numbers."""

    day: int
    minute: int
    visit: Uid | None
    order_number: str
    invoice_number: str


class Pricing:
    """Prices of any day for any customer."""

    def __init__(self, spec: DemoSpec, catalogue: Catalogue) -> None:
        self._first_year = spec.first_day.year
        self._promotions: dict[Uid, list[Promo]] = {}
        for promo in catalogue.promotions:
            key = promo.category or promo.product
            if key is not None:
                self._promotions.setdefault(key, []).append(promo)

    def line(
        self, customer: Customer, product: Product, pack: Pack, quantity: int, day: int, year: int
    ) -> PricedLine:
        """One line at the prices of a day; the best of agreed price, break and promotion holds."""
        index = year - self._first_year
        list_price = product.prices[customer.price_list][index]
        base = quantity * pack.factor
        discount_bp, reason = 0, _LIST_REASONS[customer.price_list]
        if product.break_at and base >= product.break_at:
            discount_bp = BREAK_BP
            reason = {"kind": "break", "minimum": product.break_at, "discount_bp": BREAK_BP}
        for promo in self._promotions.get(product.category, ()):
            if promo.first <= day <= promo.last and promo.discount_bp > discount_bp:
                discount_bp = promo.discount_bp
                reason = {"kind": "promotion", "code": promo.code, "discount_bp": discount_bp}
        net_price = list_price
        if discount_bp:
            net_price = discounted_price_e4(list_price, discount_bp)
        agreed = customer.agreed.get(product.uid)
        if agreed is not None and agreed[1] <= day <= agreed[2] and agreed[0] < net_price:
            net_price, discount_bp = agreed[0], 0
            until = date.fromordinal(agreed[2]).isoformat()
            reason = {"kind": "agreed", "until": until}
        per = 100 * product.price_per
        net = divide_half_even(net_price * base, per)
        gross = net if net_price == list_price else divide_half_even(list_price * base, per)
        return PricedLine(
            product, pack, quantity, list_price, discount_bp, net_price, net, gross - net,
            divide_half_even(product.costs[index] * base, per), reason,
        )  # fmt: skip


_LIST_REASONS: tuple[dict[str, object], ...] = tuple(
    {"kind": "list", "list": code} for code, _name, _level in LISTS
)


class Documents:
    """Writes the documents of purchases into a sink."""

    def __init__(self, spec: DemoSpec, catalogue: Catalogue, uids: UidMaker, sink: Sink) -> None:
        self.pricing = Pricing(spec, catalogue)
        self._uids, self._sink = uids, sink
        self._lists = catalogue.lists
        self._today = spec.today.toordinal()
        self._documents_from = self._today - DOCUMENT_DAYS
        self._sale, self._order = row_maker("sale"), row_maker("order")
        self._invoice, self._payment = row_maker("invoice"), row_maker("payment")
        self._order_line = line_maker("order")

    def trade(
        self, customer: Customer, placed: Placed, bought: list[Purchase], rng: Random
    ) -> list[PricedLine]:
        """One day's purchases: order and invoice when recent, the sale once it is invoiced."""
        year = date.fromordinal(placed.day).year
        price = self.pricing.line
        lines = [
            price(customer, p.pair.product, p.pair.pack, p.quantity, placed.day, year)
            for p in bought
        ]
        if placed.day < self._documents_from:
            self._write_sale(customer, placed, lines, None, None)
            return lines
        order = self._uids()
        if placed.day >= self._today - 2:
            status = "accepted" if placed.day < self._today - 1 else "submitted"
            self.write_order(customer, placed, lines, order, status)
            return lines
        invoice, paid = self._write_invoice(customer, placed, lines, order, rng)
        self.write_order(customer, placed, lines, order, "paid" if paid else "invoiced")
        self._write_sale(customer, placed, lines, order, invoice)
        return lines

    def write_order(
        self, customer: Customer, placed: Placed, lines: list[PricedLine], order: Uid, status: str
    ) -> Row:
        """An order with its lines."""
        rows, tax = self._order_lines(lines)
        net = sum(line.net for line in lines)
        day = date.fromordinal(placed.day)
        delivery = placed.day + (2 if (placed.day - 1) % 7 < 3 else 4)
        row = self._order(
            order, rows, account=customer.uid, number=placed.order_number, status=status,
            user=customer.rep.uid, visit=placed.visit, price_list=self._lists[customer.price_list],
            order_date=day, delivery_date=date.fromordinal(delivery),
            submitted_at=None if status == "draft" else instant_text(day, placed.minute),
            net_minor=net, discount_minor=sum(line.discount for line in lines), tax_minor=tax,
            total_minor=net + tax, cost_minor=sum(line.cost for line in lines),
            source="visit" if placed.visit else "phone",
        )  # fmt: skip
        return self._sink.add("order", row)

    def _order_lines(self, lines: list[PricedLine]) -> tuple[tuple[LineRow, ...], int]:
        rows, total_tax = [], 0
        for line in lines:
            tax = share_of_minor(line.net, line.product.tax_bp)
            total_tax += tax
            rows.append(
                self._order_line(
                    product=line.product.uid, packaging=line.pack.uid, unit=line.pack.unit,
                    quantity=line.quantity, factor=line.pack.factor,
                    base_quantity=line.quantity * line.pack.factor,
                    list_price_e4=line.list_price, discount_bp=line.discount_bp,
                    net_price_e4=line.net_price, price_reason=dump_json(line.reason),
                    net_minor=line.net, tax_bp=line.product.tax_bp, tax_minor=tax,
                    cost_minor=line.cost,
                )
            )  # fmt: skip
        return tuple(rows), total_tax

    def _write_invoice(
        self, customer: Customer, placed: Placed, lines: list[PricedLine], order: Uid, rng: Random
    ) -> tuple[Uid, bool]:
        uid, issued = self._uids(), placed.day + 2
        due = issued + customer.terms
        net = sum(line.net for line in lines)
        tax = sum(share_of_minor(line.net, line.product.tax_bp) for line in lines)
        late = rng.choice((0, 0, 0, 2, 5, 9, 21)) + (40 if rng.random() < 0.02 else 0)
        paid_on = max(issued, due - 3) + late
        paid = paid_on < self._today and not (customer.cast == 2 and due > self._today - 20)
        number = placed.invoice_number
        row = self._invoice(
            uid, account=customer.uid, number=number, date=date.fromordinal(issued),
            due_on=date.fromordinal(due), order=order, net_minor=net, tax_minor=tax,
            total_minor=net + tax, open_minor=0 if paid else net + tax,
            status="paid" if paid else "open",
        )  # fmt: skip
        self._sink.add("invoice", row)
        if paid and net + tax:
            row = self._payment(
                self._uids(), account=customer.uid, invoice=uid, date=date.fromordinal(paid_on),
                amount_minor=net + tax, method="transfer" if customer.terms else "cash",
                reference=number,
            )  # fmt: skip
            self._sink.add("payment", row)
        return uid, paid

    def _write_sale(
        self, customer: Customer, placed: Placed, lines: list[PricedLine], order: Uid | None,
        invoice: Uid | None,
    ) -> None:  # fmt: skip
        rows = tuple(
            (
                line.product.uid, line.pack.uid, line.quantity, line.pack.factor,
                line.quantity * line.pack.factor, line.net, line.discount, line.cost,
            )
            for line in lines
        )  # fmt: skip
        row = self._sale(
            self._uids(), rows, account=customer.uid, date=date.fromordinal(placed.day),
            document=placed.invoice_number, user=customer.rep.uid, order=order, invoice=invoice,
            net_minor=sum(line.net for line in lines),
            cost_minor=sum(line.cost for line in lines), line_count=len(lines),
        )  # fmt: skip
        self._sink.add("sale", row)
