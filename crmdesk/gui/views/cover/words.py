"""What arranging cover says. No Qt."""

from __future__ import annotations

from crmdesk.i18n import _, format_date, format_number, ngettext
from crmdesk.services.cover import CoveredVisit, CoverPreview


def sentence(preview: CoverPreview, moving: int) -> str:
    """What would be done, in a sentence."""
    customers = sum(territory.customers for territory in preview.territories)
    names = ", ".join(territory.name for territory in preview.territories)
    given = ngettext(
        "{colleague} gets {territories} with {count} customer, {first} – {last}",
        "{colleague} gets {territories} with {count} customers, {first} – {last}",
        customers,
    ).format(
        colleague=preview.colleague.name, territories=names, count=format_number(customers),
        first=format_date(preview.first), last=format_date(preview.last),
    )  # fmt: skip
    if not preview.visits:
        return _("{given}. No visit is planned in these days.").format(given=given)
    return _("{given}. {moving} of {count} planned visits move along.").format(
        given=given, moving=format_number(moving), count=format_number(len(preview.visits))
    )


def visit_note(visit: CoveredVisit) -> str:
    """What there is to know before a visit moves."""
    if visit.colleague_away:
        return _("the colleague is away that day")
    parts = []
    if visit.locked:
        parts.append(_("fixed"))
    if visit.colleague_busy:
        said = ngettext(
            "has {count} visit that day", "has {count} visits that day", visit.colleague_busy
        )
        parts.append(said.format(count=format_number(visit.colleague_busy)))
    return " · ".join(parts)
