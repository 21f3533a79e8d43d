"""Real profiles for the tests of the store: a small company made once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crmdesk.demo.company import company
from crmdesk.demo.spec import DEMO_TODAY, DemoSpec
from crmdesk.domain.clock import ZoneClock, fixed_clock
from crmdesk.services.workspace import NewCompany, Workspace, start_alone, workspace_of
from crmdesk.storage import bulk, profile, schema, summaries
from crmdesk.storage.engine import Database

SPEC = DemoSpec(customers=20, years=1, reps=2)


def instant() -> datetime:
    """The moment all these tests stand on: a Tuesday morning."""
    return SPEC.instant()


@pytest.fixture(scope="session")
def clock() -> ZoneClock:
    """A clock that stands on the demo company's day."""
    return fixed_clock(SPEC.instant(), "Europe/Andorra")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, clock: ZoneClock) -> Path:
    """A profile of a small company with summaries and search, belonging to the rep R1."""
    folder = tmp_path_factory.mktemp("template") / "profile"
    database = profile.make(folder, clock, way="open")
    bulk.load(database, company(SPEC))
    with database.maintenance() as connection:
        summaries.rebuild(connection, DEMO_TODAY)
        uid = connection.exec_driver_sql("SELECT uid FROM app_user WHERE code = 'R1'").scalar_one()
        profile.set_fact(connection, "user.uid", uid.hex())
        profile.set_fact(connection, "device.prefix", "T01")
    database.dispose()
    return folder


@pytest.fixture
def copy_profile(template: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that copies the template to a folder of this test."""

    def copy(name: str = "profile") -> Path:
        return Path(shutil.copytree(template, tmp_path / name))

    return copy


@pytest.fixture
def folder(copy_profile: Callable[..., Path]) -> Path:
    """A copy of the company's profile."""
    return copy_profile()


@pytest.fixture
def ws(folder: Path, clock: ZoneClock) -> Iterator[Workspace]:
    """The company as the rep R1 has it, opened."""
    database = profile.open_database(folder, clock)
    workspace = workspace_of(folder, database, instant)
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory, clock: ZoneClock) -> Path:
    """A plaintext database with the schema and no rows."""
    path = tmp_path_factory.mktemp("empty") / "plain.db"
    database = profile.database_at(path, None, clock)
    schema.create(database)
    database.dispose()
    return path


@pytest.fixture
def empty(empty_file: Path, tmp_path: Path, clock: ZoneClock) -> Iterator[Database]:
    """A plaintext database without rows: for rules of single tables."""
    database = profile.database_at(Path(shutil.copy(empty_file, tmp_path)), None, clock)
    yield database
    database.dispose()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Workspace]:
    """A standalone profile without any rows."""
    workspace = start_alone(tmp_path / "alone", instant, NewCompany("Mine", "Me"), way="open")
    yield workspace
    workspace.close()


@pytest.fixture(autouse=True)
def _no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """No passphrase of the person who runs the tests opens anything here."""
    monkeypatch.delenv("CRMDESK_PASSPHRASE", raising=False)
