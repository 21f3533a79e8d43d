"""The sync centre in words, made from its rows: the figures at the top, the rounds, the whole.

Owns putting it together; cards are worded in ``needs``, proposals and what was settled in
``offers``, what waits in ``waiting``. No Qt.
"""

from __future__ import annotations

from datetime import datetime

from crmdesk.gui.sync_words import DONE, when
from crmdesk.gui.views.sync.items import CentreItem, LineItem, TileItem
from crmdesk.gui.views.sync.needs import need_item
from crmdesk.gui.views.sync.offers import proposal_item, settled_item
from crmdesk.gui.views.sync.waiting import upload_line, waiting_line
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import (
    _,
    format_bytes,
    format_date,
    format_number,
    format_time,
    ngettext,
)
from crmdesk.services.field_words import NONE
from crmdesk.services.queries.sync import SessionRow, SyncCentre, SyncStatus


def N_(message: str) -> str:
    """Mark a message for translation where it is defined."""
    return message


def centre_item(centre: SyncCentre, now: datetime, currency: str) -> CentreItem:
    """The sync centre in words; ``now`` is local."""
    alone = centre.status.alone
    return CentreItem(
        subtitle=_("Nothing is lost. Everything below is on this computer, encrypted."),
        tiles=_tiles(centre, now),
        waiting=() if alone else _waiting(centre, now, currency),
        waiting_count=0 if alone else centre.status.waiting,
        sessions=tuple(session_line(row, now) for row in centre.sessions),
        footnote=_footnote(centre, now),
        needs=tuple(need_item(row, now, currency) for row in centre.needs),
        proposals=tuple(proposal_item(row, now, currency) for row in centre.proposals),
        settled=tuple(settled_item(row, now, currency) for row in centre.settled),
        summary=_summary(centre),
        alone=alone,
        decides=centre.decides,
    )


def _waiting(centre: SyncCentre, now: datetime, currency: str) -> tuple[LineItem, ...]:
    """Documents in their order, then the files that follow them."""
    documents = (waiting_line(row, now, currency) for row in centre.waiting)
    return (*documents, *(upload_line(row) for row in centre.uploads))


def _tiles(centre: SyncCentre, now: datetime) -> tuple[TileItem, ...]:
    status = centre.status
    zone = now.tzinfo
    last = NONE
    if status.last_at is not None:
        local = status.last_at.astimezone(zone)
        last = f"{format_date(local.date(), weekday=True)}, {format_time(local)}"
    elif status.alone:
        last = _("This computer only")
    oldest = ""
    if centre.oldest_at is not None and not status.alone:
        oldest = _("oldest {time}").format(time=when(centre.oldest_at.astimezone(zone), now))
    files = format_bytes(centre.file_bytes) if centre.files else ""
    if files:
        files = _("{size}, after orders").format(size=files)
    return (
        TileItem(_("Last consistent"), last),
        TileItem(
            _("Waiting to send"), NONE if status.alone else format_number(status.waiting), oldest
        ),
        TileItem(
            _("Need you"),
            format_number(status.need),
            _need_note(status),
            Tone.WARNING if status.need else Tone.PLAIN,
        ),
        TileItem(_("Photos and files"), format_number(centre.files), files),
        _connection(centre, now),
    )


def _need_note(status: SyncStatus) -> str:
    if status.proposals:
        words = ngettext("{count} is a proposal", "{count} are proposals", status.proposals)
        return words.format(count=format_number(status.proposals))
    return _("none blocks the rest") if status.need else _("nothing to decide")


_AWAY = {
    "retired": N_("Retired"),
    "wiped": N_("Stopped"),
    "cloned": N_("Stopped"),
    "inactive": N_("Stopped"),
    "device": N_("Unknown there"),
}
"""What HQ has said of this computer when it turned it away."""


def _connection(centre: SyncCentre, now: datetime) -> TileItem:
    status = centre.status
    label = _("Connection")
    if status.alone:
        return TileItem(label, _("No HQ"), _("works alone"))
    if status.locks_at is not None:
        day = when_ahead(status.locks_at.astimezone(now.tzinfo))
        return TileItem(label, _("None"), _("locks {day}").format(day=day), Tone.WARNING)
    if status.last_result in ("", DONE, "Cancelled"):
        return TileItem(label, _("HQ answers"), _host(centre.address))
    if status.last_result in ("Unreachable", "failed"):
        return TileItem(label, _("None"), _("tries by itself"), waits=True)
    if status.last_result == "metered":
        return TileItem(label, _("Metered"), _("the rest waits"))
    if status.last_result in _AWAY:
        words = _(_AWAY[status.last_result])
        return TileItem(label, words, _("ask the office"), Tone.DANGER)
    return TileItem(label, _("Refused"), _("ask the office"), Tone.DANGER)


