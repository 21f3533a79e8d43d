"""Rows that two laptops make before they meet and that are one, by a uid made of what it is about.

Pure. Which columns make the uid the entity says (``named_by``); such a row is also made anew once
it was deleted, since it cannot get another uid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmdesk.storage.entities import Entity
from crmdesk.sync.protocol import Wire


def is_same(entity: Entity, made: Mapping[str, Wire], there: Mapping[str, Wire]) -> bool:
    """Whether a new row is about the same as the one of its uid that is there."""
    return bool(entity.named_by) and all(
        made.get(name) is not None and made[name] == there.get(name) for name in entity.named_by
    )


def as_update(
    entity: Entity, fields: Mapping[str, tuple[Wire, Wire]]
) -> dict[str, tuple[Any, Any]]:
    """What the second says as a change from nothing, so that it meets the first by its rules."""
    empty = {field.column: field.default for field in entity.fields}
    return {
        name: (empty.get(name), new)
        for name, (_base, new) in fields.items()
        if name not in entity.named_by
    }
