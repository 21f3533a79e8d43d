"""What is in a PDF file that Qt wrote: pages, their text, the fonts. Reads no other files."""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path

_OBJECT = re.compile(rb"\n(\d+) 0 obj(.*?)endobj", re.S)
_RANGE = re.compile(r"<([0-9A-F]{4})> <[0-9A-F]{4}> \[(.*?)\]", re.S)
_TEXT = re.compile(rb"BT(.*?)ET", re.S)
_SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|<([0-9A-F]+)> Tj")
_INVISIBLE = str.maketrans("", "", "\u2066\u2067\u2068\u2069\u200e\u200f")


@dataclass(frozen=True, slots=True)
class PdfText:
    """The runs of each page in the order drawn, names of fonts, and how many are embedded."""

    pages: tuple[tuple[str, ...], ...]
    fonts: frozenset[str]
    embedded: int
    size_pt: tuple[float, float]
    title: str
    page_fills: tuple[int, ...]

    def words(self, page: int) -> str:
        """A page on one line; presentation forms of Arabic as letters."""
        return unicodedata.normalize("NFKC", " ".join(self.pages[page]))

    def all_words(self) -> str:
        """All pages on one line."""
        return " ".join(self.words(number) for number in range(len(self.pages)))


def read_pdf(path: Path) -> PdfText:
    """The text of a file, glyphs put back into letters by the fonts' own maps."""
    data = path.read_bytes()
    objects = {int(number): body for number, body in _OBJECT.findall(data)}
    maps = {
        number: _letters(_stream(objects[int(found.group(1))]))
        for number, body in objects.items()
        if (found := re.search(rb"/ToUnicode (\d+) 0 R", body))
    }
    pages, fills = [], []
    kids = re.search(rb"/Kids\s*\[(.*?)\]", data, re.S)
    assert kids is not None
    for kid in re.findall(rb"(\d+) 0 R", kids.group(1)):
        found = re.search(rb"/Contents (\d+) 0 R", objects[int(kid)])
        assert found is not None
        content = _stream(objects[int(found.group(1))])
        pages.append(tuple(_run(part, maps) for part in _TEXT.findall(content)))
        fills.append(len(re.findall(rb"\bf\*?\n", content)))
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    title = re.search(rb"/Title \(\xfe\xff(.*?)\)\n", data, re.S)
    assert box is not None
    return PdfText(
        tuple(pages),
        frozenset(name.decode() for name in re.findall(rb"/BaseFont /([\w-]+)", data)),
        len(re.findall(rb"/FontFile\d? \d+ 0 R", data)),
        (float(box.group(1)), float(box.group(2))),
        title.group(1).decode("utf-16-be") if title is not None else "",
        tuple(fills),
    )


def _stream(body: bytes) -> bytes:
    head, _stream_word, rest = body.partition(b"stream")
    raw = rest.strip(b"\r\n")[: -len(b"endstream")].rstrip(b"\r\n")
    return zlib.decompress(raw) if b"FlateDecode" in head else raw


def _letters(cmap: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for first, letters in _RANGE.findall(cmap.decode("latin-1")):
        for place, code in enumerate(re.findall(r"<([0-9A-F]+)>", letters)):
            found[int(first, 16) + place] = bytes.fromhex(code).decode("utf-16-be")
    return found


def _run(part: bytes, maps: dict[int, dict[int, str]]) -> str:
    font, text = 0, ""
    for number, shapes in _SHOWN.findall(part):
        if number:
            font = int(number)
        for at in range(0, len(shapes), 4):
            text += maps[font].get(int(shapes[at : at + 4], 16), "\ufffd")
    return text.translate(_INVISIBLE)
