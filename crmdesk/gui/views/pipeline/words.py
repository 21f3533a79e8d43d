"""How opportunities and leads are said: cards, columns, what stands beside them.

Owns words and number formats. Forms are :mod:`crmdesk.gui.views.pipeline.forms`', figures
:mod:`crmdesk.gui.views.pipeline.figure_words`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from crmdesk.analytics.figures import Figure
from crmdesk.analytics.pipeline_forecast import HORIZON_DAYS, Chance, StageHistory
from crmdesk.domain.leads import (
    FAIR_SCORE,
    GOOD_SCORE,
    lead_word,
    question_word,
    reply_word,
    source_word,
)
from crmdesk.domain.pipeline import OPEN_STAGES, Stage, kind_word, stage_word
from crmdesk.domain.states import OrderStatus, QuoteStatus, order_status_word, quote_status_word
from crmdesk.gui import keys
from crmdesk.gui.customer_words import missing_words
from crmdesk.gui.views.pipeline.items import ColumnItem, DealCard, LineItem, SideItem
from crmdesk.gui.widgets.items import Pair, Tone
from crmdesk.i18n import (
    _,
    currency_digits,
    format_date,
    format_date_near,
    format_money,
    format_number,
    format_percent,
    ngettext,
    pgettext,
    read_number,
)
from crmdesk.services.queries.deal import DealSheet, LinkedDocument, Step
from crmdesk.services.queries.deal_shares import ShareElsewhere
from crmdesk.services.queries.deals import BoardColumn, DealGroup, DealRow
from crmdesk.services.queries.leads import LeadGroup, LeadRow

BOARD_STAGES = (*OPEN_STAGES, Stage.WON, Stage.LOST)
"""The columns; what does not buy again stands with what was lost."""


def money(minor: int, currency: str) -> str:
    """An amount of the pipeline: without cents, which nobody can know yet."""
    return format_money(minor, currency, decimals=0)


def read_amount(text: str, currency: str) -> int | None:
    """Minor units of an amount that was typed; None when it is none."""
    try:
        number = read_number(text.strip())
    except InvalidOperation:
        return None
    if number is None:
        return None
    minor = Decimal(number).scaleb(currency_digits(currency))
    return int(minor) if minor == minor.to_integral_value() else None


def typed_amount(minor: int, currency: str) -> str:
    """An amount as it can be typed and read back."""
    digits = currency_digits(currency)
    whole, rest = divmod(minor, 10**digits)
    return str(whole) if not rest else f"{whole}.{rest:0{digits}d}"


def columns_of(
    columns: Sequence[BoardColumn], rows: Mapping[int, DealRow], today: date, currency: str
) -> list[ColumnItem]:
    """The board in words."""
    by_stage = {column.stage: column for column in columns}
    made = []
    for stage in BOARD_STAGES:
        parts = [by_stage[stage]]
        if stage is Stage.LOST:
            parts.append(by_stage[Stage.ENDED])
        count = sum(part.count for part in parts)
        ids = [key for part in parts for key in part.ids]
        if stage not in OPEN_STAGES:
            ids.sort(key=lambda key: rows[key].closed_on or today, reverse=True)
        cards = tuple(card_of(rows[key], today, currency) for key in ids if key in rows)
        more = count - len(cards)
        made.append(
            ColumnItem(
                stage,
                stage_word(stage),
                f"{format_number(count)} · {money(sum(p.amount_minor for p in parts), currency)}",
                cards,
                ngettext("and {count} more", "and {count} more", more).format(
                    count=format_number(more)
                )
                if more > 0
                else "",
                stage in OPEN_STAGES,
            )
        )
    return made


def card_of(row: DealRow, today: date, currency: str) -> DealCard:
    """One card of the board."""
    if row.is_open:
        words, tone = step_words(row, today)
    else:
        why = stage_word(row.stage) if row.stage is Stage.ENDED else row.reason
        words, tone = why, Tone.MUTED
    stale = days_words(row.days) if row.stale else ""
    return DealCard(
        row.id, row.name, row.customer, money(row.amount_minor, currency), words, tone, stale,
        row.is_open,
    )  # fmt: skip


def step_words(row: DealRow, today: date) -> tuple[str, Tone]:
    """When the next step is, in a word and a tone."""
    if row.next_step_on is None:
        return _("no next step"), Tone.WARNING
    day = format_date_near(row.next_step_on, today)
    if row.next_step_on < today:
        return day, Tone.DANGER
    return day, Tone.ACCENT if row.next_step_on == today else Tone.MUTED


def days_words(days: int) -> str:
    """So many days."""
    return ngettext("{count} day", "{count} days", days).format(count=format_number(days))


def group_words() -> dict[DealGroup, str]:
    """The chips of the opportunities."""
    return {
        DealGroup.OPEN: pgettext("opportunities", "Open"),
        DealGroup.DO: _("To do"),
        DealGroup.STALE: pgettext("opportunities", "Stale"),
        DealGroup.WON: pgettext("stage", "Won"),
        DealGroup.LOST: pgettext("stage", "Lost"),
        DealGroup.ALL: _("All"),
    }


def lead_group_words() -> dict[LeadGroup, str]:
    """The chips of the leads."""
    return {
        LeadGroup.OPEN: pgettext("leads", "Open"),
        LeadGroup.DO: _("To do"),
        LeadGroup.CONVERTED: pgettext("lead", "Converted"),
        LeadGroup.LOST: pgettext("lead", "Disqualified"),
        LeadGroup.ALL: _("All"),
    }


def chance_of(row: DealRow, known: StageHistory | None) -> Figure[Chance] | None:
    """The chance of an open opportunity; None while the history is read, or once it is closed."""
    if known is None or not row.is_open:
        return None
    return known.chance(row.stage, row.days)


def chance_sentence(row: DealRow, known: StageHistory | None) -> str:
    """On what the chance of an opportunity rests."""
    found = chance_of(row, known)
    if found is None:
        return ""
    if found.value is None:
        return missing_words(found.reason)
    return _(
        "{share} likely to be won within {days} days: so went opportunities in this stage at this"
        " age ({similar} of {of} known ones)."
    ).format(
        share=format_percent(found.value.share), days=HORIZON_DAYS,
        similar=format_number(found.value.similar), of=format_number(found.value.of),
    )  # fmt: skip


def deal_side(sheet: DealSheet, known: StageHistory | None, today: date, currency: str) -> SideItem:
    """What stands beside the selected opportunity."""
    row = sheet.row
    chance = chance_of(row, known)
    share = "–" if chance is None or chance.value is None else format_percent(chance.value.share)
    step, tone = step_words(row, today)
    pairs = [
        Pair(_("Amount"), money(row.amount_minor, currency), strong=True),
        Pair(_("Stage"), stage_word(row.stage), days_words(row.days),
             tone=Tone.WARNING if row.stale else Tone.PLAIN, icon="warning" if row.stale else ""),
    ]  # fmt: skip
    if row.is_open:
        pairs += [
            Pair(_("Chance"), share),
            Pair(_("Expected close"),
                 "–" if row.expected_close is None else format_date(row.expected_close)),
            Pair(row.next_step or _("Next step"), step, tone=tone),
        ]  # fmt: skip
    else:
        pairs += [Pair(_("Reason"), row.reason or "–")]
        if row.lost_to:
            pairs.append(Pair(_("To whom"), row.lost_to))
    pairs += [
        Pair(label, value, label_tone=Tone.MUTED)
        for label, value in (
            (_("Kind"), kind_word(row.kind)), (_("Contact"), sheet.contact),
            (_("Campaign"), sheet.campaign), (_("From the lead"), sheet.lead),
            (_("Rep"), row.person),
        ) if value
    ]  # fmt: skip
    blocks = [
        (_("Stages"), tuple(_step(step, today) for step in reversed(sheet.history))),
        (_("Shares"), tuple(LineItem(name, format_percent(bp / 10_000))
                            for _key, name, bp in sheet.splits)),
        (_("Quotes and orders"), tuple(_document(one, currency) for one in sheet.documents)),
        (_("Note"), (LineItem("", sheet.note),) if sheet.note else ()),
    ]  # fmt: skip
    return SideItem(
        row.name, " · ".join(part for part in (row.customer, row.city) if part), tuple(pairs),
        tuple((title, lines) for title, lines in blocks if lines), chance_sentence(row, known),
    )  # fmt: skip


def _step(step: Step, today: date) -> LineItem:
    note = " · ".join(part for part in (step.reason, step.note) if part)
    tone = {Stage.WON: Tone.GOOD, Stage.LOST: Tone.DANGER, Stage.ENDED: Tone.DANGER}
    return LineItem(
        format_date_near(step.on, today), stage_word(step.after), note,
        tone.get(step.after, Tone.PLAIN),
    )  # fmt: skip


def _document(one: LinkedDocument, currency: str) -> LineItem:
    if one.kind == "quote":
        word = quote_status_word(QuoteStatus(one.status))
    else:
        word = order_status_word(OrderStatus(one.status))
    return LineItem(one.name, money(one.net_minor, currency), word)


def lead_side(row: LeadRow, today: date) -> SideItem:
    """What stands beside the selected lead: the score with what it comes from."""
    score = row.score
    pairs = [
        Pair(_("Score"), format_number(score.points), score_word(score.points),
             tone=score_tone(score.points), strong=True),
        Pair(_("State"), lead_word(row.status)),
    ]  # fmt: skip
    if row.reason:
        pairs.append(Pair(_("Reason"), row.reason))
    if row.next_step or row.next_step_on:
        late = row.next_step_on is not None and row.next_step_on < today
        day = "–" if row.next_step_on is None else format_date_near(row.next_step_on, today)
        pairs.append(
            Pair(row.next_step or _("Next step"), day, tone=Tone.DANGER if late else Tone.PLAIN)
        )
    pairs += [
        Pair(label, value, label_tone=Tone.MUTED)
        for label, value in (
            (_("Telephone"), row.phone), (_("E-mail"), row.email), (_("Campaign"), row.campaign),
            (_("Source"), source_word(row.source)), (_("Rep"), row.person),
        ) if value
    ]  # fmt: skip
    parts = tuple(
        LineItem(
            question_word(part.question),
            reply_word(part.question, part.reply) if part.reply else _("not asked"),
            f"{format_number(part.points)}/{format_number(part.most)}",
            Tone.PLAIN if part.reply else Tone.MUTED,
        )
        for part in score.parts
    )
    about = " · ".join(part for part in (row.name if row.company else "", row.city) if part)
    blocks = [(_("What the score comes from"), parts)]
    if row.note:
        blocks.append((_("Note"), (LineItem("", row.note),)))
    return SideItem(row.title, about, tuple(pairs), tuple(blocks))


def score_word(points: int) -> str:
    """What a score means."""
    if points >= GOOD_SCORE:
        return pgettext("lead", "good")
    return pgettext("lead", "fair") if points >= FAIR_SCORE else pgettext("lead", "weak")


def score_tone(points: int) -> Tone:
    """The tone of a score; its word stands beside it."""
    if points >= GOOD_SCORE:
        return Tone.GOOD
    return Tone.PLAIN if points >= FAIR_SCORE else Tone.MUTED


def shares_words(shares: Sequence[ShareElsewhere], currency: str) -> str:
    """What somebody has of open opportunities elsewhere; how many shares where none is open."""
    key = keys.hint("pipeline.elsewhere")
    own = [one.own_minor for one in shares if one.is_open and one.currency == currency]
    if own:
        return _("{amount} elsewhere ({key})").format(amount=money(sum(own), currency), key=key)
    count = len(shares)
    said = ngettext("{count} share elsewhere ({key})", "{count} shares elsewhere ({key})", count)
    return said.format(count=format_number(count), key=key)
