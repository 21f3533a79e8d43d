"""The words of plans side by side: names, figures and their differences, what moves. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from crmdesk.gui.views.plan.items import VariantItem
from crmdesk.gui.views.plan.words import hours_words, km_words
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, format_money, format_number, format_percent, ngettext
from crmdesk.services.plan_variants import PlanTotals, Variant

_NAMED = 3


def items(variants: Sequence[Variant], currency: str) -> list[VariantItem]:
    """The plans, each beside the first one."""
    first = variants[0].totals
    return [
        VariantItem(one.key, title(one.key), _figures(one.totals, first, currency), _note(one))
        for one in variants
    ]


def title(key: str) -> str:
    """What a plan is called."""
    return {
        "now": _("As it is"),
        "margin": _("By margin"),
        "coverage": _("By coverage"),
    }.get(key, key)


def _figures(
    totals: PlanTotals, first: PlanTotals, currency: str
) -> tuple[tuple[str, str, str, Tone], ...]:
    return (
        (
            _("Margin"), format_money(totals.margin_minor, currency, decimals=0),
            *_change(totals.margin_minor - first.margin_minor, 50,
                     format_money(abs(totals.margin_minor - first.margin_minor), currency,
                                  decimals=0), better=1),
        ),
        (
            _("Coverage"), format_percent(totals.coverage),
            *_change(totals.coverage - first.coverage, 0.005,
                     format_percent(abs(totals.coverage - first.coverage)), better=1),
        ),
        (
            _("Visits"), format_number(totals.visits),
            *_change(totals.visits - first.visits, 0.5,
                     format_number(abs(totals.visits - first.visits)), better=0),
        ),
        (
            _("Work"), hours_words(totals.work_minutes),
            *_change(totals.work_minutes - first.work_minutes, 0.5,
                     hours_words(abs(totals.work_minutes - first.work_minutes)), better=-1),
        ),
        (
            _("Way"), km_words(totals.km),
            *_change(totals.km - first.km, 0.5, km_words(abs(totals.km - first.km)), better=-1),
        ),
        (
            _("On usual weekday"), format_percent(totals.usual_share),
            *_change(totals.usual_share - first.usual_share, 0.005,
                     format_percent(abs(totals.usual_share - first.usual_share)), better=1),
        ),
    )  # fmt: skip


def _change(difference: float, least: float, words: str, *, better: int) -> tuple[str, Tone]:
    """``+€41`` with its tone; nothing for a difference that is none."""
    if abs(difference) < least:
        return "", Tone.MUTED
    sign = "+" if difference > 0 else "\u2212"
    good = difference * better > 0
    tone = Tone.MUTED if better == 0 else Tone.GOOD if good else Tone.WARNING
    return f"{sign}{words}", tone


def _note(variant: Variant) -> str:
    """How many customers move, and the first of them."""
    if variant.proposal is None:
        return ""
    moves = variant.moves
    if not moves:
        return _("Nobody moves.")
    text = ngettext("{count} customer moves", "{count} customers move", len(moves))
    names = ", ".join(move.name for move in moves[:_NAMED])
    if len(moves) > _NAMED:
        names += "…"
    return f"{text.format(count=format_number(len(moves)))}: {names}"
