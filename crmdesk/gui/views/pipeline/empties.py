"""Why a list of the pipeline is empty, and what the first step is."""

from __future__ import annotations

from crmdesk.i18n import _
from crmdesk.services.queries.deals import DealFilter, DealGroup
from crmdesk.services.queries.leads import LeadFilter, LeadGroup


def no_deals(wanted: DealFilter) -> tuple[str, str]:
    """Title and hint where no opportunity is shown."""
    if wanted.text:
        return (
            _("No opportunity matches “{text}”.").format(text=wanted.text),
            _("Search for a customer or what is sold. Esc empties the field."),
        )
    if wanted.group in (DealGroup.ALL, DealGroup.OPEN):
        return (
            _("No opportunity yet."),
            _("Begin one at a customer with N, or convert a lead with C."),
        )
    return _("No opportunity of this kind."), _("Choose another filter.")


def no_leads(wanted: LeadFilter) -> tuple[str, str]:
    """Title and hint where no lead is shown."""
    if wanted.text:
        return (
            _("No lead matches “{text}”.").format(text=wanted.text),
            _("Search for a person, a business or a town. Esc empties the field."),
        )
    if wanted.group in (LeadGroup.ALL, LeadGroup.OPEN):
        return (
            _("No lead yet."),
            _("Enter one with N: who it is and what has brought them."),
        )
    return _("No lead of this kind."), _("Choose another filter.")
