"""What the answers to the forms do, what is then said, and how it is taken back.

Runs on the writer's thread: no Qt here. Which fields there are is
:mod:`crmdesk.gui.views.pipeline.forms`'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.leads import QUESTIONS
from crmdesk.domain.pipeline import OPEN_STAGES, Stage, stage_word
from crmdesk.gui.dates import read_day
from crmdesk.gui.form_meeting import Theirs, keep
from crmdesk.gui.views.pipeline.forms import ENDS, NEW_CUSTOMER, Ask, form_of
from crmdesk.gui.views.pipeline.words import read_amount
from crmdesk.gui.widgets.formbar import Given
from crmdesk.i18n import _, format_number
from crmdesk.services import leads, opportunities, undo
from crmdesk.services.lead_conversion import convert_lead, take_back_conversion
from crmdesk.services.leads import LeadInput
from crmdesk.services.opportunities import DealInput
from crmdesk.services.opportunity_stages import move_deal, take_back_move
from crmdesk.services.queries.deal import choices, deal_sheet
from crmdesk.services.queries.leads import lead_rows
from crmdesk.services.queries.task_people import names_without
from crmdesk.services.workspace import Workspace

_SHARE = re.compile(r"\s*(?P<name>[^,;\d]+?)\s+(?P<share>\d+(?:[.,]\d+)?)\s*%?\s*(?:[,;]|$)")


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: what it touched, the words for it, and how to take it back.

    ``take_back`` runs on the writer's thread and gives its change set and words (empty: none).
    ``deal`` and ``lead`` are what to select then; ``theirs`` what both have changed.
    """

    changes: ChangeSet
    said: str
    take_back: Callable[[], tuple[ChangeSet, str]] | None = None
    deal: int | None = None
    lead: int | None = None
    theirs: Theirs = ()


def answer(ws: Workspace, given: Given) -> Done:
    """Do what was answered. FieldError for what cannot be read, by the key of its field."""
    kind, subject = Ask(given.kind), given.subject
    done, theirs = keep(
        ws, given.filled, lambda: form_of(ws, kind, subject).fields,
        lambda values: _ACTS[kind](ws, subject, values),
    )  # fmt: skip
    return replace(done, theirs=theirs)


def move(ws: Workspace, opportunity_id: int, to: Stage) -> Done:
    """Move an opportunity to an open stage."""
    return _moved(ws, opportunity_id, to, {})


def reopen_deal(ws: Workspace, opportunity_id: int) -> Done:
    """Open a closed opportunity again, in the last stage of work it was in."""
    history = deal_sheet(ws, opportunity_id).history
    last = [step.after for step in history if step.after in OPEN_STAGES]
    return _moved(ws, opportunity_id, last[-1] if last else OPEN_STAGES[0], {})


def contacted(ws: Workspace, lead_id: int) -> Done:
    """Somebody has spoken to a lead."""
    changes = leads.contact_lead(ws, lead_id)
    return Done(changes, _("The lead was contacted."), _undoing(ws, changes), lead=lead_id)


def reopen_lead(ws: Workspace, lead_id: int) -> Done:
    """Open a disqualified lead again."""
    changes = leads.reopen_lead(ws, lead_id)
    return Done(changes, _("The lead is open again."), _undoing(ws, changes), lead=lead_id)


def _moved(ws: Workspace, key: int, to: Stage, values: Mapping[str, str]) -> Done:
    reason = values.get("reason", "")
    moved = move_deal(
        ws, key, to, reason_id=int(reason) if reason else None,
        lost_to=values.get("lost_to", ""), note=values.get("note", ""),
    )  # fmt: skip
    before = moved.before
    name = str(opportunities.deal_row(ws, key).name)
    said = _("{name}: {stage}.").format(name=name, stage=stage_word(to))

    def take_back() -> tuple[ChangeSet, str]:
        if before is None:
            return ChangeSet(), ""
        changes = take_back_move(ws, key, to, before)
        return changes, _("{name}: {stage}.").format(name=name, stage=stage_word(before.stage))

    return Done(moved.changes, said, take_back if before is not None else None, deal=key)


