"""What a profile keeps beside its rows about a person who was erased, and how it goes.

Owns the statements. Who was erased, and when this is done, is :mod:`crmdesk.sync.forgetting`'s.
"""

from __future__ import annotations

from sqlalchemy import Connection

# What is kept about the person, and about ways to reach somebody of the customer that are there no
# more. The sentence about a refused change stays for whoever made it; the words in it go.
_ABOUT = (
    "entity IN ('contact', 'contact_point') AND (uid = :contact OR (entity = 'contact_point'"
    " AND uid NOT IN (SELECT uid FROM contact_point)))"
)
_JOURNAL = f"DELETE FROM journal WHERE account_uid = :account AND {_ABOUT}"
_REFUSED = f"UPDATE refusal SET fields = NULL, hq_row = NULL WHERE {_ABOUT}"
_BESIDE = (
    f"{_REFUSED} AND (fields IS NOT NULL OR hq_row IS NOT NULL)",
    f"DELETE FROM conflict WHERE {_ABOUT}",
    f"DELETE FROM unknown_field WHERE {_ABOUT}",
)
_TOLD = (
    f"DELETE FROM told_change WHERE account_uid = :account AND {_ABOUT}"
    " AND fields <> '{}' AND fields NOT LIKE '{\"erased_at\"%'"
)
_ASKED = "DELETE FROM told_account WHERE account_uid = :account"


def forget_words(
    connection: Connection, contact: bytes, account: bytes, *, answered: bool
) -> tuple[int, int]:
    """Take the words about a person (uids) away; how many rows went, and how many HQ had told.

    ``answered``: what still waits to be sent stays.
    """
    about = {"contact": contact, "account": account}

    def run(statement: str) -> int:
        return connection.exec_driver_sql(statement, about).rowcount

    gone = run(f"{_JOURNAL} AND state <> 'waiting'" if answered else _JOURNAL)
    gone += sum(run(statement) for statement in _BESIDE)
    told = run(_TOLD)
    if told:
        run(_ASKED)
    return gone, told
