"""The line of figures beside the title: visits, hours, way, margin, shares. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from crmdesk.gui.views.plan import words
from crmdesk.i18n import _, format_money, format_percent
from crmdesk.services.queries.plan import WeekRow


@dataclass(frozen=True, slots=True)
class Heading:
    """The line beside the title: the week, its totals, and the margin that is printed strong."""

    week: str
    totals: str
    margin: str
    regularity: str


def week_heading(week: WeekRow, currency: str) -> Heading:
    """The figures of the weeks shown."""
    count = words.visits_words(week.visits)
    if week.calls:
        count += f", {words.calls_words(week.calls)}"
    hours, km = words.hours_words(week.work_minutes), words.km_words(week.km)
    shares = []
    if week.coverage is not None:
        shares.append(_("coverage {share}").format(share=format_percent(week.coverage)))
    if week.usual_share is not None:
        shares.append(_("on usual weekday {share}").format(share=format_percent(week.usual_share)))
    if week.visits:
        shares.append(words.drives_words(week.visits, week.estimated_stops))
    last = week.days[-1].day if week.days else week.monday + timedelta(days=4)
    title = words.week_title(week.monday, last)
    if not week.visits + week.calls:
        return Heading(title, _("no visits planned yet"), "", "")
    if week.tentative:
        title = _("{weeks}, tentative").format(weeks=title)
    return Heading(
        week=title,
        totals=f"{count} · {hours} · {km}",
        margin=format_money(week.margin_minor, currency, decimals=0),
        regularity=" · ".join(shares),
    )
