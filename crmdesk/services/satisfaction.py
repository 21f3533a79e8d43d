"""How content customers are: asked after a solved ticket or a visit, kept as a fact.

Owns rows of ``survey_score``. Figures over them are :mod:`crmdesk.analytics.service`'s.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from crmdesk.analytics.service import CSAT_RANGE, NPS_RANGE
from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError, NotFound
from crmdesk.domain.ids import new_uid
from crmdesk.i18n import _
from crmdesk.services.queries.policy import policy_in
from crmdesk.services.workspace import Workspace

NPS, CSAT = "nps", "csat"
_RANGES = {NPS: NPS_RANGE, CSAT: CSAT_RANGE}
_ABOUT = ("visit", "ticket")


def record_score(
    ws: Workspace,
    account_id: int,
    kind: str,
    score: int,
    *,
    comment: str = "",
    about: tuple[str, int] | None = None,
    contact_id: int | None = None,
) -> ChangeSet:
    """Keep an answer: ``nps`` 0–10 or ``csat`` 1–5. ``about`` is ("visit" or "ticket", local id).

    Raises FieldError for an answer out of range, NotFound.
    """
    least, most = _RANGES[kind]
    if not least <= score <= most:
        raise FieldError(
            "score", _("An answer is from {least} to {most}.").format(least=least, most=most)
        )
    with ws.database.write() as tx:
        run = tx.connection.exec_driver_sql
        if run("SELECT 1 FROM account WHERE id = ?", (account_id,)).first() is None:
            raise NotFound(_("This customer is no longer here."))
        uid = _uid_of(tx.connection, account_id, about)
        key = run(
            "INSERT INTO survey_score (uid, account_id, contact_id, user_id, kind, score, comment,"
            " date, about_kind, about_uid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                new_uid(), account_id, contact_id, ws.user.id, kind, score, comment.strip() or None,
                ws.today().isoformat(), None if about is None else about[0], uid,
            ),
        ).scalar_one()  # fmt: skip
    return ChangeSet({"survey_score": frozenset({int(key)}), "account": frozenset({account_id})})


def _uid_of(connection: Connection, account_id: int, about: tuple[str, int] | None) -> bytes | None:
    if about is None:
        return None
    name, key = about
    found = None
    if name in _ABOUT:
        found = connection.exec_driver_sql(
            f"SELECT uid FROM {name} WHERE id = ? AND account_id = ?",  # noqa: S608 - of _ABOUT
            (key, account_id),
        ).scalar()
    if found is None:
        raise NotFound(_("What this answer is about is no longer here."))
    return bytes(found)


def may_ask(ws: Workspace, connection: Connection, account_id: int) -> bool:
    """Whether a customer may be asked again: not within the company's ``ask_again_days``."""
    since = ws.today() - timedelta(days=policy_in(connection).ask_again_days)
    found = connection.exec_driver_sql(
        "SELECT 1 FROM survey_score WHERE account_id = ? AND date > ? LIMIT 1",
        (account_id, since.isoformat()),
    ).first()
    return found is None
