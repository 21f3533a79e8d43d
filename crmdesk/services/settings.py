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
SYNC_INTERVAL = Setting(
    "sync.interval_minutes", 2, "Minutes between rounds of sync (1 to 1440).",
    lambda v: 1 <= v <= 1440,
)  # fmt: skip
METERED = ("auto", "always", "never")
SYNC_METERED = Setting(
    "sync.metered",
    "auto",
    "Treat the connection as paid by volume, and send and receive documents only: auto (as the"
    " system says), always, never.",
    lambda v: v in METERED,
)
PLAN_SECONDS = Setting(
    "plan.seconds", 3, "Seconds the planner may search (1 to 120).", lambda v: 1 <= v <= 120
)
VISIT_LOCATION = Setting(
    "visit.location", 0,
    "Keep where a visit in person was started: 1 yes, 0 no. Nothing is kept between visits.",
    lambda v: v in (0, 1),
)  # fmt: skip

AnySetting = Setting[int] | Setting[str]
ALL: tuple[AnySetting, ...] = (
    SYNC_AUTOMATIC, SYNC_INTERVAL, SYNC_METERED, PLAN_SECONDS, VISIT_LOCATION,
)  # fmt: skip


def named(key: str) -> AnySetting:
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


def value_of(ws: Workspace, setting: AnySetting) -> str | int:
    """The value in force of a setting of either type."""
    if isinstance(setting.default, str):
        return get(ws, setting)
    return get(ws, setting)


def put_text(ws: Workspace, key: str, text: str) -> None:
    """Store a value as somebody typed it; NotFound for the key, FieldError for the value."""
    setting = named(key)
    if isinstance(setting.default, str):
        put(ws, setting, text)
    elif text.lstrip("-").isdecimal():
        put(ws, setting, int(text))
    else:
        raise FieldError(key, _("This setting is a whole number."))


def put(ws: Workspace, setting: Setting[T], value: T) -> None:
    """Store a value; FieldError when it is not possible."""
    if not setting.check(value):
        raise FieldError(setting.key, _("This value is not possible."), setting.meaning)
    with ws.database.maintenance() as connection:
        connection.exec_driver_sql(
            "INSERT INTO setting (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (setting.key, json.dumps(value)),
        )
