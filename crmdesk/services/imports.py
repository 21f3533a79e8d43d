"""Imports: files into the profile with a ledger that balances, progress, cancel and undo.

One import is one transaction: cancelled, failed or killed, it leaves nothing behind. Sales are
written in bulk with capture off; in a profile that belongs to an HQ their journal entries are
made set-based afterwards, a standalone profile uploads its rows when it joins one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.clock import format_instant
from crmdesk.domain.errors import Cancelled, CrmdeskError, UserError
from crmdesk.domain.ids import Uid, new_uid
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.interchange import columns as fields
from crmdesk.interchange import masters
from crmdesk.interchange.ledger import Ledger, Reject
from crmdesk.interchange.sales_writing import (
    amount_notes,
    file_notes,
    weight_notes,
    writing_notes,
    writing_of,
)
from crmdesk.interchange.tables import TableFile, Wanted, open_table
from crmdesk.services.territories import own_territory
from crmdesk.services.workspace import Workspace
from crmdesk.storage import profile, search_index, summaries
from crmdesk.storage.bulk import insert_rows, references_checked_later
from crmdesk.storage.capture import create_triggers, drop_triggers, journal_facts
from crmdesk.storage.engine import Tx
from crmdesk.storage.pausing import without_collecting

Progress = Callable[[str, int], None]
_SAMPLE_ROWS = 1000
_REBUILD_FROM = 40
_WORTH_A_PROCESS_BYTES = 2 << 20
LARGE = 200_000
"""From so many lines on an import may leave what is derived from them for later."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did: ``rows`` = created + updated + merged + skipped + rejected.

    ``columns`` says which heading was taken for which field, ``notes`` what had to be judged, in
    sentences.
    """

    batch: int
    kind: str
    rows: int
    created: int
    updated: int
    merged: int
    skipped: int
    rejected: int
    rejects: tuple[Reject, ...]
    made: dict[str, int]
    dry_run: bool
    changes: ChangeSet
    columns: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person says of a file: the heading of a field, the sheet, the mark of decimals.

    ``columns`` maps fields to headings, or to ``#`` and a column's number; ``decimal`` is a point,
    a comma, or empty where the file is to tell.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    decimal: str = ""


@dataclass(frozen=True, slots=True)
class SalesFile:
    """A file to begin with; ``seen`` once somebody has looked at what is not clear in it."""

    path: Path
    seen: bool = False


class LookFirst(CrmdeskError):
    """A file can be taken, but somebody has to see first how it was read and what was left out."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(_("The file can be taken, but not all of it is clear."))
        self.report = report


TAKEN_BACK = ("prices", "costs", "promotions")
"""Kinds whose rows are taken back from the journal, one by one."""


class _DryRun(Exception):
    """Ends the transaction of a dry run, so that nothing stays."""


@dataclass(frozen=True, slots=True)
class _Job:
    ws: Workspace
    kind: str
    path: Path
    reading: Reading
    progress: Progress
    cancelled: Callable[[], bool]
    derive_later: bool


def import_file(
    ws: Workspace,
    kind: str,
    path: Path,
    *,
    reading: Reading | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    derive_later: bool = False,
) -> ImportReport:
    """Import a CSV or XLSX file of a kind (sales, prices, costs, promotions …).

    ``reading`` is what a person says of the file. Raises UserError when the file cannot be read
    or lacks columns, Cancelled when cancelled; in both cases nothing is changed. With
    ``derive_later`` forecasts, totals and search after a large import of sales are left to
    :func:`crmdesk.services.forecasting.bring_up_to_date`, which whoever opens the profile runs.
    """
    if kind != "sales" and kind not in masters.KINDS:
        known = ", ".join(("sales", *masters.KINDS))
        raise UserError(
            _("Nothing called {kind} can be imported.").format(kind=kind),
            _("Kinds are: {kinds}.").format(kinds=known),
        )
    _check_right(ws)
    job = _Job(
        ws, kind, path, reading or Reading(), progress or (lambda _what, _n: None),
        cancelled or (lambda: False), derive_later,
    )  # fmt: skip
    report: list[ImportReport] = []
    try:
        with open_table(path, _wanted(job)) as table, _opened(job) as tx:
            report.append(_run(job, table, tx.connection))
            if kind in TAKEN_BACK:
                profile.set_fact(tx.connection, f"import.{report[0].batch}.txn", str(tx.txn))
            if dry_run:
                raise _DryRun
    except _DryRun:
        return _as_dry_run(report[0])
    return report[0]


