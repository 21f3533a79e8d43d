"""What the forms of the rules ask, and what the typed texts mean. No Qt here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmdesk.domain.custom_fields import CustomField, FieldKind, kind_word
from crmdesk.domain.errors import FieldError
from crmdesk.domain.hours_text import read_week
from crmdesk.domain.policy import Policy
from crmdesk.domain.tickets import Priority, priority_word
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.i18n import _
from crmdesk.services.field_words import hours_text

_TIME = re.compile(r"(\d{1,4})(?::([0-5]\d))?")


def time_text(minutes: int) -> str:
    """Minutes of service time as hours: 4:00."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def read_time(key: str, text: str) -> int | None:
    """Typed hours, 4 or 4:30, in minutes; nothing typed: the usual. FieldError."""
    if not text.strip():
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise FieldError(key, _("“{text}” are no hours, like 4 or 4:30.").format(text=text.strip()))
    return int(found[1]) * 60 + int(found[2] or 0)


def service_fields(policy: Policy) -> list[AskedField]:
    """Service hours, targets by priority, escalation, and when somebody may be asked again."""
    days = [[list(span) for span in day] for day in policy.service_hours]
    fields = [
        AskedField("service_hours", _("Service works"), hours_text(days),
                   _("Mon-Fri 9-14, 16-19; Sat 9-13"), wide=True),
    ]  # fmt: skip
    for priority in Priority:
        word = priority_word(priority.value)
        for kind, label in (
            ("response", _("First response, {priority}")), ("resolution", _("Solved, {priority}")),
        ):  # fmt: skip
            key = f"{kind}_minutes_{priority.value}"
            fields.append(
                AskedField(
                    key, label.format(priority=word), time_text(getattr(policy, key)),
                    _("hours of service"),
                )
            )  # fmt: skip
    return [
        *fields,
        AskedField("escalation_percent", _("Escalated twice after, %"),
                   str(policy.escalation_percent), "200"),
        AskedField("ask_again_days", _("Ask again after, days"), str(policy.ask_again_days), "90"),
    ]  # fmt: skip


def service_rules(typed: Mapping[str, str], before: Policy) -> dict[str, Any]:
    """The rules that were typed otherwise than they are; an empty line: the usual. FieldError."""
    shown = {one.key: one.text for one in service_fields(before)}
    changes: dict[str, Any] = {}
    for key, text in typed.items():
        if text == shown[key]:
            continue
        if key == "service_hours":
            changes[key] = read_week(key, text)
        elif "_minutes_" in key:
            changes[key] = read_time(key, text)
        else:
            plain = text.strip()
            whole = int(plain) if plain.isdecimal() and len(plain) < 9 else plain or None
            changes[key] = whole
    return changes


def own_fields(one: CustomField) -> list[AskedField]:
    """The form of a field of the company's own."""
    kinds = tuple((kind.value, kind_word(kind)) for kind in FieldKind)
    return [
        AskedField("name", _("Name"), one.name, _("Fridges, Terrace, Wholesaler")),
        AskedField("kind", _("Holds"), one.kind.value, choices=kinds),
        AskedField("choices", _("Answers"), ", ".join(one.choices),
                   _("for a choice: none, summer, all year"), wide=True),
        AskedField("position", _("Place"), str(one.position) if one.id else "", _("the last one")),
        AskedField("active", _("In use"), "1" if one.active else "",
                   choices=(("1", _("asked for")), ("", _("put away")))),
    ]  # fmt: skip


def field_of(typed: Mapping[str, str], key: int) -> CustomField:
    """The field that was typed. FieldError."""
    place = typed["position"].strip()
    if place and not (place.isdecimal() and len(place) < 4):
        raise FieldError("position", _("The place is a number from 0 to 999."))
    words = (word.strip() for word in typed["choices"].split(","))
    return CustomField(
        key, typed["name"], FieldKind(typed["kind"]),
        tuple(dict.fromkeys(word for word in words if word)), int(place or 0),
        bool(typed["active"]),
    )  # fmt: skip
