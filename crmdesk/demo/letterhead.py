"""What stands on the demo company's documents: its logo, and its terms in three languages."""

from __future__ import annotations

import base64

from crmdesk.paths import resources_dir
from crmdesk.storage.types import dump_json

_TERMS = {
    "es": "Precios sin IGI. La mercancía es nuestra hasta que se pague.",
    "ru": "Цены без IGI. Товар остаётся нашим до полной оплаты.",
}


def texts() -> str:
    """The company's texts by language, as they are kept."""
    return dump_json({"terms": _TERMS})


def logo() -> str:
    """The company's logo, as it is kept."""
    picture = (resources_dir() / "demo" / "logo.png").read_bytes()
    return dump_json({"data": base64.b64encode(picture).decode("ascii"), "type": "image/png"})
