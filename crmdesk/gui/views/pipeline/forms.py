"""What is asked about opportunities and leads: the forms, begun with what is known.

Owns which fields there are. What the answers do is :mod:`crmdesk.gui.views.pipeline.answering`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from crmdesk.domain.leads import QUESTIONS, SOURCES, question_word, reply_word, source_word
from crmdesk.domain.pipeline import DealKind, Stage, kind_word
from crmdesk.gui.dates import typed_day
from crmdesk.gui.views.pipeline.words import typed_amount
from crmdesk.gui.widgets.formbar import Form, FormField
from crmdesk.i18n import _
from crmdesk.services.lead_conversion import Duplicate, duplicates
from crmdesk.services.queries.customers import customer_rows
from crmdesk.services.queries.deal import Choices, DealSheet, Named, choices, deal_sheet
from crmdesk.services.queries.leads import LeadRow, lead_rows
from crmdesk.services.workspace import Workspace

CLOSE_DAYS = 45
"""A new opportunity is expected to close so many days from now, until somebody says otherwise."""

NEW_CUSTOMER = "new"
_SAME = ("phone", "email", "name")


class Ask(StrEnum):
    """The kinds of forms."""

    NEW_DEAL = "new_deal"
    EDIT_DEAL = "edit_deal"
    STEP = "step"
    WON = "won"
    LOST = "lost"
    ENDED = "ended"
    SHARES = "shares"
    NEW_LEAD = "new_lead"
    EDIT_LEAD = "edit_lead"
    QUALIFY = "qualify"
    DISQUALIFY = "disqualify"
    CONVERT = "convert"
    LEAD_STEP = "lead_step"
    GIVE = "give"
    GIVE_LEAD = "give_lead"


OF_LEADS = (
    Ask.NEW_LEAD, Ask.EDIT_LEAD, Ask.QUALIFY, Ask.DISQUALIFY, Ask.CONVERT, Ask.LEAD_STEP,
    Ask.GIVE_LEAD,
)  # fmt: skip

ENDS = {Ask.WON: Stage.WON, Ask.LOST: Stage.LOST, Ask.ENDED: Stage.ENDED}


def form_of(ws: Workspace, kind: Ask, subject: int) -> Form:
    """The form of a kind about an opportunity, a lead or (NEW_DEAL) a customer.

    NotFound when it is gone.
    """
    if kind is Ask.NEW_DEAL:
        return _new_deal(ws, subject)
    if kind is Ask.NEW_LEAD:
        return _lead_form(kind, None, choices(ws))
    if kind in OF_LEADS:
        return _about_lead(ws, kind, subject)
    return _about_deal(ws, kind, deal_sheet(ws, subject), choices(ws))


# -------------------------------------------------------------------------------------- deals


def _new_deal(ws: Workspace, account_id: int) -> Form:
    row = customer_rows(ws, [account_id]).get(account_id)
    about = "" if row is None else row.name
    close = typed_day(ws.today() + timedelta(days=CLOSE_DAYS))
    return Form(
        Ask.NEW_DEAL, account_id, _("New opportunity"), about,
        (
            FormField("name", _("What"), placeholder=_("Coffee with machine on loan")),
            FormField("amount", _("Amount"), placeholder=_("a year, or the sale")),
            FormField("close", _("Expected close"), close),
            FormField("step", _("Next step"), placeholder=_("Tasting with the owner")),
            FormField("step_on", _("on"), "+7"),
            _kinds(DealKind.SALE),
        ),
        _("Save"),
    )  # fmt: skip


def _about_deal(ws: Workspace, kind: Ask, sheet: DealSheet, known: Choices) -> Form:
    row = sheet.row
    about = f"{row.name} · {row.customer}"
    if kind in ENDS:
        return _end_form(kind, row.id, about, known.reasons[ENDS[kind]])
    if kind is Ask.STEP:
        on = row.next_step_on if row.next_step_on and row.next_step_on > ws.today() else None
        fields = (
            FormField("step", _("Next step"), row.next_step, wide=True),
            FormField("step_on", _("on"), typed_day(on) or "+7"),
        )
        return Form(kind, row.id, _("Next step"), about, fields, _("Save"))
    if kind is Ask.GIVE:
        return _give_form(kind, row.id, about, row.person, known)
    if kind is Ask.SHARES:
        shares = ", ".join(f"{name} {_percent(bp)}" for _key, name, bp in sheet.splits)
        names = ", ".join(one.name for one in known.people[:8])
        return Form(
            kind, row.id, _("Shares"), about,
            (FormField("shares", _("Shares"), shares,
                       placeholder=_("a name and a share each, 100 in all"), wide=True),),
            _("Save"), _("Who: {names}. Empty: {person} has it all.").format(
                names=names, person=row.person or "–"),
        )  # fmt: skip
    return Form(
        kind, row.id, _("What it says"), about,
        (
            FormField("name", _("What"), row.name),
            FormField("amount", _("Amount"), typed_amount(row.amount_minor, ws.currency)),
            FormField("close", _("Expected close"), typed_day(row.expected_close)),
            _kinds(row.kind),
            *_chosen("contact", _("Contact"), sheet.contacts, sheet.contact_id),
            *_chosen("campaign", _("Campaign"), known.campaigns, sheet.campaign_id),
            FormField("note", _("Note"), sheet.note, wide=True),
        ),
        _("Save"),
    )  # fmt: skip


def _end_form(kind: Ask, subject: int, about: str, reasons: Sequence[Named]) -> Form:
    titles = {
        Ask.WON: (_("Won: why?"), _("Won")),
        Ask.LOST: (_("Lost: why?"), _("Lost")),
        Ask.ENDED: (_("Not buying again: why?"), _("Not buying again")),
    }
    title, done = titles[kind]
    fields = [_reasons(reasons)]
    if kind is Ask.LOST:
        fields.append(FormField("lost_to", _("To whom"), placeholder=_("if you know")))
    fields.append(FormField("note", _("Note"), wide=True))
    hint = "" if reasons else _("There are no reasons yet. The office adds them at HQ.")
    return Form(kind, subject, title, about, tuple(fields), done, hint)


def _give_form(kind: Ask, subject: int, about: str, person: str, known: Choices) -> Form:
    people = tuple((str(one.id), one.name) for one in known.people)
    now = next((key for key, name in people if name == person), "")
    return Form(
        kind, subject, _("Give to whom?"), about, (FormField("user", _("Rep"), now, people),),
        _("Give"),
    )  # fmt: skip


def _kinds(kind: str) -> FormField:
    return FormField(
        "kind", _("Kind"), kind, tuple((one.value, kind_word(one)) for one in DealKind)
    )


def _reasons(reasons: Sequence[Named]) -> FormField:
    return FormField("reason", _("Reason"), "", tuple((str(one.id), one.name) for one in reasons))


def _chosen(
    key: str, label: str, offered: Sequence[Named], chosen: int | None
) -> tuple[FormField, ...]:
    if not offered:
        return ()
    value = "" if chosen is None else str(chosen)
    return (FormField(key, label, value, tuple((str(one.id), one.name) for one in offered)),)


def _percent(bp: int) -> str:
    whole, rest = divmod(bp, 100)
    return str(whole) if not rest else f"{whole}.{rest:02d}"


# -------------------------------------------------------------------------------------- leads


def _about_lead(ws: Workspace, kind: Ask, subject: int) -> Form:
    row = lead_rows(ws, [subject])[subject]
    about = " · ".join(part for part in (row.title, row.city) if part)
    if kind is Ask.EDIT_LEAD:
        return _lead_form(kind, row, choices(ws))
    if kind is Ask.QUALIFY:
        given = {part.question: part.reply for part in row.score.parts}
        fields = tuple(
            FormField(
                q.key, question_word(q.key), given[q.key],
                tuple((r.key, f"{reply_word(q.key, r.key)} +{r.points}") for r in q.replies),
            )
            for q in QUESTIONS
        )  # fmt: skip
        return Form(
            kind, subject, _("Qualify"), about, fields, _("Save"),
            _("The score is the sum of the points; leave open what you do not know."),
        )  # fmt: skip
    if kind is Ask.GIVE_LEAD:
        return _give_form(kind, subject, about, row.person, choices(ws))
    if kind is Ask.DISQUALIFY:
        reasons = choices(ws).lead_reasons
        hint = "" if reasons else _("There are no reasons yet. The office adds them at HQ.")
        return Form(
            kind, subject, _("Disqualify: why?"), about, (_reasons(reasons),), _("Disqualify"), hint
        )
    if kind is Ask.LEAD_STEP:
        on = row.next_step_on if row.next_step_on and row.next_step_on > ws.today() else None
        fields = (
            FormField("step", _("Next step"), row.next_step, wide=True),
            FormField("step_on", _("on"), typed_day(on) or "+7"),
        )
        return Form(kind, subject, _("Next step"), about, fields, _("Save"))
    return _convert_form(ws, row, about)


def _convert_form(ws: Workspace, row: LeadRow, about: str) -> Form:
    found = duplicates(ws, row.id)
    fields: list[FormField] = []
    hint = _("Makes a customer, a contact and an opportunity in one step.")
    if found:
        # Who looks the same is asked about; who merely sounds alike is only named.
        sure = any(one.why in _SAME for one in found)
        offered = ((NEW_CUSTOMER, _("a new customer")), *(
            (str(one.account_id), _alike(one)) for one in found))  # fmt: skip
        fields.append(FormField("account", _("Customer"), "" if sure else NEW_CUSTOMER, offered))
        hint = _("There are customers like this one already. Is it one of them?")
    fields += [
        FormField("amount", _("Amount"), placeholder=_("a year, or the sale")),
        FormField("name", _("What"), _("First order")),
        FormField("close", _("Expected close"),
                  typed_day(ws.today() + timedelta(days=CLOSE_DAYS))),
        FormField("step", _("Next step"), row.next_step),
        FormField("step_on", _("on"), "+7"),
    ]  # fmt: skip
    return Form(
        Ask.CONVERT, row.id, _("Convert the lead"), about, tuple(fields), _("Convert"), hint
    )


def _alike(one: Duplicate) -> str:
    why = {
        "phone": _("same telephone"), "email": _("same e-mail"), "name": _("same name"),
        "similar": _("similar name"),
    }[one.why]  # fmt: skip
    return " · ".join(part for part in (one.name, one.city, why) if part)


def _lead_form(kind: Ask, row: LeadRow | None, known: Choices) -> Form:
    sources = tuple((key, source_word(key)) for key in SOURCES)
    source = "" if row is None else row.source
    if source and source not in SOURCES:
        sources = (*sources, (source, source))
    return Form(
        kind, 0 if row is None else row.id, _("New lead") if row is None else _("Change the lead"),
        "" if row is None else row.title,
        (
            FormField("company", _("Business"), "" if row is None else row.company),
            FormField("name", _("Person"), "" if row is None else row.name),
            FormField("phone", _("Telephone"), "" if row is None else row.phone),
            FormField("email", _("E-mail"), "" if row is None else row.email),
            FormField("city", _("Town"), "" if row is None else row.city),
            FormField("source", _("Source"), source, sources),
            *_chosen("campaign", _("Campaign"), known.campaigns,
                     None if row is None else row.campaign_id),
            FormField("note", _("Note"), "" if row is None else row.note, wide=True),
        ),
        _("Save"),
    )  # fmt: skip
