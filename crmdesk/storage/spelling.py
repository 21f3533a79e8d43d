"""Words as they are compared: without accents and case, in Latin letters, by their sound.

Owns how a text becomes words of the search index, and how a telephone number is found in any
writing. Which rows are searched is :mod:`crmdesk.storage.search_index`'s.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

from anyascii import anyascii

_WORD = re.compile(r"[^\W_]+")
_WITH_ZEROS = re.compile(r"(?<![0-9A-Za-z])0[0-9]+(?![0-9A-Za-z])")
_PHONE = re.compile(r"[\d\s().+/-]+")
_NO_DIGITS = re.compile(r"\D+")
_LONE = re.compile(r"[^a-z0-9]")
_LEAST_DIGITS = 4
_REVERSED = "q"
"""Before the digits of a number from its end: no word of a language begins like this."""

# Beginnings of calling codes of three digits (ITU-T E.164); +1 and +7 have one, all others two.
_THREE_DIGITS_IN = (
    "21", "22", "23", "24", "25", "26", "28", "29", "35", "37", "38", "42", "50", "59", "67",
    "68", "69", "80", "83", "85", "87", "88", "89", "96", "97", "99",
)  # fmt: skip

# What is written differently by systems of transliteration and by habit, longest first.
_SOUNDS = (
    ("shch", "s"), ("tsch", "4"), ("sch", "s"), ("tch", "4"), ("zh", "z"), ("sh", "s"),
    ("kh", "h"), ("ch", "4"), ("ph", "f"), ("th", "t"), ("dh", "d"), ("gh", "g"), ("ts", "c"),
    ("tz", "c"), ("cz", "4"), ("ck", "k"), ("qu", "k"), ("ks", "x"), ("ou", "u"), ("oy", "u"),
    ("ae", "a"), ("oe", "o"), ("ue", "u"), ("yo", "e"), ("io", "e"), ("w", "v"), ("y", "i"),
    ("j", "i"), ("q", "k"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")


class _Plain(dict[str, str]):
    """What each sign is without case and accents; nothing, where it is an accent itself.

    Worked out when a sign is first met: of twenty thousand names each is made of a few hundred.
    """

    def __missing__(self, sign: str) -> str:
        apart = unicodedata.normalize("NFKD", sign.casefold())
        plain = "".join(one for one in apart if not unicodedata.combining(one))
        self[sign] = plain
        return plain


_PLAIN = _Plain()


@lru_cache(maxsize=20_000)
def folded(word: str) -> str:
    """A word without case and accents, in its own letters: семенов for Семёнов."""
    return word.lower() if word.isascii() else "".join(map(_PLAIN.__getitem__, word))


def folded_text(text: str | None) -> str | None:
    """A text without case and accents: what SQL compares as ``folded(column)``."""
    if text is None:
        return None
    return text.lower() if text.isascii() else "".join(map(_PLAIN.__getitem__, text))


@lru_cache(maxsize=20_000)
def latin(word: str) -> str:
    """A word in Latin letters and digits: Иванов as ivanov; what has no letters there is empty."""
    if word.isascii():
        return word.lower()
    return _LONE.sub("", anyascii(word.casefold()).lower())


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """What is the same however a name came into Latin letters: Yuriy, Yuri and Jurij as iuri."""
    heard = latin(word)
    for written, short in _SOUNDS:
        heard = heard.replace(written, short)
    return _DOUBLED.sub(r"\1", heard)


def words(text: str) -> list[str]:
    """The words of a text as written."""
    return _WORD.findall(text)


@lru_cache(maxsize=20_000)
def forms(word: str) -> tuple[str, ...]:
    """How a word stands in the index: folded, in Latin letters, a number without its zeros."""
    own = folded(word)
    if own.isascii():
        short = own.lstrip("0")
        return (own, short) if short != own and short and own.isdigit() else (own,)
    return tuple(dict.fromkeys(form for form in (own, latin(word)) if form))


def indexed(text: str) -> str:
    """A text as the index gets it: each word in all its forms."""
    if text.isascii() and not ("0" in text and _WITH_ZEROS.search(text)):
        return text
    return " ".join(chain.from_iterable(map(forms, words(text))))


def phone_forms(number: str) -> str:
    """A number in international form as the index gets it.

    Whole, without its calling code, and from its end, so that the last digits find it too.
    """
    digits = _NO_DIGITS.sub("", number)
    if len(digits) < _LEAST_DIGITS:
        return digits
    national = digits
    if number.lstrip().startswith("+"):
        one = digits[0] in "17"
        national = digits[1 if one else 3 if digits[:2] in _THREE_DIGITS_IN else 2 :]
    return f"{digits} {national} {_REVERSED}{digits[::-1]}"


def phone_searches(text: str) -> tuple[str, ...]:
    """Beginnings of indexed words that fit a text which may be a telephone number; else none.

    "00" and "+" before a calling code and a "0" or "8" before a national number are left out.
    """
    if not _PHONE.fullmatch(text):
        return ()
    digits = "".join(sign for sign in text if sign.isascii() and sign.isdigit())
    if len(digits) < _LEAST_DIGITS:
        return ()
    short = digits.lstrip("0")
    ways = {digits, short}
    if digits.startswith("8") and len(digits) == 11:
        ways.add(digits[1:])
    ways = {way for way in ways if len(way) >= _LEAST_DIGITS}
    return tuple(sorted(ways | {_REVERSED + way[::-1] for way in ways}))