@contextmanager
def _opened(job: _Job) -> Iterator[Tx]:
    """The transaction of an import; sales come before the documents they belong to."""
    with ExitStack() as stack:
        if job.kind == "sales":
            stack.enter_context(references_checked_later(job.ws.database))
        yield stack.enter_context(job.ws.database.write(applying=job.kind == "sales"))


def _check_right(ws: Workspace) -> None:
    """HQ owns what an import writes: a rep's laptop that has joined one cannot import."""
    with ws.database.read() as connection:
        joined = profile.get_fact(connection, "hq.url") is not None
    if joined and ws.user.role is Role.REP:
        raise UserError(
            _("Only office and administrators import into a company that has an HQ."),
            _("Send them the file, or import it into a profile of its own."),
        )


def _as_dry_run(report: ImportReport) -> ImportReport:
    return replace(report, batch=0, dry_run=True, changes=ChangeSet())


def _fields(kind: str) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """The words for each field of a kind, and the fields that are needed."""
    if kind == "sales":
        return fields.SALES, fields.SALES_NEEDED
    return masters.KINDS[kind].synonyms, masters.KINDS[kind].needed


def _wanted(job: _Job) -> Wanted:
    synonyms, needed = _fields(job.kind)
    chosen = job.reading.columns
    return Wanted(lambda row: fields.is_heading(row, synonyms, needed, chosen), job.reading.sheet)


def _run(job: _Job, table: TableFile, connection: Connection) -> ImportReport:
    ledger = Ledger()
    batch_uid = new_uid()
    made: dict[str, list[int]] = {}
    places = fields.map_columns(table.columns, *_fields(job.kind), job.reading.columns)
    notes = file_notes(table, places)
    savepoint = connection.begin_nested()
    if job.kind == "sales":
        made, digest = _import_sales(job, table, places, connection, ledger, batch_uid, notes)
    else:
        _import_master(job, table, places, connection, ledger)
        digest = table.digest.hex()
    digest = f"{job.kind}:{digest}"
    if job.kind == "sales" and _seen(connection, digest):
        savepoint.rollback()
        made = {}
        ledger.skipped, ledger.created = ledger.skipped + ledger.created, 0
    else:
        savepoint.commit()
    batch = _record(job, connection, ledger, batch_uid, digest, made)
    if job.kind == "sales" and ledger.created:
        if job.cancelled():
            raise Cancelled
        if job.derive_later and ledger.created >= LARGE:
            summaries.put_off(connection)
        else:
            job.progress("summaries", ledger.rows)
            _bring_up_to_date(job.ws, connection, batch_uid, made)
    return ImportReport(
        batch, job.kind, ledger.rows, ledger.created, ledger.updated, ledger.merged,
        ledger.skipped, ledger.rejected, tuple(ledger.rejects),
        {name: len(keys) for name, keys in made.items()}, dry_run=False,
        changes=ChangeSet(everything=True),
        columns={name: table.columns[at] for name, at in places.items()}, notes=tuple(notes),
    )  # fmt: skip


def _pulse(job: _Job, rows: int) -> None:
    if job.cancelled():
        raise Cancelled
    job.progress("rows", rows)