def when_ahead(instant: datetime) -> str:
    """A day to come: "Mon 30 Nov"."""
    return format_date(instant.date(), weekday=True)


def _host(address: str) -> str:
    return address.partition("//")[2].rstrip("/") or address


def _footnote(centre: SyncCentre, now: datetime) -> str:
    count = centre.customers
    customers = ngettext("{count} customer", "{count} customers", count).format(
        count=format_number(count)
    )
    parts = [_("This computer {device}, {customers}.").format(
        device=centre.device, customers=customers
    )]  # fmt: skip
    seconds = round(centre.offset_ms / 1000)
    if not centre.status.alone:
        if seconds == 0:
            parts.append(_("Its clock agrees with HQ."))
        elif seconds > 0:
            parts.append(_("Its clock is {count} s behind HQ.").format(count=seconds))
        else:
            parts.append(_("Its clock is {count} s ahead of HQ.").format(count=-seconds))
        if centre.lease_until is not None:
            day = format_date(centre.lease_until.astimezone(now.tzinfo).date())
            parts.append(_("It may work offline until {day}.").format(day=day))
    return " ".join(parts)


def _summary(centre: SyncCentre) -> str:
    count = len(centre.settled)
    if not count:
        return ""
    restored = sum(row.state in ("restored", "retried") for row in centre.settled)
    return _("30 days: {fine} fine, {restored} changed by you").format(
        fine=count - restored, restored=restored
    )


def session_line(row: SessionRow, now: datetime) -> LineItem:
    """One round in words; opened, it tells everything that is known of it."""
    at = when(row.at.astimezone(now.tzinfo), now)
    flow = _("{received} in, {sent} out").format(
        received=format_number(row.received), sent=format_number(row.sent)
    )
    if row.way == "file":
        flow = _("{flow}, by file").format(flow=flow)
    seconds = _("{seconds} s").format(seconds=format_number(row.seconds, 1))
    icon, words, tone = _ended(row)
    return LineItem(icon, at, words, seconds, tone, flow, _all_of(row, now))


def _ended(row: SessionRow) -> tuple[str, str, Tone]:
    if row.result == DONE and row.detail:
        # Everything came through, but the comparison with HQ left something to say.
        return "warning", row.detail, Tone.WARNING
    if row.result == DONE:
        count = row.refusals or row.conflicts or row.healed
        words = _("Complete")
        if row.refusals:
            words = ngettext("Complete, {count} refused", "Complete, {count} refused", count)
        elif row.conflicts:
            words = ngettext("Complete, {count} conflict", "Complete, {count} conflicts", count)
        elif row.healed:
            words = ngettext("Complete, {count} row mended", "Complete, {count} rows mended", count)
        return "check", words.format(count=format_number(count)), Tone.GOOD
    if row.result == "Unreachable":
        return "offline", _("HQ did not answer"), Tone.MUTED
    if row.result == "Cancelled":
        return "close", _("Stopped by you"), Tone.MUTED
    if row.result == "metered":
        return "pause", _("The rest waits: metered"), Tone.MUTED
    return "warning", row.detail or _("Not complete"), Tone.WARNING


def _all_of(row: SessionRow, now: datetime) -> tuple[str, ...]:
    local = row.at.astimezone(now.tzinfo)
    clock = f"{format_date(local.date(), weekday=True)}, {format_time(local)}:{local:%S}"
    way = _("by file") if row.way == "file" else _("over the network")
    lines = [
        f"{clock}, {way}",
        _("{received} received, {sent} sent").format(
            received=format_bytes(row.bytes_in), sent=format_bytes(row.bytes_out)
        ),
        _("{conflicts} conflicts, {refusals} refused, {healed} mended").format(
            conflicts=format_number(row.conflicts), refusals=format_number(row.refusals),
            healed=format_number(row.healed),
        ),
    ]  # fmt: skip
    if row.detail:
        lines.append(row.detail)
    return tuple(lines)
