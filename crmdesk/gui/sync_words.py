"""Sync in words: the chip, and when something happened. No Qt here.

Owns the wording shared by the shell's chip and the sync centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crmdesk.gui.presenting import RoundState
from crmdesk.gui.widgets.topbar_state import ChipState
from crmdesk.i18n import (
    _,
    format_bytes,
    format_date,
    format_date_near,
    format_number,
    format_time,
    ngettext,
    weekday_short,
)
from crmdesk.services.queries.sync import SyncStatus

FRESH = timedelta(minutes=30)
DONE = "done"
BROKEN_OFF = ("Cancelled", "metered")
"""Results of rounds that HQ answered, but that did not bring everything."""

TURNED_AWAY = ("wiped", "retired", "cloned", "inactive", "device")
"""Results by which HQ has told this computer not to come back."""


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


@dataclass(frozen=True, slots=True)
class RoundItem:
    """The running round in words: ``total`` is 0 where nobody knows how much there is."""

    running: bool = False
    stopping: bool = False
    words: str = ""
    done: int = 0
    total: int = 0
    next_try: str = ""


def round_item(state: RoundState) -> RoundItem:
    """A round in words: the stage, rows, bytes; between rounds when the next one comes."""
    if not state.running:
        return RoundItem(next_try=next_try(state))
    if state.stopping:
        return RoundItem(running=True, stopping=True, words=_("Stopping after this request"))
    stages = {
        "push": _("Sending"),
        "pull": _("Receiving"),
        "snapshot": _("Receiving new customers"),
        "apply": _("Taking over"),
        "files": _("Photos and files"),
    }
    parts = [stages.get(state.stage, _("Asking HQ"))]
    if state.stage == "files":
        done, total = format_bytes(state.done), format_bytes(state.total)
        parts.append(_("{done} of {total}").format(done=done, total=total))
        return RoundItem(
            running=True, words=" · ".join(parts), done=state.done // 1024,
            total=max(state.total // 1024, 1),
        )  # fmt: skip
    if state.total:
        parts.append(
            _("{done} of {total} changes").format(
                done=format_number(state.done), total=format_number(state.total)
            )
        )
    elif state.done:
        parts.append(
            ngettext("{count} row", "{count} rows", state.done).format(
                count=format_number(state.done)
            )
        )
    if state.bytes:
        parts.append(format_bytes(state.bytes))
    return RoundItem(running=True, words=" · ".join(parts), done=state.done, total=state.total)


def next_try(state: RoundState) -> str:
    """When the next round comes by itself: "next try in 4 min"; nothing when none will."""
    left = state.next_in_s
    if left is None:
        return ""
    if left < 60:
        return _("next try within a minute")
    minutes = round(left / 60)
    words = ngettext("next try in {count} min", "next try in {count} min", minutes)
    return words.format(count=minutes)


def chip_state(status: SyncStatus, now: datetime) -> ChipState:
    """The chip for a status; ``now`` is local. A profile without HQ says so and nothing else."""
    if status.alone:
        return ChipState("alone", need=status.need)
    if status.locks_at is not None:
        # Three days before the offline lease ends: nothing else matters as much.
        day = format_date_near(status.locks_at.astimezone(now.tzinfo).date(), now.date())
        words = _("locks {day}").format(day=day)
        return ChipState("offline", words, status.waiting, status.need)
    last = None if status.last_at is None else status.last_at.astimezone(now.tzinfo)
    if status.last_result in TURNED_AWAY:
        return ChipState("stopped", "", status.waiting, status.need)
    if status.last_result not in ("", DONE, *BROKEN_OFF) or last is None:
        words = "" if last is None else since(last, now)
        return ChipState("offline", words, status.waiting, status.need)
    old = now - last > FRESH or status.last_result in BROKEN_OFF
    kind = "waiting" if old and (status.waiting or status.last_result in BROKEN_OFF) else "in_sync"
    return ChipState(kind, when(last, now), status.waiting, status.need)
