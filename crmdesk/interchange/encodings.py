"""How the bytes of a text file are written: the encoding, told by its mark or by its letters.

Owns the judgement and nothing of the file. What was only judged by its letters is a guess, which
whoever reads the file is told.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
_WESTERN = ("cp1252", "cp850", "mac_roman")
_SPANISH = frozenset("áéíóúñüÁÉÍÓÚÑÜ¿¡ºª")
_USUAL_WESTERN = frozenset("àèìòùâêîôûäëïöãõçßøåÀÈÌÒÙÂÊÎÔÛÄËÏÖÃÕÇØÅ€·’«»")
_NAMES = {
    "cp1251": "Windows-1251", "koi8-r": "KOI8-R", "cp866": "CP866", "cp1252": "Windows-1252",
    "cp850": "CP850", "mac_roman": "Mac Roman",
}  # fmt: skip
# Letters of Russian texts in a thousand, from the commonest to the rarest.
_RUSSIAN = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
        (110, 85, 80, 73, 67, 63, 55, 47, 45, 43, 35, 32, 30, 28, 26, 20, 19, 17, 17, 16, 16, 14,
         12, 10, 9, 7, 6, 5, 4, 3, 3, 1, 1),
        strict=True,
    )
)  # fmt: skip
_RARE = 0.05
_WIDE_SHARE = 0.2
_SCORED = 20_000


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, and by what name a person knows it where it was judged by the letters alone."""

    codec: str
    guessed: str = ""


def encoding_of(head: bytes) -> Encoding | None:
    """The encoding of a file that begins like this; None where it is no text.

    The sample may end inside a letter.
    """
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec)
    if b"\x00" in head:
        wide = _wide(head)
        return None if wide is None else Encoding(wide)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        codec = _by_letters(head[:_SCORED])
        return Encoding(codec, _NAMES[codec])
    return Encoding("utf-8")


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its blanks and digits is empty."""
    pairs = max(len(head) // 2, 1)
    even, odd = head[0::2].count(0), head[1::2].count(0)
    codec = "utf-16-le" if odd > even else "utf-16-be"
    if min(even, odd) or max(even, odd) < pairs * _WIDE_SHARE:
        return None
    try:
        codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeDecodeError:
        return None
    return codec


def _by_letters(head: bytes) -> str:
    """Of one byte a letter: Cyrillic words lie whole in the upper half, Western ones do not."""
    high = sum(byte >= 0x80 for byte in head)
    pairs = sum(a >= 0x80 and b >= 0x80 for a, b in pairwise(head))
    if pairs * 2 > high:
        return _best(head, _CYRILLIC, _russian)
    return _best(head, _WESTERN, _western)


def _best(head: bytes, names: Sequence[str], score: Callable[[str], float]) -> str:
    return max(names, key=lambda codec: score(head.decode(codec, errors="replace")))


def _russian(text: str) -> float:
    """How likely the letters are in a Russian text; capitals inside of words are unlikely."""
    letters = [character for character in text if character > "\x7f"]
    likely = sum(log(_RUSSIAN.get(letter.lower(), _RARE)) for letter in letters)
    turned = sum(a.islower() and b.isupper() for a, b in pairwise(text))
    return likely - 3.0 * turned


def _western(text: str) -> int:
    return sum(2 if c in _SPANISH else c in _USUAL_WESTERN for c in text)
