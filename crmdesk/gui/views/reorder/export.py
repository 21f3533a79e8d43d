"""The board as a CSV file that a spreadsheet opens. No Qt."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from crmdesk.gui.views.reorder import words
from crmdesk.i18n import _, format_amount
from crmdesk.services.queries import reorder as queries
from crmdesk.services.queries.reorder import PairKey
from crmdesk.services.workspace import Workspace


def write_csv(ws: Workspace, path: Path, keys: Sequence[PairKey]) -> int:
    """Write these rows in their order and return how many there were."""
    today = ws.today()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            [
                _("State"), "SKU", _("Product"), _("Customer"), _("Next visit"), _("Why"),
                _("Within 14 days"), _("Suggested"), _("Pack"), _("Margin"),
            ]
        )  # fmt: skip
        for first in range(0, len(keys), 500):
            rows = queries.board_rows(ws, keys[first : first + 500])
            for key in keys[first : first + 500]:
                if (row := rows.get(key)) is None:
                    continue
                out.writerow(
                    [
                        words.state_word(row.state), row.sku, row.product, row.account,
                        "" if row.visit_on is None else row.visit_on.isoformat(),
                        words.why(row, today), f"{row.p_14:.2f}", row.packs, row.pack.unit,
                        format_amount(row.margin_minor, ws.currency),
                    ]
                )  # fmt: skip
    return len(keys)