def _import_sales(
    job: _Job,
    table: TableFile,
    places: Mapping[str, int],
    connection: Connection,
    ledger: Ledger,
    batch_uid: Uid,
    notes: list[str],
) -> tuple[dict[str, list[int]], str]:
    """The keys of what had to be made, and the digest of the file; ``notes`` grows."""
    from crmdesk.interchange.ahead import made_ahead
    from crmdesk.interchange.sales import SalesContext, SalesWriter
    from crmdesk.interchange.sales_cells import SalesParser, sold_chunks

    head = next(table.chunks, ([], []))
    writing = writing_of(places, head[1][:_SAMPLE_ROWS], job.reading.decimal)
    territory = own_territory(connection, job.ws.user.id, job.ws.today())
    parser = SalesParser(places, job.ws.currency, job.ws.today(), writing)
    context = SalesContext(new_uid, job.ws.currency, batch_uid, territory)
    writer = SalesWriter(connection, context, parser)
    # Marks row by row would cost more than the rows: summaries follow in one go afterwards.
    drop_triggers(connection)
    with without_collecting():
        chunks = sold_chunks(table, head, parser)
        first = next(chunks)
        large = job.path.stat().st_size >= _WORTH_A_PROCESS_BYTES
        with made_ahead(chunks, table.files) if large else nullcontext(chunks) as following:
            for chunk in chain([first], following):
                digest = chunk.digest
                writer.take(chunk, ledger)
                _pulse(job, ledger.rows)
        writer.finish()
    create_triggers(connection)
    if writing.open_date and parser.contrary:
        raise UserError(
            _(
                "Dates have two orders: {one} can be read with the day first, {other} cannot."
            ).format(one=writing.open_date, other=parser.contrary),
            _("Write them as 2026-11-24; nothing was imported."),
        )
    notes += writing_notes(writing)
    notes += weight_notes(writer.goods.weighed, tuple(writer.goods.without_unit))
    notes += amount_notes(writer.differing, writer.first_differing)
    return writer.goods.made, digest


def _import_master(
    job: _Job, table: TableFile, places: Mapping[str, int], connection: Connection, ledger: Ledger
) -> None:
    kind = masters.KINDS[job.kind]
    take = kind.writer(connection, job.ws.currency, job.ws.today(), job.ws.country)
    masters.write_rows(table.rows, places, take, ledger, partial(_pulse, job))


def _seen(connection: Connection, digest: str) -> bool:
    return (
        connection.exec_driver_sql(
            "SELECT 1 FROM import_batch WHERE file_sha256 = ? AND state = 'done'"
            " AND created > 0 LIMIT 1",
            (digest,),
        ).first()
        is not None
    )


def _record(
    job: _Job,
    connection: Connection,
    ledger: Ledger,
    batch_uid: Uid,
    digest: str,
    made: dict[str, list[int]],
) -> int:
    run = connection.exec_driver_sql
    batch = run(
        "INSERT INTO import_batch (uid, kind, file_name, file_sha256, at, rows, created, updated,"
        " merged, skipped, rejected) VALUES (?,?,?,?,?,?,?,?,?,?,?) RETURNING id",
        (
            batch_uid, job.kind, job.path.name, digest, format_instant(job.ws.now()), ledger.rows,
            ledger.created, ledger.updated, ledger.merged, ledger.skipped, ledger.rejected,
        ),
    ).scalar_one()  # fmt: skip
    insert_rows(
        connection,
        "import_row",
        ("batch_id", "line", "reason", "content"),
        [(batch, one.line, one.reason, one.content) for one in ledger.rejects],
    )
    if made:
        profile.set_fact(connection, f"import.{batch}.made", json.dumps(made))
    if profile.get_fact(connection, "hq.url") is not None and ledger.created:
        for name, keys in made.items():
            if keys:
                journal_facts(connection, name, "n.id BETWEEN ? AND ?", (min(keys), max(keys)))
        journal_facts(connection, "sale", "n.batch_uid = ?", (batch_uid,))
    return int(batch)


def _bring_up_to_date(
    ws: Workspace, connection: Connection, batch_uid: Uid, made: dict[str, list[int]]
) -> None:
    """A large import rebuilds the summaries; a small one refreshes the accounts it touched."""
    touched = (
        connection.exec_driver_sql(
            "SELECT DISTINCT account_id FROM sale WHERE batch_uid = ? ORDER BY account_id",
            (batch_uid,),
        )
        .scalars()
        .all()
    )
    total = connection.exec_driver_sql("SELECT count(*) FROM account").scalar_one()
    if len(touched) >= _REBUILD_FROM or len(touched) * 4 > total:
        summaries.rebuild(connection, ws.today())
        return
    summaries.refresh_sales(connection, touched, ws.today())
    summaries.refresh_accounts(connection, touched, ws.today())
    for name in ("account", "product"):
        search_index.refresh(connection, name, made.get(name, ()))
