"""One quote on its sheet: lines with price and reason, terms, follow-ups, versions, its chance.

Owns everything the quote entry shows, in one consistent read. Changing it is left to
:mod:`crmdesk.services.quotes`, the document for the customer to
:func:`crmdesk.services.queries.documents.quote_document`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.domain.quote_rules import LineChange, VersionLine, line_changes
from crmdesk.domain.states import QuoteStatus
from crmdesk.i18n import _
from crmdesk.services.prices import reason_words
from crmdesk.services.queries.order import PackRow
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.queries.quotes import QuoteRow, rows_in

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class QuoteLineRow:
    """A line: so many packs, prices at 1e-4 of the major unit, net in minor units.

    ``why`` is the reason of a discount by hand; ``packagings`` are those it can be quoted in.
    """

    product_id: int
    name: str
    sku: str
    packaging_id: int | None
    unit: str
    packs: int
    factor: int
    base_quantity: int
    base_unit: str
    list_price_e4: int
    net_price_e4: int
    discount_bp: int
    reason: str
    by_hand: bool
    why: str
    net_minor: int
    cost_minor: int
    packagings: tuple[PackRow, ...]

    @property
    def below_cost(self) -> bool:
        """True when the line brings less than it costs."""
        return self.net_minor < self.cost_minor

    @property
    def weighed_quantity(self) -> int | None:
        """What the packs really come to in base units, where that was weighed."""
        usual = self.packs * self.factor
        return None if self.base_quantity == usual else self.base_quantity


@dataclass(frozen=True, slots=True)
class FollowUpRow:
    """A follow-up that was made: ``mode`` and ``result`` as they are stored."""

    on: date
    mode: str
    result: str
    note: str
    next_on: date | None
    by: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Another version of the same quote."""

    id: int
    version: int
    status: str
    sent_on: date | None
    net_minor: int


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A reason that can be given for a decision."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class QuoteSheet:
    """Everything on the sheet of one quote; money in minor units of ``currency``.

    ``changes`` are the differences from the version it was made of, by product name;
    ``order_id`` the order it became, when that is here.
    """

    row: QuoteRow
    currency: str
    contact_id: int | None
    contact: str
    terms: str
    note: str
    lost_to: str
    discount_minor: int
    tax_minor: int
    total_minor: int
    cost_minor: int
    lines: tuple[QuoteLineRow, ...]
    follow_ups: tuple[FollowUpRow, ...]
    versions: tuple[VersionRow, ...]
    changes: tuple[LineChange, ...]
    contacts: tuple[tuple[int, str], ...]
    lost_reasons: tuple[ReasonRow, ...]
    won_reasons: tuple[ReasonRow, ...]
    order_id: int | None
    order_number: str
    only_here: bool
    follow_up_days: int
    most_discount_bp: int

    @property
    def is_draft(self) -> bool:
        """True while lines and terms can be changed."""
        return self.row.status == QuoteStatus.DRAFT

    @property
    def waits(self) -> bool:
        """True for a quote that was sent and is not decided."""
        return self.row.status == QuoteStatus.SENT


def quote_sheet(ws: Workspace, quote_id: int) -> QuoteSheet:
    """The sheet of one quote. Raises NotFound when it is gone."""
    with ws.database.read() as connection:
        run = connection.exec_driver_sql
        row = rows_in(connection, ws.today(), [quote_id]).get(quote_id)
        if row is None:
            raise NotFound(_("This quote is no longer here."), _("Choose another one."))
        head = run(
            "SELECT q.currency, q.contact_id, c.name, q.terms, q.note, q.lost_to, q.discount_minor,"
            " q.tax_minor, q.total_minor, q.cost_minor, q.rev, o.id, o.number,"
            " (SELECT id FROM quote WHERE uid = q.revised_from_uid)"
            " FROM quote q LEFT JOIN contact c ON c.id = q.contact_id"
            " LEFT JOIN sales_order o ON o.uid = q.order_uid WHERE q.id = ?",
            (quote_id,),
        ).one()
        policy = policy_in(connection)
        contacts = run(
            "SELECT id, name FROM contact WHERE account_id = ? ORDER BY id", (row.account_id,)
        )
        return QuoteSheet(
            row=row,
            currency=head[0],
            contact_id=head[1],
            contact=head[2] or "",
            terms=head[3] or "",
            note=head[4] or "",
            lost_to=head[5] or "",
            discount_minor=head[6],
            tax_minor=head[7],
            total_minor=head[8],
            cost_minor=head[9],
            lines=_lines(connection, quote_id),
            follow_ups=_follow_ups(connection, quote_id),
            versions=_versions(connection, row),
            changes=() if head[13] is None else _changes(connection, int(head[13]), quote_id),
            contacts=tuple((int(key), str(name)) for key, name in contacts),
            lost_reasons=_reasons(connection, "quote_lost"),
            won_reasons=_reasons(connection, "quote_won"),
            order_id=head[11],
            order_number=head[12] or "",
            only_here=head[10] == 0,
            follow_up_days=policy.quote_follow_up_days,
            most_discount_bp=policy.most_discount_of(ws.user.role),
        )


