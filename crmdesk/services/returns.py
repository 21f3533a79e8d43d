"""Returns: what a customer gives back, line by line with reason and condition, and its credit.

Owns rows of ``return_request`` and the draft that is kept while one is taken. What units are worth
is :mod:`crmdesk.domain.returning`; whether it is credited is HQ's to decide.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound, UserError
from crmdesk.domain.ids import new_uid
from crmdesk.domain.packaging import to_base
from crmdesk.domain.returning import Bought, Condition, Credit, Wish, credit_of, left_of
from crmdesk.i18n import _
from crmdesk.services.document_numbers import next_number
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.withdrawing import before_hq_has_it, forget, is_only_here
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile

RETURN_KIND = "R"
MOST_PACKS = 100_000
LOOK_BACK_DAYS = 730
"""Purchases further back are not looked at: nobody brings those back."""


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """What comes back of a product: packs of a packaging (None is the base unit), why, and how.

    ``base_quantity`` is said for weighed goods, whose packs do not decide it.
    """

    product_id: int
    packaging_id: int | None
    packs: int
    reason_id: int | None
    condition: Condition = Condition.SEALED
    note: str = ""
    base_quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Returning:
    """A return as it is taken: its lines, what the customer wants for it, a note."""

    lines: tuple[ReturnLine, ...]
    wish: Wish = Wish.CREDIT
    note: str = ""
    visit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """A return that was written: its local id, number and credit in minor units."""

    return_id: int
    number: str
    net_minor: int
    changes: ChangeSet


def take_return(ws: Workspace, account_id: int, what: Returning) -> Returned:
    """Write a return; more than was bought or too old is taken all the same, HQ decides.

    Raises UserError for one without lines, FieldError for a line without reason or quantity.
    """
    if not what.lines:
        raise UserError(_("This return has no lines."), _("Type what comes back."))
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        found = run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first()
        if found is None:
            raise NotFound(_("This customer is no longer here."), _("Choose another one."))
        priced = [_priced(tx.connection, ws, account_id, line) for line in what.lines]
        number = next_number(tx.connection, ws, RETURN_KIND, "return_request")
        net = sum(credit.net_minor for _line, _unit, _factor, _base, credit in priced)
        return_id = int(
            run(
                "INSERT INTO return_request (uid, account_id, number, user_id, visit_uid, date,"
                " reason_id, note, net_minor, wish) VALUES (?, ?, ?, ?,"
                " (SELECT uid FROM visit WHERE id = ?), ?, ?, ?, ?, ?) RETURNING id",
                (
                    new_uid(), account_id, number, ws.user.id, what.visit_id,
                    ws.today().isoformat(), what.lines[0].reason_id, what.note.strip() or None,
                    net, what.wish.value,
                ),
            ).scalar_one()
        )  # fmt: skip
        for position, (line, _unit, factor, base, credit) in enumerate(priced, 1):
            run(
                "INSERT INTO return_line (parent_id, position, product_id, packaging_id, quantity,"
                " factor, base_quantity, note, reason_id, net_minor, condition)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    return_id, position, line.product_id, line.packaging_id, line.packs, factor,
                    base, line.note.strip() or None, line.reason_id, credit.net_minor,
                    line.condition.value,
                ),
            )  # fmt: skip
        profile.set_fact(tx.connection, _draft_key(tx.connection, account_id), None)
    changes = {"return_request": frozenset({return_id}), "account": frozenset({account_id})}
    return Returned(return_id, number, net, ChangeSet(changes))


def call_back_return(ws: Workspace, return_id: int) -> ChangeSet:
    """Make a return a draft again as long as HQ has not seen it. UserError says when it has."""
    with before_hq_has_it(ws) as tx:
        run = tx.connection.exec_driver_sql
        row = run(
            "SELECT uid, rev, account_id, wish, note FROM return_request WHERE id = ?", (return_id,)
        ).first()
        if row is None:
            raise NotFound(_("This return is no longer here."))
        if not is_only_here(tx.connection, row[0], row[1]):
            raise UserError(_("HQ has this return already."), _("Ask the office not to credit it."))
        lines = run(
            "SELECT product_id, packaging_id, quantity, reason_id, condition, note,"
            " CASE WHEN base_quantity <> quantity * factor THEN base_quantity END"
            " FROM return_line WHERE parent_id = ? ORDER BY position",
            (return_id,),
        ).all()
        kept = Returning(
            tuple(
                ReturnLine(p, k, n, r, Condition(c or "sealed"), note or "", b)
                for p, k, n, r, c, note, b in lines
            ),
            Wish(row[3] or "credit"), row[4] or "",
        )  # fmt: skip
        forget(tx.connection, "return_request", row[0], "return_line")
        _keep(tx.connection, row[2], kept)
    return ChangeSet({"return_request": frozenset({return_id}), "account": frozenset({row[2]})})


def save_draft(ws: Workspace, account_id: int, what: Returning) -> None:
    """Keep a return that is being taken; it survives a crash, and never leaves this laptop."""
    with ws.database.maintenance() as connection:
        _keep(connection, account_id, what)


def read_draft(connection: Connection, account_id: int) -> Returning:
    """What was typed of a return and not submitted; empty when there is nothing."""
    text = profile.get_fact(connection, _draft_key(connection, account_id))
    if not text:
        return Returning(())
    found = json.loads(text)
    lines = tuple(
        ReturnLine(**{**line, "condition": Condition(line["condition"])}) for line in found["lines"]
    )
    return Returning(lines, Wish(found["wish"]), found["note"], found["visit_id"])


def purchases_left(
    connection: Connection, account_id: int, product_id: int, today: date
) -> tuple[Bought, ...]:
    """Purchases of a product, latest first, less what has come back.

    Returns that HQ has booked are sales below nothing, those it has not are requests: the larger
    of the two has come back, so that none counts twice.
    """
    since = (today - timedelta(days=LOOK_BACK_DAYS)).isoformat()
    run = connection.exec_driver_sql
    rows = run(
        "SELECT s.date, l.base_quantity, l.net_minor FROM sale s JOIN sale_line l"
        " ON l.parent_id = s.id WHERE s.account_id = ? AND l.product_id = ? AND s.date >= ?",
        (account_id, product_id, since),
    ).all()
    bought = [Bought(date.fromisoformat(d), q, max(n, 0)) for d, q, n in rows if q > 0]
    booked = -sum(quantity for _day, quantity, _net in rows if quantity < 0)
    asked = run(
        "SELECT coalesce(sum(abs(l.base_quantity)), 0) FROM return_request r JOIN return_line l"
        " ON l.parent_id = r.id WHERE r.account_id = ? AND l.product_id = ? AND r.date >= ?",
        (account_id, product_id, since),
    ).scalar()
    return left_of(bought, max(booked, int(asked or 0)))


def credit_for(
    connection: Connection, ws: Workspace, account_id: int, product_id: int, base_quantity: int
) -> Credit:
    """What so many units of a product are credited at."""
    today = ws.today()
    oldest = today - timedelta(days=policy_in(connection).return_days)
    left = purchases_left(connection, account_id, product_id, today)
    return credit_of(base_quantity, left, oldest)


_Priced = tuple[ReturnLine, str, int, int, Credit]


def _priced(connection: Connection, ws: Workspace, account_id: int, line: ReturnLine) -> _Priced:
    """A checked line with its unit, factor, base units and credit."""
    run = connection.exec_driver_sql
    product = run("SELECT name, base_unit FROM product WHERE id = ?", (line.product_id,)).first()
    if product is None:
        raise NotFound(_("This product is no longer here."))
    if not 0 < line.packs <= MOST_PACKS:
        raise FieldError(
            "quantity", _("How many of {product} come back?").format(product=product[0])
        )
    if line.reason_id is None:
        raise FieldError(
            "reason",
            _("Say why {product} comes back.").format(product=product[0]),
            _("Press R on its line to choose a reason."),
        )
    unit, factor = product[1], 1
    if line.packaging_id is not None:
        pack = run(
            "SELECT unit, factor FROM packaging WHERE id = ? AND product_id = ?",
            (line.packaging_id, line.product_id),
        ).first()
        if pack is None:
            raise FieldError("packaging", _("This product is not sold in that pack."))
        unit, factor = pack[0], int(pack[1])
    base = line.base_quantity or to_base(line.packs, factor)
    credit = credit_for(connection, ws, account_id, line.product_id, base)
    return replace(line, base_quantity=base), unit, factor, base, credit


def _draft_key(connection: Connection, account_id: int) -> str:
    uid = connection.exec_driver_sql(
        "SELECT lower(hex(uid)) FROM account WHERE id = ?", (account_id,)
    ).scalar()
    return f"draft.return.{uid}"


def _keep(connection: Connection, account_id: int, what: Returning) -> None:
    text = json.dumps(asdict(what)) if what.lines or what.note else None
    profile.set_fact(connection, _draft_key(connection, account_id), text)


def has_draft(connection: Connection, account_id: int) -> bool:
    """Whether a return of this customer was begun and not submitted."""
    return profile.get_fact(connection, _draft_key(connection, account_id)) is not None
