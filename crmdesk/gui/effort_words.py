"""Hours, kilometres and money of serving customers, in words and rows. No Qt.

Owns how efforts are rounded for people: a figure of a month is never shown more exactly than it is
known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, currency_digits, format_money, format_number, ngettext
from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.effort import Effort


@dataclass(frozen=True, slots=True)
class CompareRow:
    """A figure now and then, with what changes; the tone says whether that is good."""

    key: str
    label: str
    now: str
    then: str
    change: str
    tone: Tone = Tone.PLAIN


def money_text(major: float, currency: str) -> str:
    """An amount in major units, rounded to whole ones."""
    return format_money(round(major) * 10 ** currency_digits(currency), currency, decimals=0)


def hours_text(hours: float) -> str:
    """Hours as "12 h", under ten with a decimal."""
    return _("{count} h").format(count=format_number(hours, 1 if abs(hours) < 9.95 else 0))


def km_text(km: float) -> str:
    """Kilometres as "120 km"."""
    return _("{count} km").format(count=format_number(km))


def signed(text: str, value: float) -> str:
    """A change with its sign; nothing where nothing changes."""
    return f"+{text}" if value > 0 else text


def compare_rows(before: Effort, after: Effort, currency: str) -> tuple[CompareRow, ...]:
    """A month now and then: contacts, hours, kilometres, margin, cost, and what is left."""
    change = after - before

    def number(value: float) -> str:
        return format_number(value, 1 if abs(value) < 99.95 else 0)

    def money(value: float) -> str:
        return money_text(value, currency)

    def row(key: str, label: str, write: Callable[[float], str], better: int = 0) -> CompareRow:
        now, then = float(getattr(before, key)), float(getattr(after, key))
        value = float(getattr(change, key))
        still = abs(value) < 0.05
        tone = Tone.MUTED
        if not still and better:
            tone = Tone.GOOD if value * better > 0 else Tone.WARNING
        said = "–" if still else signed(write(value), value)
        return CompareRow(key, label, write(now), write(then), said, tone)

    return (
        row("visits", _("Visits"), number),
        row("calls", _("Calls, video, messages"), number),
        row("hours", _("Hours"), hours_text, -1),
        row("km", _("Kilometres"), km_text, -1),
        row("margin", _("Margin"), money, 1),
        row("cost", _("Cost of serving"), money, -1),
        row("net", _("Margin less cost"), money, 1),
    )


def change_sentence(change: Effort, currency: str) -> str:
    """What changes in a month, in a sentence."""
    hours = hours_text(abs(change.hours))
    if abs(change.hours) < 0.05:
        time = _("takes the same time")
    elif change.hours > 0:
        time = _("takes {hours} more").format(hours=hours)
    else:
        time = _("takes {hours} less").format(hours=hours)
    km = km_text(abs(change.km))
    way = _("{km} more") if change.km >= 0 else _("{km} less")
    margin = money_text(abs(change.margin), currency)
    brings = (
        _("brings {amount} more margin")
        if change.margin >= 0
        else (_("brings {amount} less margin"))
    )
    return _("In a month it {time}, drives {km}, {brings}: {net} in all.").format(
        time=time, km=way.format(km=km), brings=brings.format(amount=margin),
        net=signed(money_text(change.net, currency), change.net),
    )  # fmt: skip


def every_text(model: AttentionModel, mode: str = "call") -> str:
    """ "every 14 days, 1 call between"."""
    days = round(model.interval_days)
    said = ngettext("every {count} day", "every {count} days", days).format(count=days)
    count = model.virtual_between
    if not count:
        return said
    between = {
        "video": ngettext("{count} video call between", "{count} video calls between", count),
        "message": ngettext("{count} message between", "{count} messages between", count),
    }.get(mode, ngettext("{count} call between", "{count} calls between", count))
    return f"{said}, {between.format(count=count)}"
