"""The lists of the work with customers: visits, tasks, opportunities, leads, tickets."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Integer, Text, case, func, literal_column

from crmdesk.domain.pipeline import Stage, stage_word
from crmdesk.i18n import _
from crmdesk.services.queries.deal_shares import only_elsewhere, own_part
from crmdesk.services.queries.lists import words
from crmdesk.services.queries.lists.sales import customer_columns
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.storage.tables import table

_TEXT, _DAY, _MONEY, _CHOICE = Kind.TEXT, Kind.DAY, Kind.MONEY, Kind.CHOICE


def lists() -> tuple[ListSpec, ...]:
    """All of them."""
    return (_visits(), _tasks(), _opportunities(), _shares(), _leads(), _tickets())


def _visits() -> ListSpec:
    v, a, u = table("visit").c, table("account").c, table("user").c
    reason = table("outcome_reason").c
    source = (
        table("visit").outerjoin(table("account"), a.id == v.account_id)
        .outerjoin(table("user"), u.id == v.user_id)
        .outerjoin(table("outcome_reason"), reason.id == v.reason_id)
    )  # fmt: skip
    # Written out, as the index on it is.
    minutes: ColumnElement[int] = literal_column(
        "coalesce(round((julianday(visit.ended_at) - julianday(visit.started_at)) * 1440), 0)",
        Integer,
    )
    return ListSpec(
        "visits", lambda: _("Visits"), "visit", "car", source, v.id,
        (
            *customer_columns(v.account_id, shown=True),
            ListColumn("date", lambda: _("Visit day"), _DAY, v.date, 100, order=v.date,
                       indexed=True),
            ListColumn("mode", lambda: _("How"), _CHOICE, v.mode, 120, choices=words.visit_modes,
                       indexed=True),
            ListColumn("outcome", lambda: _("Outcome"), _CHOICE, v.outcome, 130,
                       choices=words.visit_outcomes, indexed=True),
            ListColumn("reason", lambda: _("Reason"), _TEXT, reason.name, 150, via=v.reason_id),
            ListColumn("minutes", lambda: _("Minutes"), Kind.NUMBER,
                       minutes, 90, order=minutes, total=True, indexed=True),
            ListColumn("next_step", lambda: _("Next step"), _TEXT, v.next_step, 160, shown=False,
                       sortable=False),
            ListColumn("next_on", lambda: _("Next step on"), _DAY, v.next_step_on, 100,
                       shown=False, indexed=True),
            ListColumn("note", lambda: _("Note"), _TEXT, v.note, 220, sortable=False),
            ListColumn("rep", lambda: _("Rep"), _TEXT, u.name, 130, via=v.user_id),
        ),
        ("date", True),
        lambda row: ("customer", {"account": row.account_id}),
        ("visit", "account"),
        found={"account": v.account_id},
        account=v.account_id,
    )  # fmt: skip


def _tasks() -> ListSpec:
    p, a = table("promise").c, table("account").c
    by, to = table("user").alias("by_user"), table("user").alias("to_user")
    source = (
        table("promise").outerjoin(table("account"), a.id == p.account_id)
        .outerjoin(by, by.c.id == p.user_id).outerjoin(to, to.c.id == p.assignee_id)
    )  # fmt: skip
    done = case((p.done_at.is_(None), "no"), else_="yes")
    return ListSpec(
        "tasks", lambda: _("Tasks"), "promise", "check", source, p.id,
        (
            ListColumn("text", lambda: _("Task"), _TEXT, p.text, 260),
            *customer_columns(p.account_id, shown=False),
            ListColumn("due", lambda: _("Due"), _DAY, p.due_on, 100, field="due_on",
                       indexed=True),
            ListColumn("done", lambda: _("Done"), _CHOICE, done, 70, choices=words.yes_no),
            ListColumn("made", lambda: _("Made on"), _DAY, p.made_on, 100),
            ListColumn("by", lambda: _("Promised by"), _TEXT, by.c.name, 130),
            ListColumn("to", lambda: _("Done by"), _TEXT, to.c.name, 130),
            ListColumn("note", lambda: _("Note"), _TEXT, p.note, 180, shown=False, field="note"),
        ),
        ("due", False),
        lambda row: ("customer", {"account": row.account_id}),
        ("promise", "account"),
        found={"promise": p.id, "account": p.account_id},
        account=p.account_id,
    )  # fmt: skip


def _opportunities() -> ListSpec:
    o, a, u = table("opportunity").c, table("account").c, table("user").c
    reason, campaign = table("outcome_reason").c, table("campaign").c
    source = (
        table("opportunity").outerjoin(table("account"), a.id == o.account_id)
        .outerjoin(table("user"), u.id == o.user_id)
        .outerjoin(table("outcome_reason"), reason.id == o.reason_id)
        .outerjoin(table("campaign"), campaign.id == o.campaign_id)
    )  # fmt: skip
    return ListSpec(
        "opportunities", lambda: _("Opportunities"), "opportunity", "goals", source, o.id,
        (
            ListColumn("name", lambda: _("Opportunity"), _TEXT, o.name, 220),
            *customer_columns(o.account_id, shown=False),
            ListColumn("stage", lambda: _("Stage"), _CHOICE, o.stage, 120,
                       choices=lambda: {one.value: stage_word(one) for one in Stage}),
            ListColumn("amount", lambda: _("Amount"), _MONEY, o.amount_minor, 110, total=True),
            ListColumn("close", lambda: _("Expected close"), _DAY, o.expected_close, 110,
                       indexed=True),
            ListColumn("next_on", lambda: _("Next step on"), _DAY, o.next_step_on, 110),
            ListColumn("next_step", lambda: _("Next step"), _TEXT, o.next_step, 180),
            ListColumn("kind", lambda: _("Kind"), _CHOICE, o.kind, 110, shown=False,
                       choices=words.deal_kinds),
            ListColumn("reason", lambda: _("Reason"), _TEXT, reason.name, 130, shown=False),
            ListColumn("campaign", lambda: _("Campaign"), _TEXT, campaign.name, 150, shown=False),
            ListColumn("opened", lambda: _("Opened"), _DAY, o.opened_on, 100, shown=False),
            ListColumn("closed", lambda: _("Closed"), _DAY, o.closed_on, 100, shown=False),
            ListColumn("rep", lambda: _("Rep"), _TEXT, u.name, 130),
        ),
        ("close", False),
        lambda row: ("pipeline", {"deal": row.id}),
        ("opportunity", "account"),
        found={"opportunity": o.id, "account": o.account_id},
        account=o.account_id,
    )  # fmt: skip


def _shares() -> ListSpec:
    s = table("deal_share").c
    percent = func.round(s.share_bp / 100.0, 2)
    return ListSpec(
        "shares", lambda: _("Shares elsewhere"), "deal_share", "goals", table("deal_share"), s.id,
        (
            ListColumn("customer", lambda: _("Customer"), _TEXT, s.customer, 240),
            ListColumn("stage", lambda: _("Stage"), _CHOICE, s.stage, 120,
                       choices=lambda: {one.value: stage_word(one) for one in Stage}),
            ListColumn("amount", lambda: _("Amount"), _MONEY, s.amount_minor, 110),
            ListColumn("share", lambda: _("Share, %"), Kind.NUMBER, percent, 90),
            ListColumn("own", lambda: _("Own part"), _MONEY, own_part(), 110, total=True),
        ),
        ("customer", False),
        lambda _row: ("pipeline", {}),
        ("deal_share", "opportunity"),
        where=only_elsewhere,
    )  # fmt: skip


def _leads() -> ListSpec:
    le, u = table("lead").c, table("user").c
    reason, campaign = table("outcome_reason").c, table("campaign").c
    source = (
        table("lead").outerjoin(table("user"), u.id == le.user_id)
        .outerjoin(table("outcome_reason"), reason.id == le.reason_id)
        .outerjoin(table("campaign"), campaign.id == le.campaign_id)
    )  # fmt: skip
    return ListSpec(
        "leads", lambda: _("Leads"), "lead", "user", source, le.id,
        (
            ListColumn("name", lambda: _("Lead"), _TEXT, le.name, 200),
            ListColumn("company", lambda: _("Company"), _TEXT, le.company, 180),
            ListColumn("city", lambda: _("Town"), _TEXT, le.city, 120),
            ListColumn("status", lambda: _("Status"), _CHOICE, le.status, 110,
                       choices=words.lead_states),
            ListColumn("source", lambda: _("Source"), _CHOICE, le.source, 120, field="source",
                       choices=words.lead_sources),
            ListColumn("campaign", lambda: _("Campaign"), _TEXT, campaign.name, 150, shown=False),
            ListColumn("reason", lambda: _("Reason"), _TEXT, reason.name, 130, shown=False),
            ListColumn("score", lambda: _("Score"), Kind.NUMBER, le.score, 80),
            ListColumn("next_on", lambda: _("Next step on"), _DAY, le.next_step_on, 110),
            ListColumn("created", lambda: _("Created"), _DAY, le.created_on, 100, indexed=True),
            ListColumn("rep", lambda: _("Rep"), _TEXT, u.name, 130),
        ),
        ("created", True),
        lambda row: ("pipeline", {"lead": row.id}),
        ("lead",),
        found={"lead": le.id},
    )  # fmt: skip


def _tickets() -> ListSpec:
    k, a, u = table("ticket").c, table("account").c, table("user").c
    source = (
        table("ticket").outerjoin(table("account"), a.id == k.account_id)
        .outerjoin(table("user"), u.id == k.assignee_id)
    )  # fmt: skip
    due, opened = func.local_day(k.due_at, type_=Text()), k.date
    return ListSpec(
        "tickets", lambda: _("Tickets"), "ticket", "ticket", source, k.id,
        (
            ListColumn("subject", lambda: _("Subject"), _TEXT, k.subject, 240),
            ListColumn("number", lambda: _("Number"), _TEXT, k.number, 110),
            *customer_columns(k.account_id, shown=False),
            ListColumn("status", lambda: _("Status"), _CHOICE, k.status, 100,
                       choices=words.ticket_states),
            ListColumn("priority", lambda: _("Priority"), _CHOICE, k.priority, 90,
                       choices=words.priorities),
            ListColumn("opened", lambda: _("Opened"), _DAY, opened, 100, order=opened,
                       indexed=True),
            ListColumn("due", lambda: _("Due"), _DAY, due, 100),
            ListColumn("assignee", lambda: _("Assigned to"), _TEXT, u.name, 130),
        ),
        ("opened", True),
        lambda row: ("service", {"ticket": row.id}),
        ("ticket", "account"),
        found={"ticket": k.id, "account": k.account_id},
        account=k.account_id,
    )  # fmt: skip
