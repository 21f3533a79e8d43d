"""Why packs are not the ones asked for, in words.

Names of units and packs are :mod:`crmdesk.domain.pack_words`'.
"""

from __future__ import annotations

from crmdesk.domain.pack_words import pack_name, pack_of, pack_text
from crmdesk.domain.packaging import Fitted, Pack, fit_base, to_base
from crmdesk.i18n import _, format_number
from crmdesk.services.queries.order_stock import SubstituteRow

__all__ = [
    "base_text", "fitted_text", "instead_text", "pack_name", "pack_of", "pack_text",
    "rounding_text",
]  # fmt: skip


def base_text(base_unit: str, quantity: int) -> str:
    """Base units as people say them: "36 units"; weighed goods in kilograms or litres."""
    return pack_text(base_unit, quantity)


def rounding_text(expected: int, pack: Pack, base_unit: str) -> str:
    """Why so many packs are suggested for what is expected in base units, as a sentence."""
    fitted = fit_base(expected, pack)
    asked, packs = base_text(base_unit, expected), pack_text(pack.unit, fitted.packs)
    whole = base_text(base_unit, to_base(fitted.packs, pack.factor))
    words = {
        "": _("Expected: {asked}, which is {packs}."),
        "up": _("Expected: {asked}; rounded up to whole packs: {packs}, {whole}."),
        "down": _("Expected: {asked}; rounded down to whole packs: {packs}, {whole}."),
        "minimum": _("Expected: {asked}; sold from {least} on, so {packs}, {whole}."),
        "multiple": _("Expected: {asked}; sold in steps of {least}, so {packs}, {whole}."),
    }
    if pack.factor == 1 and not fitted.code:
        return _("Expected: {asked}, sold by the unit.").format(asked=asked)
    least = pack_text(pack.unit, fitted.value) if fitted.code in ("minimum", "multiple") else ""
    return words[fitted.code].format(asked=asked, packs=packs, whole=whole, least=least)


def instead_text(other: SubstituteRow) -> str:
    """Why so many of a substitute stand for what was ordered; empty where it is just as much."""
    if other.other_unit:
        return _("Counted in another unit, pack for pack: check the quantity.")
    code = other.fitted.code
    if not code:
        return ""
    words = {
        "up": _("Rounded up to whole packs: {whole} instead of {asked}."),
        "down": _("Rounded down to whole packs: {whole} instead of {asked}."),
        "minimum": _("Sold from {least} on: {whole} instead of {asked}."),
        "multiple": _("Sold in steps of {least}: {whole} instead of {asked}."),
    }
    least = pack_text(other.unit, other.fitted.value) if code in ("minimum", "multiple") else ""
    return words[code].format(
        whole=base_text(other.base_unit, to_base(other.packs, other.factor)),
        asked=base_text(other.base_unit, other.asked),
        least=least,
    )


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
