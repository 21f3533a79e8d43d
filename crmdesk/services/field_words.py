"""Fields of rows and their values as people read them, for both faces.

Owns the words for fields that two people may change or a rep may propose. Formats of numbers,
dates and money are :mod:`crmdesk.i18n`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from crmdesk.domain.consents import channel_word, read_consents
from crmdesk.i18n import (
    _,
    currency_digits,
    format_amount,
    format_clock,
    format_date,
    format_number,
    format_price,
    ngettext,
    pgettext,
    weekday_short,
)

NONE = "–"


def known_words() -> Mapping[str, str]:
    """The words of fields, by their names or columns."""
    return {
        "name": _("Name"), "street": _("Street"), "city": _("Town"), "postcode": _("Postcode"),
        "opening_hours": _("Opening"), "visit_minutes": _("Visit length"),
        "interval_days": _("Visited every, days"), "virtual_between": _("Contacts between"),
        "credit_limit_minor": _("Credit limit"), "payment_terms_days": _("Terms"),
        "credit_mode": _("Credit check"), "minimum_order_minor": _("Least order"),
        "net_price_e4": _("Price"), "list_price_e4": _("List price"), "code": _("Code"),
        "phone": _("Phone"), "email": _("E-mail"), "tax_id": _("Tax number"),
        "price_list": _("Price list"), "attention_model": _("Attention model"),
        "class": _("Class"), "channel": _("Channel"), "status": _("Status"),
        "description": _("Description"), "usual_weekday": _("Usual weekday"),
        "territory": _("Territory"), "job": _("Job"), "value": pgettext("field", "Value"),
        "date": _("Day"), "due_on": _("Due"), "text": _("Text"), "locked": _("Locked"),
        "note": _("Note"), "segment": _("Segment"), "parent": _("Belongs to"),
        "source_campaign": _("Campaign"), "acquired_on": _("Customer since"),
        "lost_on": _("Lost on"), "lost_reason": _("Why it was lost"), "region": _("Region"),
        "country": _("Country"), "latitude": _("Latitude"), "longitude": _("Longitude"),
        "location_quality": _("Position known by"), "time_zone": _("Time zone"),
        "delivery_lead_days": _("Delivered after, days"), "language": _("Language"),
        "merged_into": _("Merged into"), "birthday": _("Birthday"), "best_time": _("Best time"),
        "consents": _("May be contacted by"), "consent_at": _("Agreed on"),
        "consent_channel": _("Agreed to"), "position": _("Place in the order"),
        "kind": _("Kind"), "label": _("Whose or where"), "preferred": _("Preferred"),
        "default_ship": _("Usual place of delivery"), "delivery_note": _("For the driver"),
        "closed_on": _("Closed on"), "listed": _("Listed"), "par_level": _("Par level"),
        "usual_packaging": _("Usual pack"),
    }  # fmt: skip


def field_word(field: str) -> str:
    """A field as people know it; an unknown one is its own name in plain words."""
    words = known_words()
    base = field.removesuffix("_id").removesuffix("_uid")
    return words.get(field) or words.get(base) or base.replace("_", " ").capitalize()


def plain_text(field: str, value: Any, currency: str) -> str:
    """A wire value as one would type it into a field: no marks between thousands, no units."""
    if value is None:
        return ""
    if field.endswith("_minor") and isinstance(value, int):
        return str(Decimal(value).scaleb(-currency_digits(currency)))
    return str(value)


def value_text(field: str, value: Any, currency: str) -> str:
    """A wire value as people read it."""
    if value is None or value == "":
        return NONE
    known = _by_field(field, value, currency)
    if known is not None:
        return known
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, str):
        return _date_text(value)
    return json.dumps(value, ensure_ascii=False)


def _by_field(field: str, value: Any, currency: str) -> str | None:
    """The words of a field that has some of its own; None for the others."""
    if field == "opening_hours":
        return hours_text(value)
    if field == "consents":
        return _consents_text(value)
    if field == "visit_minutes":
        return _("{minutes} min").format(minutes=value)
    if field == "usual_weekday" and isinstance(value, int):
        return weekday_short(value)
    if field == "payment_terms_days" and isinstance(value, int):
        return ngettext("{count} day", "{count} days", value).format(count=value)
    if field == "credit_mode":
        return {
            "none": pgettext("credit", "none"),
            "soft": _("warns"),
            "hard": _("blocks the order"),
        }.get(str(value), str(value))
    if field.endswith("_e4") and isinstance(value, int):
        return format_price(value, currency)
    if field.endswith("_minor") and isinstance(value, int):
        return format_amount(value, currency)
    return None


def _consents_text(document: object) -> str:
    """Consents channel by channel: "Calls agreed 2 Mar 2026, E-mail refused 1 Nov 2026"."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return NONE
    said = {True: pgettext("consent", "agreed"), False: pgettext("consent", "refused")}
    parts = [
        f"{channel_word(one.channel)} {said[one.given]} {format_date(one.on, year=True)}"
        for one in read_consents(document)
    ]
    return ", ".join(parts) or NONE


def _date_text(value: str) -> str:
    try:
        return format_date(date.fromisoformat(value), year=True)
    except ValueError:
        return value


def hours_text(document: object) -> str:
    """Opening hours of a week, equal days together: "Mon–Fri 09:00–14:00, closed Sun"."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return document if isinstance(document, str) else NONE
    if not isinstance(document, list) or len(document) != 7:
        return NONE
    days = [
        ", ".join(f"{format_clock(a)}–{format_clock(b)}" for a, b in day) if day else ""
        for day in document
    ]
    parts: list[str] = []
    first = 0
    for place in range(1, 8):
        if place < 7 and days[place] == days[first]:
            continue
        name = weekday_short(first)
        if place - first > 1:
            name = f"{name}–{weekday_short(place - 1)}"
        closed = _("closed {days}").format(days=name)
        parts.append(f"{name} {days[first]}" if days[first] else closed)
        first = place
    return ", ".join(parts)
