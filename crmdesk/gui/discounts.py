"""A discount by hand as people type it, with its reason behind it. No Qt here."""

from __future__ import annotations

import re

_DISCOUNT = re.compile(r"^\s*(\d{1,3})(?:[.,](\d{1,2}))?\s*%?\s*(.*)$", re.DOTALL)


def read_discount(text: str) -> tuple[int, str] | None:
    """A discount in basis points and its reason: ``7,5 opening order``; None when it is none.

    Empty text is no discount.
    """
    if not text.strip():
        return 0, ""
    found = _DISCOUNT.match(text)
    if found is None:
        return None
    whole, part, why = found.groups()
    return int(whole) * 100 + int((part or "").ljust(2, "0") or 0), why.strip()
