"""How two changes of the company's rules meet: rule by rule, though they stand in one document.

Pure. Of one rule changed twice the change that comes later to HQ holds, as with its other fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmdesk.sync.protocol import Wire

_RULES = "policy"


def joined_rules(
    fields: dict[str, tuple[Any, Any]], values: Mapping[str, Wire]
) -> dict[str, tuple[Any, Any]]:
    """The fields of a change of the organisation, its rules put into those that HQ has now."""
    if _RULES not in fields:
        return fields
    base, new = fields[_RULES]
    return {**fields, _RULES: (base, _joined(base, new, values.get(_RULES)))}


def _joined(base: object, new: object, now: object) -> object:
    if not (isinstance(new, Mapping) and isinstance(now, Mapping)):
        return new
    before = base if isinstance(base, Mapping) else {}
    found = {name: value for name, value in now.items() if name in new or name not in before}
    for name, value in new.items():
        if name not in before or before[name] != value:
            found[name] = _joined(before.get(name), value, now.get(name))
    return found
