"""What HQ takes as a region pack: a digest, a size within bounds, bounds on the earth."""

from __future__ import annotations

import json
from typing import Any

from crmdesk.i18n import _
from crmdesk.storage.attachments import MAX_BYTES, is_digest
from crmdesk.sync.merge import Image, RefusedOp

_LONGEST_NAME = 200


def check_region_pack(image: Image) -> None:
    """RefusedOp for a row that no laptop could use, or that would have it fetch anything."""
    values = image.values
    size = values.get("size")
    sound = (
        is_digest(str(values.get("sha256") or ""))
        and isinstance(size, int)
        and 0 < size <= MAX_BYTES
        and 0 < len(str(values.get("name") or "")) <= _LONGEST_NAME
        and values.get("kind") == "map"
        and _bounds_sound(values.get("bounds"))
    )
    if not sound:
        raise RefusedOp("region-pack", _("This is no map that HQ could give to everybody."))


def _bounds_sound(found: Any) -> bool:
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            return False
    return found is None or (
        isinstance(found, list)
        and len(found) == 4
        and all(isinstance(edge, int | float) and abs(edge) <= 181 for edge in found)
    )
