"""Files to import, and questions to a profile, for the tests of imports and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crmdesk.services.imports import ImportReport, import_file
from crmdesk.services.workspace import Workspace

HEAD = "document,customer,sku,description,date,qty,unit_price,country"
ROWS = [
    "1001,A1,S1,Olive oil,2026-10-01,12,4.25,ES",
    "1001,A1,S2,Rice,2026-10-01,6,1.10,ES",
    "1002,A2,S1,Olive oil,2026-10-02,24,4.10,FR",
]
COUNTED = ("created", "updated", "merged", "skipped", "rejected")


def write(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def take(ws: Workspace, path: Path, kind: str = "sales", **options: Any) -> ImportReport:
    """Import and hold the ledger to its promise."""
    report = import_file(ws, kind, path, **options)
    assert report.rows == sum(getattr(report, name) for name in COUNTED)
    assert report.rejected == len(report.rejects)
    return report


def ask(ws: Workspace, query: str, *values: object) -> list[tuple[Any, ...]]:
    with ws.database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query, values)]


def everything(ws: Workspace) -> list[list[tuple[Any, ...]]]:
    """What an import may touch."""
    tables = ("account", "product", "packaging", "sale", "sale_line", "import_batch", "import_row",
              "summary_month", "summary_pair", "summary_account", "journal")  # fmt: skip
    return [ask(ws, f"SELECT * FROM {name}") for name in tables]


def put(ws: Workspace, statement: str, *values: object) -> None:
    """HQ's news: written with capture off."""
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(statement, values)
