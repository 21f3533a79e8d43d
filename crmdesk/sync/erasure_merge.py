"""How the erasure of a person meets HQ's row: it takes everything, and nothing comes back.

Pure decisions, as in :mod:`crmdesk.sync.merge`, which asks here about contacts.
"""

from __future__ import annotations

from collections.abc import Mapping

from crmdesk.domain.erasure import NAMELESS
from crmdesk.storage.entities import Entity
from crmdesk.sync.protocol import Wire

_KEPT = frozenset({"account", "position"})


def is_erased(values: Mapping[str, Wire]) -> bool:
    """Whether a contact's row is that of a person who was erased: nameless since a day."""
    return values.get("erased_at") is not None and values.get("name") == NAMELESS


def is_erasure(fields: Mapping[str, tuple[Wire, Wire]]) -> bool:
    """Whether a change of a contact erases the person, perhaps once more."""
    return fields.get("erased_at", (None, None))[1] is not None


def left_of(
    entity: Entity, values: Mapping[str, Wire], fields: Mapping[str, tuple[Wire, Wire]]
) -> dict[str, Wire]:
    """What is to be set so that nothing is left, also of what others wrote since."""
    if is_erased(values):
        return {}
    found: dict[str, Wire] = {one.column: None for one in entity.fields if one.name not in _KEPT}
    found |= {"name": NAMELESS, "erased_at": fields["erased_at"][1]}
    return {column: value for column, value in found.items() if values.get(column) != value}
