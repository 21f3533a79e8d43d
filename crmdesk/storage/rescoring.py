"""Every forecast anew, a few customers at a time: for a new day, a new model, a large import.

Owns the walk over the accounts. Day and model are taken at its beginning and hold for whatever is
written from then on; how far it is stands beside them, in the same transactions as the figures. So
a sale in between is scored as everything will be, and after a crash the walk goes on where it was.
When to walk is :mod:`crmdesk.services.forecasting`'s; one transaction for everything is
:func:`crmdesk.storage.summaries.rebuild`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from crmdesk.storage import reorder_models, search_index, summaries
from crmdesk.storage.driver import run


@dataclass(frozen=True, slots=True)
class Standing:
    """The day and model of the figures, and whether they are those of ``today``.

    ``begun``: figures were ever made; ``done`` of ``accounts`` have been walked over, all of them
    when no walk is on its way; ``new_model``: HQ has another one than the one in use.
    """

    as_of: date | None
    stamp: str | None
    done: int
    accounts: int
    new_model: bool
    own_fit: bool

    @property
    def walking(self) -> bool:
        """A walk has begun and not ended."""
        return self.done < self.accounts

    def is_stale(self, today: date) -> bool:
        """Whether the figures are of another day or model, or on their way to these."""
        return self.as_of != today or self.walking or self.new_model or self.own_fit


def standing(connection: Connection, today: date) -> Standing:
    """How the figures stand; counts sale lines, so not for the interface's thread."""
    stamp = reorder_models.stamp_in_use(connection)
    offered = reorder_models.stamp_of_hq(connection)
    accounts = _count(connection, "SELECT count(*) FROM account")
    reached = summaries.reached(connection)
    done = accounts
    if reached is not None:
        # An account that is made meanwhile is written with the walk's day and model anyway.
        done = min(
            _count(connection, f"SELECT count(*) FROM account WHERE id <= {reached}"), accounts - 1
        )
    return Standing(
        as_of=summaries.as_of(connection),
        stamp=stamp,
        done=done,
        accounts=accounts,
        new_model=offered is not None and offered != stamp,
        own_fit=offered is None and reorder_models.wants_own_fit(connection, today),
    )


def begin(
    connection: Connection,
    today: date,
    own: tuple[reorder_models.Offered, int] | None = None,
    *,
    whole: bool = False,
) -> None:
    """Take the day, and HQ's newest model or else ``own`` (and the lines it was fitted on).

    ``whole`` begins a walk that makes months and accounts too, and makes the search index: what a
    large import has put off.
    """
    offered = reorder_models.of_hq(connection)
    if offered is not None:
        reorder_models.adopt(connection, offered)
    elif own is not None:
        reorder_models.adopt(connection, own[0], lines=own[1], day=today)
    if whole:
        search_index.rebuild(connection)
        run(connection, "DELETE FROM dirty")
    summaries.set_as_of(connection, today)
    summaries.set_reached(connection, 0)
    # A walk that makes everything stays one on the next day.
    summaries.set_whole(connection, on=whole or summaries.is_whole(connection))


def step(connection: Connection, most_accounts: int) -> int:
    """The next accounts; how many they were, 0 at the end of the walk (or without one)."""
    reached, today = summaries.reached(connection), summaries.as_of(connection)
    if reached is None or today is None:
        return 0
    rows = connection.exec_driver_sql(
        "SELECT id FROM account WHERE id > ? ORDER BY id LIMIT ?", (reached, most_accounts)
    )
    accounts = [int(row[0]) for row in rows]
    whole = summaries.is_whole(connection)
    if not accounts:
        if whole:
            summaries.drop_orphans(connection)
            summaries.set_whole(connection, on=False)
        summaries.set_reached(connection, None)
        return 0
    if whole:
        summaries.refresh_sales(connection, accounts, today)
    else:
        summaries.refresh_pairs(connection, accounts, today)
    summaries.refresh_accounts(connection, accounts, today)
    summaries.set_reached(connection, accounts[-1])
    return len(accounts)


def finish(connection: Connection, most_accounts: int = 500) -> None:
    """Walk to the end in this transaction."""
    while step(connection, most_accounts):
        pass


def _count(connection: Connection, query: str) -> int:
    return int(connection.exec_driver_sql(query).scalar_one())
