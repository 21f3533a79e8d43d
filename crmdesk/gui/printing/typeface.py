"""The typeface of documents: Inter with its tabular figures as ordinary digits.

On paper figures stand below each other, so the tabular ones are wanted. Asked for as a feature of
the font, they reach a PDF as shapes that no letter belongs to, and nobody can copy or search a
number. So the bundled font is registered a second time, its digits mapped to the tabular shapes
(source: OpenType specification, tables cmap and name), under a name of its own. Letters that Inter
lacks come from the other bundled fonts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QRawFont, QTextLayout

from crmdesk.paths import resources_dir

FAMILY = "Inteq"
"""As long as the name it stands for: it is written over it in the font's own table."""
_ORIGINAL = "Inter"
_FILES = (
    ("Inter-Regular.otf", QFont.Weight.Normal), ("Inter-SemiBold.otf", QFont.Weight.DemiBold),
)  # fmt: skip
_OTHERS = (
    ("NotoSansArabic-Regular.ttf", "Noto Sans Arabic"),
    ("NotoSansHebrew-Regular.ttf", "Noto Sans Hebrew"),
)
_LOADED = "crmdesk_document_fonts"
_SIZE_PX = 12
_DIGITS = "0123456789"
_ZERO, _NINE = ord("0"), ord("9")
_INVISIBLE = frozenset("\u2068\u2069\u00ad\u200b\u200c\u200d\n\t ")


def document_font() -> QFont:
    """The font of documents, 12 px of 1/96 inch; registers it at the first call."""
    load_typeface()
    font = QFont([FAMILY, *(family for _file, family in _OTHERS)])
    font.setPixelSize(_SIZE_PX)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    # Inter lowers and raises dashes and signs by what stands beside them, as shapes of their own.
    font.setFeature(QFont.Tag("calt"), 0)
    return font


def missing_letters(text: str) -> str:
    """The letters of a text that no bundled font has, each once; the system may have them."""
    wanted = set(text) - _INVISIBLE
    for raw in _raw_fonts():
        wanted = {letter for letter in wanted if not raw.supportsCharacter(ord(letter))}
    return "".join(sorted(wanted))


def load_typeface() -> None:
    """Register the fonts; on the interface thread, before documents are made on another."""
    app = QGuiApplication.instance()
    if app is None:
        raise RuntimeError("documents need a QGuiApplication first")
    if app.property(_LOADED):
        return
    folder = resources_dir() / "fonts"
    for name, _weight in _FILES:
        if QFontDatabase.addApplicationFont(str(folder / name)) < 0:
            raise FileNotFoundError(folder / name)
    for name, weight in _FILES:
        data = _with_tabular_digits((folder / name).read_bytes(), weight)
        if QFontDatabase.addApplicationFontFromData(QByteArray(data)) < 0:
            raise FileNotFoundError(folder / name)
    for name, _family in _OTHERS:
        if QFontDatabase.addApplicationFont(str(folder / name)) < 0:
            raise FileNotFoundError(folder / name)
    app.setProperty(_LOADED, True)


@lru_cache(maxsize=1)
def _raw_fonts() -> tuple[QRawFont, ...]:
    folder = resources_dir() / "fonts"
    names = (_FILES[0][0], *(name for name, _family in _OTHERS))
    return tuple(QRawFont(str(folder / name), _SIZE_PX) for name in names)


def _with_tabular_digits(data: bytes, weight: QFont.Weight) -> bytes:
    """The same font with tabular digits and its own family name."""
    font = bytearray(data)
    tables = _tables(font)
    shapes = _tabular_shapes(weight)
    at, _length = tables["cmap"]
    for start in _subtables(font, at):
        _map_digits(font, start, shapes)
    at, length = tables["name"]
    for encoding in ("utf-16-be", "latin-1"):
        old, new = _ORIGINAL.encode(encoding), FAMILY.encode(encoding)
        font[at : at + length] = font[at : at + length].replace(old, new)
    return bytes(font)


def _tabular_shapes(weight: QFont.Weight) -> list[int]:
    """The shapes that the font itself puts for digits when asked for tabular ones, in order."""
    font = QFont(_ORIGINAL)
    font.setPixelSize(_SIZE_PX)
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    layout = QTextLayout(_DIGITS, font)
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    shapes = [shape for run in layout.glyphRuns() for shape in run.glyphIndexes()]
    if shapes != list(range(shapes[0], shapes[0] + len(_DIGITS))):
        raise ValueError("the tabular digits of the bundled font are not in order")
    return shapes


def _tables(font: bytearray) -> dict[str, tuple[int, int]]:
    (count,) = struct.unpack_from(">H", font, 4)
    found = {}
    for place in range(count):
        tag, _sum, offset, length = struct.unpack_from(">4sIII", font, 12 + 16 * place)
        found[tag.decode("latin-1")] = (offset, length)
    return found


def _subtables(font: bytearray, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    offsets = {struct.unpack_from(">I", font, cmap + 8 + 8 * place)[0] for place in range(count)}
    yield from (cmap + offset for offset in sorted(offsets))


def _map_digits(font: bytearray, start: int, shapes: list[int]) -> None:
    """Point the digits of one subtable (format 4 or 12) at other shapes."""
    (kind,) = struct.unpack_from(">H", font, start)
    if kind == 12:
        (groups,) = struct.unpack_from(">I", font, start + 12)
        for place in range(start + 16, start + 16 + 12 * groups, 12):
            first, last = struct.unpack_from(">II", font, place)
            if first >= _ZERO and last <= _NINE:
                struct.pack_into(">I", font, place + 8, shapes[first - _ZERO])
    elif kind == 4:
        (double,) = struct.unpack_from(">H", font, start + 6)
        for place in range(start + 14, start + 14 + double, 2):
            _map_segment(font, place, double, shapes)


def _map_segment(font: bytearray, end_at: int, double: int, shapes: list[int]) -> None:
    begin_at = end_at + double + 2
    delta_at, offset_at = begin_at + double, begin_at + 2 * double
    last, first, offset = (
        struct.unpack_from(">H", font, at)[0] for at in (end_at, begin_at, offset_at)
    )
    if offset:
        for letter in range(max(first, _ZERO), min(last, _NINE) + 1):
            at = offset_at + offset + 2 * (letter - first)
            struct.pack_into(">H", font, at, shapes[letter - _ZERO])
    elif first >= _ZERO and last <= _NINE:
        struct.pack_into(">H", font, delta_at, (shapes[0] - _ZERO) % 65536)
