"""What a customer could give back: what it has bought, at which price, and the reasons there are.

Owns everything the place shows, in one read. Writing is :mod:`crmdesk.services.returns`'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from crmdesk.domain.errors import NotFound
from crmdesk.domain.returning import Bought, left_of
from crmdesk.i18n import _
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.queries.visit_running import running_visit
from crmdesk.services.returns import LOOK_BACK_DAYS, Returning, read_draft

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

MOST_REQUESTS = 12
_IDS = "(SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Pack:
    """A packaging goods come back in; ``id`` None is the base unit."""

    id: int | None
    unit: str
    factor: int


@dataclass(frozen=True, slots=True)
class Returnable:
    """A product that could come back: packs (the usual one first) and purchases that are left."""

    product_id: int
    name: str
    sku: str
    base_unit: str
    packs: tuple[Pack, ...]
    left: tuple[Bought, ...]

    @property
    def left_quantity(self) -> int:
        """Base units that were bought and have not come back."""
        return sum(one.base_quantity for one in self.left)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why goods come back, as the office has named it."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A return that was written: ``known`` once HQ has it; credit in minor units."""

    id: int
    number: str
    day: date
    lines: int
    net_minor: int
    known: bool


@dataclass(frozen=True, slots=True)
class ReturnSheet:
    """Everything the place shows; ``oldest`` is the first day the policy still allows."""

    account_id: int
    customer: str
    city: str
    currency: str
    today: date
    oldest: date
    return_days: int
    reasons: tuple[Reason, ...]
    products: tuple[Returnable, ...]
    draft: Returning
    requests: tuple[RequestRow, ...]
    visit_id: int | None


def return_sheet(ws: Workspace, account_id: int, also: Sequence[int] = ()) -> ReturnSheet:
    """The sheet of a customer: what it bought lately, latest first, and ``also`` these products.

    Raises NotFound when the customer is gone.
    """
    today = ws.today()
    with ws.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT name, city FROM account WHERE id = ?", (account_id,)
        ).first()
        if row is None:
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        days = policy_in(connection).return_days
        oldest = today - timedelta(days=days)
        draft = read_draft(connection, account_id)
        wanted = [*also, *(line.product_id for line in draft.lines)]
        return ReturnSheet(
            account_id, row[0], row[1] or "", ws.currency, today, oldest, days,
            _reasons(connection), _products(connection, account_id, today, oldest, wanted), draft,
            _requests(connection, account_id), running_visit(connection, account_id, ws.user.id),
        )  # fmt: skip


def _reasons(connection: Connection) -> tuple[Reason, ...]:
    rows = connection.exec_driver_sql(
        "SELECT id, code, name FROM outcome_reason WHERE kind = 'return' ORDER BY position, id"
    )
    return tuple(Reason(*row) for row in rows)


def _products(
    connection: Connection, account_id: int, today: date, oldest: date, also: Sequence[int]
) -> tuple[Returnable, ...]:
    run = connection.exec_driver_sql
    since = (today - timedelta(days=LOOK_BACK_DAYS)).isoformat()
    bought: dict[int, list[Bought]] = defaultdict(list)
    booked: dict[int, int] = defaultdict(int)
    for product, day, quantity, net in run(
        "SELECT l.product_id, s.date, l.base_quantity, l.net_minor FROM sale s JOIN sale_line l"
        " ON l.parent_id = s.id WHERE s.account_id = ? AND s.date >= ?",
        (account_id, since),
    ):
        if quantity > 0:
            bought[product].append(Bought(date.fromisoformat(day), quantity, max(net, 0)))
        else:
            booked[product] -= quantity
    asked: dict[int, int] = dict(
        run(
            "SELECT l.product_id, sum(abs(l.base_quantity)) FROM return_request r"
            " JOIN return_line l ON l.parent_id = r.id WHERE r.account_id = ? AND r.date >= ?"
            " GROUP BY l.product_id",
            (account_id, since),
        ).all()
    )
    left = {
        key: left_of(rows, max(booked[key], int(asked.get(key, 0)))) for key, rows in bought.items()
    }
    lately = {key: rows for key, rows in left.items() if rows and rows[0].day >= oldest}
    order = sorted(lately, key=lambda key: (-lately[key][0].day.toordinal(), key))
    keys = list(dict.fromkeys([*order, *also]))
    return _described(connection, account_id, keys, left)


def _described(
    connection: Connection, account_id: int, keys: Sequence[int],
    left: dict[int, tuple[Bought, ...]],
) -> tuple[Returnable, ...]:  # fmt: skip
    run = connection.exec_driver_sql
    ids = "[" + ",".join(str(key) for key in keys) + "]"
    packs: dict[int, list[Pack]] = defaultdict(list)
    for product, *pack in run(
        "SELECT product_id, id, unit, factor FROM packaging WHERE sellable AND product_id IN"
        f" {_IDS} ORDER BY factor",
        (ids,),
    ):
        packs[product].append(Pack(*pack))
    rows = {
        row[0]: row
        for row in run(f"SELECT id, name, sku, base_unit FROM product WHERE id IN {_IDS}", (ids,))
    }
    usual: dict[int, int | None] = dict(
        run(
            "SELECT product_id, packaging_id FROM summary_pair WHERE account_id = ?"
            f" AND product_id IN {_IDS}",
            (account_id, ids),
        ).all()
    )
    found = []
    for key in keys:
        if key not in rows:
            continue
        _id, name, sku, unit = rows[key]
        mine = packs[key]
        if not any(pack.factor == 1 for pack in mine):
            mine = [Pack(None, unit, 1), *mine]
        # The unit is what usually comes back; the pack it is bought in is one key away.
        mine.sort(key=lambda pack: (pack.factor != 1, pack.id != usual.get(key), pack.factor))
        found.append(Returnable(key, name, sku, unit, tuple(mine), left.get(key, ())))
    return tuple(found)


def _requests(connection: Connection, account_id: int) -> tuple[RequestRow, ...]:
    rows = connection.exec_driver_sql(
        "SELECT r.id, r.number, r.date, (SELECT count(*) FROM return_line WHERE parent_id = r.id),"
        " r.net_minor, r.rev > 0 FROM return_request r WHERE r.account_id = ?"
        " ORDER BY r.date DESC, r.id DESC LIMIT ?",
        (account_id, MOST_REQUESTS),
    )
    return tuple(
        RequestRow(key, number, date.fromisoformat(day), lines, net, bool(known))
        for key, number, day, lines, net, known in rows
    )
