"""Packagings in words: "3 cases", "case of 12", as every place says them.

Owns the names of the units of measure in the person's language. Which packaging is meant, and how
many, is decided in the core.
"""

from __future__ import annotations

from crmdesk.domain.packaging import Fitted
from crmdesk.i18n import _, format_number, ngettext


def pack_name(unit: str, count: int = 1) -> str:
    """The unit's name for so many of it, without the number; an unknown unit is its own name."""
    names = {
        "EA": ngettext("unit", "units", count),
        "IN": ngettext("inner", "inners", count),
        "CS": ngettext("case", "cases", count),
        "BU": ngettext("bulk pack", "bulk packs", count),
        "PL": ngettext("pallet", "pallets", count),
        "G": ngettext("gram", "grams", count),
        "ML": ngettext("millilitre", "millilitres", count),
    }
    return names.get(unit.upper(), unit)


def pack_text(unit: str, count: int) -> str:
    """Such as "3 cases"."""
    return f"{format_number(count)} {pack_name(unit, count)}"


def fitted_text(fitted: Fitted, asked: int, unit: str) -> str:
    """Why the packs are not the ones asked for; empty when they are."""
    if fitted.code not in ("minimum", "multiple"):
        return ""
    words = {
        "minimum": _("Sold from {least} on: {packs} instead of {asked}."),
        "multiple": _("Sold in steps of {least}: {packs} instead of {asked}."),
    }
    return words[fitted.code].format(
        least=pack_text(unit, fitted.value),
        packs=format_number(fitted.packs),
        asked=format_number(asked),
    )


def pack_of(unit: str, factor: int) -> str:
    """Such as "case of 12"; a single base unit is just its name."""
    if factor == 1:
        return pack_name(unit)
    return _("{pack} of {count}").format(pack=pack_name(unit), count=format_number(factor))
