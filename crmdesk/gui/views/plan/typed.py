"""What is typed into the forms of the plan: hours, windows, shifts, places. No Qt.

Owns reading and writing them as text. What cannot be meant is None; an empty text is up to the
caller.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crmdesk.domain.week import Span
from crmdesk.domain.workday import DAY_MINUTES
from crmdesk.i18n import format_clock
from crmdesk.services.rep_days import DayPlace

_CLOCK = re.compile(r"^(\d{1,2})(?:[:.h]?(\d{2}))?$")
_TO = re.compile(r"\s*[-–—]\s*")
_POINT = re.compile(r"^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)\s*$")


def read_clock(text: str) -> int | None:
    """``9``, ``9:30``, ``9.30`` or ``0930`` as minutes after midnight; 24:00 is the end."""
    found = _CLOCK.match(text.strip())
    if found is None:
        return None
    minute = int(found[1]) * 60 + int(found[2] or 0)
    return minute if int(found[2] or 0) < 60 and minute <= DAY_MINUTES else None


def read_window(text: str) -> Span | None:
    """``10:30`` or ``10:30-11:15``; an hour alone begins and ends there."""
    parts = [read_clock(part) for part in _TO.split(text.strip())]
    if len(parts) not in (1, 2) or parts[0] is None or parts[-1] is None:
        return None
    first, last = parts[0], parts[-1]
    return (first, last) if first <= last < DAY_MINUTES else None


def read_shifts(text: str) -> tuple[Span, ...] | None:
    """``8:30-13, 16-20`` as spans; a dash alone is a day off."""
    words = text.strip()
    if words in ("-", "–", "—"):
        return ()
    spans = []
    for part in re.split(r"[,;]", words):
        ends = [read_clock(end) for end in _TO.split(part.strip())]
        if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] >= ends[1]:
            return None
        spans.append((ends[0], ends[1]))
    return tuple(spans)


def read_place(text: str, towns: Sequence[DayPlace]) -> DayPlace | None:
    """A town of the customers, or coordinates such as ``42.54, 1.73``."""
    point = _POINT.match(text)
    if point is not None:
        latitude, longitude = float(point[1]), float(point[2])
        inside = abs(latitude) <= 90 and abs(longitude) <= 180
        return DayPlace(latitude, longitude, text.strip()) if inside else None
    words = text.strip().casefold()
    exact = [town for town in towns if town.name.casefold() == words]
    begins = [town for town in towns if town.name.casefold().startswith(words)]
    inside_it = [town for town in towns if words and town.name.casefold() in words]
    found = exact or (begins if len(begins) == 1 else []) or inside_it
    if not found:
        return None
    longest = max(found, key=lambda town: len(town.name))
    name = longest.name if exact or begins else text.strip()
    return DayPlace(longest.latitude, longest.longitude, name)


def span_text(span: Span) -> str:
    """``8:30–13:00``."""
    return f"{format_clock(span[0])}\u2013{format_clock(span[1])}"


def spans_text(spans: Sequence[Span]) -> str:
    """``8:30–13:00, 16:00–20:00``; a dash for a day off."""
    return ", ".join(span_text(span) for span in spans) if spans else "\u2013"


def window_text(window: Span | None) -> str:
    """``10:30`` or ``10:30–11:15``; empty without one."""
    if window is None:
        return ""
    return format_clock(window[0]) if window[0] == window[1] else span_text(window)
