"""Imports after PySide6 without a second reading of their sources.

PySide6 looks into the source of every module that is imported after it, in case the module uses
its optional snake_case or true_property names. Nothing here does, and the looking is an eighth
of the start of the program.
"""

from __future__ import annotations

import sys


def without_looking_for_features() -> None:
    """Tell PySide6 that no module uses its optional names.

    Where PySide6 is made differently it goes on looking, which only takes its time.
    """
    feature = sys.modules.get("shibokensupport.feature")
    if feature is not None and "_mod_uses_pyside" in vars(feature):
        vars(feature)["_mod_uses_pyside"] = _uses_none


def _uses_none(_module: object) -> bool:
    return False
