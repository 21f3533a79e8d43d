"""A file imported in the office reaches HQ and the laptops with every line of every document."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmdesk.services.imports import import_file
from crmdesk.services.workspace import workspace_of
from tests.sync.conftest import Headquarters

pytestmark = pytest.mark.hq

_DOCUMENTS = 3_000


def test_more_documents_than_one_request_takes_keep_their_lines(
    hq: Headquarters, tmp_path: Path
) -> None:
    office, rep = hq.join("O1"), hq.join("R1")
    rows = ["invoice,customer,sku,description,date,quantity,unit_price,country"]
    for number in range(_DOCUMENTS):
        day = f"2026-{1 + number % 6:02}-{1 + number % 28:02}"
        rows.append(f"I{number},C{number % 4},SKU{number % 5},Product,{day},2,4.50,ES")
        rows.append(f"I{number},C{number % 4},NEW{number % 40},Fresh,{day},1,9.00,ES")
    file = tmp_path / "sales.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    ws = workspace_of(office.folder, office.database, lambda: datetime(2026, 7, 1, tzinfo=UTC))

    report = import_file(ws, "sales", file)
    assert report.created == 2 * _DOCUMENTS
    result = office.sync()

    assert (result.refusals, office.waiting()) == (0, 0)
    imported = "FROM sale s JOIN sale_line l ON l.parent_id = s.id WHERE s.document LIKE 'I%'"
    assert office.one(f"SELECT count(*) {imported}") == 2 * _DOCUMENTS
    rep.sync()
    assert rep.one(f"SELECT count(*) {imported}") == 2 * _DOCUMENTS
    assert hq.one("SELECT count(*) FROM sale WHERE document LIKE 'I%%'") == _DOCUMENTS
    totals = f"SELECT count(DISTINCT s.uid), sum(l.base_quantity), sum(l.net_minor) {imported}"
    assert rep.rows(totals) == office.rows(totals)


def test_an_imported_document_and_its_lines_are_a_step_of_their_own(
    hq: Headquarters, tmp_path: Path
) -> None:
    office = hq.join("O1")
    file = tmp_path / "sales.csv"
    head = "invoice,customer,sku,description,date,quantity,unit_price,country\n"
    file.write_text(
        head + "".join(f"I{n},C0,SKU0,Product,2026-02-03,2,4.50,ES\n" for n in range(3)),
        encoding="utf-8",
    )
    ws = workspace_of(office.folder, office.database, lambda: datetime(2026, 7, 1, tzinfo=UTC))
    import_file(ws, "sales", file)

    steps = office.rows(
        "SELECT txn, group_concat(op, '') FROM journal WHERE entity = 'sale' AND state = 'waiting'"
        " GROUP BY txn ORDER BY txn"
    )
    assert [ops for _txn, ops in steps] == ["IL", "IL", "IL"]
    last = steps[-1][0]
    office.run("UPDATE account SET name = 'Other' WHERE code = 'C0'")
    assert office.one("SELECT max(txn) FROM journal") > last
