"""Golden databases: an HQ and a laptop of each released schema, kept as they were then.

``python -m tests.sync.golden`` writes those of the present schema into ``tests/fixtures/golden``:
to be run once, just before a release. The laptop has work that HQ has answered, work that waits,
and a draft, so that a later version has something to lose.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import zstandard

from crmdesk.hq.administration import admin
from crmdesk.hq.database import bulk, schema
from crmdesk.hq.database.embedded import Cluster, installed_programs
from crmdesk.hq.database.store import Store, create_database
from crmdesk.hq.running import serving
from crmdesk.storage import profile
from crmdesk.storage.entities import SCHEMA_VERSION
from crmdesk.sync.bootstrap import KeyKeeping, join
from tests.sync import company
from tests.sync.conftest import Laptop
from tests.sync.edits import add_note, draft_order, submit_order

GOLDEN = Path(__file__).resolve().parent.parent / "fixtures" / "golden"
_UNMOVED = ("crmdesk.db", "key.json")


def folder_of(version: int) -> Path:
    """Where the golden files of a schema version lie."""
    return GOLDEN / f"schema-{version}"


def unpack_laptop(version: int, folder: Path) -> None:
    """The laptop's profile as it was, into a folder."""
    packed = (folder_of(version) / "laptop.tar.zst").read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(zstandard.decompress(packed))) as archive:
        # By name: not every Python 3.11 knows the filters of `extractall`.
        for name in _UNMOVED:
            member = archive.extractfile(name)
            assert member is not None
            (folder / name).write_bytes(member.read())


def hq_sql(version: int) -> bytes:
    """HQ's database as a plain dump, without the lines that only newer servers understand."""
    text = zstandard.decompress((folder_of(version) / "hq.sql.zst").read_bytes())
    skipped = (b"\\restrict", b"\\unrestrict", b"SET transaction_timeout")
    return b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(skipped))


def facts_of(version: int) -> dict[str, str]:
    """What the files hold, as was known when they were made."""
    found: dict[str, str] = json.loads((folder_of(version) / "facts.json").read_text("utf-8"))
    return found


def make() -> Path:
    """Make the golden files of the present schema; returns their folder."""
    target = folder_of(SCHEMA_VERSION)
    target.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="crmdesk-golden-"))
    programs = [p for p in installed_programs() if str(p.folder).startswith("/usr")]
    cluster = Cluster(work, programs=programs, durable=False)
    cluster.start()
    try:
        create_database(cluster.url("postgres"), "golden")
        url = cluster.url("golden")
        with_laptop = _live(url, work / "laptop")
        dump = subprocess.run(
            [programs[0].path("pg_dump"), "--no-owner", "--no-privileges", url],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
    finally:
        cluster.stop()
    pack = zstandard.ZstdCompressor(level=19).compress
    (target / "hq.sql.zst").write_bytes(pack(dump))
    (target / "laptop.tar.zst").write_bytes(pack(_packed(work / "laptop")))
    (target / "facts.json").write_text(json.dumps(with_laptop, indent=1) + "\n", "utf-8")
    shutil.rmtree(work, ignore_errors=True)
    return target


def _live(url: str, folder: Path) -> dict[str, str]:
    from crmdesk.hq.running.app import make_app, open_hq
    from tests.sync.conftest import _serve

    store, clock = Store(url), serving.system_clock()
    schema.upgrade(store)
    bulk.load(store, company.batches())
    address, stop = _serve(make_app(open_hq(store, clock)))
    code = admin.make_code(store, "R1", datetime.now(UTC))
    join(folder, address, code, clock, device_name="golden", keeping=KeyKeeping("open"))
    laptop = Laptop(folder, profile.open_database(folder, clock), address)
    add_note(laptop, "C0", "R1", "answered")
    submit_order(laptop, "C0", "R1", "R01-00001")
    laptop.sync()
    add_note(laptop, "C1", "R1", "waiting")
    laptop.run("UPDATE account SET channel = 'bar' WHERE code = 'C1'")
    submit_order(laptop, "C1", "R1", "R01-00002")
    draft_order(laptop, "C2", "R1", "R01-00003")
    found = {
        "schema": str(SCHEMA_VERSION), "waiting": str(laptop.waiting()),
        "epoch": laptop.fact("hq.epoch"), "device": laptop.fact("device.uid"),
    }  # fmt: skip
    laptop.database.dispose()
    stop()
    store.dispose()
    return found


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in _UNMOVED:
            archive.add(folder / name, name)
    return buffer.getvalue()


if __name__ == "__main__":
    print(make())  # noqa: T201 - a maker run by hand
