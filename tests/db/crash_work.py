"""What is killed in the middle: run by test_crash as a program of its own.

    python crash_work.py WHAT PROFILE [FILE]

Says ``go`` before it starts and, where there are steps, the number of each finished one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crmdesk.domain.clock import fixed_clock
from crmdesk.interchange import csv_rows
from crmdesk.services import imports, orders
from crmdesk.services.document_lines import LineInput
from crmdesk.services.workspace import Workspace, workspace_of
from crmdesk.storage import backup, profile
from tests.db.conftest import SPEC, instant


def _say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _open(folder: Path) -> Workspace:
    clock = fixed_clock(SPEC.instant(), "Europe/Andorra")
    return workspace_of(folder, profile.open_database(folder, clock), instant)


def _orders(ws: Workspace) -> None:
    with ws.database.read() as connection:
        products = connection.exec_driver_sql("SELECT id FROM product ORDER BY id").scalars().all()
    order = orders.start_order(ws, 1, suggested=False).order_id
    for number, product in enumerate(products, start=1):
        orders.set_line(ws, order, LineInput(product, None, number))
        _say(number)


def main() -> None:
    """Do one of the works."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "restore":
        clock = fixed_clock(SPEC.instant(), "Europe/Andorra")
        _say("go")
        backup.restore(Path(sys.argv[3]), folder, clock)
        _say("done")
        return
    ws = _open(folder)
    _say("go")
    if what == "import":
        imports.import_file(ws, "sales", Path(sys.argv[3]))
    elif what == "import-ahead":
        # As a file of a hundred megabytes is read: many chunks, by a second process.
        imports._WORTH_A_PROCESS_BYTES, csv_rows._CHUNK_CHARACTERS = 0, 5_000
        imports.import_file(ws, "sales", Path(sys.argv[3]))
    elif what == "orders":
        _orders(ws)
    else:
        backup.back_up(ws.database, folder, Path(sys.argv[3]))
    _say("done")


if __name__ == "__main__":
    main()
