"""Numbers of foreign tables: which character parts the decimals, and what a cell then says.

``1.234`` is a thousand and more where decimals follow a comma, and one and a bit where they follow
a point. The other cells of the file decide; where they do not, such a cell is refused, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from crmdesk.i18n import _

_BLANKS = dict.fromkeys(map(ord, " \u00a0\u2007\u2009\u202f'’"))
_PLAIN = re.compile(r"[+-]?(?P<whole>\d*)(?:(?P<mark>[.,])(?P<rest>\d*))?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:\.\d{3})+(?:,\d*)?|(?:,\d{3})+(?:\.\d*)?)")
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "RUB": "₽", "JPY": "¥"}


class Unclear(ValueError):
    """A cell that may be two numbers; its words are for a person."""


def decimal_mark(samples: Iterable[str]) -> str:
    """The character before the decimals in these cells; empty where none or two are proven."""
    marks: set[str] = set()
    for sample in samples:
        text = _bare(sample, "")
        points, commas = text.count("."), text.count(",")
        if points and commas:
            marks.add("." if text.rindex(".") > text.rindex(",") else ",")
        elif points > 1 or commas > 1:
            marks.add("," if points else ".")
        elif points or commas:
            found = _PLAIN.fullmatch(text)
            if found is not None and not _is_open(found):
                marks.add(found["mark"])
    return marks.pop() if len(marks) == 1 else ""


def read_marked(text: str, mark: str, currency: str = "") -> Decimal:
    """The number of a cell in a file whose decimals follow ``mark`` (empty: not known).

    Takes thousands parted by a point, a comma, a blank or an apostrophe, the sign before, behind or
    as brackets, and the own currency's sign. Unclear where it may be two numbers, ValueError where
    it is none.
    """
    bare = _bare(text, currency)
    found = _PLAIN.fullmatch(bare)
    if found is not None and found["mark"]:
        if _is_open(found) and not mark:
            raise Unclear(
                _("“{text}” may be {first} or {second}: nothing in the file says which").format(
                    text=text.strip()[:40], first=f"{found['whole']}{found['rest']}",
                    second=f"{found['whole']}.{found['rest']}",
                )
            )  # fmt: skip
        thousands = _is_open(found) and found["mark"] != mark
        bare = bare.replace(found["mark"], "" if thousands else ".")
    elif _GROUPED.fullmatch(bare):
        last = max(bare.rfind("."), bare.rfind(","))
        both = "." in bare and "," in bare
        decimals = bare[last + 1 :] if both else ""
        whole = (bare[:last] if both else bare).replace(".", "").replace(",", "")
        bare = f"{whole}.{decimals}"
    try:
        value = Decimal(bare)
    except InvalidOperation:
        raise ValueError(f"not a number: {text!r}") from None
    if not value.is_finite():
        raise ValueError(f"not a number: {text!r}")
    return value


def _is_open(found: re.Match[str]) -> bool:
    """Whether a single mark may part thousands: three digits behind, one to three before."""
    whole, rest = found["whole"], found["rest"]
    return len(rest or "") == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")


def _bare(text: str, currency: str) -> str:
    """The cell without blanks and the currency's sign, its sign in front."""
    bare = text.strip().replace("\u2212", "-")
    for sign in (_SYMBOLS.get(currency, ""), currency):
        if sign:
            bare = bare.removesuffix(sign).removeprefix(sign).strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    elif bare.endswith("-"):
        bare = f"-{bare[:-1]}"
    return bare.translate(_BLANKS)
