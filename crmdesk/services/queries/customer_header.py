"""Who a customer is and how things stand with it, as one row.

Owns the header that the card, the preview and their words share.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, func, select

from crmdesk.domain.errors import NotFound
from crmdesk.domain.pipeline import OPEN_STAGES
from crmdesk.i18n import _
from crmdesk.planning.serving import Serving
from crmdesk.services.queries.customers import parse_day
from crmdesk.services.queries.locations import is_known
from crmdesk.services.serving import read_serving
from crmdesk.services.territories import territory_holders
from crmdesk.storage.tables import summary_account, table

_account, _list = table("account"), table("price_list")
_plan, _score, _visit = table("planned_visit"), table("survey_score"), table("visit")
_territory, _segment = table("territory"), table("segment_rule")
_deal = table("opportunity")


@dataclass(frozen=True, slots=True)
class CustomerHeader:
    """Who the customer is and how things stand; money in minor units, days local.

    `opening_hours` is the document as stored; `running_visit_id` is a visit that has not ended;
    `place_known` is false where there is no place on the map, or that of a postcode or town only.
    """

    id: int
    uid: bytes
    rev: int
    code: str
    name: str
    account_class: str
    channel: str
    segment: str
    segment_name: str
    status: str
    street: str
    city: str
    postcode: str
    territory: str
    owner: str
    opening_hours: Any
    interval_days: int | None
    attention_model: str
    terms_days: int
    price_list: str
    credit_limit_minor: int | None
    credit_mode: str
    minimum_order_minor: int | None
    overdue: int
    due: int
    at_risk: int
    open_minor: int
    late_minor: int
    late_since: date | None
    open_tickets: int
    open_deals: int
    deals_minor: int
    last_order_on: date | None
    last_visit_on: date | None
    next_visit_on: date | None
    next_visit_minute: int | None
    running_visit_id: int | None
    score_kind: str
    score: int | None
    scored_on: date | None
    place_known: bool = True


def read_header(connection: Connection, account_id: int, today: date) -> CustomerHeader:
    """The header inside a read transaction that is already open; raises NotFound."""
    row = connection.execute(_query().where(_account.c.id == account_id)).mappings().first()
    if row is None:
        raise NotFound(
            _("This customer is no longer on this laptop."),
            _("It may have been given to another territory. Open the list of customers."),
        )
    planned = _next_visit(connection, account_id, today)
    running = connection.execute(
        select(func.max(_visit.c.id)).where(
            _visit.c.account_id == account_id, _visit.c.date == today, _visit.c.ended_at.is_(None)
        )
    ).scalar()
    score = connection.execute(
        select(_score.c.kind, _score.c.score, _score.c.date)
        .where(_score.c.account_id == account_id)
        .order_by(_score.c.date.desc(), _score.c.id.desc())
        .limit(1)
    ).first()
    owner = territory_holders(connection, row["territory_id"], today)
    return _header(row, planned, running, score, read_serving(connection, account_id), owner)


def _model_name(serving: Serving | None) -> str:
    return "" if serving is None or serving.source is None else serving.source.name


def _header(
    row: Any,
    planned: tuple[date | None, int | None],
    running: int | None,
    score: Any,
    serving: Serving | None,
    owner: str,
) -> CustomerHeader:
    return CustomerHeader(
        id=row["id"],
        uid=row["uid"],
        rev=row["rev"],
        code=row["code"],
        name=row["name"],
        account_class=row["class"],
        channel=row["channel"] or "",
        segment=row["segment"] or "",
        segment_name=row["segment_name"] or "",
        status=row["status"],
        street=row["street"] or "",
        city=row["city"] or "",
        postcode=row["postcode"] or "",
        territory=row["territory_name"] or "",
        owner=owner,
        opening_hours=row["opening_hours"],
        interval_days=None if serving is None else round(serving.model.interval_days),
        attention_model=_model_name(serving),
        terms_days=row["payment_terms_days"],
        price_list=row["list_code"] or "",
        credit_limit_minor=row["credit_limit_minor"],
        credit_mode=row["credit_mode"],
        minimum_order_minor=row["minimum_order_minor"],
        overdue=row["overdue"] or 0,
        due=row["due"] or 0,
        at_risk=row["at_risk"] or 0,
        open_minor=row["open_minor"] or 0,
        late_minor=row["late_minor"] or 0,
        late_since=parse_day(row["late_since"]),
        open_tickets=row["open_tickets"] or 0,
        open_deals=row["open_deals"],
        deals_minor=row["deals_minor"] or 0,
        last_order_on=parse_day(row["last_on"]),
        last_visit_on=parse_day(row["last_visit_on"]),
        next_visit_on=planned[0],
        next_visit_minute=planned[1],
        running_visit_id=running,
        score_kind=score.kind if score else "",
        score=score.score if score else None,
        scored_on=score.date if score else None,
        place_known=is_known(row["latitude"], row["longitude"], row["location_quality"]),
    )


def _next_visit(
    connection: Connection, account_id: int, today: date
) -> tuple[date | None, int | None]:
    row = connection.execute(
        select(_plan.c.date, _plan.c.start_minute)
        .where(
            _plan.c.account_id == account_id,
            _plan.c.date >= today,
            _plan.c.status.in_(("planned", "started")),
        )
        .order_by(_plan.c.date, _plan.c.start_minute)
        .limit(1)
    ).first()
    return (row.date, row.start_minute) if row else (None, None)


def _query() -> Select[Any]:
    a, s = _account.c, summary_account.c
    segment = (
        select(func.min(_segment.c.name)).where(_segment.c.code == a.segment).scalar_subquery()
    )
    mine = (_deal.c.account_id == a.id, _deal.c.stage.in_([str(one) for one in OPEN_STAGES]))
    deals, amount = (
        select(what).where(*mine).scalar_subquery()
        for what in (func.count(), func.sum(_deal.c.amount_minor))
    )
    return (
        select(
            *a, s.overdue, s.due, s.at_risk, s.open_minor, s.late_minor, s.late_since,
            s.open_tickets, s.last_on, s.last_visit_on,
            _list.c.code.label("list_code"), _territory.c.name.label("territory_name"),
            segment.label("segment_name"),
            deals.label("open_deals"), amount.label("deals_minor"),
        )
        .select_from(
            _account.outerjoin(summary_account, s.account_id == a.id)
            .outerjoin(_list, _list.c.id == a.price_list_id)
            .outerjoin(_territory, _territory.c.id == a.territory_id)
        )
    )  # fmt: skip
