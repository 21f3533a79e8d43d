"""The board as a table that a spreadsheet opens. No Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crmdesk.gui.views.reorder import words
from crmdesk.i18n import _, format_amount
from crmdesk.interchange.writing import Cell, write_table
from crmdesk.services.queries import reorder as queries
from crmdesk.services.queries.reorder import PairKey
from crmdesk.services.workspace import Workspace

_BLOCK = 500


def write_board(ws: Workspace, path: Path, keys: Sequence[PairKey]) -> int:
    """Write these rows in their order as CSV or XLSX; returns how many there were.

    Raises what :func:`~crmdesk.interchange.writing.write_table` raises.
    """
    headings = [
        _("State"), "SKU", _("Product"), _("Customer"), _("Next visit"), _("Why"),
        _("Within 14 days"), _("Suggested"), _("Pack"), _("Margin"),
    ]  # fmt: skip
    return write_table(path, headings, _rows(ws, keys))


def _rows(ws: Workspace, keys: Sequence[PairKey]) -> Iterator[list[Cell]]:
    today = ws.today()
    for first in range(0, len(keys), _BLOCK):
        block = keys[first : first + _BLOCK]
        rows = queries.board_rows(ws, block)
        for key in block:
            if (row := rows.get(key)) is not None:
                yield [
                    words.state_word(row.state), row.sku, row.product, row.account,
                    "" if row.visit_on is None else row.visit_on.isoformat(),
                    words.why(row, today), round(row.p_14, 2), row.packs, row.pack.unit,
                    format_amount(row.margin_minor, ws.currency),
                ]  # fmt: skip
