"""Barcodes against known patterns, and read back by a decoder written from the standards."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.barcodes import check_digit
from crmdesk.domain.symbols import Symbol, code128, ean, itf14, symbol_of_gtin

_LEFT = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011",
         "0110111", "0001011")  # fmt: skip
_FIRST = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL",
          "LGGLGL")  # fmt: skip


def bits(symbol: Symbol) -> str:
    return "".join("10"[place % 2] * width for place, width in enumerate(symbol.widths))


def test_ean_13_has_the_known_pattern() -> None:
    """4 begins the sets LGLLGG: 0 of L, 0 of G, 3 of L, 9 of L, 9 of G, 4 of G."""
    left = "0001101" + "0100111" + "0111101" + "0001011" + "0010111" + "0011101"
    right = "1100110" + "1001110" + "1001110" + "1011100" + "1001000" + "1010000"
    assert bits(ean("4003994155486")) == f"101{left}01010{right}101"


def test_every_symbol_of_code_128_is_its_own() -> None:
    """Eleven modules each, bars of an even sum (ISO/IEC 15417, 4.3.1)."""
    assert len(_TABLE) == 105
    for widths in _TABLE:
        assert sum(widths) == 11
        assert sum(widths[::2]) % 2 == 0


def test_code_128_has_the_known_pattern() -> None:
    """Start B, "Wiki" … by the table of ISO/IEC 15417; checked by hand with its check symbol."""
    # Start B 211214, A 111323, check (104 + 33) mod 103 = 34 131123, stop 2331112.
    assert "".join(map(str, code128("A").widths)) == "211214" + "111323" + "131123" + "2331112"
    # Start C 211232, 12 is 112232, check (105 + 12) mod 103 = 14 122231.
    assert "".join(map(str, code128("12").widths)) == "211232" + "112232" + "122231" + "2331112"


def test_itf_14_has_the_known_pattern() -> None:
    """Start nnnn, the pair 00 as narrow narrow wide wide narrow twice, stop wide narrow narrow."""
    widths = itf14("00000000000000").widths
    assert widths[:4] == (2, 2, 2, 2)
    assert widths[4:14] == (2, 2, 2, 2, 5, 5, 5, 5, 2, 2)
    assert widths[-3:] == (5, 2, 2)
    assert read_itf(widths) == "0" * 14


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=24))
def test_code_128_reads_back(text: str) -> None:
    symbol = code128(text)
    assert read_code128(symbol) == text
    assert symbol.widths[-7:] == (2, 3, 3, 1, 1, 1, 2)
    assert symbol.modules == 11 * ((len(symbol.widths) - 7) // 6) + 13


@given(st.text("0123456789", min_size=2, max_size=20))
def test_digits_go_in_pairs(text: str) -> None:
    assert code128(text).modules <= 11 * (len(text) / 2 + 5) + 13


@given(st.text("0123456789", min_size=13, max_size=13))
def test_itf_14_reads_back(body: str) -> None:
    digits = f"{body}{check_digit(body)}"
    assert read_itf(itf14(digits).widths) == digits


@given(st.text("0123456789", min_size=12, max_size=12))
def test_ean_13_reads_back(body: str) -> None:
    digits = f"{body}{check_digit(body)}"
    assert read_ean13(bits(ean(digits))) == digits


@given(st.text("0123456789", min_size=7, max_size=7))
def test_ean_8_reads_back(body: str) -> None:
    digits = f"{body}{check_digit(body)}"
    made = bits(ean(digits))
    assert len(made) == 67
    left = [_LEFT.index(made[at : at + 7]) for at in range(3, 31, 7)]
    right = [_LEFT.index(turned(made[at : at + 7])) for at in range(36, 64, 7)]
    assert "".join(map(str, left + right)) == digits


@pytest.mark.parametrize("text", ["", "Ф", "a\n"])
def test_what_code_128_cannot_say_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Code 128"):
        code128(text)


def test_a_wrong_check_digit_has_no_symbol() -> None:
    assert symbol_of_gtin("4006381333930") is None
    assert symbol_of_gtin("4006381333931") == ean("4006381333931")
    with pytest.raises(ValueError, match="EAN"):
        ean("4006381333930")


def turned(pattern: str) -> str:
    return pattern.translate(str.maketrans("01", "10"))


def read_ean13(made: str) -> str:
    sets, digits = "", []
    for at in range(3, 45, 7):
        part = made[at : at + 7]
        if part in _LEFT:
            sets += "L"
            digits.append(_LEFT.index(part))
        else:
            sets += "G"
            digits.append(_LEFT.index(turned(part)[::-1]))
    digits += [_LEFT.index(turned(made[at : at + 7])) for at in range(50, 92, 7)]
    return "".join(map(str, [_FIRST.index(sets), *digits]))


def read_itf(widths: tuple[int, ...]) -> str:
    weights = (1, 2, 4, 7, 0)
    digits = []
    for at in range(4, 74, 10):
        for start in (at, at + 1):
            wide = [weights[n] for n in range(5) if widths[start + 2 * n] == 5]
            assert len(wide) == 2
            digits.append(sum(wide) % 11 if sum(wide) != 11 else 0)
    return "".join(map(str, digits))


def read_code128(symbol: Symbol) -> str:
    """Values by the distances of edges, as a scanner takes them; the table is built anew here."""
    groups = [symbol.widths[at : at + 6] for at in range(0, len(symbol.widths) - 7, 6)]
    values = [_TABLE[tuple(group)] for group in groups]
    assert all(list(accumulate(group))[-1] == 11 for group in groups)
    *codes, check = values
    assert (codes[0] + sum(place * code for place, code in enumerate(codes))) % 103 == check
    pairs, text = codes[0] == 105, ""
    for code in codes[1:]:
        if pairs and code == 100:
            pairs = False
        elif not pairs and code == 99:
            pairs = True
        else:
            text += f"{code:02d}" if pairs else chr(code + 32)
    return text


def _table() -> dict[tuple[int, ...], int]:
    """All symbols of six widths: known by those of letters encoded one by one."""
    found: dict[tuple[int, ...], int] = {
        (1, 1, 4, 1, 3, 1): 100, (3, 1, 1, 1, 4, 1): 101, (4, 1, 1, 1, 3, 1): 102,
        (2, 1, 1, 2, 1, 4): 104, (2, 1, 1, 2, 3, 2): 105,
    }  # fmt: skip
    for value in range(95):
        found[code128(chr(value + 32) + " ").widths[6:12]] = value
    for value in range(100):
        found[code128(f"{value:02d}00").widths[6:12]] = value
    return found


_TABLE = _table()
