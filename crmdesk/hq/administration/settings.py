"""HQ's settings that an administrator may change: declared once, checked, audited.

Each is kept where it is used: a column of the company (which laptops hear of) or a fact of HQ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from crmdesk.domain.errors import NotFound, UserError
from crmdesk.hq.access import auth
from crmdesk.hq.administration import reorder_fit
from crmdesk.hq.database import retention
from crmdesk.hq.database.store import HqConnection, Store
from crmdesk.hq.database.wire import quoted
from crmdesk.hq.exchange import blobs, editing
from crmdesk.i18n import _
from crmdesk.storage import reorder_models


@dataclass(frozen=True, slots=True)
class Setting:
    r"""A whole number within bounds; in ``column`` of the company, else in the fact ``fact``.

    There it is kept in ``unit``\ s.
    """

    name: str
    default: int
    least: int
    most: int
    column: str | None = None
    fact: str = ""
    unit: int = 1


def _quota(name: str, fact: str) -> Setting:
    default = blobs.QUOTAS[fact] // _MB
    return Setting(name, default, 0, _MOST_MB, fact=fact, unit=_MB)


_MB = 1_000_000
_MOST_MB = 100_000_000
SETTINGS = (
    Setting("lease-days", 21, 0, 3650, column="offline_lease_days"),
    Setting(
        "retention-days", retention.RETENTION_DAYS, retention.SHORTEST_RETENTION_DAYS, 3650,
        fact="retention_days",
    ),
    _quota("quota-file-mb", "quota.file_bytes"),
    _quota("quota-user-mb", "quota.user_bytes"),
    _quota("quota-company-mb", "quota.company_bytes"),
    Setting(
        "reorder-refit-days", reorder_models.REFIT_DAYS, 1, 365, fact=reorder_fit.DAYS_FACT
    ),
    Setting(
        "reorder-refit-percent", reorder_models.REFIT_PERCENT, 1, 1000,
        fact=reorder_fit.PERCENT_FACT,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Present:
    """A setting as it is now."""

    name: str
    value: int
    default: int
    meaning: str


def _meanings() -> Mapping[str, str]:
    return {
        "lease-days": _("days a laptop may work without coming back; 0: for ever"),
        "retention-days": _("days a laptop may be away and still be told what was deleted"),
        "quota-file-mb": _("largest attachment, in megabytes"),
        "quota-user-mb": _("attachments of one person, in megabytes"),
        "quota-company-mb": _("attachments of everybody, in megabytes"),
        "reorder-refit-days": _("days after which the reorder model is fitted again"),
        "reorder-refit-percent": _("new sale lines, in percent, after which it is sooner"),
    }


def present(store: Store) -> list[Present]:
    """All settings with their values."""
    meanings = _meanings()
    with store.transaction() as connection:
        return [
            Present(s.name, _value(connection, s), s.default, meanings[s.name]) for s in SETTINGS
        ]


def one(rows: list[Present], name: str) -> Present:
    """The setting of this name; NotFound names those there are."""
    _declared(name)
    return next(row for row in rows if row.name == name)


def change(store: Store, name: str, text: str, *, now_ms: int) -> None:
    """Set a setting; UserError for a value that is none or out of bounds."""
    setting = _declared(name)
    try:
        value = int(text)
    except ValueError:
        value = setting.least - 1
    if not setting.least <= value <= setting.most:
        raise UserError(
            _("{name} is a whole number from {least} to {most}.").format(
                name=name, least=setting.least, most=setting.most
            )
        )
    with store.transaction() as connection:
        before = _value(connection, setting)
    if before == value:
        return
    if setting.column is not None:
        with store.transaction() as connection:
            row = connection.execute(
                "SELECT encode(uuid_send(uid),'hex') FROM organisation WHERE NOT deleted LIMIT 1"
            ).fetchone()
        if row is None:
            raise NotFound(_("This HQ has no company yet."))
        editing.update_rows(store, "organisation", [str(row[0])], {setting.column: value}, now_ms)
    with store.transaction() as connection:
        if setting.column is None:
            connection.execute(
                "INSERT INTO hq_state (key, value) VALUES (%s, %s)"
                " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
                (setting.fact, str(value * setting.unit)),
            )
        detail = {"setting": name, "from": before, "to": value}
        auth.audit(connection, "setting", detail=msgspec.json.encode(detail).decode())


def _declared(name: str) -> Setting:
    for setting in SETTINGS:
        if setting.name == name:
            return setting
    names = ", ".join(setting.name for setting in SETTINGS)
    raise NotFound(
        _("There is no setting {name}.").format(name=name), _("There is: {names}.").format(
            names=names
        ),
    )  # fmt: skip


def _value(connection: HqConnection, setting: Setting) -> int:
    if setting.column is None:
        row = connection.execute(
            "SELECT value FROM hq_state WHERE key = %s", (setting.fact,)
        ).fetchone()
    else:
        row = connection.execute(
            f"SELECT {quoted(setting.column)} FROM organisation WHERE NOT deleted LIMIT 1".encode()
        ).fetchone()
    return setting.default if row is None or row[0] is None else int(row[0]) // setting.unit
