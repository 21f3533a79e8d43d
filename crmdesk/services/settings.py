"""Typed settings of a profile: each is declared once with its type, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from crmdesk.domain.errors import FieldError
from crmdesk.i18n import _
from crmdesk.services.workspace import Workspace

T = TypeVar("T", str, int, bool)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One setting. ``check`` says whether a value is possible."""

    key: str
    default: T
    meaning: str
    check: Callable[[T], bool] = lambda _value: True


THEME = Setting("theme", "light", "Colours: light or dark.", lambda v: v in ("light", "dark"))
LANGUAGE = Setting("language", "", "Language of the interface; empty follows the system.")
TEXT_SCALE = Setting("text_scale", 100, "Size of text in per cent.", lambda v: 80 <= v <= 150)
SYNC_INTERVAL_S = Setting(
    "sync.interval_s", 300, "Seconds between two syncs in the background.", lambda v: v >= 15
)
SYNC_AUTOMATIC = Setting("sync.automatic", True, "Sync by itself when there is a connection.")  # noqa: FBT003
PLAN_SECONDS = Setting(
    "plan.seconds", 3, "Seconds the planner may search.", lambda v: 1 <= v <= 120
)

ALL: tuple[Setting[str] | Setting[int] | Setting[bool], ...] = (
    THEME, LANGUAGE, TEXT_SCALE, SYNC_INTERVAL_S, SYNC_AUTOMATIC, PLAN_SECONDS,
)  # fmt: skip


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
