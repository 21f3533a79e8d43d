"""The one sentence that says why a SKU is suggested, from the numbers that were really used.

Owns the facts of a pair and their wording in the person's language. Leaves the naming of
packagings to the caller, who passes the usual quantity as text ("3 cases").
"""

from dataclasses import dataclass
from functools import lru_cache

from crmdesk.analytics.reorder.forecast import Forecasts
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES
from crmdesk.i18n import _, format_percent, language, ngettext


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
    tongue = language()
    new = facts.times < MINIMUM_PURCHASES
    parts = {
        "times": _times(facts.times, tongue),
        "last": _last(facts.days_since, tongue),
        # Rounded as it is shown, so that the same words are not made a hundred thousand times.
        "likely": _likely(int(f"{facts.likely * 100:.0f}"), tongue),
        "every": "" if new else _every(facts.gap_days, tongue),
    }
    start = _frame(tongue, new=new).format(**parts)
    if usual is None:
        return _("{sentence}.").format(sentence=start)
    return _with_usual(tongue).format(sentence=start, usual=usual)


# The parts recur in tens of thousands of sentences: each is put into words once per language.


@lru_cache(maxsize=4096)
def _times(count: int, _tongue: str) -> str:
    return ngettext("{count} time", "{count} times", count).format(count=count)


@lru_cache(maxsize=4096)
def _every(days: int, _tongue: str) -> str:
    return ngettext("Buys every ~{count} day", "Buys every ~{count} days", days).format(count=days)


@lru_cache(maxsize=4096)
def _last(days: int, _tongue: str) -> str:
    if days == 0:
        return _("last today")
    return ngettext("last {count} day ago", "last {count} days ago", days).format(count=days)


@lru_cache(maxsize=512)
def _likely(percent: int, _tongue: str) -> str:
    return _("{percent} likely within 14 days").format(percent=format_percent(percent / 100))


@lru_cache(maxsize=16)
def _frame(_tongue: str, *, new: bool) -> str:
    if new:
        return _("New: bought {times}, {last}; {likely}")
    return _("{every} ({times}), {last}; {likely}")


@lru_cache(maxsize=8)
def _with_usual(_tongue: str) -> str:
    return _("{sentence}; usually {usual}.")
