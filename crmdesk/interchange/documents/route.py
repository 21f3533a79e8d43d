"""A rep's route of one day as pieces: every stop with its hour, its place and what is due there."""

from __future__ import annotations

from datetime import timedelta

from crmdesk.i18n import (
    _,
    format_clock,
    format_date,
    format_duration,
    format_number,
    ngettext,
)
from crmdesk.interchange.documents.content import RouteLine, RouteSheet
from crmdesk.interchange.documents.frame import SECTION_GAP, section, sheet_of
from crmdesk.interchange.documents.sheet import Block, Piece, Row, Sheet, Table
from crmdesk.interchange.documents.template import Html, template

_WIDTHS = (5, 13, 34, 36, 12)


def route_sheet(route: RouteSheet) -> Sheet:
    """The day on paper."""
    head = route.head
    fill = template("documents").fill
    pieces: list[Piece] = []
    if route.lines:
        titles = fill(
            "route_head", number="", time=_("Time"), customer=_("Customer"),
            waiting=_("Due there"), way=_("Way"),
        )  # fmt: skip
        pieces.append(Table(_WIDTHS, titles, tuple(Row(_line(line)) for line in route.lines)))
    else:
        pieces.append(Block(fill("empty", words=_("No visits on this day.")), SECTION_GAP))
    pieces += section(_("Note"), head.note)
    mark = _("Tentative") if route.tentative else ""
    return sheet_of(head, pieces, facts=_facts(route), mark=mark, parties=False)


def _facts(route: RouteSheet) -> list[tuple[str, str]]:
    visits = ngettext("{count} visit", "{count} visits", route.visits).format(count=route.visits)
    if route.calls:
        visits += ", " + ngettext("{count} call", "{count} calls", route.calls).format(
            count=route.calls
        )
    work = format_duration(timedelta(minutes=route.work_minutes))
    pauses = ", ".join(
        f"{format_clock(at)}\u2013{format_clock(at + minutes)}" for at, minutes in route.pauses
    )
    return [
        (_("Date"), format_date(route.head.day, year=True, weekday=True)),
        (_("Rep"), route.head.rep),
        (_("Visits"), visits),
        (_("Work"), f"{work} · {_km(route.distance_m)}"),
        (_("Begins"), route.start),
        (_("Ends"), route.end),
        (_("Pauses"), pauses),
    ]


def _line(line: RouteLine) -> Html:
    time = "" if line.at is None else format_clock(line.at)
    agreed = ""
    if line.agreed:
        agreed = _("agreed")
        if line.until is not None and line.at is not None and line.until > line.at:
            agreed = _("agreed until {time}").format(time=format_clock(line.until))
    return template("documents").fill(
        "route_line", number=line.number, time=time or "–",
        minutes=ngettext("{count} min", "{count} min", line.minutes).format(count=line.minutes),
        agreed=agreed, customer=line.customer, place=line.place,
        waiting="\n".join(line.waiting) or "–", km=_km(line.leg_m) if line.leg_m else "",
        drive=ngettext("{count} min", "{count} min", line.leg_minutes).format(
            count=line.leg_minutes
        )
        if line.leg_m
        else "",
    )  # fmt: skip


def _km(metres: int) -> str:
    return _("{km} km").format(km=format_number(metres / 1000, 1 if metres < 9_950 else 0))
