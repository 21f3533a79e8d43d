"""Sync in words: the chip, and when something happened. No Qt here.

Owns the wording shared by the shell's chip and the sync centre.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from crmdesk.gui.widgets.topbar_state import ChipState
from crmdesk.i18n import _, format_date, format_date_near, format_time, ngettext, weekday_short
from crmdesk.services.queries.sync import SyncStatus

FRESH = timedelta(minutes=30)
DONE = "done"


def when(instant: datetime, now: datetime) -> str:
    """A local instant, short: "2 min ago", "09:41", "Mon 18:02", "3 Oct"."""
    gap = now - instant
    if timedelta(0) <= gap < timedelta(minutes=1):
        return _("just now")
    if timedelta(0) <= gap < timedelta(hours=1):
        minutes = int(gap.total_seconds() // 60)
        return ngettext("{count} min ago", "{count} min ago", minutes).format(count=minutes)
    if instant.date() == now.date():
        return format_time(instant)
    if timedelta(0) <= gap < timedelta(days=6):
        return f"{weekday_short(instant.weekday())} {format_time(instant)}"
    return format_date_near(instant.date(), now.date())


def since(instant: datetime, now: datetime) -> str:
    """Since when: "since 08:31", "since Mon"."""
    if instant.date() == now.date():
        return _("since {time}").format(time=format_time(instant))
    near = now - instant < timedelta(days=6)
    day = weekday_short(instant.weekday()) if near else format_date(instant.date())
    return _("since {day}").format(day=day)


def chip_state(status: SyncStatus, now: datetime) -> ChipState:
    """The chip for a status; ``now`` is local. A profile without HQ says so and nothing else."""
    if status.alone:
        return ChipState("alone", need=status.need)
    last = None if status.last_at is None else status.last_at.astimezone(now.tzinfo)
    if status.last_result not in ("", DONE) or last is None:
        words = "" if last is None else since(last, now)
        return ChipState("offline", words, status.waiting, status.need)
    kind = "waiting" if status.waiting and now - last > FRESH else "in_sync"
    return ChipState(kind, when(last, now), status.waiting, status.need)
