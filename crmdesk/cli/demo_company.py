"""Making the demo company and starting it again: an HQ with the data, a rep's laptop that joined.

Used by ``crmdesk demo``, by ``run-demo`` and, through ``__main__``, by the first-run screen.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from crmdesk.demo.company import company
from crmdesk.demo.spec import DEMO_ZONE, DemoSpec
from crmdesk.domain.clock import ZoneClock
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.hq.running import demo_server
from crmdesk.i18n import _
from crmdesk.storage import profile
from crmdesk.sync import bootstrap, facts

Progress = Callable[[str, int], None]
Instants = Callable[[], datetime]
_FACTS, _TABLES = "demo.json", "tables"
REP = "R1"
_DESK = "desk-"
"""What the folders of the office's profiles start with."""


@dataclass(frozen=True, slots=True)
class Made:
    """What making the demo took: rows and seconds at HQ, and of the laptop's first download."""

    rows: int
    lines: int
    hq_seconds: float
    laptop_rows: int
    laptop_bytes: int
    laptop_seconds: float


def laptop_of(folder: Path, role: str = "rep") -> Path:
    """The profile within a demo's folder of the rep, or of somebody else of the company."""
    return folder / ("laptop" if role == "rep" else f"{_DESK}{role}")


def exists(folder: Path) -> bool:
    """True when a demo was made here completely, by a program with the present tables."""
    try:
        values = json.loads((folder / _FACTS).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return values.get(_TABLES) == _tables_digest() and profile.exists(laptop_of(folder))


def _tables_digest() -> str:
    """What tells a demo made with other tables: it is made anew rather than migrated."""
    from crmdesk.hq.database.tables import metadata as hq_metadata
    from crmdesk.storage.tables import whole_metadata

    columns = [
        f"{table.name}.{column.name} {column.type}"
        for metadata in (hq_metadata, whole_metadata())
        for table in metadata.sorted_tables
        for column in table.columns
    ]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:16]


def make(
    folder: Path,
    spec: DemoSpec,
    instants: Instants,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Made:
    """Make the company at its HQ in bulk and let the rep's laptop join it.

    UserError when the folder holds something else; what a cancelled or killed making left is
    removed first.
    """
    _clear(folder)
    offset = spec.instant() - instants()
    made = demo_server.make_demo_hq(
        folder / "hq", company(spec), user_code=REP, offset=offset, progress=progress,
        cancelled=cancelled,
    )  # fmt: skip
    server = demo_server.start_demo_hq(folder / "hq", offset=offset)
    try:
        clock = ZoneClock(instants, ZoneInfo(DEMO_ZONE), offset)
        joined = bootstrap.join(
            laptop_of(folder), server.url, made.code, clock,
            device_name=platform.node() or "laptop", keeping=bootstrap.KeyKeeping("open"),
            progress=progress, cancelled=cancelled,
        )  # fmt: skip
        _anchor(laptop_of(folder), clock, spec)
    finally:
        server.stop()
    facts_of = {**asdict(spec), "today": spec.today.isoformat(), _TABLES: _tables_digest()}
    (folder / _FACTS).write_text(json.dumps(facts_of), encoding="utf-8")
    return Made(made.rows, made.lines, made.seconds, joined.rows, joined.bytes_in, joined.seconds)


def _clear(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        return
    known = {"hq", "laptop", ".laptop.joining", _FACTS, "pictures"}
    foreign = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in known and not path.name.lstrip(".").startswith(_DESK)
    )
    if foreign:
        raise UserError(
            _("{folder} holds other things: {names}.").format(
                folder=folder, names=", ".join(foreign[:3])
            ),
            _("Name an empty folder with --profile."),
        )
    _stop_left_over(folder / "hq")
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _stop_left_over(hq: Path) -> None:
    """Stop the PostgreSQL of an HQ that a killed making left running."""
    from crmdesk.hq.database import home

    try:
        home.open_home(hq).stop()
    except NotFound:
        return


def _anchor(laptop: Path, clock: ZoneClock, spec: DemoSpec) -> None:
    database = profile.open_database(laptop, clock)
    try:
        with database.maintenance() as connection:
            profile.set_fact(connection, "clock.anchor", spec.instant().isoformat())
    finally:
        database.dispose()


def _join_desk(
    folder: Path, role: str, server: demo_server.RunningHq, clock: ZoneClock, spec: DemoSpec
) -> None:
    """Let somebody of the office join the demo's HQ, with a profile of their own."""
    with server.place.store() as store:
        code = demo_server.code_for_role(store, role, clock.now())
    bootstrap.join(
        laptop_of(folder, role), server.url, code, clock, device_name=f"desk {role}",
        keeping=bootstrap.KeyKeeping("open"),
    )  # fmt: skip
    _anchor(laptop_of(folder, role), clock, spec)


@contextmanager
def running(folder: Path, instants: Instants, role: str = "rep") -> Iterator[str]:
    """The demo's HQ, started for as long as the block runs; yields its address.

    HQ's clock stands where the laptop's does, and the laptop of the role is told the new address;
    somebody of the office joins when the demo is first opened as them.
    """
    spec = _spec(folder)
    offset: timedelta = spec.instant() - instants()
    server = demo_server.start_demo_hq(folder / "hq", offset=offset)
    try:
        clock = ZoneClock(instants, ZoneInfo(DEMO_ZONE), offset)
        if not profile.exists(laptop_of(folder, role)):
            _join_desk(folder, role, server, clock, spec)
        database = profile.open_database(laptop_of(folder, role), clock)
        try:
            with database.maintenance() as connection:
                profile.set_fact(connection, facts.URL, server.url)
        finally:
            database.dispose()
        yield server.url
    finally:
        server.stop()


def _spec(folder: Path) -> DemoSpec:
    try:
        values = json.loads((folder / _FACTS).read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(
            _("There is no demo company in {folder}.").format(folder=folder),
            _("Make one with: crmdesk demo"),
        ) from None
    values.pop(_TABLES, None)
    values["today"] = date.fromisoformat(values["today"])
    return DemoSpec(**values)