def _reasons(connection: Connection, kind: str) -> tuple[ReasonRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT id, name FROM outcome_reason WHERE kind = ? ORDER BY id LIMIT 9", (kind,)
    )
    return tuple(ReasonRow(int(key), str(name)) for key, name in rows)


def _lines(connection: Connection, quote_id: int) -> tuple[QuoteLineRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT l.product_id, p.name, p.sku, l.packaging_id, l.unit, l.quantity, l.factor,"
        " l.base_quantity, p.base_unit, l.list_price_e4, l.net_price_e4, l.discount_bp,"
        " l.price_reason, l.net_minor, l.cost_minor FROM quote_line l"
        " JOIN product p ON p.id = l.product_id WHERE l.parent_id = ? ORDER BY l.position",
        (quote_id,),
    ).all()
    packs = _packagings(connection, [row[0] for row in rows])
    found = []
    for row in rows:
        reason = json.loads(row[12]) if row[12] else {}
        own = packs.get(row[0], ())
        base = PackRow(None, row[8], 1)
        options = tuple(own) if any(pack.factor == 1 for pack in own) else (base, *own)
        found.append(
            QuoteLineRow(
                row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9],
                row[10], row[11], reason_words(reason, row[11]), reason.get("code") == "manual",
                str(reason.get("why") or ""), row[13], row[14], options,
            )
        )  # fmt: skip
    return tuple(found)


def _packagings(connection: Connection, ids: Sequence[int]) -> dict[int, list[PackRow]]:
    found: dict[int, list[PackRow]] = {}
    rows = connection.exec_driver_sql(
        "SELECT product_id, id, unit, factor, minimum, multiple FROM packaging WHERE sellable"
        " AND product_id IN (SELECT value FROM json_each(?)) ORDER BY factor",
        (json.dumps(list(ids)),),
    )
    for product, *pack in rows:
        found.setdefault(int(product), []).append(PackRow(*pack))
    return found


def _follow_ups(connection: Connection, quote_id: int) -> tuple[FollowUpRow, ...]:
    """Those of this version and of the ones before it, newest first."""
    rows = connection.exec_driver_sql(
        "SELECT f.date, f.mode, f.result, f.note, f.next_on, u.name FROM quote_follow_up f"
        " JOIN quote q ON q.id = f.quote_id LEFT JOIN app_user u ON u.id = f.user_id"
        " WHERE q.number = (SELECT number FROM quote WHERE id = ?)"
        " AND q.version <= (SELECT version FROM quote WHERE id = ?)"
        " ORDER BY f.date DESC, f.id DESC LIMIT 50",
        (quote_id, quote_id),
    )
    return tuple(
        FollowUpRow(
            date.fromisoformat(on), mode, result or "", note or "",
            None if next_on is None else date.fromisoformat(next_on), by or "",
        )
        for on, mode, result, note, next_on, by in rows
    )  # fmt: skip


def _versions(connection: Connection, row: QuoteRow) -> tuple[VersionRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT id, version, status, local_day(sent_at), net_minor FROM quote"
        " WHERE number = ? AND account_id = ? AND id <> ? ORDER BY version",
        (row.number, row.account_id, row.id),
    )
    return tuple(
        VersionRow(key, version, status, None if on is None else date.fromisoformat(on), net)
        for key, version, status, on, net in rows
    )


def _changes(connection: Connection, old_id: int, new_id: int) -> tuple[LineChange, ...]:
    def lines(quote_id: int) -> list[VersionLine]:
        rows = connection.exec_driver_sql(
            "SELECT p.name, l.quantity, l.unit, l.factor, l.base_quantity, l.net_minor"
            " FROM quote_line l JOIN product p ON p.id = l.product_id WHERE l.parent_id = ?"
            " ORDER BY l.position",
            (quote_id,),
        )
        return [VersionLine(*row) for row in rows]

    return line_changes(lines(old_id), lines(new_id))
