"""Packagings in words: "3 cases", "case of 12", as every place and every document says them;
grams and millilitres as kilograms and litres.

Owns the names of the units of measure in the language in use. Which packaging is meant, and how
many, is decided by :mod:`crmdesk.domain.packaging`.
"""

from __future__ import annotations

from crmdesk.domain.packaging import is_weighed
from crmdesk.i18n import _, format_number, ngettext, pgettext


def pack_name(unit: str, count: int = 1) -> str:
    """The unit's name for so many of it, without the number; an unknown unit is its own name."""
    names = {
        "EA": ngettext("unit", "units", count),
        "IN": ngettext("inner", "inners", count),
        "CS": ngettext("case", "cases", count),
        "BU": ngettext("bulk pack", "bulk packs", count),
        "PL": ngettext("pallet", "pallets", count),
        "KG": _("kg"),
        "L": pgettext("unit", "l"),
        "G": ngettext("gram", "grams", count),
        "ML": ngettext("millilitre", "millilitres", count),
    }
    return names.get(unit.upper(), unit)


def pack_text(unit: str, count: int) -> str:
    """Such as "3 cases"; base units of goods by weight or volume as "1.25 kg"."""
    if not is_weighed(unit):
        return f"{format_number(count)} {pack_name(unit, abs(count))}"
    decimals = len(f"{abs(count) % 1000:03}".rstrip("0"))
    name = _("kg") if unit.upper() == "G" else pgettext("unit", "l")
    return f"{format_number(count / 1000, decimals)} {name}"


def pack_of(unit: str, factor: int) -> str:
    """Such as "case of 12"; a single base unit is just its name."""
    if factor == 1:
        return pack_name(unit)
    return _("{pack} of {count}").format(pack=pack_name(unit), count=format_number(factor))
