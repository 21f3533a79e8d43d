"""Barcodes of goods: GTINs with their check digit, and what a scanner types.

Sources: GS1 General Specifications, sections 7.9 (check digit) and 3 (element strings 01, 02 and
310n). A GTIN of 8, 12, 13 or 14 digits is one number with leading zeros; it is compared in its
form of 14 digits. UPC-E (6 digits squeezed) and weights inside in-store numbers of 13 digits,
which every chain writes in its own way, are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LENGTHS = (8, 12, 13, 14)
_FEWEST = 7
"""Fewer digits are somebody's own number: a GTIN that lost more zeros is not to be told from it."""
_SYMBOLOGY = re.compile(r"^\][A-Za-z][0-9]")
_ELEMENTS = re.compile(r"^\(?0[12]\)?(\d{14})(.*)$", re.S)
_WEIGHT = re.compile(r"\(?310([0-3])\)?(\d{6})")
_SEPARATORS = str.maketrans("", "", " -\u00a0\u2009")
_GROUP = "\x1d"


@dataclass(frozen=True, slots=True)
class Scan:
    """What was scanned: ``code`` is ok, check-digit or no-gtin; the GTIN in 14 digits.

    ``weight_g`` is the net weight that a GS1 code of catch-weight goods carries beside it.
    """

    code: str
    gtin: str = ""
    weight_g: int | None = None


def check_digit(digits: str) -> int:
    """The check digit for the digits before it: weights 3, 1, 3 … from the right."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return -total % 10


def is_gtin(text: str) -> bool:
    """True for 8, 12, 13 or 14 digits whose check digit is right."""
    return _is_digits(text) and len(text) in LENGTHS and check_digit(text[:-1]) == int(text[-1])


def to_gtin14(text: str) -> str | None:
    """The 14 digits of a GTIN as people write it, or None when it is none.

    Spaces and dashes do not count. A number that lost leading zeros (spreadsheets do that) is
    taken for the shortest GTIN it can be, if its check digit fits.
    """
    digits = text.translate(_SEPARATORS)
    if not _is_digits(digits) or not _FEWEST <= len(digits) <= 14 or not digits.strip("0"):
        return None
    length = next(length for length in LENGTHS if length >= len(digits))
    padded = digits.zfill(length)
    return padded.zfill(14) if is_gtin(padded) else None


def tidy_code(text: str) -> str | None:
    """A barcode as it is kept: a GTIN's digits with lost zeros put back, any other code as it is.

    None for a number of a GTIN's length whose check digit does not fit.
    """
    digits = text.translate(_SEPARATORS)
    if _is_digits(digits) and len(digits) in LENGTHS:
        return digits if is_gtin(digits) else None
    whole = to_gtin14(digits)
    if whole is None:
        return text.strip()
    return whole[-next(length for length in LENGTHS if length >= len(digits)) :]


def written_forms(gtin14: str) -> tuple[str, ...]:
    """Every way the same number may be stored: with and without its leading zeros."""
    bare = gtin14.lstrip("0")
    return tuple(gtin14[-length:] for length in range(14, len(bare) - 1, -1))


def read_scan(text: str) -> Scan:
    """What a keyboard wedge typed, or a person: a bare GTIN or a GS1 element string."""
    cleaned = _SYMBOLOGY.sub("", text.strip().strip(_GROUP)).strip(_GROUP)
    plain = cleaned.translate(_SEPARATORS)
    if _is_digits(plain) and len(plain) in LENGTHS:
        return Scan("ok", plain.zfill(14)) if is_gtin(plain) else Scan("check-digit")
    elements = _ELEMENTS.match(plain)
    if elements is None:
        return Scan("no-gtin")
    gtin, rest = elements.groups()
    if not is_gtin(gtin):
        return Scan("check-digit" if plain.startswith("(") else "no-gtin")
    weight = _WEIGHT.match(rest)
    grams = None
    if weight is not None:
        decimals, digits = int(weight.group(1)), int(weight.group(2))
        grams = digits * 10 ** (3 - decimals)
    return Scan("ok", gtin, grams)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
