"""Typed settings of a profile: each is declared once with its type, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

T = TypeVar("T", str, int)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting. ``check`` says whether a value is possible."""

    key: str
    default: T
    meaning: str
    check: Callable[[T], bool] = lambda _value: True


SYNC_AUTOMATIC = Setting("sync.automatic", 1, "Sync by itself: 1 yes, 0 no.", lambda v: v in (0, 1))
PLAN_SECONDS = Setting(
    "plan.seconds", 1, "Seconds the planner may search (1 to 120).", lambda v: 1 <= v <= 120
)

ALL: tuple[Setting[int], ...] = (SYNC_AUTOMATIC, PLAN_SECONDS)


def named(key: str) -> Setting[int]:
    """The setting of that key; NotFound when there is none."""
    for setting in ALL:
        if setting.key == key:
            return setting
    raise NotFound(
        _("There is no setting {key}.").format(key=key),
        _("Settings are: {keys}.").format(keys=", ".join(one.key for one in ALL)),
    )


def get(ws: Workspace, setting: Setting[T]) -> T:
    """The value in force; the default where nothing valid is stored."""
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT value FROM setting WHERE key = ?", (setting.key,)
        ).scalar()
    if found is None:
        return setting.default
    try:
        value = json.loads(str(found))
    except ValueError:
        return setting.default
    usable = type(value) is type(setting.default) and setting.check(value)
    return value if usable else setting.default


def put(ws: Workspace, setting: Setting[T], value: T) -> None:
    """Store a value; FieldError when it is not possible."""
    if not setting.check(value):
        raise FieldError(setting.key, _("This value is not possible."))
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO setting (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (setting.key, json.dumps(value)),
        )
