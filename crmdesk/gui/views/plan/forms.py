"""The strips of the plan: which things each asks for, with what is there already. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from crmdesk.gui import keys
from crmdesk.gui.views.plan import typed
from crmdesk.gui.views.plan.items import FormField, FormItem
from crmdesk.gui.views.plan.words import off_words
from crmdesk.i18n import _, format_clock, format_date
from crmdesk.services.day_settings import DaySettings
from crmdesk.services.leave import KINDS, LeaveRow
from crmdesk.services.queries.plan import DayRow, StopRow


def hour_form(stop: StopRow) -> FormItem:
    """When a visit was agreed for."""
    now = stop.start_minute
    text = typed.window_text(stop.window) or ("" if now is None else format_clock(now))
    return FormItem(
        "hour", _("Agree an hour"), stop.account,
        (
            FormField("day", _("Day"), stop.day.isoformat(), "+1"),
            FormField("time", _("Hour, or from-to"), text, "10:30-11:15"),
        ),
        _("Agree"), _("Take the hour away") if stop.appointment else "",
    )  # fmt: skip


def day_form(day: date, own: DaySettings, row: DayRow | None) -> FormItem:
    """Hours, places and kilometres of a day."""
    usual = ""
    if row is not None and row.rep.work is not None:
        usual = typed.spans_text(row.rep.work.spans)
    km = "" if row is None else str(row.rep.max_km)
    return FormItem(
        "day", format_date(day, weekday=True),
        _("Empty fields are as usual. Leave is entered with {key}.").format(
            key=keys.hint("plan.leave")
        ),
        (
            FormField(
                "shifts", _("Hours"),
                "" if own.shifts is None else typed.spans_text(own.shifts),
                usual or "8:30-13, 16-20",
            ),
            FormField("start", _("Begins at"), own.start.name if own.start else "", _("Home")),
            FormField("end", _("Ends at"), own.end.name if own.end else "", _("Home")),
            FormField("max_km", _("Most km"), "" if own.max_km is None else str(own.max_km), km),
        ),
        _("Save"), _("As usual") if own != DaySettings() else "",
    )  # fmt: skip


def leave_form(day: date, rows: Sequence[LeaveRow]) -> FormItem:
    """Leave from a day on; what is entered for that day can be taken away."""
    about = _("Hours are for a part of one day; without them the days are off.")
    if rows:
        leave = rows[0].leave
        words = off_words(leave.kind)
        until = format_date(leave.last) if leave.last != leave.first else ""
        about = _("Entered: {kind}, {first}").format(kind=words, first=format_date(leave.first))
        if until:
            about += f"\u2013{until}"
        if not leave.whole_days:
            span = (leave.from_minute or 0, leave.to_minute or 24 * 60)
            about += f", {typed.span_text(span)}"
    return FormItem(
        "leave", _("Leave"), about,
        (
            FormField("first", _("First day"), day.isoformat(), "+1"),
            FormField("last", _("Last day"), "", _("the same")),
            FormField("hours", _("Hours off"), "", "8:30-11"),
            FormField("kind", _("Kind"), KINDS[0], choices=tuple((k, _kind(k)) for k in KINDS)),
        ),
        _("Enter leave"), _("Take the leave away") if rows else "",
    )  # fmt: skip


def _kind(kind: str) -> str:
    return _("Other") if kind == "other" else off_words(kind)
