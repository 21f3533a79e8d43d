"""What came back: returns, and keying errors with their cancellation.

Owns the negative sale documents and the return requests behind them. A keying error is a line
ten times too large, cancelled on one of the next days; net of it nothing was bought.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

from crmdesk.demo.customer import Customer
from crmdesk.demo.documents import Documents, Placed
from crmdesk.demo.people import Staff
from crmdesk.demo.pricing import PricedLine
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.domain.money import divide_half_even
from crmdesk.storage.rows import line_maker, row_maker

_CONDITIONS = {"damaged": "damaged", "expiry": "expired"}
_WHY = (
    ("damaged", "torn bags"), ("damaged", "dented tins"), ("expiry", "date too near"),
    ("wrong", "another size was ordered"), ("unsold", "did not sell"),
)  # fmt: skip


class Returns:
    """Writes returns and cancellations of a customer into a sink."""

    def __init__(
        self, spec: DemoSpec, staff: Staff, documents: Documents, uids: UidMaker, sink: Sink
    ) -> None:
        self._today = spec.today.toordinal()
        self._requests_from = self._today - DOCUMENT_DAYS
        self._staff, self._documents, self._uids, self._sink = staff, documents, uids, sink
        self._request, self._line = row_maker("return_request"), line_maker("return_request")

    def after(
        self, customer: Customer, placed: Placed, lines: list[PricedLine], rng: Random
    ) -> None:
        """What follows a sale: in one of seventy a return, in one of three hundred an error."""
        luck = rng.random()
        if luck < 0.014:
            self._come_back(customer, placed, rng.choice(lines), rng)
        elif luck > 0.997:
            self._keying_error(customer, placed, rng.choice(lines), rng)

    def _come_back(self, customer: Customer, placed: Placed, line: PricedLine, rng: Random) -> None:
        day = placed.day + rng.randrange(5, 15)
        if day >= self._today:
            return
        back = taken_back(line, rng.randint(1, line.quantity))
        code, note = rng.choice(_WHY)
        if placed.day >= self._requests_from:
            row = self._request(
                self._uids(),
                (
                    self._line(
                        product=line.product.uid, packaging=line.pack.uid, note=note,
                        quantity=-back.quantity, factor=line.pack.factor,
                        base_quantity=-back.quantity * line.pack.factor,
                        reason=self._staff.reasons["return", code], net_minor=-back.net,
                        condition=_CONDITIONS.get(code, "sealed"),
                    ),
                ),
                account=customer.uid, number=f"R{placed.order_number}", user=customer.rep.uid,
                date=date.fromordinal(day), reason=self._staff.reasons["return", code],
                note=f"{line.product.name}: {note}", net_minor=-back.net,
            )  # fmt: skip
            self._sink.add("return_request", row)
        number = "A" + placed.invoice_number[1:]
        self._documents.write_sale(customer, day, number, [back], kind="return")

    def _keying_error(
        self, customer: Customer, placed: Placed, line: PricedLine, rng: Random
    ) -> None:
        day = placed.day + rng.randrange(1, 4)
        if day >= self._today:
            return
        wrong = scaled(line, line.quantity * 10)
        self._documents.write_sale(customer, placed.day, f"{placed.invoice_number}-2", [wrong])
        number = "A" + placed.invoice_number[1:]
        self._documents.write_sale(
            customer, day, number, [taken_back(wrong, wrong.quantity)], kind="return"
        )


def scaled(line: PricedLine, quantity: int) -> PricedLine:
    """The same line with another quantity at the same price."""
    return replace(
        line,
        quantity=quantity,
        net=divide_half_even(line.net * quantity, line.quantity),
        discount=divide_half_even(line.discount * quantity, line.quantity),
        cost=divide_half_even(line.cost * quantity, line.quantity),
    )


def taken_back(line: PricedLine, quantity: int) -> PricedLine:
    """So many packs of a line with the sign turned."""
    part = scaled(line, quantity)
    return replace(
        part, quantity=-quantity, net=-part.net, discount=-part.discount, cost=-part.cost
    )
