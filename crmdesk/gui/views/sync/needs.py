"""The cards of "need you" in words: refusals, collisions, prices, handovers, answers. No Qt.

Owns what each says and which steps it offers. What can be done is decided by the queries.
"""

from __future__ import annotations

from datetime import datetime

from crmdesk.gui.sync_words import when
from crmdesk.gui.views.sync.items import FieldItem, NeedItem, SideItem
from crmdesk.gui.views.sync.waiting import group_words
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.i18n import _, format_money, ngettext
from crmdesk.services.field_words import field_word, plain_text, value_text
from crmdesk.services.queries.sync import CollisionRow, NeedRow
from crmdesk.services.queries.sync_needs import HandedPart

_TELLING = ("text", "name", "subject", "value", "title", "number", "comment", "note")


def need_item(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    """A card in words; ``now`` is local."""
    make = {
        "refused": _refused,
        "price": _price,
        "handover": _handover,
        "outcome": _outcome,
        "file": _file,
    }
    return make.get(row.kind, _conflict)(row, now, currency)


def what_it_is(entity: str, number: str) -> str:
    """A kind of row as people call it, with its number where it has one."""
    words = {
        "order": _("Order {number}"),
        "quote": _("Quote {number}"),
        "return_request": _("Return {number}"),
        "ticket": _("Ticket {number}"),
    }
    if entity in words:
        return words[entity].format(number=number).strip()
    return {
        "account": _("Customer details"),
        "contact": _("Contact"),
        "contact_point": _("Phone or mail"),
        "visit": _("Visit"),
        "planned_visit": _("Plan"),
        "promise": _("Promise"),
        "note": _("Note"),
        "proposal": _("Decision on a proposal"),
        "attachment": _("File"),
    }.get(entity, "")


def _title(row: NeedRow, currency: str) -> str:
    amount = "" if row.amount_minor is None else format_money(row.amount_minor, currency)
    parts = (what_it_is(row.entity, row.number), row.name, amount)
    return ", ".join(part for part in parts if part)


def _at(row: NeedRow, now: datetime) -> str:
    return when(row.at.astimezone(now.tzinfo), now)


# -------------------------------------------------------------------------------------- refusals


def _refused(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    is_order = row.entity == "order" and row.row_id is not None
    is_draft = is_order and row.status == "draft"
    more = row.parts - 1
    note = ngettext(
        "{count} more change of the same step", "{count} more changes of the same step", more
    )
    return NeedItem(
        key=f"refused:{row.ids[0]}", kind="refused", ids=row.ids,
        badge=BadgeItem(_("Refused"), Tone.DANGER, "close"), title=_title(row, currency),
        note=note.format(count=more) if more else "", at=_at(row, now),
        sentence=_refused_sentence(row),
        hint=_refused_hint(row), account_id=row.account_id,
        order_id=row.row_id if is_draft else None,
        quote_id=row.row_id if row.entity == "quote" and row.status == "draft" else None,
        copy_id=row.row_id if is_order and not is_draft else None, can_retry=row.can_retry,
    )  # fmt: skip


def _refused_sentence(row: NeedRow) -> str:
    if row.code == "decided" and row.by:
        words = _("{who} had decided it before your decision reached HQ; the first one stands.")
        return words.format(who=row.by)
    return row.sentence


def _refused_hint(row: NeedRow) -> str:
    if row.entity in ("order", "quote") and row.row_id is not None:
        if row.status == "draft":
            if row.code == "duplicate":
                return _("It is a draft again and gets a new number when you open or send it.")
            return _("It is a draft again: change it and submit it anew.")
        return _("What HQ has stays as it is. Make a copy and change that.")
    if row.code == "decided":
        return _("What you decided was taken back here. You need not do anything.")
    if row.code in ("scope", "left"):
        return _("What you typed stays readable here, and the new owner is told.")
    if row.can_retry:
        return _("What you typed is kept. Send it again once the reason is gone.")
    return _("What you typed stays readable here.")


def _file(row: NeedRow, now: datetime, _currency: str) -> NeedItem:
    return NeedItem(
        key=f"file:{row.ids[0]}", kind="file", ids=row.ids,
        badge=BadgeItem(_("Not taken"), Tone.DANGER, "photo"),
        title=f"{row.number}, {row.name}", note=_("a file"), at=_at(row, now),
        sentence=row.sentence or _("HQ did not take this file."),
        hint=_("The file stays on this computer. Send it again once the reason is gone."),
        account_id=row.account_id, can_retry=True,
    )  # fmt: skip


# ------------------------------------------------------------------------------------- conflicts


def _conflict(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    fields = tuple(field_item(one, currency) for one in row.collisions)
    is_proposal = any(one.kind == "proposal" for one in row.collisions)
    is_deletion = any(one.kind == "delete" for one in row.collisions)
    note = ngettext("{count} field collided", "{count} fields collided", len(fields))
    hint = _("The other value is kept and can be put back.")
    if is_proposal:
        note = _("HQ decides this field")
        hint = _("Office sees your value as a proposal. You need not do anything.")
    if is_deletion:
        note = _("deleted here, changed there")
        hint = _("What the other wrote stays. Delete it again if you still want to.")
    first = row.collisions[0]
    theirs = first.theirs_by or _("another computer")
    if first.theirs_at is not None:
        theirs = f"{theirs}, {when(first.theirs_at.astimezone(now.tzinfo), now)}"
    mine = _("you, this computer")
    if first.mine_at is not None:
        mine = f"{mine}, {when(first.mine_at.astimezone(now.tzinfo), now)}"
    sentence = _("You deleted it; {who} had changed it before that reached HQ.").format(who=theirs)
    return NeedItem(
        key=f"conflict:{row.ids[0]}", kind="conflict", ids=row.ids,
        badge=BadgeItem(_("Conflict"), Tone.WARNING, "warning"), title=_title(row, currency),
        note=note.format(count=len(fields)), at=_at(row, now),
        sentence=sentence if is_deletion else "", hint=hint,
        heads=((_("Field"), ""), (_("Before"), ""), (_("Mine"), mine), (_("Theirs"), theirs)),
        fields=() if is_deletion else fields, account_id=row.account_id,
    )  # fmt: skip


def field_item(row: CollisionRow, currency: str) -> FieldItem:
    """A collided field with both values; the kept one says why it was kept."""
    proposal = row.kind == "proposal"
    mine_kept = row.kept == "mine"
    kept = _("kept, HQ owns it") if proposal else _("kept, later")
    other = _("sent as a proposal") if proposal else _("stored")
    mine, theirs, base = (
        value_text(row.field, value, currency) for value in (row.mine, row.theirs, row.base)
    )
    return FieldItem(
        conflict_id=row.id,
        name=field_word(row.field),
        before=base,
        mine=SideItem(mine, kept if mine_kept else other, kept=mine_kept),
        theirs=SideItem(theirs, other if mine_kept else kept, kept=not mine_kept),
        restorable=row.kind == "field",
        typed=row.typed,
        plain=plain_text(row.field, row.mine if mine_kept else row.theirs, currency),
    )


def _price(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    fields = tuple(_price_line(one, currency) for one in row.collisions)
    note = ngettext("{count} price differs", "{count} prices differ", len(fields))
    heads = (
        (_("Product"), ""),
        (_("Line"), ""),
        (_("Agreed"), _("in your quote") if row.entity == "quote" else _("in your order")),
        (_("At HQ"), _("for that day")),
    )
    return NeedItem(
        key=f"price:{row.ids[0]}", kind="price", ids=row.ids,
        badge=BadgeItem(_("Price"), Tone.ACCENT, "euro"), title=_title(row, currency),
        note=note.format(count=len(fields)), at=_at(row, now),
        sentence=_("HQ took the quote as you sent it, although its own prices are others.")
        if row.entity == "quote"
        else _("HQ took the order as you agreed it, although its prices have changed."),
        hint=_("You need not do anything. The office sees the difference."), heads=heads,
        fields=fields, account_id=row.account_id,
    )  # fmt: skip


def _price_line(row: CollisionRow, currency: str) -> FieldItem:
    base = row.base if isinstance(row.base, dict) else {}
    agreed, theirs = (value_text(row.field, value, currency) for value in (row.mine, row.theirs))
    return FieldItem(
        conflict_id=row.id, name=str(base.get("sku", "")), before=str(base.get("line", "")),
        mine=SideItem(agreed, _("stands"), kept=True), theirs=SideItem(theirs, _("from now on")),
        restorable=False,
    )  # fmt: skip


# ------------------------------------------------------------------------- handovers and answers


def _handover(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    refused = row.code == "refused"
    by = row.by or _("the former owner")
    note = _("written by {who}, not taken over") if refused else _("from {who}")
    hint = _("Read it on the customer's card too. Enter it again where it still holds.")
    return NeedItem(
        key=f"handover:{row.ids[0]}", kind="handover", ids=row.ids,
        badge=BadgeItem(_("Handover"), Tone.ACCENT, "note"), title=row.name,
        note=note.format(who=by), at=_at(row, now), sentence=row.sentence, hint=hint,
        lines=tuple(handed_words(part, currency) for part in row.handed),
        account_id=row.account_id,
    )  # fmt: skip


def handed_words(part: HandedPart, currency: str) -> str:
    """What a former owner wrote, in a line: "Note: Ask for Antonio after ten"."""
    values = dict(part.values)
    what = what_it_is(part.entity, str(values.get("number") or "")) or group_words(part.entity, 1)
    telling = next((values[name] for name in _TELLING if isinstance(values.get(name), str)), None)
    if part.entity == "account" or telling is None:
        told = [
            f"{field_word(name)} {value_text(name, value, currency)}"
            for name, value in part.values
            if not name.endswith(("_id", "_uid"))
        ]
        telling = ", ".join(told[:4])
    return _("{what}: {words}").format(what=what, words=telling) if telling else what


def _outcome(row: NeedRow, now: datetime, currency: str) -> NeedItem:
    accepted = row.status == "accepted"
    who = row.by or _("The office")
    (one,) = row.collisions
    if row.code == "price":
        words = _("{who} has seen the prices of this order. It stands as you agreed it.")
        if not accepted:
            words = _("{who} has a word on the prices of this order. It stands as agreed.")
        sentence = words.format(who=who)
    else:
        words = _("{who} accepted it: {field} is {value} now.")
        if not accepted:
            words = _("{who} dismissed it: {field} stays {kept}; you proposed {value}.")
        sentence = words.format(
            who=who, field=field_word(one.field), value=value_text(one.field, one.mine, currency),
            kept=value_text(one.field, one.theirs, currency),
        )  # fmt: skip
    reason = _("The reason: {words}").format(words=row.sentence) if row.sentence else ""
    badge = BadgeItem(_("Accepted"), Tone.GOOD, "check")
    if not accepted:
        badge = BadgeItem(_("Dismissed"), Tone.WARNING, "close")
    return NeedItem(
        key=f"outcome:{row.ids[0]}", kind="outcome", ids=row.ids, badge=badge,
        title=_title(row, currency), note=_("your proposal"), at=_at(row, now),
        sentence=sentence, hint=reason or _("You need not do anything."),
        account_id=row.account_id,
    )  # fmt: skip
