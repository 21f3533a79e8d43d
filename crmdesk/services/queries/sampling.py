"""Samples a customer was given, and whether it has bought what it tried.

Owns everything the place shows, in one read. Writing is :mod:`crmdesk.services.samples`'.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crmdesk.domain.errors import NotFound
from crmdesk.i18n import _
from crmdesk.services.queries.visit_running import running_visit

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_SAMPLES = 60
_SAMPLES = (
    "SELECT s.id, p.id, p.name, p.sku, s.date, s.quantity, coalesce(k.unit, p.base_unit),"
    " coalesce(k.factor, 1), s.note, s.rev > 0,"
    " (SELECT min(o.date) FROM sale o JOIN sale_line l ON l.parent_id = o.id"
    "  WHERE o.account_id = s.account_id AND l.product_id = p.id AND o.date > s.date"
    "  AND l.base_quantity > 0),"
    " EXISTS (SELECT 1 FROM sale o JOIN sale_line l ON l.parent_id = o.id"
    "  WHERE o.account_id = s.account_id AND l.product_id = p.id AND o.date <= s.date"
    "  AND l.base_quantity > 0),"
    " (SELECT coalesce(sum(l.net_minor), 0) FROM sale o JOIN sale_line l ON l.parent_id = o.id"
    "  WHERE o.account_id = s.account_id AND l.product_id = p.id AND o.date > s.date)"
    " FROM sample s JOIN product p ON p.id = s.product_id"
    " LEFT JOIN packaging k ON k.id = s.packaging_id"
    " WHERE s.account_id = ? ORDER BY s.date DESC, s.id DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sample: what, when, how much, and what came of it.

    ``bought_on`` is the first purchase after it, ``before`` says that it was bought before as well,
    ``since_minor`` is what it has brought since (net, minor units).
    """

    id: int
    product_id: int
    name: str
    sku: str
    day: date
    packs: int
    unit: str
    factor: int
    note: str
    known: bool
    bought_on: date | None
    before: bool
    since_minor: int

    @property
    def has_won(self) -> bool:
        """True when the customer buys what it did not before it tried it."""
        return self.bought_on is not None and not self.before


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """Samples of a customer, latest first."""

    account_id: int
    customer: str
    city: str
    currency: str
    today: date
    samples: tuple[SampleRow, ...]
    visit_id: int | None


def sample_sheet(ws: Workspace, account_id: int) -> SampleSheet:
    """The sheet of a customer. Raises NotFound when it is gone."""
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, city FROM account WHERE id = ?", (account_id,)
        ).first()
        if row is None:
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        samples = tuple(
            SampleRow(
                key, product, name, sku, date.fromisoformat(day), packs, unit, factor, note or "",
                bool(known), date.fromisoformat(bought) if bought else None, bool(before), net,
            )
            for key, product, name, sku, day, packs, unit, factor, note, known, bought, before, net
            in connection.exec_driver_sql(_SAMPLES, (account_id, MOST_SAMPLES))
        )  # fmt: skip
        return SampleSheet(
            account_id, row[0], row[1] or "", ws.currency, ws.today(), samples,
            running_visit(connection, account_id, ws.user.id),
        )  # fmt: skip