def _end(to: Stage) -> Callable[[Workspace, int, Mapping[str, str]], Done]:
    return lambda ws, key, values: _moved(ws, key, to, values)


def _new_deal(ws: Workspace, account_id: int, values: Mapping[str, str]) -> Done:
    made = _deal_input(ws, values)
    started = opportunities.start_deal(ws, account_id, made)
    said = _("{name} is in the pipeline.").format(name=made.name.strip())
    return Done(started.changes, said, _undoing(ws, started.changes), deal=started.opportunity_id)


def _edit_deal(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    sheet = deal_sheet(ws, key)
    made = _deal_input(
        ws, {**values, "step": sheet.row.next_step, "step_on": ""}, keep=sheet.row.next_step_on
    )
    changes = opportunities.edit_deal(ws, key, made)
    return Done(changes, _("Saved."), _undoing(ws, changes), deal=key)


def _step(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    changes = opportunities.plan_step(ws, key, values.get("step", ""), _day(ws, values, "step_on"))
    return Done(changes, _("The next step is set."), _undoing(ws, changes), deal=key)


def _shares(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    people = choices(ws).people
    text, shares = values.get("shares", "").strip(), []
    while text:
        found = _SHARE.match(text)
        if found is None:
            raise FieldError(
                "shares", _("“{text}” is no share.").format(text=text),
                _("Type a name and a share, like: Marta 60, Jordi 40."),
            )  # fmt: skip
        text = text[found.end() :].strip()
        wanted = found["name"].strip().casefold()
        named = [one for one in people if one.name.casefold() == wanted] or [
            one for one in people if wanted in one.name.casefold()
        ]
        if len(named) != 1:
            raise FieldError(
                "shares", _("Nobody here, or more than one, is called “{name}”.").format(
                    name=found["name"].strip()),
            )  # fmt: skip
        shares.append((named[0].id, int(Decimal(found["share"].replace(",", ".")) * 100)))
    changes = opportunities.split_deal(ws, key, shares)
    said = _("The shares are set.")
    account = deal_sheet(ws, key).row.account_id
    elsewhere = names_without(ws, account, [user for user, _share in shares])
    if elsewhere:
        words = _("{names} will see customer, amount and own share in the pipeline, nothing else of"
                  " the customer.")  # fmt: skip
        said = f"{said} {words.format(names=', '.join(elsewhere))}"
    return Done(changes, said, _undoing(ws, changes), deal=key)


def _give(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    changes = opportunities.give_deal(ws, key, _user(values))
    return Done(changes, _given_words(ws, values), _undoing(ws, changes), deal=key)


def _give_lead(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    changes = leads.give_lead(ws, key, _user(values))
    return Done(changes, _given_words(ws, values), _undoing(ws, changes), lead=key)


def _user(values: Mapping[str, str]) -> int:
    chosen = values.get("user", "")
    if not chosen:
        raise FieldError("user", _("Say who has it."), _("Choose a person by the number."))
    return int(chosen)


def _given_words(ws: Workspace, values: Mapping[str, str]) -> str:
    names = {one.id: one.name for one in choices(ws).people}
    return _("{name} has it now.").format(name=names.get(_user(values), "–"))


def _new_lead(ws: Workspace, _subject: int, values: Mapping[str, str]) -> Done:
    made = _lead_input(values)
    added = leads.add_lead(ws, made)
    said = _("{name} is a lead.").format(name=(made.company or made.name).strip())
    return Done(added.changes, said, _undoing(ws, added.changes), lead=added.lead_id)


def _edit_lead(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    row = lead_rows(ws, [key])[key]
    made = _lead_input(values, step=row.next_step, on=row.next_step_on)
    changes = leads.edit_lead(ws, key, made)
    return Done(changes, _("Saved."), _undoing(ws, changes), lead=key)


def _lead_step(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    on = _day(ws, values, "step_on")
    changes = leads.plan_lead_step(ws, key, values.get("step", ""), on)
    return Done(changes, _("The next step is set."), _undoing(ws, changes), lead=key)


def _qualify(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    replies = {q.key: values.get(q.key, "") for q in QUESTIONS}
    changes = leads.qualify_lead(ws, key, replies)
    row = lead_rows(ws, [key])[key]
    said = _("{name}: {points} points.").format(
        name=row.title, points=format_number(row.score.points)
    )
    return Done(changes, said, _undoing(ws, changes), lead=key)


def _disqualify(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    reason = values.get("reason", "")
    changes = leads.disqualify_lead(ws, key, int(reason) if reason else None)
    row = lead_rows(ws, [key])[key]
    said = _("{name} is disqualified.").format(name=row.title)
    return Done(changes, said, _undoing(ws, changes), lead=key)


def _convert(ws: Workspace, key: int, values: Mapping[str, str]) -> Done:
    chosen = values.get("account", NEW_CUSTOMER)
    if not chosen:
        raise FieldError(
            "account", _("There are customers like this one already."),
            _("Choose one of them, or a new customer, by its number."),
        )  # fmt: skip
    account = None if chosen == NEW_CUSTOMER else int(chosen)
    title = lead_rows(ws, [key])[key].title
    done = convert_lead(ws, key, _deal_input(ws, values), account_id=account)

    def take_back() -> tuple[ChangeSet, str]:
        taken = take_back_conversion(ws, done)
        if taken.customer_stays:
            return taken.changes, _(
                "The lead is open again. HQ has the customer already, so it stays, marked as lost."
            )
        return taken.changes, _("The lead is open again.")

    said = _("{name} is a customer with an opportunity.").format(name=title)
    return Done(done.changes, said, take_back, deal=done.opportunity_id)


_ACTS: dict[Ask, Callable[[Workspace, int, Mapping[str, str]], Done]] = {
    **{kind: _end(stage) for kind, stage in ENDS.items()},
    Ask.NEW_DEAL: _new_deal,
    Ask.EDIT_DEAL: _edit_deal,
    Ask.STEP: _step,
    Ask.SHARES: _shares,
    Ask.GIVE: _give,
    Ask.GIVE_LEAD: _give_lead,
    Ask.NEW_LEAD: _new_lead,
    Ask.EDIT_LEAD: _edit_lead,
    Ask.LEAD_STEP: _lead_step,
    Ask.QUALIFY: _qualify,
    Ask.DISQUALIFY: _disqualify,
    Ask.CONVERT: _convert,
}


def _undoing(ws: Workspace, changes: ChangeSet) -> Callable[[], tuple[ChangeSet, str]] | None:
    txn = changes.undo
    if txn is None:
        return None
    return lambda: (undo.undo(ws, txn), "")


def _deal_input(ws: Workspace, values: Mapping[str, str], keep: date | None = None) -> DealInput:
    amount = read_amount(values.get("amount", ""), ws.currency)
    if amount is None:
        raise FieldError(
            "amount", _("“{text}” is no amount.").format(text=values.get("amount", "").strip()),
            _("Type what it brings in a year, or once, like 2400."),
        )  # fmt: skip
    contact, campaign = values.get("contact", ""), values.get("campaign", "")
    step_on = _day(ws, values, "step_on") if values.get("step", "").strip() else None
    return DealInput(
        values.get("name", ""), amount, _day(ws, values, "close"), values.get("kind") or "sale",
        values.get("step", ""), keep if keep is not None else step_on,
        int(contact) if contact else None, int(campaign) if campaign else None,
        values.get("note", ""),
    )  # fmt: skip


def _lead_input(values: Mapping[str, str], step: str = "", on: date | None = None) -> LeadInput:
    campaign = values.get("campaign", "")
    return LeadInput(
        values.get("name", ""), values.get("company", ""), values.get("phone", ""),
        values.get("email", ""), values.get("city", ""), values.get("source", ""),
        int(campaign) if campaign else None, values.get("note", ""), step, on,
    )  # fmt: skip


def _day(ws: Workspace, values: Mapping[str, str], key: str) -> date | None:
    text = values.get(key, "").strip()
    if not text:
        return None
    found = read_day(text, ws.today())
    if found is None:
        raise FieldError(
            key, _("“{text}” is no day.").format(text=text),
            _("Type it as 2.12., or +7 for a week from now."),
        )  # fmt: skip
    return found
