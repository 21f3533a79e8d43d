"""What is typed beside the lines of an order: its day, the customer's number, a note, a signature.

Owns turning what was typed into commands, without Qt. Everything is saved as it is typed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.signature import Signature
from crmdesk.gui.dates import read_day
from crmdesk.gui.discounts import read_discount
from crmdesk.gui.presenting import Desk
from crmdesk.i18n import _
from crmdesk.services import order_details
from crmdesk.services.queries.order import OrderLineRow
from crmdesk.services.workspace import Workspace


class QuietWriter(Protocol):
    """Saves without moving anything; ``show`` reads the sheet again afterwards."""

    def __call__(self, work: Callable[[], ChangeSet], *, show: bool = False) -> None: ...


class Details:
    """The details of the order that is shown."""

    def __init__(self, ws: Workspace, write: QuietWriter, desk: Desk) -> None:
        self._ws = ws
        self._write = write
        self._desk = desk
        self._order_id: int | None = None

    def show(self, order_id: int) -> None:
        """Another order is shown."""
        self._order_id = order_id

    def note(self, text: str) -> None:
        """The note for the warehouse is being typed."""
        ws, order_id = self._ws, self._order_id
        if order_id is not None:
            self._write(lambda: order_details.set_note(ws, order_id, text))

    def reference(self, text: str) -> None:
        """The customer's own number is being typed."""
        ws, order_id = self._ws, self._order_id
        if order_id is not None:
            self._write(lambda: order_details.set_reference(ws, order_id, text))

    def delivery(self, text: str) -> None:
        """Another day of delivery was typed; empty is the usual one."""
        ws, order_id = self._ws, self._order_id
        if order_id is None:
            return
        day = read_day(text, ws.today())
        if day is None and text.strip():
            self._desk.fail(
                FieldError(
                    "delivery",
                    _("{text} is no day.").format(text=text.strip()),
                    _("Type a day, such as 3 or 3.12; nothing was changed."),
                )
            )
            return
        self._write(lambda: order_details.set_delivery_day(ws, order_id, day), show=True)

    def discount(self, line: OrderLineRow, text: str) -> None:
        """A discount with its reason was typed for a line: ``5 opening order``; empty: none."""
        found = read_discount(text)
        if found is None:
            self._desk.fail(
                FieldError(
                    "discount",
                    _("“{text}” is no discount.").format(text=text),
                    _("Type percent and reason, such as 5 opening order."),
                )
            )
            return
        before = (line.discount_bp, line.by_hand) if line.by_hand is not None else (0, "")
        self._discount(line.product_id, *found)
        words = _("Discount of {product} changed.").format(product=line.name)
        self._desk.toast(words, undo=lambda: self._discount(line.product_id, *before))

    def _discount(self, product_id: int, discount_bp: int, why: str) -> None:
        ws, order_id = self._ws, self._order_id
        if order_id is not None:
            self._write(
                lambda: order_details.set_discount(ws, order_id, product_id, discount_bp, why),
                show=True,
            )

    def sign(self, name: str, signature: Signature | None) -> None:
        """The customer has signed, with the pen or by name only."""
        ws, order_id = self._ws, self._order_id
        if order_id is not None:
            self._write(lambda: order_details.sign_order(ws, order_id, name, signature), show=True)

    def unsign(self) -> None:
        """The signature is taken off."""
        ws, order_id = self._ws, self._order_id
        if order_id is not None:
            self._write(lambda: order_details.unsign_order(ws, order_id), show=True)
