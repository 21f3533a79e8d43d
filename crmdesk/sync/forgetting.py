"""People who were erased leave this laptop's journal, what HQ told of them, and the index too.

The contact's row says that it was erased (``erased_at``), whoever did it; everything that is kept
beside the rows about it goes here. What still waits to be sent is kept until HQ has answered it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from crmdesk.storage.engine import Database
from crmdesk.storage.profile import set_fact
from crmdesk.sync.erasing import UNTIDY, wipe_pages
from crmdesk.sync.history import owe
from crmdesk.sync.merge import NAMELESS

_ERASED = "SELECT c.uid, a.uid FROM contact c JOIN account a ON a.id = c.account_id"

# What is kept about the person, and about ways to reach somebody of the customer that are there no
# more. The sentence about a refused change stays for whoever made it; the words in it go.
_ABOUT = (
    "entity IN ('contact', 'contact_point') AND (uid = :contact OR (entity = 'contact_point'"
    " AND uid NOT IN (SELECT uid FROM contact_point)))"
)
_JOURNAL = f"DELETE FROM journal WHERE account_uid = :account AND {_ABOUT}"  # noqa: S608
_REFUSED = f"UPDATE refusal SET fields = NULL, hq_row = NULL WHERE {_ABOUT}"  # noqa: S608
_BESIDE = (
    f"{_REFUSED} AND (fields IS NOT NULL OR hq_row IS NOT NULL)",
    f"DELETE FROM conflict WHERE {_ABOUT}",  # noqa: S608
    f"DELETE FROM unknown_field WHERE {_ABOUT}",  # noqa: S608
)
_TOLD = (
    f"DELETE FROM told_change WHERE account_uid = :account AND {_ABOUT}"  # noqa: S608
    " AND fields <> '{}' AND fields NOT LIKE '{\"erased_at\"%'"
)


def forget_erased(database: Database, *, answered: bool = True) -> bool:
    """Leave no word of erased people beside the rows; True where something had to go.

    ``answered``: only what HQ has answered goes; False where there is no HQ to send to.
    """
    with database.read() as connection:
        people = connection.exec_driver_sql(
            f"{_ERASED} WHERE c.erased_at IS NOT NULL AND c.name = ?", (NAMELESS,)
        ).all()
    if not people:
        return False
    gone = 0
    with database.maintenance() as connection:
        for contact, account in people:
            gone += _forget(connection, bytes(contact), bytes(account), answered=answered)
        if gone:
            set_fact(connection, UNTIDY, "1")
    if gone:
        wipe_pages(database)
    return gone > 0


def _forget(connection: Connection, contact: bytes, account: bytes, *, answered: bool) -> int:
    about = {"contact": contact, "account": account}

    def run(statement: str) -> int:
        return connection.exec_driver_sql(statement, about).rowcount

    gone = run(f"{_JOURNAL} AND state <> 'waiting'" if answered else _JOURNAL)
    gone += sum(run(statement) for statement in _BESIDE)
    told = run(_TOLD)
    if told:
        # HQ tells the rest again, without the words.
        connection.exec_driver_sql("DELETE FROM told_account WHERE account_uid = ?", (account,))
        owe(connection)
    return gone + told
