"""Packs, barcodes and weighed goods: exact, explained, and nothing lost by rounding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.barcodes import (
    LENGTHS,
    check_digit,
    is_gtin,
    read_scan,
    tidy_code,
    to_gtin14,
    written_forms,
)
from crmdesk.domain.packaging import (
    Amount,
    Fitted,
    InvalidAmount,
    Pack,
    fit_base,
    fit_packs,
    is_weighed,
    read_amount,
    to_base,
    to_packs,
)
from crmdesk.domain.substitution import Instead, Ordered, instead_of

_packs = st.builds(
    Pack, st.sampled_from(["EA", "IN", "CS", "BU", "PL"]), st.integers(1, 5_000),
    st.integers(1, 40), st.integers(1, 24),
)  # fmt: skip


# ---------------------------------------------------------------------------------- substitutes


@given(
    packs=st.integers(1, 500), ordered=_packs,
    options=st.lists(_packs, min_size=1, max_size=4),
)  # fmt: skip
def test_a_substitute_comes_as_near_as_its_packs_allow(
    packs: int, ordered: Pack, options: list[Pack]
) -> None:
    asked = packs * ordered.factor
    line = Ordered(packs, ordered.unit, ordered.factor, asked, "EA")
    found = instead_of(line, "EA", options)
    assert found.option is not None
    off = [abs(fit_base(asked, one).packs * one.factor - asked) for one in options]
    assert off[found.option] == min(off)
    chosen = options[found.option]
    assert fit_packs(found.fitted.packs, chosen).packs == found.fitted.packs >= 1
    assert bool(found.fitted.code) is (off[found.option] != 0)


def test_a_case_of_pieces_is_no_case_of_grams() -> None:
    line = Ordered(3, "CS", 12, 36, "EA")
    weighed = [Pack("EA", 1), Pack("CS", 2500)]
    assert instead_of(line, "G", weighed) == Instead(1, Fitted(3), other_unit=True)
    assert instead_of(line, "EA", [Pack("CS", 12), Pack("IN", 6)]).option == 0
    assert instead_of(line, "EA", [Pack("CS", 24)]) == Instead(0, Fitted(2, "up", 36))
    assert instead_of(line, "EA", []) == Instead(None, Fitted(36))


# ------------------------------------------------------------------------------------ barcodes


@pytest.mark.parametrize(
    "code", ["96385074", "036000291452", "6291041500213", "8412345678905", "10614141000415"]
)
def test_published_numbers_have_the_right_check_digit(code: str) -> None:
    assert is_gtin(code)
    assert to_gtin14(code) == code.zfill(14)


@given(st.sampled_from(LENGTHS), st.integers(0, 10**13 - 1), st.integers(1, 9))
def test_a_wrong_digit_is_noticed(length: int, number: int, more: int) -> None:
    digits = str(number % 10 ** (length - 1)).zfill(length - 1)
    code = digits + str(check_digit(digits))
    assert is_gtin(code)
    for place in range(length):
        other = code[:place] + str((int(code[place]) + more) % 10) + code[place + 1 :]
        assert not is_gtin(other)


@given(st.sampled_from(LENGTHS), st.integers(1, 10**13 - 1))
def test_leading_zeros_make_no_other_number(length: int, number: int) -> None:
    digits = str(number % 10 ** (length - 1) or 1).zfill(length - 1)
    code = digits + str(check_digit(digits))
    whole = to_gtin14(code)
    assert whole is not None
    forms = written_forms(whole)
    assert code in forms
    assert all(form.zfill(14) == whole for form in forms)
    # A spreadsheet takes the zeros away; spaces and dashes are for people.
    bare = code.lstrip("0")
    assert to_gtin14(bare) == (whole if len(bare) >= 7 else None)
    assert to_gtin14(f" {code[:3]}-{code[3:]} ") == whole


@pytest.mark.parametrize(
    "text",
    ["", "0", "00000000", "8412345678906", "841234567890512", "A123", "８４１２３４５６７８９０５"],
)
def test_what_is_no_gtin_is_none(text: str) -> None:
    assert to_gtin14(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("8412345678905", "8412345678905"), ("841-2345-678905", "8412345678905"),
        ("36000291452", "036000291452"), ("8412345678906", None), ("A-17", "A-17"), ("17", "17"),
    ],
)  # fmt: skip
def test_a_barcode_is_kept_tidy(text: str, kept: str | None) -> None:
    assert tidy_code(text) == kept


@pytest.mark.parametrize(
    ("typed", "code", "gtin", "weight"),
    [
        ("8412345678905", "ok", "08412345678905", None),
        ("]E08412345678905", "ok", "08412345678905", None),
        ("  8412345678905\r\n", "ok", "08412345678905", None),
        ("8412345678906", "check-digit", "", None),
        ("(01)98412345678908(3103)001235", "ok", "98412345678908", 1235),
        ("]C101984123456789083102000123", "ok", "98412345678908", 1230),
        ("]d20198412345678908\x1d", "ok", "98412345678908", None),
        ("(01)98412345678907", "check-digit", "", None),
        ("SKU-17", "no-gtin", "", None),
        ("17", "no-gtin", "", None),
        ("", "no-gtin", "", None),
    ],
)
def test_what_a_scanner_types_is_read(typed: str, code: str, gtin: str, weight: int | None) -> None:
    scan = read_scan(typed)
    assert (scan.code, scan.gtin, scan.weight_g) == (code, gtin, weight)


@given(st.text(max_size=60))
def test_any_text_may_be_scanned(text: str) -> None:
    scan = read_scan(text)
    assert (scan.code == "ok") == bool(scan.gtin)
    assert scan.code != "ok" or is_gtin(scan.gtin)


# --------------------------------------------------------------------------------------- packs


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_base_units_become_packs_and_back(base: int, factor: int) -> None:
    packs, rest = to_packs(base, factor)
    assert to_base(packs, factor) + rest == base
    assert 0 <= rest < factor


@given(st.integers(0, 10**6), _packs)
def test_what_is_sold_is_the_next_number_that_can_be(packs: int, pack: Pack) -> None:
    fitted = fit_packs(packs, pack)
    below = packs // pack.multiple * pack.multiple
    possible = range(below, packs + pack.minimum + 2 * pack.multiple, pack.multiple)
    if packs == 0:
        assert fitted == Fitted(0)
        return
    assert fitted.packs == next(n for n in possible if n >= max(packs, pack.minimum))
    assert bool(fitted.code) == (fitted.packs != packs)
    assert fit_packs(fitted.packs, pack) == Fitted(fitted.packs)
    if fitted.code == "minimum":
        assert packs < fitted.value == pack.minimum
    if fitted.code == "multiple":
        assert packs >= pack.minimum
        assert fitted.value == pack.multiple


@given(st.integers(1, 10**7), st.integers(1, 5_000))
def test_base_units_go_to_the_nearest_pack(base: int, factor: int) -> None:
    fitted = fit_base(base, Pack("CS", factor))
    away = abs(fitted.packs * factor - base)
    others = [n for n in (fitted.packs - 1, fitted.packs + 1) if n > 0]
    assert all(away <= abs(n * factor - base) for n in others)
    expected = {1: "up", 0: "", -1: "down"}
    sold = fitted.packs * factor
    assert fitted.code == expected[(sold > base) - (sold < base)]
    assert not fitted.code or fitted.value == base


def test_rounding_says_why() -> None:
    assert fit_packs(5, Pack("CS", 12, 1, 6)) == Fitted(6, "multiple", 6)
    assert fit_packs(1, Pack("CS", 12, 4, 1)) == Fitted(4, "minimum", 4)
    assert fit_packs(1, Pack("CS", 12, 4, 3)) == Fitted(6, "minimum", 4)
    assert fit_base(30, Pack("CS", 12)) == Fitted(3, "up", 30)
    assert fit_base(29, Pack("CS", 12)) == Fitted(2, "down", 29)
    assert fit_base(1, Pack("CS", 12, 2)) == Fitted(2, "minimum", 2)


# -------------------------------------------------------------------------------- weighed goods


@pytest.mark.parametrize(
    ("typed", "unit", "amount"),
    [
        ("1,25 kg", "g", Amount(None, 1_250)),
        ("1.25", "G", Amount(None, 1_250)),
        ("800 g", "g", Amount(None, 800)),
        ("3 = 1.235 kg", "g", Amount(3, 1_235)),
        ("3x1,235", "g", Amount(3, 1_235)),
        ("0,75 l", "ml", Amount(None, 750)),
        ("75 cl", "ML", Amount(None, 750)),
        ("1 234,5 kg", "g", Amount(None, 1_234_500)),
    ],
)
def test_weights_are_read_as_people_write_them(typed: str, unit: str, amount: Amount) -> None:
    assert read_amount(typed, unit) == amount


@pytest.mark.parametrize(
    ("typed", "unit", "code"),
    [
        ("", "g", "not-an-amount"), ("a lot", "g", "not-an-amount"), ("-1", "g", "not-an-amount"),
        ("1 kg", "EA", "not-an-amount"), ("1 l", "g", "other-unit"), ("0.5 g", "g", "fraction"),
        ("1.2345 kg", "g", "fraction"), ("9999999999999 kg", "g", "too-much"),
        ("1..2", "g", "not-an-amount"), ("1e3", "g", "not-an-amount"),
    ],
)  # fmt: skip
def test_what_is_no_weight_says_why(typed: str, unit: str, code: str) -> None:
    with pytest.raises(InvalidAmount) as caught:
        read_amount(typed, unit)
    assert caught.value.code == code


@given(st.integers(0, 10**9))
def test_weights_go_round_to_the_gram(grams: int) -> None:
    text = f"{grams // 1000},{grams % 1000:03d} kg"
    assert read_amount(text, "g").base_quantity == grams


def test_weighed_goods_are_those_in_grams_and_millilitres() -> None:
    assert [unit for unit in ("EA", "g", "G", "ml", "CS") if is_weighed(unit)] == ["g", "G", "ml"]
