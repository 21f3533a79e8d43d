"""Reading a parsed JSON document that somebody else wrote, field by field.

Owns the checks of kinds and the sentences that name the field. Leaves what the fields mean to the
caller.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from crmdesk.i18n import _
from crmdesk.planning.problem import ProblemError

#: Larger numbers are mistakes, and their sums would not be exact.
_LARGEST: Final = 1e12


class Field:
    """A value and the path that led to it; every reader raises `ProblemError` naming the path."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.path = path

    def has(self, key: str) -> bool:
        """Whether the object has something other than null under `key`."""
        return isinstance(self.value, Mapping) and self.value.get(key) is not None

    def __getitem__(self, key: str) -> Field:
        """What the object holds under `key`."""
        if not isinstance(self.value, Mapping):
            raise self._fault(_("{field} is not a JSON object."))
        inner = Field(self.value.get(key), f"{self.path}.{key}" if self.path else key)
        if key not in self.value:
            raise inner._fault(_("{field} is missing."))
        return inner

    def items(self, count: int | None = None) -> list[Field]:
        """The items of a list, of exactly `count` where that is given."""
        value = self.value
        if not isinstance(value, list):
            raise self._fault(_("{field} is not a list."))
        if count is not None and len(value) != count:
            raise self._fault(_("{field} is not a list of {count}."), count=count)
        return [Field(item, f"{self.path}[{i}]") for i, item in enumerate(value)]

    def number(self, least: float = -_LARGEST, *, endless: bool = False) -> float:
        """A number of `least` or more, and of an ordinary size; infinite where `endless`."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._fault(_("{field} is not a number."))
        if endless and value == math.inf:
            return math.inf
        if not abs(value) <= _LARGEST:
            raise self._fault(_("{field} is not a number of ordinary size."))
        if value < least:
            raise self._fault(_("{field} may not be below {least}."), least=f"{least:g}")
        return float(value)

    def numbers(self, count: int, least: float) -> list[float]:
        """A list of `count` numbers of `least` or more, infinite ones among them."""
        cells = self.value
        if (
            isinstance(cells, list)
            and len(cells) == count
            and all(type(cell) is float or type(cell) is int for cell in cells)
            and all(least <= cell <= _LARGEST for cell in cells)
        ):
            return [float(cell) for cell in cells]
        return [cell.number(least, endless=True) for cell in self.items(count)]

    def whole(self, least: int = -int(_LARGEST), most: int = int(_LARGEST)) -> int:
        """A whole number between `least` and `most`."""
        value = self.number()
        if value != int(value):
            raise self._fault(_("{field} is not a whole number."))
        if not least <= value <= most:
            raise self._fault(
                _("{field} is not between {least} and {most}."), least=least, most=most
            )
        return int(value)

    def _fault(self, sentence: str, **words: object) -> ProblemError:
        field = self.path or _("The document")
        said = sentence.format(field=field, **words)
        return ProblemError([_("This is not a planning instance: {fault}").format(fault=said)])
