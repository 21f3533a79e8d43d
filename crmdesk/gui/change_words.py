"""Changes of a customer's data in words: the field, from which value to which, by whom.

Owns the wording for the timeline and the table of a field's history. No Qt here.
"""

from __future__ import annotations

from crmdesk.i18n import _
from crmdesk.services.field_words import field_word, value_text
from crmdesk.services.queries.field_history import ADDED, REMOVED, FieldChange


def change_words(change: FieldChange, currency: str) -> tuple[str, str]:
    """A title ("Street: Calle 2") and what it was before ("was Calle 1")."""
    if change.field in (ADDED, REMOVED):
        kind = {
            "contact": _("Contact"), "site": _("Site"), "contact_point": _("Way to reach"),
            "account_product": _("SKU of the customer"), "custom_value": _("Field of your own"),
        }.get(change.entity, _("Customer"))  # fmt: skip
        word = _("{kind} added: {name}") if change.field == ADDED else _("{kind} removed: {name}")
        return word.format(kind=kind, name=change.about), ""
    name, new = field_name(change), value_text(change.field, change.new, currency)
    old = value_text(change.field, change.old, currency)
    return f"{name}: {new}", _("was {value}").format(value=old)


def field_name(change: FieldChange) -> str:
    """The field as people know it."""
    if change.entity == "custom_value":
        return change.about
    return field_word(change.field)


def change_author(change: FieldChange) -> str:
    """Who wrote it."""
    return change.by or _("the office")


def standing_word(change: FieldChange) -> str:
    """Whether the value stood: nothing said where it did and everybody knows."""
    if change.proposed:
        return _("proposed to the office")
    if not change.kept:
        return _("not kept")
    return _("not sent yet") if change.waiting else ""
