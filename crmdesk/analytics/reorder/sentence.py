"""The one sentence that says why a SKU is suggested, from the numbers that were really used.

Owns the facts of a pair and their wording in the person's language. Leaves the naming of
packagings to the caller, who passes the usual quantity as text ("3 cases").
"""

from dataclasses import dataclass

from crmdesk.analytics.reorder.forecast import Forecasts
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES
from crmdesk.i18n import _, format_percent, ngettext


@dataclass(frozen=True, slots=True)
class SentenceFacts:
    """Numbers of the sentence: times bought, median gap and days since the last purchase, p14."""

    times: int
    gap_days: int
    days_since: int
    likely: float


def sentence_facts(forecasts: Forecasts, row: int) -> SentenceFacts:
    """Facts of one pair; ``gap_days`` is 0 for a pair bought once."""
    times = int(forecasts.n[row])
    gap = round(float(forecasts.median_gap[row])) if times > 1 else 0
    since = forecasts.as_of - int(forecasts.last[row])
    return SentenceFacts(times, gap, since, float(forecasts.p14[row]))


def sentence(facts: SentenceFacts, usual: str | None = None) -> str:
    """Such as "Buys every ~21 days (7 times), last 25 days ago; 62 % likely within 14 days; …".

    With fewer than three purchase-days no rhythm is claimed. ``usual`` is left out when ``None``.
    """
    times = ngettext("{count} time", "{count} times", facts.times).format(count=facts.times)
    last = _last(facts.days_since)
    likely = _("{percent} likely within 14 days").format(percent=format_percent(facts.likely))
    if facts.times < MINIMUM_PURCHASES:
        start = _("New: bought {times}, {last}; {likely}").format(
            times=times, last=last, likely=likely
        )
    else:
        every = ngettext(
            "Buys every ~{count} day", "Buys every ~{count} days", facts.gap_days
        ).format(count=facts.gap_days)
        start = _("{every} ({times}), {last}; {likely}").format(
            every=every, times=times, last=last, likely=likely
        )
    if usual is None:
        return _("{sentence}.").format(sentence=start)
    return _("{sentence}; usually {usual}.").format(sentence=start, usual=usual)


def _last(days: int) -> str:
    if days == 0:
        return _("last today")
    return ngettext("last {count} day ago", "last {count} days ago", days).format(count=days)
