"""The profiles that are measured, made once and kept in a folder outside the repository.

Owns how they are made and whether the ones that lie there can still be used. All are loaded
straight into a profile, as if one laptop held the whole company.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from crmdesk.demo.company import company
from crmdesk.demo.spec import DEMO_ZONE, DemoSpec
from crmdesk.domain.clock import ZoneClock
from crmdesk.services.workspace import Workspace, open_workspace
from crmdesk.storage import bulk, capture, profile, schema, summaries
from crmdesk.storage.rows import Batch
from tests.benchmarks.fuller import fuller

BIG = DemoSpec(customers=20_000, years=5, reps=60, lines=2_300_000)
"""Asked for more than the two million lines it is to have: the demo's aim falls short."""
SMALL = DemoSpec(customers=600, years=3, reps=4, lines=60_000)
_FACTS = "benchmark.json"


@dataclass(frozen=True, slots=True)
class Made:
    """What a profile cost to make: seconds of rows and of summaries, rows, lines, bytes, memory."""

    fingerprint: str
    rows: int
    lines: int
    load_s: float
    summaries_s: float
    size: int
    memory_mb: float


def now() -> datetime:
    """The system's clock, as the program's entry point gives it."""
    return datetime.now(UTC)


def peak_memory_mb() -> float:
    """The most memory this process has held at once, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 * (1 if sys.platform == "darwin" else 1024)


def spec_for(*, quick: bool) -> DemoSpec:
    """The company that is measured."""
    return SMALL if quick else BIG


def fingerprint(spec: DemoSpec) -> str:
    """What must be the same for a profile to be used again."""
    return f"{spec} {schema.HEAD_REVISION}" + (" fuller 1" if _is_fuller(spec) else "")


def _is_fuller(spec: DemoSpec) -> bool:
    """The big companies have more than the demo's rows; the demo is the one a laptop holds."""
    return spec in (BIG, SMALL)


def facts_of(folder: Path) -> Made | None:
    """What is known of the profile in a folder, None when there is none that is complete."""
    try:
        return Made(**json.loads((folder / _FACTS).read_text("utf-8")))
    except (FileNotFoundError, TypeError, ValueError):
        return None


def big_profile(work: Path, *, quick: bool) -> Path:
    """The folder of the big company, made when it is not there; takes minutes then."""
    spec = spec_for(quick=quick)
    folder = work / ("small" if quick else "big")
    known = facts_of(folder)
    if known is None or known.fingerprint != fingerprint(spec):
        make_profile(folder, spec)
    _renew_triggers(folder)
    return folder


def demo_profile(work: Path, spec: DemoSpec, *, quick: bool) -> Path:
    """A company of the demo's usual size in one profile; the small one for a quick run."""
    if quick:
        return big_profile(work, quick=True)
    folder = work / "demo"
    known = facts_of(folder)
    if known is None or known.fingerprint != fingerprint(spec):
        make_profile(folder, spec)
    return folder


def _renew_triggers(folder: Path) -> None:
    """A kept profile gets the triggers of today's code: rows stay valid longer than they do."""
    with opened(folder) as workspace:
        with workspace.database.read() as connection:
            found = set(
                connection.exec_driver_sql(
                    "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
                ).scalars()
            )
        if found == set(capture.trigger_ddl()):
            return
        with workspace.database.maintenance() as connection:
            capture.drop_triggers(connection)
            capture.create_triggers(connection)


def make_profile(folder: Path, spec: DemoSpec) -> Made:
    """Load a company straight into a new profile, whatever lay there before."""
    shutil.rmtree(folder, ignore_errors=True)
    clock = ZoneClock(now, ZoneInfo(DEMO_ZONE), spec.instant() - now())
    database = profile.make(folder, clock, way="open")
    counted = _Counted()
    began = time.perf_counter()
    batches = fuller(company(spec)) if _is_fuller(spec) else company(spec)
    rows = bulk.load(database, counted.of(batches))
    loaded = time.perf_counter()
    with database.maintenance() as connection:
        summaries.rebuild(connection, spec.today)
        user = connection.exec_driver_sql("SELECT uid FROM app_user WHERE code = 'R1'").scalar()
        profile.set_fact(connection, "user.uid", user.hex())
        profile.set_fact(connection, "clock.anchor", spec.instant().isoformat())
    finished = time.perf_counter()
    database.dispose()
    size = (folder / profile.DATABASE_FILE).stat().st_size
    made = Made(
        fingerprint(spec), rows, counted.lines, loaded - began, finished - loaded, size,
        peak_memory_mb(),
    )  # fmt: skip
    (folder / _FACTS).write_text(json.dumps(asdict(made)), encoding="utf-8")
    return made


class _Counted:
    lines = 0

    def of(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            if batch.entity == "sale":
                self.lines += sum(len(row.lines) for row in batch.rows)
            yield batch


@contextmanager
def opened(folder: Path) -> Iterator[Workspace]:
    """The workspace of a profile, closed at the end of the block."""
    workspace = open_workspace(folder, now)
    try:
        yield workspace
    finally:
        workspace.close()


def main() -> None:
    """Make the profile of a folder in a process of its own, so that its memory is its own."""
    folder, quick = Path(sys.argv[1]), sys.argv[2] == "quick"
    make_profile(folder, spec_for(quick=quick))


if __name__ == "__main__":
    main()
