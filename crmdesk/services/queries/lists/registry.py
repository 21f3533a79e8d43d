"""Which lists there are, by key."""

from __future__ import annotations

from functools import cache

from crmdesk.services.queries.lists import people, sales, work
from crmdesk.services.queries.lists.spec import ListSpec


@cache
def all_lists() -> dict[str, ListSpec]:
    """Every list, in the order in which a person meets them."""
    every = (*people.lists(), *sales.lists(), *work.lists())
    return {spec.key: spec for spec in every}


def list_named(key: str) -> ListSpec:
    """The list of that key; KeyError when there is none."""
    return all_lists()[key]
