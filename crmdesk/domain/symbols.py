"""Barcodes as bars: Code 128 of any text of ASCII letters and digits, EAN-13, EAN-8, ITF-14.

Owns which bars and spaces stand for which digits; drawing them is left to whoever prints. Sources:
ISO/IEC 15417 (Code 128), ISO/IEC 15420 (EAN/UPC), GS1 General Specifications 5.3 (ITF-14).
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.domain.barcodes import is_gtin

_CODE128 = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
    "2331112",
]
_CODE_C, _CODE_B, _START_B, _START_C, _STOP = 99, 100, 104, 105, 106
_EAN = ("3211", "2221", "2122", "1411", "1132", "1231", "1114", "1312", "1213", "3112")
# Which of the six left digits are of the even set, for each first digit.
_EVEN = ("000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110",
         "011010")  # fmt: skip
_ITF = ("00110", "10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010")
_ITF_WIDE = 5
_ITF_NARROW = 2
_FEWEST_FOR_C = 4


@dataclass(frozen=True, slots=True)
class Symbol:
    """A barcode: widths of bars and spaces in turn, a bar first, in modules.

    ``quiet`` is the white room it needs on either side, ``text`` what people read below it.
    """

    kind: str
    text: str
    widths: tuple[int, ...]
    quiet: int

    @property
    def modules(self) -> int:
        """The width in modules without the quiet zones."""
        return sum(self.widths)


def code128(text: str) -> Symbol:
    """Code 128 of printable ASCII, digits in pairs where that is shorter.

    Raises ValueError for an empty text or other characters.
    """
    if not text or any(not " " <= letter <= "~" for letter in text):
        raise ValueError(f"no Code 128 for {text!r}")
    codes = _codes128(text)
    check = (codes[0] + sum(place * code for place, code in enumerate(codes))) % 103
    return Symbol("Code 128", text, _widths([_CODE128[c] for c in (*codes, check, _STOP)]), 10)


def _codes128(text: str) -> list[int]:
    """Start, code switches and characters: four digits or more go in pairs."""
    codes: list[int] = []
    in_pairs = False
    place = 0
    while place < len(text):
        run = _digits_from(text, place)
        wanted = run >= _FEWEST_FOR_C or (run >= 2 and (in_pairs or run == len(text)))
        if wanted and not in_pairs and run % 2:
            # One digit stays before the pairs, in the set it is in already.
            codes += [_START_B] if not codes else []
            codes.append(ord(text[place]) - 32)
            place += 1
            run -= 1
        if wanted:
            if not in_pairs:
                codes.append(_CODE_C if codes else _START_C)
            codes += [int(text[at : at + 2]) for at in range(place, place + run - run % 2, 2)]
            place += run - run % 2
            in_pairs = True
        else:
            if in_pairs or not codes:
                codes.append(_CODE_B if codes else _START_B)
            codes.append(ord(text[place]) - 32)
            place += 1
            in_pairs = False
    return codes


def _digits_from(text: str, place: int) -> int:
    end = place
    while end < len(text) and text[end].isdigit():
        end += 1
    return end - place


def ean(digits: str) -> Symbol:
    """EAN-13 or EAN-8 (a GTIN of 12 digits as EAN-13). Raises ValueError for anything else."""
    if not is_gtin(digits) or len(digits) not in (8, 12, 13):
        raise ValueError(f"no EAN: {digits!r}")
    if len(digits) == 8:
        left = [_EAN[int(digit)] for digit in digits[:4]]
        right, quiet = digits[4:], 7
    else:
        digits = digits.zfill(13)
        sets = _EVEN[int(digits[0])]
        left = [
            _EAN[int(digit)][:: -1 if even == "1" else 1]
            for digit, even in zip(digits[1:7], sets, strict=True)
        ]
        right, quiet = digits[7:], 11
    parts = ["111", *left, "11111", *(_EAN[int(digit)] for digit in right), "111"]
    return Symbol(f"EAN-{len(digits)}", digits, _widths(parts), quiet)


def itf14(digits: str) -> Symbol:
    """ITF-14 of a GTIN, with leading zeros to 14 digits; wide bars are 2.5 narrow ones.

    Widths are in half modules, so that they stay whole. Raises ValueError when it is no GTIN.
    """
    if not is_gtin(digits):
        raise ValueError(f"no GTIN: {digits!r}")
    digits = digits.zfill(14)
    parts: list[int] = [_ITF_NARROW] * 4
    for at in range(0, 14, 2):
        for bar, space in zip(_ITF[int(digits[at])], _ITF[int(digits[at + 1])], strict=True):
            parts += [_ITF_WIDE if wide == "1" else _ITF_NARROW for wide in (bar, space)]
    parts += [_ITF_WIDE, _ITF_NARROW, _ITF_NARROW]
    return Symbol("ITF-14", digits, tuple(parts), 20)


def symbol_of_gtin(digits: str) -> Symbol | None:
    """The usual symbol of a GTIN: EAN for 8 to 13 digits, ITF-14 for 14; None when it is none."""
    if not is_gtin(digits):
        return None
    return itf14(digits) if len(digits) == 14 else ean(digits)


def _widths(parts: list[str]) -> tuple[int, ...]:
    return tuple(int(width) for part in parts for width in part)
