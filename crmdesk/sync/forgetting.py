"""People who were erased leave this laptop's journal, what HQ told of them, and the index too.

The contact's row says that it was erased (``erased_at``), whoever did it; everything that is kept
beside the rows about it goes here. What still waits to be sent is kept until HQ has answered it.
"""

from __future__ import annotations

from crmdesk.storage.engine import Database
from crmdesk.storage.erased_words import forget_words
from crmdesk.storage.profile import set_fact
from crmdesk.sync.erasing import UNTIDY, wipe_pages
from crmdesk.sync.erasure_merge import NAMELESS
from crmdesk.sync.history import owe

_ERASED = "SELECT c.uid, a.uid FROM contact c JOIN account a ON a.id = c.account_id"


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
            words, told = forget_words(
                connection, bytes(contact), bytes(account), answered=answered
            )
            gone += words + told
            if told:
                # HQ tells the rest again, without the words.
                owe(connection)
        if gone:
            set_fact(connection, UNTIDY, "1")
    if gone:
        wipe_pages(database)
    return gone > 0
