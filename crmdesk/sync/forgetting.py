"""People who were erased leave this laptop's journal, what HQ told of them, and the index too.

The contact's row says that it was erased (``erased_at``), whoever did it; everything that is kept
beside the rows about it goes here. What still waits to be sent is kept until HQ has answered it.
"""

from __future__ import annotations

from crmdesk.domain.changes import ChangeSet
from crmdesk.storage.engine import Database
from crmdesk.storage.erased_words import forget_words, has_words, read_erased
from crmdesk.storage.profile import get_fact, set_fact
from crmdesk.sync.erasing import UNTIDY, wipe_pages
from crmdesk.sync.history import is_owed, owe

_UNSENT = "sync.erased_unsent"
"""Set while words about somebody who was erased wait to be sent."""


def forget_after_round(database: Database, changes: ChangeSet, *, sent: int) -> None:
    """Look where a round may have made words go: by what it brought or sent.

    Or by what an earlier one had brought that did not come this far.
    """
    due = changes.touches("contact", "contact_point")
    if not due:
        with database.read() as connection:
            due = is_owed(connection) or (bool(sent) and get_fact(connection, _UNSENT) is not None)
    if due:
        forget_erased(database)


def forget_erased(database: Database, *, answered: bool = True) -> None:
    """Leave no word of erased people beside the rows.

    ``answered``: only what HQ has answered goes; False where there is no HQ to send to.
    """
    with database.read() as connection:
        erased = read_erased(connection)
        unsent = has_words(connection, erased, waiting=True)
        if not (unsent and not answered) and not has_words(connection, erased):
            noted = get_fact(connection, _UNSENT) is not None
            if noted == unsent:
                return
    with database.maintenance() as connection:
        if forget_words(connection, erased, answered=answered):
            # HQ tells the rest again, without the words.
            owe(connection)
        set_fact(connection, _UNSENT, "1" if unsent and answered else None)
        set_fact(connection, UNTIDY, "1")
    wipe_pages(database)
