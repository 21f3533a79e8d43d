"""The audit log, read: who did what at HQ and when; :mod:`crmdesk.hq.access.auth` writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmdesk.domain.errors import NotFound
from crmdesk.hq.database.store import Store
from crmdesk.i18n import _

_QUERY = """
SELECT a.at, a.action, u.code, d.prefix, a.detail
FROM audit a LEFT JOIN app_user u ON u.uid = a.user_id LEFT JOIN device d ON d.uid = a.device_id
WHERE (%(since)s::timestamptz IS NULL OR a.at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s)
  AND (%(action)s::text IS NULL OR a.action = %(action)s)
  AND (%(user)s::text IS NULL OR u.code = %(user)s)
  AND (%(device)s::text IS NULL OR d.prefix = %(device)s)
ORDER BY a.id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry; ``user`` by code, ``device`` by prefix; None where HQ itself acted."""

    at: datetime
    action: str
    user: str | None
    device: str | None
    detail: dict[str, Any] | None

    @property
    def words(self) -> str:
        """The detail in one line."""
        return "" if self.detail is None else json.dumps(self.detail, ensure_ascii=False)


def entries(
    store: Store,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    action: str | None = None,
    user: str | None = None,
    device: str | None = None,
    most: int | None = None,
) -> list[AuditRow]:
    """The newest entries first, ``most`` of them; NotFound for a user or device there is not."""
    wanted: dict[str, object] = {
        "since": since, "until": until, "action": action, "user": user, "device": device,
        "most": most,
    }  # fmt: skip
    with store.transaction() as connection:
        for table, column, value in (("app_user", "code", user), ("device", "prefix", device)):
            if value is None:
                continue
            query = f"SELECT 1 FROM {table} WHERE {column} = %s".encode()
            if connection.execute(query, (value,)).fetchone() is None:
                raise NotFound(
                    _("HQ has no {kind} {value}.").format(kind=table.removeprefix("app_"),
                                                          value=value),
                    _("Check the code."),
                )  # fmt: skip
        return [AuditRow(*row) for row in connection.execute(_QUERY, wanted).fetchall()]
