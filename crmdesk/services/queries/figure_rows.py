"""The rows behind each figure of the customer card, read from the documents they come from.

Owns one reader per figure. What a figure is called and how its formula reads is left to the places;
the arithmetic is :mod:`crmdesk.analytics.value`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text

from crmdesk.analytics.value import Step
from crmdesk.services.debts import read_debts
from crmdesk.services.queries.customer_figures import (
    FigureKey,
    FigureLine,
    FigureRows,
    Ground,
    Reader,
    rate_lines,
    step_value,
    visit_cost,
)
from crmdesk.services.queries.customer_timeline import count_by_kind
from crmdesk.services.queries.customer_value import DISCOUNT, RETENTION, read_rates

_SALES = (
    "SELECT s.id, s.kind, s.document, s.date, s.line_count, sum(l.net_minor) net,"
    " sum(l.discount_minor) discount, sum(coalesce(l.cost_minor, 0)) cost,"
    " sum(l.cost_minor IS NULL) unknown"
    " FROM sale s JOIN sale_line l ON l.parent_id = s.id"
    " WHERE s.account_id = :account AND s.date >= :since AND s.date <= :today"
    " GROUP BY s.id ORDER BY s.date DESC, s.id DESC"
)


def _rows(ground: Ground, statement: str, **more: object) -> list[Any]:
    return list(ground.connection.execute(text(statement), {**ground.span, **more}))


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value)[:10])


def _count(key: FigureKey, lines: list[FigureLine], value: int) -> FigureRows:
    return FigureRows(key, value, is_money=False, lines=tuple(lines))


# ---------------------------------------------------------------------------------------- header


def _next_visit(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT p.id, p.date, p.mode, p.start_minute, u.name FROM planned_visit p"
        " LEFT JOIN app_user u ON u.id = p.user_id WHERE p.account_id = :account"
        " AND p.date >= :today AND p.status IN ('planned', 'started')"
        " ORDER BY p.date, p.start_minute",
    )
    lines = [
        FigureLine(f"mode:{r.mode}", r.name or "", _day(r.date), quantity=r.start_minute,
                   unit="minute", id=r.id)
        for r in rows
    ]  # fmt: skip
    header = ground.header
    facts: Mapping[str, int | str] = {
        "days": header.interval_days or 0,
        "model": header.attention_model,
    }
    return FigureRows(
        FigureKey.NEXT_VISIT, len(lines), is_money=False, lines=tuple(lines), facts=facts
    )


def _due(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT p.product_id, q.name, p.state, p.last_on, p.n, p.p_14, p.expected_net_minor"
        " FROM summary_pair p JOIN product q ON q.id = p.product_id"
        " WHERE p.account_id = :account AND p.state IN ('overdue', 'due')"
        " ORDER BY p.state = 'due', p.p_14 DESC",
    )
    lines = [
        FigureLine(f"state:{r.state}", r.name, _day(r.last_on), quantity=round(r.p_14 * 10_000),
                   unit="bp", amount_minor=r.expected_net_minor, id=r.product_id)
        for r in rows
    ]  # fmt: skip
    total = FigureLine("sum", amount_minor=sum(r.expected_net_minor for r in rows))
    header = ground.header
    return FigureRows(
        FigureKey.DUE, header.overdue + header.due, is_money=False, lines=tuple(lines),
        sums=(total,) if lines else (),
        facts={"overdue": header.overdue, "due": header.due},
    )  # fmt: skip


def _satisfaction(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT s.id, s.date, s.kind, s.score, s.comment, c.name FROM survey_score s"
        " LEFT JOIN contact c ON c.id = s.contact_id WHERE s.account_id = :account"
        " ORDER BY s.date DESC, s.id DESC",
    )
    lines = [
        FigureLine(f"score:{r.kind}", r.name or "", _day(r.date), r.comment or "", r.score,
                   "score", id=r.id)
        for r in rows
    ]  # fmt: skip
    value = ground.header.score
    return FigureRows(FigureKey.SATISFACTION, value, is_money=False, lines=tuple(lines))


def _debts(ground: Ground, *, late: bool) -> FigureRows:
    debts = read_debts(ground.connection, ground.account_id)
    lines = [
        FigureLine("invoice", debt.number, debt.due_on, quantity=(ground.today - debt.due_on).days,
                   unit="late", amount_minor=debt.left_minor, id=debt.id)
        for debt in debts.invoices
        if not late or (debt.due_on < ground.today and debt.left_minor > 0)
    ]  # fmt: skip
    if debts.ahead_minor and not late:
        lines.append(FigureLine("ahead", amount_minor=-debts.ahead_minor))
    header = ground.header
    key, value = (
        (FigureKey.LATE, header.late_minor) if late else (FigureKey.CREDIT, header.open_minor)
    )
    sums = [FigureLine("sum", amount_minor=sum(line.amount_minor or 0 for line in lines))]
    if not late and header.credit_limit_minor is not None:
        sums.append(FigureLine("limit", amount_minor=header.credit_limit_minor))
        sums.append(FigureLine("free", amount_minor=header.credit_limit_minor - value))
    return FigureRows(key, value, is_money=True, lines=tuple(lines), sums=tuple(sums))


def _terms(ground: Ground) -> FigureRows:
    header = ground.header
    lines = [
        FigureLine("terms:days", quantity=header.terms_days, unit="days"),
        FigureLine("terms:list", header.price_list),
        FigureLine("terms:mode", detail=header.credit_mode),
        FigureLine("terms:limit", amount_minor=header.credit_limit_minor),
        FigureLine("terms:minimum", amount_minor=header.minimum_order_minor),
    ]
    return FigureRows(FigureKey.TERMS, header.terms_days, is_money=False, lines=tuple(lines))


def _opening(ground: Ground) -> FigureRows:
    hours = ground.header.opening_hours
    lines = [
        FigureLine(f"weekday:{weekday}", detail=f"{start}-{end}", quantity=end - start,
                   unit="minutes")
        for weekday, day in enumerate(hours if isinstance(hours, list) else [])
        for start, end in day
    ]  # fmt: skip
    total = sum(line.quantity or 0 for line in lines)
    sums = (FigureLine("sum", quantity=total, unit="minutes"),) if lines else ()
    return FigureRows(
        FigureKey.OPENING, total, is_money=False, lines=tuple(lines), sums=sums,
        facts={"text": ", ".join(p for p in (ground.header.street, ground.header.city) if p)},
    )  # fmt: skip


def _owner(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT u.name, t.name territory, m.valid_from, m.valid_to FROM territory_user m"
        " JOIN app_user u ON u.id = m.user_id JOIN territory t ON t.id = m.territory_id"
        " JOIN account a ON a.territory_id = m.territory_id WHERE a.id = :account"
        " AND (m.valid_from IS NULL OR m.valid_from <= :today)"
        " AND (m.valid_to IS NULL OR m.valid_to >= :today)"
        " GROUP BY u.id ORDER BY min(m.valid_to IS NOT NULL), min(m.id)",
    )
    lines = [
        FigureLine("cover" if r.valid_to else "owner", f"{r.name}, {r.territory}",
                   _day(r.valid_to or r.valid_from))
        for r in rows
    ]  # fmt: skip
    return _count(FigureKey.OWNER, lines, len(lines))


def _tickets(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT id, number, subject, date, status FROM ticket WHERE account_id = :account"
        " AND status IN ('open', 'waiting') ORDER BY date, number",
    )
    lines = [
        FigureLine(f"ticket:{r.status}", f"{r.number} {r.subject}", _day(r.date), id=r.id)
        for r in rows
    ]
    return _count(FigureKey.TICKETS, lines, ground.header.open_tickets)


def _deals(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT id, name, stage, next_step_on, amount_minor FROM opportunity"
        " WHERE account_id = :account AND stage IN ('qualified', 'proposal', 'negotiation')"
        " ORDER BY coalesce(next_step_on, ''), id",
    )
    lines = tuple(
        FigureLine("deal", r.name, _day(r.next_step_on), r.stage, amount_minor=r.amount_minor,
                   id=r.id)
        for r in rows
    )  # fmt: skip
    value = ground.header.deals_minor
    sums = (FigureLine("sum", amount_minor=value),)
    return FigureRows(FigureKey.DEALS, value, is_money=True, lines=lines, sums=sums)


# ----------------------------------------------------------------------------------------- value


def _sales(ground: Ground, key: FigureKey) -> FigureRows:
    def amount(row: Any) -> int:
        if key is FigureKey.REVENUE:
            return int(row.net + row.discount)
        return int(row.discount if key is FigureKey.DISCOUNTS else row.cost)

    rows = [r for r in _rows(ground, _SALES) if key is not FigureKey.DISCOUNTS or r.discount]
    lines = [
        FigureLine(r.kind, r.document or "", _day(r.date), quantity=r.line_count, unit="lines",
                   amount_minor=amount(r), id=r.id)
        for r in rows
    ]  # fmt: skip
    sums = [FigureLine("sum", amount_minor=sum(amount(r) for r in rows))]
    unknown = sum(r.unknown for r in rows)
    if unknown and key is FigureKey.COST_OF_GOODS:
        sums.append(FigureLine("unknown_cost", quantity=unknown, unit="lines"))
    missing = None
    if key is FigureKey.COST_OF_GOODS:
        missing = ground.value.waterfall.gross_margin_minor.reason
    value = None if missing else step_value(ground, Step(key.value))
    return FigureRows(
        key, value, is_money=True, lines=tuple(lines), sums=tuple(sums), missing=missing
    )


def _visits(ground: Ground) -> FigureRows:
    visits = _rows(
        ground,
        "SELECT id, date, mode, outcome, CAST(round((julianday(ended_at) - julianday(started_at))"
        " * 86400) AS INTEGER) seconds FROM visit WHERE account_id = :account AND date >= :since"
        " AND date <= :today AND ended_at IS NOT NULL ORDER BY date DESC, id DESC",
    )
    legs = _rows(
        ground,
        "SELECT id, date, coalesce(leg_minutes, 0) minutes, coalesce(leg_m, 0) metres"
        " FROM planned_visit WHERE account_id = :account AND date >= :since AND date <= :today"
        " AND status = 'done' AND (leg_minutes > 0 OR leg_m > 0) ORDER BY date DESC, id DESC",
    )
    lines = [
        FigureLine(f"mode:{r.mode}", "", _day(r.date), r.outcome or "", r.seconds, "s", id=r.id)
        for r in visits
    ]
    for r in legs:
        lines.append(FigureLine("leg", "", _day(r.date), "", r.minutes * 60, "s"))
        lines.append(FigureLine("leg", "", _day(r.date), "", r.metres, "m"))
    lines.sort(key=lambda line: line.day or date.min, reverse=True)
    seconds = sum(line.quantity or 0 for line in lines if line.unit == "s")
    metres = sum(line.quantity or 0 for line in lines if line.unit == "m")
    value = step_value(ground, Step.VISITS)
    return FigureRows(
        FigureKey.VISITS, value, is_money=True, lines=tuple(lines),
        sums=(
            FigureLine("minutes", quantity=seconds, unit="s"),
            *rate_lines(ground, "minute"),
            FigureLine("driving", quantity=metres, unit="m"),
            *rate_lines(ground, "kilometre"),
            FigureLine("sum", amount_minor=value),
        ),
    )  # fmt: skip


def _delivery(ground: Ground) -> FigureRows:
    rows = [r for r in _rows(ground, _SALES) if r.kind == "sale"]
    lines = [
        FigureLine(r.kind, r.document or "", _day(r.date), quantity=1, unit="times", id=r.id)
        for r in rows
    ]
    value = step_value(ground, Step.DELIVERY)
    return FigureRows(
        FigureKey.DELIVERY, value, is_money=True, lines=tuple(lines),
        sums=(
            FigureLine("drops", quantity=len(rows), unit="times"),
            *rate_lines(ground, "drop"),
            FigureLine("sum", amount_minor=value),
        ),
    )  # fmt: skip


def _handling(ground: Ground) -> FigureRows:
    """Orders, tickets and returns, which share a bar."""
    sales = _rows(ground, _SALES)
    tickets = _rows(
        ground,
        "SELECT id, number, subject, date FROM ticket WHERE account_id = :account"
        " AND date >= :since AND date <= :today ORDER BY date DESC, id DESC",
    )
    lines = [
        FigureLine(r.kind, r.document or "", _day(r.date), quantity=r.line_count, unit="lines",
                   id=r.id)
        for r in sales
    ] + [
        FigureLine("ticket", f"{r.number} {r.subject}", _day(r.date), quantity=1, unit="times",
                   id=r.id)
        for r in tickets
    ]  # fmt: skip
    lines.sort(key=lambda line: line.day or date.min, reverse=True)
    sold = [r for r in sales if r.kind == "sale"]
    counted = {
        "order": len(sold),
        "line": sum(r.line_count for r in sold),
        "ticket": len(tickets),
        "return": sum(r.kind == "return" for r in sales),
    }
    sums: list[FigureLine] = []
    for driver, count in counted.items():
        sums.append(FigureLine(f"count:{driver}", quantity=count, unit="times"))
        sums.extend(rate_lines(ground, driver))
    value = sum(step_value(ground, s) for s in (Step.ORDERS, Step.TICKETS, Step.RETURNS))
    sums.append(FigureLine("sum", amount_minor=value))
    return FigureRows(FigureKey.ORDERS, value, is_money=True, lines=tuple(lines), sums=tuple(sums))


def _debt(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT * FROM (SELECT i.id, i.number, i.date, p.amount_minor,"
        " CAST(max(julianday(p.date) - julianday(i.date), 0) AS INTEGER) days FROM invoice i"
        " JOIN payment p ON p.invoice_id = i.id WHERE i.account_id = :account UNION ALL"
        " SELECT id, number, date, open_minor, CAST(julianday(:today) - julianday(date) AS INTEGER)"
        " FROM invoice WHERE account_id = :account AND open_minor <> 0)"
        " WHERE date >= :since AND date <= :today ORDER BY date DESC, id DESC, days",
    )
    lines = [
        FigureLine("invoice", r.number, _day(r.date), quantity=r.days, unit="days",
                   amount_minor=r.amount_minor, id=r.id)
        for r in rows
    ]  # fmt: skip
    value = step_value(ground, Step.DEBT)
    capital = read_rates(ground.connection, ground.today).capital_bp
    return FigureRows(
        FigureKey.DEBT, value, is_money=True, lines=tuple(lines),
        sums=(
            FigureLine("capital", quantity=capital, unit="bp"),
            FigureLine("sum", amount_minor=value),
        ),
    )  # fmt: skip


def _contribution(ground: Ground) -> FigureRows:
    waterfall, prior = ground.value.waterfall, ground.value.contribution_prior_minor
    lines = [
        FigureLine(f"step:{bar.step}", amount_minor=bar.amount_minor)
        for bar in waterfall.steps
        if bar.step is not Step.CONTRIBUTION
    ]
    figure = waterfall.contribution_minor
    sums = [FigureLine("sum", amount_minor=figure.value)] if figure.value is not None else []
    if prior is not None:
        sums.append(FigureLine("prior", amount_minor=prior))
    return FigureRows(
        FigureKey.CONTRIBUTION, figure.value, is_money=True, lines=tuple(lines),
        sums=tuple(sums), missing=figure.reason,
    )  # fmt: skip


def _lifetime(ground: Ground) -> FigureRows:
    figure = ground.value.lifetime
    margin = ground.value.waterfall.gross_margin_minor
    facts = {"retention": RETENTION, "discount": DISCOUNT}
    if figure.value is None:
        return FigureRows(
            FigureKey.LIFETIME, None, is_money=True, lines=(), missing=figure.reason, facts=facts
        )
    net = ground.value.waterfall.net_revenue_minor
    lines = (
        FigureLine("net", amount_minor=net),
        FigureLine("step:cost_of_goods", amount_minor=figure.value.margin_minor - net),
        FigureLine("margin", amount_minor=margin.value),
        FigureLine("retention", quantity=round(RETENTION * 10_000), unit="bp"),
        FigureLine("discount_rate", quantity=round(DISCOUNT * 10_000), unit="bp"),
        FigureLine("multiple", quantity=round(figure.value.multiple * 10_000), unit="factor"),
    )
    return FigureRows(
        FigureKey.LIFETIME, figure.value.value_minor, is_money=True, lines=lines,
        sums=(FigureLine("sum", amount_minor=figure.value.value_minor),), facts=facts,
    )  # fmt: skip


def _break_even(ground: Ground) -> FigureRows:
    figure, waterfall = ground.value.break_even, ground.value.waterfall
    share = waterfall.gross_margin_share
    lines = [
        FigureLine("visit_cost", amount_minor=visit_cost(ground)),
        FigureLine("net", amount_minor=waterfall.net_revenue_minor),
        FigureLine("margin", amount_minor=waterfall.gross_margin_minor.value),
    ]
    if share.value is not None:
        lines.append(FigureLine("share", quantity=round(share.value * 10_000), unit="bp"))
    sums = (FigureLine("sum", amount_minor=figure.value),) if figure.value is not None else ()
    return FigureRows(
        FigureKey.BREAK_EVEN, figure.value, is_money=True, lines=tuple(lines), sums=sums,
        missing=figure.reason,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------- counts


def _events(ground: Ground) -> FigureRows:
    counted = count_by_kind(ground.connection, ground.account_id)
    counted["change"] = ground.changes
    lines = [FigureLine(f"event:{k}", quantity=n, unit="times") for k, n in counted.items() if n]
    lines.sort(key=lambda line: -(line.quantity or 0))
    total = sum(counted.values())
    sums = (FigureLine("sum", quantity=total, unit="times"),)
    return FigureRows(FigureKey.EVENTS, total, is_money=False, lines=tuple(lines), sums=sums)


def _skus(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT p.product_id, q.name, p.last_on, p.n, p.state, coalesce(m.net, 0) net"
        " FROM summary_pair p JOIN product q ON q.id = p.product_id LEFT JOIN"
        " (SELECT product_id, sum(net_minor) net FROM summary_month WHERE account_id = :account"
        " AND month >= :month GROUP BY product_id) m ON m.product_id = p.product_id"
        " WHERE p.account_id = :account ORDER BY net DESC, q.name",
        month=int(str(ground.span["since"])[:7].replace("-", "")),
    )
    lines = [
        FigureLine(f"state:{r.state}", r.name, _day(r.last_on), quantity=r.n, unit="times",
                   amount_minor=r.net, id=r.product_id)
        for r in rows
    ]  # fmt: skip
    sums = (FigureLine("sum", amount_minor=sum(r.net for r in rows)),) if lines else ()
    return FigureRows(FigureKey.SKUS, len(lines), is_money=False, lines=tuple(lines), sums=sums)


def _documents(ground: Ground) -> FigureRows:
    rows = _rows(
        ground,
        "SELECT id, name, kind, size, local_day(taken_at) AS taken_on FROM attachment"
        " WHERE account_id = :account ORDER BY id DESC",
    )
    lines = [
        FigureLine(f"file:{r.kind}", r.name, _day(r.taken_on), quantity=r.size, unit="bytes",
                   id=r.id)
        for r in rows
    ]  # fmt: skip
    return _count(FigureKey.DOCUMENTS, lines, len(lines))


READERS: Mapping[FigureKey, Reader] = {
    FigureKey.NEXT_VISIT: _next_visit,
    FigureKey.DUE: _due,
    FigureKey.CONTRIBUTION: _contribution,
    FigureKey.LIFETIME: _lifetime,
    FigureKey.SATISFACTION: _satisfaction,
    FigureKey.CREDIT: lambda ground: _debts(ground, late=False),
    FigureKey.TERMS: _terms,
    FigureKey.OPENING: _opening,
    FigureKey.OWNER: _owner,
    FigureKey.LATE: lambda ground: _debts(ground, late=True),
    FigureKey.TICKETS: _tickets,
    FigureKey.DEALS: _deals,
    FigureKey.REVENUE: lambda ground: _sales(ground, FigureKey.REVENUE),
    FigureKey.DISCOUNTS: lambda ground: _sales(ground, FigureKey.DISCOUNTS),
    FigureKey.COST_OF_GOODS: lambda ground: _sales(ground, FigureKey.COST_OF_GOODS),
    FigureKey.VISITS: _visits,
    FigureKey.DELIVERY: _delivery,
    FigureKey.ORDERS: _handling,
    FigureKey.DEBT: _debt,
    FigureKey.BREAK_EVEN: _break_even,
    FigureKey.EVENTS: _events,
    FigureKey.SKUS: _skus,
    FigureKey.DOCUMENTS: _documents,
}
