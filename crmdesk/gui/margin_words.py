"""The margin of a document in words: order, quote, what waits in the inbox. No Qt here.

A line that is sold and costs nothing has a product whose cost nobody has told: no margin is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from crmdesk.analytics.value import gross_margin_share
from crmdesk.gui.widgets.items import Pair, Tone
from crmdesk.i18n import _, format_amount, format_percent, ngettext


class Costed(Protocol):
    """A line of a document, in minor units."""

    @property
    def net_minor(self) -> int:
        """What it brings."""

    @property
    def cost_minor(self) -> int:
        """What it costs; 0 where that is not known."""


def uncosted_lines(lines: Iterable[Costed]) -> int:
    """How many lines have no known cost."""
    return sum(line.net_minor > 0 and line.cost_minor == 0 for line in lines)


def margin_pair(
    net_minor: int, cost_minor: int, uncosted: int, currency: str, *, strong: bool = False
) -> Pair:
    """Gross margin and its share of the net, or why there is none."""
    if uncosted:
        note = ngettext(
            "{count} line without a known cost", "{count} lines without a known cost", uncosted
        ).format(count=uncosted)
        return Pair(_("Gross margin"), "–", note, strong=strong)
    margin = net_minor - cost_minor
    share = gross_margin_share(net_minor, cost_minor).value
    return Pair(
        _("Gross margin"), format_amount(margin, currency),
        "" if share is None else format_percent(share), strong=strong,
        tone=Tone.DANGER if margin < 0 else Tone.PLAIN,
    )  # fmt: skip
