"""The columns of the lists of opportunities and of leads, and what each says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtWidgets import QWidget

from crmdesk.analytics.pipeline_forecast import StageHistory
from crmdesk.domain.leads import LeadStatus, lead_word, source_word
from crmdesk.domain.pipeline import Stage, stage_word
from crmdesk.gui.views.pipeline.words import (
    chance_of,
    days_words,
    score_tone,
    score_word,
    step_words,
)
from crmdesk.gui.widgets.charts import column_width
from crmdesk.gui.widgets.delegates import muted
from crmdesk.gui.widgets.items import BadgeItem, Tone
from crmdesk.gui.widgets.rows import Cell, Column, RowsModel, major
from crmdesk.i18n import (
    CURRENCY_SIGNS,
    _,
    format_amount,
    format_date_near,
    format_number,
    format_percent,
)
from crmdesk.services.queries.deals import DealRow, DealSort
from crmdesk.services.queries.leads import LeadRow, LeadSort

STEP_COLUMN = 3
SCORE_COLUMN = 0

_STAGES = {
    Stage.QUALIFIED: (Tone.MUTED, "circle"),
    Stage.PROPOSAL: (Tone.ACCENT, "document"),
    Stage.NEGOTIATION: (Tone.ACCENT, "message"),
    Stage.WON: (Tone.GOOD, "check"),
    Stage.LOST: (Tone.DANGER, "close"),
    Stage.ENDED: (Tone.DANGER, "return"),
}
_STATES = {
    LeadStatus.NEW: (Tone.ACCENT, "star"),
    LeadStatus.CONTACTED: (Tone.MUTED, "phone"),
    LeadStatus.QUALIFIED: (Tone.GOOD, "check"),
    LeadStatus.CONVERTED: (Tone.GOOD, "arrow-right"),
    LeadStatus.LOST: (Tone.MUTED, "close"),
}


class DealsModel(RowsModel):
    """Opportunities as rows; keys are local ids."""

    def __init__(
        self, today: Callable[[], date], currency: str, known: Callable[[], StageHistory | None],
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(deal_columns(today, currency, known), parent=parent)


class LeadsModel(RowsModel):
    """Leads as rows; keys are local ids."""

    def __init__(self, today: Callable[[], date], parent: QWidget | None = None) -> None:
        super().__init__(lead_columns(today), parent=parent)


def deal_columns(
    today: Callable[[], date], currency: str, known: Callable[[], StageHistory | None]
) -> tuple[Column, ...]:
    """The columns of the opportunities; days are shown relative to ``today``."""
    sign = CURRENCY_SIGNS.get(currency, currency)

    def near(day: date | None) -> Cell:
        return muted("–") if day is None else Cell(format_date_near(day, today()))

    def chance(row: DealRow) -> Cell:
        found = chance_of(row, known())
        if found is None or found.value is None:
            return muted("–")
        return Cell(format_percent(found.value.share), unit=f"({found.value.similar})")

    amount = _("Amount {currency}").format(currency=sign)
    dates = column_width(92, _("Expected close"), _("tomorrow"))
    return (
        Column(DealSort.STAGE, _("Stage"), lambda row: Cell("", badge=stage_badge(row.stage)),
               column_width(128, *(f"{' ' * 8}{stage_word(stage)}" for stage in Stage))),
        Column(DealSort.NAME, _("Opportunity"), lambda row: Cell(row.name), 144),
        Column(DealSort.CUSTOMER, _("Customer"), lambda row: Cell(row.customer, unit=row.city),
               120, stretch=True),
        Column(DealSort.STEP, _("Next step"), lambda row: _step(row, today()),
               column_width(148, _("no next step")), value=lambda row: row.next_step_on,
               extra=((_("Next step"), lambda row: row.next_step),)),
        Column(DealSort.AMOUNT, amount,
               lambda row: Cell(format_amount(row.amount_minor, currency, decimals=0),
                                strong=True),
               column_width(92, amount), right=True,
               value=lambda row: major(row.amount_minor, currency)),
        Column(DealSort.SINCE, _("In the stage"), _since, column_width(92, _("In the stage")),
               right=True, yields=True, value=lambda row: row.days),
        Column(DealSort.CLOSE, _("Expected close"), lambda row: near(row.expected_close), dates,
               yields=True, value=lambda row: row.expected_close),
        Column("chance", _("Chance"), chance, column_width(92, "61 % (254)"), right=True,
               sortable=False, yields=True,
               tip=_("Won within 90 days among those in this stage at this age; beside it how"
                     " many there were.")),
        Column(DealSort.PERSON, _("Rep"), lambda row: Cell(row.person), 120, yields=True),
    )  # fmt: skip


def stage_badge(stage: Stage) -> BadgeItem:
    """The stage as a badge."""
    tone, icon = _STAGES[stage]
    return BadgeItem(stage_word(stage), tone, icon)


def _step(row: DealRow, today: date) -> Cell:
    if not row.is_open:
        day = "" if row.closed_on is None else format_date_near(row.closed_on, today)
        return Cell(day, unit=row.reason, tone=Tone.MUTED)
    words, tone = step_words(row, today)
    icon = "warning" if tone in (Tone.WARNING, Tone.DANGER) else ""
    return Cell(words, unit=row.next_step, tone=tone, icon=icon)


def _since(row: DealRow) -> Cell:
    if row.stale:
        return Cell(days_words(row.days), tone=Tone.WARNING, icon="clock")
    return muted(days_words(row.days) if row.is_open else "–")


def lead_columns(today: Callable[[], date]) -> tuple[Column, ...]:
    """The columns of the leads."""

    def near(day: date | None) -> Cell:
        return muted("–") if day is None else Cell(format_date_near(day, today()))

    return (
        Column(LeadSort.SCORE, _("Score"), _score, column_width(104, f"100 {score_word(80)}"),
               value=lambda row: row.score.points),
        Column(LeadSort.NAME, _("Lead"),
               lambda row: Cell(row.title, unit=row.name if row.company else ""), 170,
               stretch=True),
        Column("city", _("Town"), lambda row: Cell(row.city), 120, sortable=False, yields=True),
        Column(LeadSort.STATUS, _("State"), lambda row: Cell("", badge=lead_badge(row.status)),
               column_width(128, *(f"{' ' * 8}{lead_word(one)}" for one in LeadStatus))),
        Column(LeadSort.CAMPAIGN, _("From"), _from, 132),
        Column(LeadSort.STEP, _("Next step"), lambda row: _lead_step(row, today()),
               column_width(156, _("no next step")), value=lambda row: row.next_step_on,
               extra=((_("Next step"), lambda row: row.next_step),)),
        Column(LeadSort.CREATED, _("Since"), lambda row: near(row.created_on), 92, yields=True,
               value=lambda row: row.created_on),
        Column(LeadSort.PERSON, _("Rep"), lambda row: Cell(row.person), 120, yields=True),
    )  # fmt: skip


def lead_badge(status: LeadStatus) -> BadgeItem:
    """The state as a badge."""
    tone, icon = _STATES[status]
    return BadgeItem(lead_word(status), tone, icon)


def _score(row: LeadRow) -> Cell:
    if not row.score.asked:
        return muted(_("not asked"))
    points = row.score.points
    return Cell(format_number(points), unit=score_word(points), tone=score_tone(points))


def _from(row: LeadRow) -> Cell:
    source = source_word(row.source)
    if row.campaign:
        return Cell(row.campaign, unit=source)
    return Cell(source) if source else muted("–")


def _lead_step(row: LeadRow, today: date) -> Cell:
    if row.status in (LeadStatus.LOST, LeadStatus.CONVERTED):
        day = "" if row.closed_on is None else format_date_near(row.closed_on, today)
        return Cell(day, unit=row.reason, tone=Tone.MUTED)
    if row.next_step_on is None:
        return Cell(_("no next step"), tone=Tone.WARNING, icon="warning")
    late = row.next_step_on < today
    tone = Tone.DANGER if late else Tone.ACCENT if row.next_step_on == today else Tone.MUTED
    return Cell(
        format_date_near(row.next_step_on, today), unit=row.next_step, tone=tone,
        icon="warning" if late else "",
    )  # fmt: skip
