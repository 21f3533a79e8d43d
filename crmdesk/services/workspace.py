"""An opened profile: its database, who works in it, on which device, and what day it is.

Every command and query takes a :class:`Workspace`. Owns opening and closing; nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from crmdesk.domain.clock import Clock, ZoneClock
from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.domain.ids import new_uid
from crmdesk.domain.states import Role
from crmdesk.i18n import _
from crmdesk.services.territories import territory_names
from crmdesk.storage import profile
from crmdesk.storage.engine import Database
from crmdesk.sync import lease

TimeSource = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Person:
    """Who works in this profile."""

    id: int
    uid: bytes
    code: str
    name: str
    role: Role
    territory: str
    language: str
    home: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Workspace:
    """An opened profile. ``device_prefix`` starts the numbers of documents made here."""

    folder: Path
    database: Database
    user: Person
    organisation: str
    currency: str
    country: str
    device_prefix: str
    clock: Clock

    def today(self) -> date:
        """The local date."""
        return self.clock.today()

    def now(self) -> datetime:
        """The present instant in UTC."""
        return self.clock.now()

    def is_locked(self) -> bool:
        """Whether the offline lease has ended since the profile was opened."""
        return self.database.is_locked()

    def close(self) -> None:
        """Close the database."""
        self.database.dispose()


def open_workspace(
    folder: Path, source: TimeSource, *, passphrase: str | None = None, to_sync: bool = False
) -> Workspace:
    """Open a profile for the person it belongs to.

    ``source`` gives instants (the system's clock). Raises what
    :func:`crmdesk.storage.profile.open_database` raises, LeaseEnded for one that has been away
    from HQ for too long (unless it is opened ``to_sync``; its data stay locked until that has
    succeeded), and EnvironmentProblem for a profile without a company or without its person.
    """
    database = profile.open_database(folder, ZoneClock(source, ZoneInfo("UTC")), passphrase)
    try:
        workspace = workspace_of(folder, database, source)
        if lease.watch(database).ended and not to_sync:
            raise lease.ended()
        return workspace
    except BaseException:
        database.dispose()
        raise


def workspace_of(folder: Path, database: Database, source: TimeSource) -> Workspace:
    """The workspace of an already opened database."""
    with database.read() as connection:
        organisation = connection.exec_driver_sql(
            "SELECT name, currency, country, time_zone FROM organisation ORDER BY id LIMIT 1"
        ).one_or_none()
        if organisation is None:
            raise EnvironmentProblem(
                _("There is no company in this profile."),
                _("Its HQ was made without one. Ask the office, then join again: --profile DIR."),
                code="no-company",
            )
        user_uid = profile.get_fact(connection, "user.uid")
        prefix = profile.get_fact(connection, "device.prefix") or "L01"
        anchor = profile.get_fact(connection, "clock.anchor")
        # The demo company stands on its own day: its clock starts there at every opening.
        offset = datetime.fromisoformat(anchor) - source() if anchor else timedelta(0)
        clock = ZoneClock(source, ZoneInfo(organisation[3]), offset)
        person = _person(connection, user_uid, clock.today())
    database.clock = clock
    return Workspace(
        folder=folder,
        database=database,
        user=person,
        organisation=organisation[0],
        currency=organisation[1],
        country=organisation[2],
        device_prefix=prefix,
        clock=clock,
    )


def _person(connection: Connection, user_uid: str | None, today: date) -> Person:
    query = (
        "SELECT u.id, u.uid, u.code, u.name, u.role, u.language, h.latitude, h.longitude"
        " FROM app_user u LEFT JOIN home_base h ON h.user_id = u.id"
    )
    run = connection.exec_driver_sql
    if user_uid is None:
        row = run(query + " ORDER BY u.id LIMIT 1").one_or_none()
    else:
        row = run(query + " WHERE u.uid = ?", (bytes.fromhex(user_uid),)).one_or_none()
    if row is None:
        raise EnvironmentProblem(
            _("The person this profile belongs to is not in it."),
            _("Ask the office for a new enrolment code and join again: --profile DIR."),
            code="no-user",
        )
    home = None if row[6] is None or row[7] is None else (float(row[6]), float(row[7]))
    territory = territory_names(connection, row[0], today)
    return Person(row[0], row[1], row[2], row[3], Role(row[4]), territory, row[5], home)


@dataclass(frozen=True, slots=True)
class NewCompany:
    """What a profile that starts alone needs to know."""

    name: str
    user_name: str
    currency: str = "EUR"
    country: str = "ES"
    time_zone: str = "Europe/Madrid"
    language: str = "en"


def start_alone(
    folder: Path,
    source: TimeSource,
    company: NewCompany,
    *,
    way: str = "keyring",
    passphrase: str | None = None,
) -> Workspace:
    """Make a standalone profile whose user is its admin, with one territory and sane defaults."""
    clock = ZoneClock(source, ZoneInfo(company.time_zone))
    database = profile.make(folder, clock, way=way, passphrase=passphrase)
    try:
        with database.write() as tx:
            _found(tx.connection, company)
        return workspace_of(folder, database, source)
    except BaseException:
        database.dispose()
        raise


def _found(connection: Connection, company: NewCompany) -> None:
    """The rows without which nobody can work: company, user, territory, price list, tax."""
    user_uid = new_uid()
    run = connection.exec_driver_sql
    run(
        "INSERT INTO organisation (uid, name, currency, country, time_zone, language)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (new_uid(), company.name, company.currency, company.country, company.time_zone,
         company.language),
    )  # fmt: skip
    run(
        "INSERT INTO app_user (uid, code, name, role, language) VALUES (?, 'U1', ?, 'admin', ?)",
        (user_uid, company.user_name, company.language),
    )
    run(
        "INSERT INTO territory (uid, code, name) VALUES (?, 'T1', ?)",
        (new_uid(), _("All customers")),
    )
    run(
        "INSERT INTO territory_user (uid, territory_id, user_id)"
        " SELECT ?, t.id, u.id FROM territory t, app_user u",
        (new_uid(),),
    )
    run(
        "INSERT INTO price_list (uid, code, name, currency, is_default) VALUES (?, 'A', ?, ?, 1)",
        (new_uid(), _("Standard prices"), company.currency),
    )
    run(
        "INSERT INTO tax_rate (uid, code, name, rate_bp) VALUES (?, 'none', ?, 0)",
        (new_uid(), _("No tax")),
    )
    profile.set_fact(connection, "user.uid", user_uid.hex())
    profile.set_fact(connection, "device.prefix", "L01")
