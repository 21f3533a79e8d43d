"""Templates: HTML in named parts, filled with values that are escaped.

``<!-- part: name -->`` begins a part. ``{{name}}`` stands for a value; ``{{?name}}…{{/name}}`` is
left out where the value is empty. Everything is escaped except :class:`Html`, which only parts
filled before are made of. Text is cleaned of what would change the direction or the layout of its
surroundings, and words from right to left are set apart (source: Unicode TR 9, isolates).
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from crmdesk.paths import resources_dir

_PART = re.compile(r"<!-- part: ([a-z_]+) -->\n?")
_SECTION = re.compile(r"\{\{\?([a-z_]+)\}\}(.*?)\{\{/\1\}\}", re.S)
_VALUE = re.compile(r"\{\{([a-z_]+)\}\}")
# Marks of direction, line and paragraph separators, and what is not a character at all.
_UNWANTED = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffc\ufeff]")
_BREAKS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_APART = "\u2068{}\u2069"
# Stand for the page's number, their count and a sum until the pages are known; no text has them.
PAGE, PAGES, SUM = "\ue000", "\ue001", "\ue002"


class Html(str):
    """Markup made by a template; not escaped again."""

    __slots__ = ()


class Template:
    """The parts of one file."""

    def __init__(self, text: str) -> None:
        pieces = _PART.split(text)
        self._parts = dict(zip(pieces[1::2], pieces[2::2], strict=True))

    def fill(self, part: str, /, **values: object) -> Html:
        """A part with its values; KeyError for a part or a value that is not there."""

        def section(found: re.Match[str]) -> str:
            return found.group(2) if values[found.group(1)] else ""

        def value(found: re.Match[str]) -> str:
            return markup(values[found.group(1)])

        return Html(_VALUE.sub(value, _SECTION.sub(section, self._parts[part])))


@lru_cache(maxsize=4)
def template(name: str) -> Template:
    """The template of that name that comes with the program."""
    path = resources_dir() / "templates" / f"{name}.html"
    return Template(path.read_text(encoding="utf-8"))


def markup(value: object) -> str:
    """A value as HTML: :class:`Html` as it is, anything else escaped, with its line breaks."""
    if isinstance(value, Html):
        return value
    lines = _BREAKS.split(str(value))
    return "<br/>".join(html.escape(_apart(line)) for line in lines)


def plain(text: str) -> str:
    """A text on one line without control characters and marks of direction."""
    return " ".join(_clean(_BREAKS.sub(" ", text)).split())


def join(parts: list[Html]) -> Html:
    """Parts one after the other."""
    return Html("".join(parts))


def _clean(line: str) -> str:
    line = _UNWANTED.sub("", line.replace("\t", " "))
    return "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cs", "Co"))


def _apart(line: str) -> str:
    line = _clean(line)
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in line):
        return _APART.format(line)
    return line
