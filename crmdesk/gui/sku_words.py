"""SKUs of a customer in words and figures: the sentence, when next, how much, how dark.

Owns turning forecast rows into what the painted widgets show, for every place that shows them.
No Qt here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from crmdesk.gui.packs import pack_text
from crmdesk.gui.widgets.items import HeatItem, NeedItem, Tone, heat_level, heat_thresholds
from crmdesk.i18n import (
    _,
    format_date,
    format_date_near,
    format_number,
    format_percent,
    format_price,
)
from crmdesk.services.queries.customer_matrix import SkuRow

NONE = "–"
_ICONS = {
    "overdue": ("warning", Tone.DANGER),
    "due": ("clock", Tone.ACCENT),
    "at_risk": ("trend-down", Tone.WARNING),
    "lapsed": ("minus", Tone.MUTED),
    "new": ("plus", Tone.MUTED),
    "fine": ("check", Tone.MUTED),
}


def state_word(state: str) -> str:
    """A state of the forecast as people read it."""
    return {
        "overdue": _("Overdue"),
        "due": _("Due"),
        "at_risk": _("At risk"),
        "lapsed": _("Lapsed"),
        "new": _("New"),
        "fine": _("Fine"),
    }.get(state, state)


def usual_text(row: SkuRow) -> str:
    """What the customer usually takes, in the unit it is bought in: "3 cases"."""
    return pack_text(row.unit, row.packs) if row.packs > 0 else NONE


def sku_sentence(row: SkuRow, today: date) -> str:
    """Why this SKU is suggested, in one sentence."""
    # Imported here because the forecast's modules bring numpy, which a window at start has no
    # use for.
    from crmdesk.analytics.reorder.sentence import Because, SentenceFacts, sentence

    gap = round(row.gap_days) if row.gap_days else 0
    facts = SentenceFacts(
        row.times, gap, (today - row.last_on).days, row.p_14, Because.of_text(row.because),
        row.state, row.former,
    )  # fmt: skip
    return sentence(facts, pack_text(row.unit, row.packs) if row.packs > 0 else None)


def need_item(row: SkuRow, today: date) -> NeedItem:
    """The SKU as a line of "will need" and "also ask about"."""
    icon, tone = _ICONS.get(row.state, ("dot", Tone.MUTED))
    return NeedItem(
        key=row.product_id,
        name=row.name,
        word=state_word(row.state),
        icon=icon,
        tone=tone,
        sentence=sku_sentence(row, today),
        probability=row.p_14,
        suggest=usual_text(row),
    )


def comparable_months(row: SkuRow) -> tuple[float, ...]:
    """Months in usual purchases, so that SKUs of different units can be compared."""
    usual = max(row.usual_quantity, 1)
    return tuple(units / usual for units in row.units)


def thresholds_of(rows: Sequence[SkuRow]) -> tuple[float, float, float]:
    """The scale of the heat map of one customer."""
    return heat_thresholds([comparable_months(row) for row in rows])


def heat_item(
    row: SkuRow, scale: tuple[float, float, float], today: date, currency: str
) -> HeatItem:
    """The SKU as a row of the heat map; the price is that of a base unit, paid last."""
    margin = margin_share(row)
    due, tone, icon = next_due(row, today)
    suggested = row.state in ("overdue", "due") and row.packs > 0
    return HeatItem(
        key=row.product_id,
        name=row.name,
        levels=tuple(heat_level(value, scale) for value in comparable_months(row)),
        units=row.units,
        every=f"~{format_number(row.gap_days)}" if row.gap_days else NONE,
        next_due=due,
        next_tone=tone,
        next_icon=icon,
        usual=usual_text(row),
        suggest=format_number(row.packs) if suggested else NONE,
        sentence=sku_sentence(row, today),
        faded=row.state == "lapsed",
        price=NONE if row.last_net_e4 is None else format_price(row.last_net_e4, currency),
        margin=NONE if margin is None else format_percent(margin),
        margin_tone=Tone.DANGER if margin is not None and margin < 0 else Tone.PLAIN,
    )


def margin_share(row: SkuRow) -> float | None:
    """Gross margin of twelve months; None where nothing was sold or no cost is known."""
    if row.net_minor <= 0 or row.cost_minor <= 0:
        return None
    return (row.net_minor - row.cost_minor) / row.net_minor


def next_due(row: SkuRow, today: date) -> tuple[str, Tone, str]:
    """When the SKU is due, how it is coloured, and the icon beside it.

    Overdue SKUs show the day they should have been bought: the last purchase plus the usual gap.
    """
    if row.state == "overdue" and row.gap_days:
        was_due = row.last_on + timedelta(days=round(row.gap_days))
        return format_date(was_due), Tone.DANGER, "warning"
    if row.state in ("at_risk", "lapsed", "new"):
        tone = Tone.WARNING if row.state == "at_risk" else Tone.MUTED
        return state_word(row.state).lower(), tone, ""
    if row.due_on is None:
        return NONE, Tone.MUTED, ""
    tone = Tone.ACCENT if row.state == "due" else Tone.PLAIN
    return format_date_near(max(row.due_on, today), today), tone, ""
