"""Whether there is a display to open a window on."""

from __future__ import annotations

import os
import sys

from crmdesk.domain.errors import EnvironmentProblem
from crmdesk.i18n import _


def has_display() -> bool:
    """True when a person can see a window; the offscreen platform is none."""
    if sys.platform != "linux":
        return True
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def draw_unseen() -> None:
    """Where nobody can see a window, let Qt draw into memory; a platform named on purpose stays."""
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def need_display() -> None:
    """EnvironmentProblem where no window can be opened, before Qt ends the program itself.

    A platform named on purpose (QT_QPA_PLATFORM) is trusted.
    """
    if not has_display() and not os.environ.get("QT_QPA_PLATFORM"):
        raise EnvironmentProblem(
            _("There is no display to open the window on."),
            _("The commands work without one: crmdesk --help."),
        )
