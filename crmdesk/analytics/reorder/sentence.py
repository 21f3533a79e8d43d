"""The one sentence that says why a SKU is suggested, from the numbers that were really used.

Owns the facts of a pair and their wording in the person's language. Leaves the naming of
packagings to the caller, who passes the usual quantity as text ("3 cases").
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from crmdesk.analytics.reorder.circumstances import Mask
from crmdesk.analytics.reorder.exact import Ints
from crmdesk.analytics.reorder.forecast import Forecasts
from crmdesk.analytics.reorder.snapshot import MOST_EXCESS
from crmdesk.analytics.reorder.states import MINIMUM_PURCHASES, ReorderState
from crmdesk.i18n import _, format_percent, language, ngettext


@dataclass(frozen=True, slots=True)
class Because:
    """What besides sales changed a forecast; the default changed nothing.

    ``closed`` are closed days left out of the days since the last purchase, ``silent`` others on
    which nobody bought anything, ``ahead`` closed ones among the next 14; ``stock`` the units
    estimated on the shelf; ``refused`` how often the suggestion was put off; ``wished`` that a
    person's quantity stands; ``instead_of`` the id of the product whose history was taken over,
    ``other_unit`` that its quantities could not be. ``season`` is 1 or −1 where the coming month
    sells more or less; ``bulk`` how many times the usual was bought last (``MOST_BULK`` or more),
    ``later`` that the next purchase is less likely for it.
    """

    closed: int = 0
    silent: int = 0
    ahead: int = 0
    stock: int | None = None
    refused: int = 0
    wished: bool = False
    instead_of: int | None = None
    other_unit: bool = False
    season: int = 0
    bulk: int = 0
    later: bool = False

    @classmethod
    def of_text(cls, text: str | None) -> "Because":
        """What ``because_texts`` wrote; unknown keys are left out."""
        if not text:
            return NOTHING
        known = json.loads(text)
        return cls(**{key: value for key, value in known.items() if key in cls.__slots__})


NOTHING = Because()
ENDED = (ReorderState.DELISTED, ReorderState.SUBSTITUTED)
"""States of a SKU that cannot be bought any more."""
_FEWEST_CLOSED = 3
_FEWEST_TIMES = 2
MOST_BULK = int(MOST_EXCESS)
_MATTERS = 0.05
"""So much more or less likely within 14 days is worth a word."""


@dataclass(frozen=True, slots=True)
class SentenceFacts:
    """Numbers of the sentence: times bought, median gap and days since the last purchase, p14.

    ``state`` matters where the SKU left the range; ``replaced`` names what it took the place of.
    """

    times: int
    gap_days: int
    days_since: int
    likely: float
    because: Because = field(default=NOTHING)
    state: str = ""
    replaced: str | None = None


def because_texts(
    forecasts: Forecasts,
    taken_over: dict[tuple[int, int], int],
    recounted: Collection[tuple[int, int]] = (),
) -> list[str | None]:
    """One line of JSON per pair where something besides its sales counted, else ``None``.

    ``taken_over`` gives the former SKU of a pair (account, SKU) whose history was taken over.
    ``recounted`` are those of them that are counted in another unit than the former SKU.
    Single closed days are left out: nobody would miss them.
    """
    texts: list[str | None] = [None] * len(forecasts)
    columns = {
        "closed": (forecasts.closed_days, forecasts.closed_days >= _FEWEST_CLOSED),
        "silent": (forecasts.silent_days, forecasts.silent_days >= _FEWEST_CLOSED),
        "ahead": (forecasts.closed_ahead, forecasts.closed_ahead >= _FEWEST_CLOSED),
        "stock": (forecasts.stock, forecasts.stock >= 0),
        "refused": (forecasts.refusals, forecasts.refusals > 0),
        "wished": (forecasts.wished, forecasts.wished),
        "season": (np.sign(forecasts.season_part).astype(int), _said_of_season(forecasts)),
        "bulk": (_times_the_usual(forecasts), _times_the_usual(forecasts) > 0),
        "later": (_later(forecasts), _later(forecasts)),
    }
    found: dict[int, dict[str, int | bool]] = {}
    for name, (value, said) in columns.items():
        for row in said.nonzero()[0].tolist():
            found.setdefault(row, {})[name] = value[row].item()
    if taken_over:
        pairs = zip(forecasts.account.tolist(), forecasts.sku.tolist(), strict=True)
        for row, pair in enumerate(pairs):
            if pair in taken_over:
                found.setdefault(row, {})["instead_of"] = taken_over[pair]
                if pair in recounted:
                    found[row]["other_unit"] = True
    for row, reasons in found.items():
        texts[row] = json.dumps(reasons, sort_keys=True)
    return texts


def _said_of_season(forecasts: Forecasts) -> Mask:
    return np.asarray(np.abs(forecasts.season_part) >= _MATTERS)


def _times_the_usual(forecasts: Forecasts) -> Ints:
    """How many times the usual was bought last, 0 where that is nothing to speak of."""
    times = np.floor(forecasts.excess).astype(np.int64)
    spoken = (times >= _FEWEST_TIMES) & (forecasts.n >= MINIMUM_PURCHASES)
    return np.where(spoken, times, 0)


def _later(forecasts: Forecasts) -> Mask:
    return np.asarray((forecasts.bulk_part <= -_MATTERS) & (_times_the_usual(forecasts) > 0))


def sentence_facts(forecasts: Forecasts, row: int) -> SentenceFacts:
    """Facts of one pair; ``gap_days`` is 0 for a pair bought once."""
    times = int(forecasts.n[row])
    gap = round(float(forecasts.median_gap[row])) if times > 1 else 0
    since = forecasts.as_of - int(forecasts.last[row])
    stock = int(forecasts.stock[row])
    because = Because(
        closed=int(forecasts.closed_days[row]),
        silent=int(forecasts.silent_days[row]),
        ahead=int(forecasts.closed_ahead[row]),
        stock=None if stock < 0 else stock,
        refused=int(forecasts.refusals[row]),
        wished=bool(forecasts.wished[row]),
        season=int(np.sign(forecasts.season_part[row])) * int(_said_of_season(forecasts)[row]),
        bulk=int(_times_the_usual(forecasts)[row]),
        later=bool(_later(forecasts)[row]),
    )
    likely = float(forecasts.p14[row])
    return SentenceFacts(times, gap, since, likely, because, str(forecasts.state_of(row)))


def sentence(facts: SentenceFacts, usual: str | None = None) -> str:
    """Such as "Buys every ~21 days (7 times), last 25 days ago; 62 % likely within 14 days; …".

    With fewer than three purchase-days no rhythm is claimed. ``usual`` is left out when ``None``.
    What besides sales changed the forecast is said in a sentence of its own after it.
    """
    ended = _ended(facts)
    if ended is not None:
        return ended
    text = _usual_sentence(facts, usual)
    reasons = _reasons(facts.because, facts.replaced)
    return text if not reasons else " ".join([text, *reasons])


def reasons_text(because: str | None, replaced: str | None = None) -> str:
    """What besides sales changed a forecast, in sentences; empty where nothing did.

    ``because`` is a text of ``because_texts``, ``replaced`` the name of the former product.
    """
    return " ".join(_reasons(Because.of_text(because), replaced))


def plain_sentences(
    times: Iterable[int],
    gap_days: Iterable[int],
    days_since: Iterable[int],
    likely: Iterable[float],
    usual: Iterable[str],
) -> Iterator[str]:
    """``sentence`` of pairs still sold for which nothing but their sales counted, many at once."""
    tongue = language()
    whole = _with_usual(tongue)
    facts = zip(times, gap_days, days_since, likely, usual, strict=True)
    for count, gap, since, chance, packs in facts:
        yield whole.format(sentence=_start(count, gap, since, chance, tongue), usual=packs)


def _usual_sentence(facts: SentenceFacts, usual: str | None) -> str:
    tongue = language()
    start = _start(facts.times, facts.gap_days, facts.days_since, facts.likely, tongue)
    if usual is None:
        return _("{sentence}.").format(sentence=start)
    if facts.because.wished:
        return _("{sentence}; you asked for {usual}.").format(sentence=start, usual=usual)
    return _with_usual(tongue).format(sentence=start, usual=usual)


def _start(times: int, gap_days: int, days_since: int, likely: float, tongue: str) -> str:
    new = times < MINIMUM_PURCHASES
    return _frame(tongue, new=new).format(
        times=_times(times, tongue),
        last=_last(days_since, tongue),
        # Rounded as it is shown, so that the same words are not made a hundred thousand times.
        likely=_likely(int(f"{likely * 100:.0f}"), tongue),
        every="" if new else _every(gap_days, tongue),
    )


def _ended(facts: SentenceFacts) -> str | None:
    """The sentence of a SKU that cannot be bought any more."""
    if facts.state not in ENDED:
        return None
    tongue = language()
    times, last = _times(facts.times, tongue), _last(facts.days_since, tongue)
    if facts.state == ReorderState.SUBSTITUTED:
        return _("Another product took its place; bought {times}, {last}.").format(
            times=times, last=last
        )
    return _("No longer listed; bought {times}, {last}.").format(times=times, last=last)


def _reasons(said: Because, replaced: str | None) -> list[str]:
    reasons: list[str] = []
    if said is NOTHING and replaced is None:
        return reasons
    if replaced is not None:
        reasons.append(_("Takes the place of {product}.").format(product=replaced))
    if said.other_unit:
        reasons.append(_("That was counted in another unit: check the quantity."))
    reasons += filter(None, (_bulk(said), _season(said)))
    if said.closed >= _FEWEST_CLOSED:
        words = ngettext(
            "{count} closed day is not counted.", "{count} closed days are not counted.",
            said.closed,
        )  # fmt: skip
        reasons.append(words.format(count=said.closed))
    if said.silent >= _FEWEST_CLOSED:
        words = ngettext(
            "On {count} day nobody bought anything: it is not counted.",
            "On {count} days nobody bought anything: they are not counted.", said.silent,
        )  # fmt: skip
        reasons.append(words.format(count=said.silent))
    if said.ahead >= _FEWEST_CLOSED:
        words = ngettext(
            "Closed on {count} of the next 14 days.", "Closed on {count} of the next 14 days.",
            said.ahead,
        )  # fmt: skip
        reasons.append(words.format(count=said.ahead))
    if said.stock is not None:
        words = ngettext(
            "About {count} unit is left on the shelf.",
            "About {count} units are left on the shelf.", said.stock,
        )  # fmt: skip
        reasons.append(words.format(count=said.stock))
    if said.refused:
        words = ngettext("Put off {count} time.", "Put off {count} times.", said.refused)
        reasons.append(words.format(count=said.refused))
    return reasons


def _bulk(said: Because) -> str:
    if not said.bulk:
        return ""
    most = said.bulk >= MOST_BULK
    if said.later:
        words = (
            _("The last purchase was {count} times the usual or more: it lasts longer.") if most
            else _("The last purchase was {count} times the usual: it lasts longer.")
        )  # fmt: skip
    elif said.wished or said.stock is not None:
        return ""
    else:
        words = (
            _("The last purchase was {count} times the usual or more: the quantity leaves it out.")
            if most
            else _("The last purchase was {count} times the usual: the quantity leaves it out.")
        )
    return words.format(count=said.bulk)


def _season(said: Because) -> str:
    if not said.season:
        return ""
    if said.season > 0:
        return _("It sells more than usual in the coming month.")
    return _("It sells less than usual in the coming month.")


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
