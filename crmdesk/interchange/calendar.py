"""A plan as iCalendar (RFC 5545, published as RFC 5546 says): events, updates, cancellations.

Owns the file's shape. An event keeps its UID for ever; whoever calls counts SEQUENCE up when
something has changed. Times are in UTC, so that no time zone has to be described.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from crmdesk.i18n import _, pgettext
from crmdesk.interchange.route import RouteStop, safe_line

if TYPE_CHECKING:
    # Slow to import, and seldom needed where a plan is only shown.
    from icalendar import Event, vCalAddress

PUBLISH: Final = "PUBLISH"
CANCEL: Final = "CANCEL"
_PRODUCT: Final = "-//crmdesk//plan//EN"


@dataclass(frozen=True, slots=True)
class Organizer:
    """Whose plan it is. Without an address one that can never exist stands in the file."""

    name: str
    code: str
    email: str = ""


def calendar_bytes(
    stops: Sequence[RouteStop], organizer: Organizer, stamp: datetime, *, method: str = PUBLISH
) -> bytes:
    """The calendar of these stops.

    With PUBLISH those that stand, with CANCEL those that were announced and do not take place.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add("x-wr-calname", safe_line(_("Visits of {name}").format(name=organizer.name)))
    for stop in stops:
        if stop.cancelled == (method == CANCEL):
            calendar.add_component(_event(stop, organizer, stamp))
    return bytes(calendar.to_ical())


def _event(stop: RouteStop, organizer: Organizer, stamp: datetime) -> Event:
    from icalendar import Event, vGeo

    event = Event()
    event.add("uid", stop.uid)
    event.add("sequence", stop.sequence)
    event.add("dtstamp", stamp.astimezone(UTC))
    _add_time(event, stop)
    event.add("summary", _summary(stop))
    event.add("status", _status(stop))
    if stop.address:
        event.add("location", safe_line(stop.address))
    if stop.place is not None:
        event["geo"] = vGeo((round(stop.place[0], 6), round(stop.place[1], 6)))
    if stop.note:
        event.add("description", "\n".join(safe_line(line) for line in stop.note.splitlines()))
    event.add("organizer", _address(organizer))
    event.add("categories", [_("Visit") if stop.in_person else pgettext("plan", "Call")])
    return event


def _status(stop: RouteStop) -> str:
    if stop.cancelled:
        return "CANCELLED"
    return "TENTATIVE" if stop.tentative else "CONFIRMED"


def _add_time(event: Event, stop: RouteStop) -> None:
    """An hour where there is one; a call without one is an all-day entry that blocks nothing."""
    if stop.begins is None:
        event.add("dtstart", stop.day)
        event.add("dtend", stop.day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        return
    begins = stop.begins.astimezone(UTC)
    event.add("dtstart", begins)
    event.add("dtend", begins + timedelta(minutes=max(stop.minutes, 1)))
    event.add("transp", "OPAQUE")


def _summary(stop: RouteStop) -> str:
    name = safe_line(stop.name)
    return name if stop.in_person else _("Call {name}").format(name=name)


def _address(organizer: Organizer) -> vCalAddress:
    from icalendar import vCalAddress, vText

    email = organizer.email if "@" in organizer.email else f"{organizer.code}@crmdesk.invalid"
    plain = "".join(
        c for c in safe_line(email) if c.isascii() and c.isprintable() and c not in ' "<>'
    )
    address = vCalAddress(f"mailto:{plain}")
    address.params["cn"] = vText(safe_line(organizer.name).replace('"', "'"))
    return address
