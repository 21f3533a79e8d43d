"""Where things live on this machine: profiles, resources, caches.

Owns the platform's folders. It never creates or reads the files themselves.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

APP = "crmdesk"


def resources_dir() -> Path:
    """The folder with icons, fonts, translations and maps, in a checkout, a wheel or a bundle."""
    bundled = getattr(sys, "_MEIPASS", None)
    if bundled:
        return Path(bundled) / "resources"
    package = Path(__file__).resolve().parent
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"


def default_profile_dir() -> Path:
    """The platform's place for the profile, unless ``CRMDESK_PROFILE`` names another."""
    named = os.environ.get("CRMDESK_PROFILE")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "profile"


def default_demo_dir() -> Path:
    """Where the demo company lives: its HQ and the rep's profile, apart from real profiles."""
    named = os.environ.get("CRMDESK_DEMO")
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "demo"


def default_hq_dir() -> Path:
    """Where an embedded HQ keeps its PostgreSQL cluster and settings."""
    import platformdirs

    return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "hq"
