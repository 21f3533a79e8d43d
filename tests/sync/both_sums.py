"""The sums of a laptop's scopes as both sides see them."""

from __future__ import annotations

from crmdesk.hq.exchange import sums
from crmdesk.sync.cursor import read_cursor
from crmdesk.sync.local_sums import local_sums
from tests.sync.conftest import Headquarters, Laptop


def both(hq: Headquarters, laptop: Laptop) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The sums of the laptop's scopes: its own and HQ's."""
    with laptop.database.read() as connection:
        scopes = sorted(read_cursor(connection))
        here = local_sums(connection, scopes)
    assert here.stray == []
    with hq.store.transaction(snapshot=True) as connection:
        there = sums.scope_sums(connection, scopes)
    return here.packed, there
