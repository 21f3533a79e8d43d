"""An event of a customer's history opened: what it was, who was there, and its lines.

Owns the events that have no place of their own: sales with the prices paid, invoices with their
payments, visits with their objectives and counts, tickets with what was said, opportunities with
their steps. Orders, quotes, returns and receipts open in their places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from crmdesk.services.queries.customer_figures import FigureLine

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class EventDetails:
    """See the module; ``lines`` and ``sums`` are rows as behind a figure."""

    kind: str
    title: str
    day: date
    who: str = ""
    text: str = ""
    amount_minor: int | None = None
    lines: tuple[FigureLine, ...] = ()
    sums: tuple[FigureLine, ...] = ()


def event_details(ws: Workspace, kind: str, key: int) -> EventDetails | None:
    """The event of that kind and local id; None for one that is gone or has nothing to open."""
    read = _READERS.get(kind)
    if read is None:
        return None
    with ws.database.read() as connection:
        return read(connection, key)


def _all(connection: Connection, statement: str, key: int) -> list[Any]:
    return list(connection.execute(text(statement), {"key": key}))


def _one(connection: Connection, statement: str, key: int) -> Any:
    rows = _all(connection, statement, key)
    return rows[0] if rows else None


def _day(value: object) -> date:
    return date.fromisoformat(str(value)[:10])


def _sale(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT s.kind, s.document, s.date, s.net_minor, u.name FROM sale s"
        " LEFT JOIN app_user u ON u.id = s.user_id WHERE s.id = :key",
        key,
    )
    if row is None:
        return None
    lines = _all(
        connection,
        "SELECT p.name, CASE WHEN l.base_quantity = l.quantity * l.factor THEN coalesce(k.unit,"
        " p.base_unit) ELSE p.base_unit END unit, CASE WHEN l.base_quantity = l.quantity * l.factor"
        " THEN l.quantity ELSE l.base_quantity END quantity, l.net_minor, p.base_unit,"
        " l.base_quantity, l.product_id FROM sale_line l JOIN product p ON p.id = l.product_id"
        " LEFT JOIN packaging k ON k.id = l.packaging_id WHERE l.parent_id = :key"
        " ORDER BY l.position",
        key,
    )
    return EventDetails(
        "return" if row.kind == "return" else "sale", row.document or "", _day(row.date),
        row.name or "", "", row.net_minor,
        tuple(
            FigureLine("goods", one.name, detail=f"{one.unit}:{one.base_quantity}:{one.base_unit}",
                       quantity=one.quantity, unit="packs", amount_minor=one.net_minor,
                       id=one.product_id)
            for one in lines
        ),
        (FigureLine("sum", amount_minor=row.net_minor),),
    )  # fmt: skip


def _invoice(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT number, date, due_on, total_minor, open_minor FROM invoice WHERE id = :key", key,
    )  # fmt: skip
    if row is None:
        return None
    payments = _all(
        connection,
        "SELECT id, date, amount_minor, method, reference FROM payment WHERE invoice_id = :key"
        " ORDER BY date, id",
        key,
    )
    sales = _all(connection, "SELECT id, document, date, net_minor FROM sale"
                 " WHERE invoice_id = :key", key)  # fmt: skip
    lines = [
        FigureLine("sale", s.document or "", _day(s.date), amount_minor=s.net_minor, id=s.id)
        for s in sales
    ] + [
        FigureLine("payment", p.reference or "", _day(p.date), amount_minor=-p.amount_minor)
        for p in payments
    ]
    sums = (
        FigureLine("due_on", day=_day(row.due_on)),
        FigureLine("invoiced", amount_minor=row.total_minor),
        FigureLine("open", amount_minor=row.open_minor),
    )
    return EventDetails("invoice", row.number, _day(row.date), "", "", row.total_minor,
                        tuple(lines), sums)  # fmt: skip


def _payment(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT p.date, p.amount_minor, p.reference, p.method, i.id invoice, i.number,"
        " i.total_minor, i.due_on FROM payment p LEFT JOIN invoice i ON i.id = p.invoice_id"
        " WHERE p.id = :key",
        key,
    )
    if row is None:
        return None
    lines: tuple[FigureLine, ...] = ()
    if row.invoice is not None:
        late = (_day(row.date) - _day(row.due_on)).days
        lines = (FigureLine("invoice", row.number, _day(row.due_on), quantity=late, unit="late",
                            amount_minor=row.total_minor, id=row.invoice),)  # fmt: skip
    return EventDetails("payment", row.reference or "", _day(row.date), "", row.method or "",
                        row.amount_minor, lines)  # fmt: skip


def _visit(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT v.uid, v.date, v.mode, v.outcome, v.note, v.next_step, u.name FROM visit v"
        " LEFT JOIN app_user u ON u.id = v.user_id WHERE v.id = :key",
        key,
    )
    if row is None:
        return None
    tasks = _all(
        connection,
        "SELECT t.kind, t.name, t.answer, t.counted, p.name product FROM visit_task t"
        " LEFT JOIN product p ON p.id = t.product_id WHERE t.visit_id = :key"
        " ORDER BY t.position, t.id",
        key,
    )
    orders = _all(
        connection,
        "SELECT id, number, order_date, net_minor FROM sales_order WHERE visit_id = :key"
        " AND status <> 'draft'",
        key,
    )
    lines = [
        FigureLine("order", o.number, _day(o.order_date), amount_minor=o.net_minor, id=o.id)
        for o in orders
    ] + [
        FigureLine(_task_kind(t.kind), t.product or t.name, detail=t.answer or "",
                   quantity=t.counted, unit="times")
        for t in tasks
    ]  # fmt: skip
    promised = connection.execute(
        text("SELECT id, text, due_on FROM promise WHERE visit_uid = :visit ORDER BY id"),
        {"visit": row.uid},
    )
    lines += [
        FigureLine("promise", p.text, _day(p.due_on) if p.due_on else None, id=p.id)
        for p in promised
    ]
    said = ". ".join(part.strip() for part in (row.note or "", row.next_step or "") if part.strip())
    return EventDetails("visit", row.mode, _day(row.date), row.name or "", said, None, tuple(lines))


def _task_kind(kind: str) -> str:
    return {"survey": "answer", "count": "counted", "shelf": "counted"}.get(kind, kind)


def _ticket(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT t.number, t.subject, t.description, t.date, t.credit_minor, t.resolution, u.name"
        " FROM ticket t LEFT JOIN app_user u ON u.id = t.assignee_id WHERE t.id = :key",
        key,
    )
    if row is None:
        return None
    events = _all(
        connection,
        "SELECT local_day(e.at) AS day, e.text, u.name FROM ticket_event e"
        " LEFT JOIN app_user u ON u.id = e.user_id WHERE e.ticket_id = :key ORDER BY e.at, e.id",
        key,
    )
    lines = tuple(FigureLine("said", e.text or "", _day(e.day), e.name or "") for e in events)
    words = [row.subject, row.description or "", row.resolution or ""]
    said = ". ".join(word for word in words if word)
    return EventDetails("ticket", row.number, _day(row.date), row.name or "", said,
                        row.credit_minor, lines)  # fmt: skip


def _note(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT n.date, n.text, u.name FROM note n LEFT JOIN app_user u ON u.id = n.user_id"
        " WHERE n.id = :key",
        key,
    )
    return None if row is None else EventDetails("note", "", _day(row.date), row.name or "",
                                                 row.text)  # fmt: skip


def _promise(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT p.kind, p.text, p.note, p.made_on, p.due_on, local_day(p.done_at) AS done_on,"
        " u.name FROM promise p LEFT JOIN app_user u ON u.id = p.user_id WHERE p.id = :key",
        key,
    )
    if row is None:
        return None
    lines = [
        FigureLine(kind, day=_day(value))
        for kind, value in (("due_on", row.due_on), ("done_on", row.done_on))
        if value
    ]
    day = _day(row.made_on or row.due_on or row.done_on or "1970-01-01")
    words = ". ".join(part for part in (row.text, row.note or "") if part)
    return EventDetails(row.kind, "", day, row.name or "", words, None, tuple(lines))


def _score(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT s.kind, s.score, s.comment, s.date, c.name, t.id ticket_id, t.number,"
        " v.id visit_id, v.date visited, v.mode FROM survey_score s"
        " LEFT JOIN contact c ON c.id = s.contact_id"
        " LEFT JOIN ticket t ON t.uid = s.about_uid AND s.about_kind = 'ticket'"
        " LEFT JOIN visit v ON v.uid = s.about_uid AND s.about_kind = 'visit' WHERE s.id = :key",
        key,
    )
    if row is None:
        return None
    lines = [
        FigureLine(f"score:{row.kind}", row.name or "", _day(row.date), "", row.score, "score")
    ]
    if row.ticket_id is not None:
        lines.append(FigureLine("ticket", row.number, id=row.ticket_id))
    if row.visit_id is not None:
        lines.append(FigureLine(f"mode:{row.mode}", "", _day(row.visited), id=row.visit_id))
    return EventDetails(
        "score", "", _day(row.date), row.name or "", row.comment or "", None, tuple(lines)
    )


def _handover(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT local_day(h.at) AS day, h.text, u.name FROM handover h"
        " LEFT JOIN app_user u ON u.id = h.user_id WHERE h.id = :key",
        key,
    )
    return None if row is None else EventDetails("handover", "", _day(row.day), row.name or "",
                                                 row.text)  # fmt: skip


def _deal(connection: Connection, key: int) -> EventDetails | None:
    row = _one(
        connection,
        "SELECT o.name, o.stage, o.amount_minor, o.opened_on, o.note, u.name owner"
        " FROM opportunity o LEFT JOIN app_user u ON u.id = o.user_id WHERE o.id = :key",
        key,
    )
    if row is None:
        return None
    steps = _all(
        connection,
        "SELECT local_day(s.at) AS day, s.to_stage, s.note, r.name FROM stage_change s"
        " LEFT JOIN outcome_reason r ON r.id = s.reason_id WHERE s.opportunity_id = :key"
        " ORDER BY s.at, s.id",
        key,
    )
    lines = tuple(
        FigureLine(f"stage:{s.to_stage}", s.name or "", _day(s.day), s.note or "") for s in steps
    )
    day = row.opened_on or (steps[0].day if steps else "1970-01-01")
    return EventDetails("stage", row.name, _day(day), row.owner or "", row.note or "",
                        row.amount_minor, lines)  # fmt: skip


_READERS: dict[str, Callable[[Connection, int], EventDetails | None]] = {
    "sale": _sale,
    "invoice": _invoice,
    "payment": _payment,
    "visit": _visit,
    "ticket": _ticket,
    "note": _note,
    "promise": _promise,
    "score": _score,
    "handover": _handover,
    "stage": _deal,
}
