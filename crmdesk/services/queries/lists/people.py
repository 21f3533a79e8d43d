"""The lists of customers and of the people in them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, and_, case, literal_column, or_, select

from crmdesk.i18n import _
from crmdesk.services.queries.lists import words
from crmdesk.services.queries.lists.spec import Kind, ListColumn, ListSpec
from crmdesk.services.queries.locations import POOR_QUALITIES
from crmdesk.storage.tables import summary_account, table


def lists() -> tuple[ListSpec, ...]:
    """Both lists."""
    return (_customers(), _contacts())


def _customers() -> ListSpec:
    a, s = table("account").c, summary_account.c
    territory, model = table("territory").c, table("attention_model").c
    source = (
        table("account")
        .outerjoin(summary_account, s.account_id == a.id)
        .outerjoin(table("territory"), territory.id == a.territory_id)
        .outerjoin(table("attention_model"), model.id == a.attention_model_id)
    )
    text, day, money, number = Kind.TEXT, Kind.DAY, Kind.MONEY, Kind.NUMBER
    return ListSpec(
        "customers", lambda: _("Customers"), "account", "customers", source, a.id,
        (
            ListColumn("name", lambda: _("Customer"), text, a.name, 220, indexed=True),
            ListColumn("code", lambda: _("Code"), text, a.code, 90, shown=False),
            ListColumn("city", lambda: _("Town"), text, a.city, 120, indexed=True),
            ListColumn("class", lambda: _("Class"), Kind.CHOICE, a["class"], 70,
                       choices=words.classes, field="class", indexed=True),
            ListColumn("status", lambda: _("Status"), Kind.CHOICE, a.status, 90,
                       choices=words.account_states, field="status"),
            ListColumn("channel", lambda: _("Channel"), text, a.channel, 110, field="channel",
                       indexed=True),
            ListColumn("segment", lambda: _("Segment"), text, a.segment, 110, shown=False,
                       field="segment"),
            ListColumn("territory", lambda: _("Territory"), text, territory.name, 130, shown=False),
            ListColumn("model", lambda: _("Attention model"), text, model.name, 130, shown=False),
            ListColumn("last_order", lambda: _("Last order"), day, s.last_on, 95),
            ListColumn("last_visit", lambda: _("Last visit"), day, s.last_visit_on, 95),
            ListColumn("next_visit", lambda: _("Next visit"), day, s.next_visit_on, 95),
            ListColumn("net", lambda: _("Net 12 m"), money, s.net_12m_minor, 100, total=True),
            ListColumn("margin", lambda: _("Margin 12 m"), money,
                       s.net_12m_minor - s.cost_12m_minor, 100, total=True),
            ListColumn("overdue", lambda: _("SKUs overdue"), number, s.overdue, 100, total=True,
                       shown=False),
            ListColumn("expected", lambda: _("Expected margin"), money, s.expected_margin_minor,
                       110, total=True, shown=False),
            ListColumn("open", lambda: _("Owed"), money, s.open_minor, 100, total=True),
            ListColumn("late", lambda: _("Late"), money, s.late_minor, 90, total=True),
            ListColumn("tickets", lambda: _("Open tickets"), number, s.open_tickets, 90,
                       total=True, shown=False),
            ListColumn("acquired", lambda: _("Customer since"), day, a.acquired_on, 110,
                       shown=False),
            ListColumn("place", lambda: _("Place on the map"), Kind.CHOICE, _place_quality(), 130,
                       shown=False, choices=words.place_qualities),
            ListColumn("visit_minutes", lambda: _("Visit length"), number, a.visit_minutes, 90,
                       shown=False, field="visit_minutes"),
        ),
        ("name", False),
        lambda row: ("customer", {"account": row.id}),
        ("account", "sale", "order", "visit", "planned_visit", "ticket", "invoice", "payment"),
        where=lambda _ws: (a.merged_into_uid.is_(None),),
        found={"account": a.id},
        account=a.id,
    )  # fmt: skip


def _place_quality() -> ColumnElement[str]:
    a = table("account").c
    unplaced = or_(
        a.latitude.is_(None), a.longitude.is_(None), and_(a.latitude == 0, a.longitude == 0)
    )
    return case(
        (unplaced, "none"),
        (a.location_quality == "pin", "pin"),
        (a.location_quality.in_(POOR_QUALITIES), "postcode"),
        else_="address",
    )


def _contacts() -> ListSpec:
    contact, c, a = table("contact"), table("contact").c, table("account").c
    p = table("contact_point").c
    source = contact.outerjoin(table("account"), a.id == c.account_id)

    def point(kind: str) -> object:
        return (
            select(p.value).where(p.contact_id == c.id, p.kind == kind)
            .order_by(p.preferred.desc(), p.id).limit(1).scalar_subquery()
        )  # fmt: skip

    text, day = Kind.TEXT, Kind.DAY
    consent: ColumnElement[str] = literal_column("substr(contact.consent_at, 1, 10)", Text)
    # Written out, as the index on it is.
    birthday: ColumnElement[str] = literal_column(
        "coalesce(substr(contact.birthday, 6, 5), '')", Text
    )
    return ListSpec(
        "contacts", lambda: _("Contacts"), "contact", "people", source, c.id,
        (
            ListColumn("name", lambda: _("Contact"), text, c.name, 200,
                       order=c.name.collate("NOCASE"), indexed=True),
            ListColumn("job", lambda: _("Job"), text, c.job, 120, field="job", indexed=True),
            ListColumn("customer", lambda: _("Customer"), text, a.name, 200, via=c.account_id),
            ListColumn("city", lambda: _("Town"), text, a.city, 120, via=c.account_id),
            ListColumn("class", lambda: _("Class"), Kind.CHOICE, a["class"], 70,
                       choices=words.classes, via=c.account_id),
            ListColumn("phone", lambda: _("Phone"), text, point("phone"), 130,  # type: ignore[arg-type]
                       sortable=False),
            ListColumn("email", lambda: _("E-mail"), text, point("email"), 190,  # type: ignore[arg-type]
                       sortable=False),
            ListColumn("birthday", lambda: _("Birthday"), day, c.birthday, 100, order=birthday,
                       indexed=True, yearly=True),
            ListColumn("language", lambda: _("Language"), text, c.language, 90, shown=False,
                       field="language", indexed=True),
            ListColumn("best_time", lambda: _("Best time"), text, c.best_time, 110, shown=False,
                       field="best_time", indexed=True),
            ListColumn("consent", lambda: _("Consent"), day, consent, 100, shown=False,
                       indexed=True),
            ListColumn("channel", lambda: _("Channel"), text, a.channel, 110, shown=False,
                       via=c.account_id),
        ),
        ("name", False),
        lambda row: ("customer", {"account": row.account_id}),
        ("contact", "contact_point", "account"),
        where=lambda _ws: (c.erased_at.is_(None),),
        found={"contact": c.id},
        account=c.account_id,
    )  # fmt: skip
