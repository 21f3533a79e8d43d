"""Proposals and what was settled, as rows of a list, in words. No Qt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmdesk.gui.sync_words import when
from crmdesk.gui.views.sync.items import ChoiceItem
from crmdesk.gui.views.sync.needs import what_it_is
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, ngettext
from crmdesk.services.field_words import NONE, field_word, value_text
from crmdesk.services.queries.proposals import ProposalRow
from crmdesk.services.queries.sync import SettledRow

_ICONS = {"accepted": "check", "dismissed": "close"}


def proposal_item(row: ProposalRow, now: datetime, currency: str) -> ChoiceItem:
    """A proposal: whose customer, which field, now and proposed, who asks and since when."""
    if row.kind == "price":
        return _price_item(row, now, currency)
    changed = ""
    if row.has_changed:
        words = _("was {value} then")
        changed = words.format(value=value_text(row.field, row.before, currency))
    return ChoiceItem(
        key=str(row.id), icon=_ICONS.get(row.status, "flag"),
        title=_joined(row.name, field_word(row.field)),
        note=_asked(row), right=when(row.at.astimezone(now.tzinfo), now),
        before=value_text(row.field, row.now, currency),
        after=value_text(row.field, row.proposed, currency), warning=changed, ids=(row.id,),
        kind=row.kind, account_id=row.account_id,
    )  # fmt: skip


def _price_item(row: ProposalRow, now: datetime, currency: str) -> ChoiceItem:
    lines = list(zip(_lines(row.now), _lines(row.proposed), strict=False))
    count = len(lines)
    what = ngettext("{count} price differs", "{count} prices differ", count).format(count=count)
    theirs, mine = lines[0] if lines else ({}, {})
    sku = str(mine.get("sku", ""))
    return ChoiceItem(
        key=str(row.id), icon="euro", title=_joined(what_it_is(row.entity, row.number), row.name),
        note=_asked(row), right=when(row.at.astimezone(now.tzinfo), now),
        after=_("{sku}: {theirs} at HQ, {mine} agreed").format(
            sku=sku, theirs=value_text("net_price_e4", theirs.get("price_e4"), currency),
            mine=value_text("net_price_e4", mine.get("price_e4"), currency),
        ), warning=what,
        ids=(row.id,), kind=row.kind, account_id=row.account_id,
        order_id=row.row_id if row.entity == "order" else None,
    )  # fmt: skip


def _lines(value: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else []
    return [line for line in found if isinstance(line, dict)]


def _asked(row: ProposalRow) -> str:
    """Who asks; of one's own what has become of it."""
    if not row.mine:
        return row.by
    if row.status == "accepted":
        return _("accepted by {who}").format(who=row.decided_by or _("the office"))
    if row.status == "dismissed":
        words = _("dismissed by {who}: {reason}")
        return words.format(who=row.decided_by or _("the office"), reason=row.answer or "–")
    return _("{who}, waits for the office").format(who=row.by)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def settled_item(row: SettledRow, now: datetime, currency: str) -> ChoiceItem:
    """Something that was settled: what about, what became of it, and when."""
    icon, tone, became = _became(row, currency)
    subject = field_word(row.field) if row.field else what_it_is(row.entity, "")
    subject = _joined(subject, row.about)
    return ChoiceItem(
        key=f"{row.kind}:{row.ids[0]}", icon=icon, tone=tone,
        title=_joined(row.name, subject) or became, note=became,
        right=when(row.at.astimezone(now.tzinfo), now), ids=row.ids, kind=row.kind,
        account_id=row.account_id,
    )  # fmt: skip


def _became(row: SettledRow, currency: str) -> tuple[str, Tone, str]:
    """Icon, tone and words of how something was settled."""
    if row.kind == "refused":
        again = row.state == "retried"
        words = _("Sent again: {why}") if again else _("Left as HQ has it: {why}")
        return ("reorder" if again else "close"), Tone.MUTED, words.format(why=row.sentence)
    if row.kind == "handover":
        return "note", Tone.MUTED, _("Read: {words}").format(words=row.sentence)
    mine, theirs = (
        value_text(row.field, value, currency) if row.field else NONE
        for value in (row.mine, row.theirs)
    )
    if row.kind == "outcome":
        accepted = row.state == "accepted"
        words = _("Accepted: {value}") if accepted else _("Dismissed: {value}")
        return ("check" if accepted else "close"), Tone.MUTED, words.format(value=mine)
    if row.state == "restored":
        words = _("Settled by you instead of {value}")
        return "return", Tone.ACCENT, words.format(value=mine if row.kept == "mine" else theirs)
    words = _("Fine as it was: {value}")
    return "check", Tone.GOOD, words.format(value=mine if row.kept == "mine" else theirs)
