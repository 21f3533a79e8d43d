"""The shape of a list: its columns, what they hold, and where its rows come from.

One declaration gives the columns of the table, the sentences of the filter, sorting, totals, what
may be edited at once and what goes to a file. Reading is :mod:`.reading`'s, sentences are
:mod:`.sentences`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ColumnElement, FromClause, Text, type_coerce

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

Words = Callable[[], str]


class Kind(StrEnum):
    """What a column holds: decides its conditions, its alignment and how it is written."""

    TEXT = "text"
    CHOICE = "choice"
    DAY = "day"
    MONEY = "money"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column. ``value`` is what the row has (days as ISO text, money in minor units).

    ``title`` is its heading and its name in a sentence; ``choices`` gives the words of stored
    values. ``order`` is what it is sorted by where that is not the value. ``field`` names the
    entity's field that may be changed in many rows at once. ``total``: added up over all rows.

    ``indexed``: the store keeps the rows in the order of this column. ``via`` is the list's own
    column that leads to the row whose value it is, in lists that are too long to be joined with all
    of those to be sorted. Long free texts and ways to reach somebody are not ``sortable``.
    ``yearly``: a day that comes again each year, in the order of month and day (a birthday).
    """

    key: str
    title: Words
    kind: Kind
    value: ColumnElement[Any]
    width: int = 110
    shown: bool = True
    order: ColumnElement[Any] | None = None
    choices: Callable[[], Mapping[str, str]] | None = None
    field: str = ""
    total: bool = False
    indexed: bool = False
    via: Column[Any] | None = None
    sortable: bool = True
    yearly: bool = False

    @property
    def stored(self) -> ColumnElement[Any]:
        """The value as it is stored: days as their ISO text, in summaries and rows alike."""
        return type_coerce(self.value, Text) if self.kind is Kind.DAY else self.value

    @property
    def right(self) -> bool:
        """Numbers stand at the right."""
        return self.kind in (Kind.MONEY, Kind.NUMBER)


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list. ``where`` is what always holds; ``found`` maps kinds of the search to row ids.

    ``opens`` gives the place and its arguments for a row; ``touched`` are the kinds of change after
    which it is read again. The first column is the row's name. ``sort``: column and whether
    descending.
    """

    key: str
    title: Words
    entity: str
    icon: str
    source: FromClause
    id: Column[int]
    columns: tuple[ListColumn, ...]
    sort: tuple[str, bool]
    opens: Callable[[ListRow], tuple[str, Mapping[str, object]]]
    touched: tuple[str, ...]
    where: Callable[[Workspace], Sequence[ColumnElement[bool]]] = lambda _ws: ()
    found: Mapping[str, Column[int]] = field(default_factory=dict)
    account: ColumnElement[Any] | None = None

    def column(self, key: str) -> ListColumn:
        """The column of that key; KeyError when there is none."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(key)

    def knows(self, key: str) -> bool:
        """Whether there is such a column."""
        return any(column.key == key for column in self.columns)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row: its local id, its customer's, and the stored values by column key."""

    id: int
    account_id: int | None
    values: Mapping[str, Any]
