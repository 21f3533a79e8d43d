"""Which reorder model this profile scores with: HQ's newest, or the one fitted here.

Owns the model in use, kept beside the figures that were made with it and named by a stamp, and the
question whether another one should take its place. Taking it is :mod:`crmdesk.storage.rescoring`'s,
for then every figure is made anew. Leaves the form of a model to
:mod:`crmdesk.storage.reorder_wire`.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from crmdesk.analytics.reorder import ReorderModel
from crmdesk.domain.errors import UserError
from crmdesk.storage import reorder_wire
from crmdesk.storage.driver import rows

log = logging.getLogger(__name__)
_IN_USE = "reorder.model"
_STAMP, _LINES, _FITTED_ON = "reorder.stamp", "reorder.lines", "reorder.fitted_on"
_CACHE = "crmdesk.reorder"
_OWN, _HQ = "own", "hq"
REFIT_DAYS = 7
REFIT_PERCENT = 2
_FACT = (
    "INSERT INTO profile (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that may be used: its stamp (who made it, and which) and its document."""

    stamp: str
    document: dict[str, Any]


def worth_a_refit(
    lines: int, fitted_lines: int, days: int, *, refit_days: int, refit_percent: int
) -> bool:
    """Whether enough is new since the last fit: the share of sale lines, or the days gone by.

    A fit on nothing is never worth it; one after lines have gone (an import taken back) is.
    """
    if lines == 0:
        return False
    changed = abs(lines - fitted_lines)
    return days >= refit_days or days < 0 or changed * 100 >= refit_percent * max(fitted_lines, 1)


def of_hq(connection: Connection) -> Offered | None:
    """HQ's newest model that this program can read."""
    used = stamp_in_use(connection)
    models = rows(
        connection,
        "SELECT lower(hex(uid)), rev, payload FROM reorder_model"
        " ORDER BY as_of DESC, version DESC, uid DESC",
    )
    for uid, rev, payload in models:
        try:
            document = json.loads(payload)
        except ValueError:
            document = None
        offered = Offered(f"{_HQ}:{uid}:{rev}", document)
        if offered.stamp == used or _is_readable(document):
            return offered
        # It must not stop anybody from working.
        log.info("a reorder model of HQ cannot be read; an older or an own one is used")
    return None


def _is_readable(document: object) -> bool:
    try:
        reorder_wire.unpacked(document, {})
    except UserError:
        return False
    return True


def stamp_of_hq(connection: Connection) -> str | None:
    """The stamp of :func:`of_hq`."""
    found = of_hq(connection)
    return None if found is None else found.stamp


def fitted_here(connection: Connection, model: ReorderModel) -> Offered:
    """A model fitted on this profile's rows, in the form in which it is kept."""
    products = rows(connection, "SELECT id, uid FROM product")
    document = reorder_wire.packed(model, {int(key): bytes(uid) for key, uid in products})
    text = json.dumps(document, sort_keys=True)
    return Offered(f"{_OWN}:{hashlib.sha256(text.encode()).hexdigest()[:16]}", document)


def adopt(
    connection: Connection, offered: Offered, *, lines: int | None = None, day: date | None = None
) -> None:
    """Use a model from now on; ``lines`` and ``day`` tell of a fit made here."""
    facts = [(_IN_USE, json.dumps(offered.document)), (_STAMP, offered.stamp)]
    if lines is not None and day is not None:
        facts += [(_LINES, str(lines)), (_FITTED_ON, day.isoformat())]
    connection.exec_driver_sql(_FACT, facts)


def stamp_in_use(connection: Connection) -> str | None:
    """The stamp of the model that the figures are made with; None before the first."""
    found = _fact(connection, _STAMP)
    return None if found is None else str(found)


def in_use(connection: Connection) -> ReorderModel | None:
    """The model that the figures are made with, its SKUs by their local numbers.

    Kept with the connection until the model or the newest product is another: after an order there
    is no time to unpack it.
    """
    stamp = stamp_in_use(connection)
    if stamp is None:
        return None
    key = (stamp, *rows(connection, "SELECT id, uid FROM product ORDER BY id DESC LIMIT 1"))
    cached = connection.info.get(_CACHE)
    if cached is not None and cached[0] == key:
        known: ReorderModel = cached[1]
        return known
    numbers = {bytes(uid): int(key) for uid, key in rows(connection, "SELECT uid, id FROM product")}
    try:
        document = json.loads(str(_fact(connection, _IN_USE)))
        model = reorder_wire.unpacked(document, numbers)
    except (UserError, ValueError):
        log.info("the reorder model in use is of another version; another one is fitted")
        return None
    connection.info[_CACHE] = (key, model)
    return model


def wants_own_fit(connection: Connection, today: date) -> bool:
    """Whether this profile should fit a model of its own: HQ gives none, and enough is new."""
    if of_hq(connection) is not None:
        return False
    lines = count_lines(connection)
    if not (stamp_in_use(connection) or "").startswith(_OWN) or in_use(connection) is None:
        return lines > 0
    fitted_on = _fact(connection, _FITTED_ON)
    days = REFIT_DAYS if fitted_on is None else (today - date.fromisoformat(str(fitted_on))).days
    fitted_lines = int(_fact(connection, _LINES) or 0)
    return worth_a_refit(
        lines, fitted_lines, days, refit_days=REFIT_DAYS, refit_percent=REFIT_PERCENT
    )


def count_lines(connection: Connection) -> int:
    """How many sale lines there are."""
    return int(connection.exec_driver_sql("SELECT count(*) FROM sale_line").scalar_one())


def _fact(connection: Connection, key: str) -> Any:
    found = rows(connection, "SELECT value FROM profile WHERE key = ?", (key,))
    return found[0][0] if found else None
