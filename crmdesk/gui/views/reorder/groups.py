"""Rows of the board under their headings: by urgency, customer, SKU or territory. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from crmdesk.gui.views.reorder import words
from crmdesk.gui.views.reorder.items import Grouping, GroupItem
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _, ngettext
from crmdesk.services.queries.reorder import PairEntry, PairKey, Urgency, UrgencyCount

_ICONS = {Grouping.CUSTOMER: "shop", Grouping.SKU: "box", Grouping.TERRITORY: "map"}


def group_key(grouping: Grouping, entry: PairEntry) -> str:
    """The key of the heading an entry stands under."""
    return {
        Grouping.CUSTOMER: f"customer:{entry.key[0]}",
        Grouping.SKU: f"sku:{entry.key[1]}",
        Grouping.TERRITORY: f"territory:{entry.territory_id or 0}",
    }.get(grouping, entry.state.value)


def by_state(
    entries: Iterable[PairEntry],
    counts: Mapping[Urgency, UrgencyCount] | None,
    money: Callable[[int], str] | None,
) -> Iterable[PairKey | GroupItem]:
    """Rows under their states; entries come in that order.

    Without ``money`` they are only the first ones, and the headings give no figures.
    """
    for state, group in groupby(entries, key=lambda entry: entry.state):
        members = list(group)
        if money is None:
            icon, tone = words.ICONS[state], words.TONES[state]
            yield GroupItem(state.value, words.state_word(state), icon, tone, "")
        else:
            yield _state_group(state, members, counts, money)
        yield from (entry.key for entry in members)


def by_name(
    entries: Iterable[PairEntry],
    grouping: Grouping,
    territories: Mapping[int, str],
    money: Callable[[int], str],
) -> Iterable[PairKey | GroupItem]:
    """Rows under customers, SKUs or territories; groups with the most urgent rows first."""
    named: dict[str, list[PairEntry]] = {}
    for entry in entries:
        named.setdefault(group_key(grouping, entry), []).append(entry)
    for key, members in named.items():
        first = members[0]
        name = {
            Grouping.CUSTOMER: first.account,
            Grouping.SKU: first.product,
            Grouping.TERRITORY: territories.get(first.territory_id or 0, _("No territory")),
        }[grouping]
        note = f"{_count(grouping, members)} · {money(sum(one.margin_minor for one in members))}"
        yield GroupItem(key, name, _ICONS[grouping], Tone.MUTED, note)
        yield from (entry.key for entry in members)


def _count(grouping: Grouping, members: Sequence[PairEntry]) -> str:
    skus = ngettext("{count} SKU", "{count} SKUs", len(members)).format(count=len(members))
    accounts = len({entry.key[0] for entry in members})
    if grouping is Grouping.TERRITORY:
        at = ngettext("at {count} customer", "at {count} customers", accounts)
        return _("{skus} {at}").format(skus=skus, at=at.format(count=accounts))
    if grouping is Grouping.SKU:
        return ngettext("{count} customer", "{count} customers", accounts).format(count=accounts)
    return skus


def _state_group(
    state: Urgency,
    members: Sequence[PairEntry],
    counts: Mapping[Urgency, UrgencyCount] | None,
    money: Callable[[int], str],
) -> GroupItem:
    accounts = len({entry.key[0] for entry in members})
    margin = money(sum(entry.margin_minor for entry in members))
    note = words.group_note(len(members), accounts, margin, state)
    right = ""
    total = counts[state].pairs if counts else len(members)
    if total > len(members):
        right = _("{shown} of {total} shown").format(shown=len(members), total=total)
    return GroupItem(
        state.value, words.state_word(state), words.ICONS[state], words.TONES[state], note, right
    )
