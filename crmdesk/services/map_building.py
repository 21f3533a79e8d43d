"""Making a region pack of an OpenStreetMap extract in a process of its own.

Owns that process: reading an extract takes the interpreter for minutes and memory nobody can
foretell, so it is kept from the window, bounded, and ended when the person cancels.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from crmdesk.domain.errors import Cancelled, EnvironmentProblem, UserError
from crmdesk.i18n import _
from crmdesk.interchange.mappack import SUFFIX
from crmdesk.services.region_packs import PackFile, add_pack

STAGES = ("reading", "roads", "levels", "writing", "preparing")
MOST_MEMORY = 6 << 30
STAGE_MARK = "stage "
"""How the child begins a line of its error output that names a stage."""


def bound_memory(most: int = MOST_MEMORY) -> None:
    """Have the system end this process' growth at a limit, where it can."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def build_region(
    folder: Path,
    extract: Path,
    title: str,
    *,
    tell: Callable[[str, int, int], None],
    on_cancel: Callable[[Callable[[], None]], None],
) -> PackFile:
    """Make a pack of an extract and take it into the profile.

    ``tell`` hears the stage (:data:`STAGES`), what is done and how much there is (0: unknown);
    ``on_cancel`` is given what ends the work at once.

    Raises:
        Cancelled: the person did; nothing is left.
        UserError: as :func:`crmdesk.interchange.mapbuild.build_pack`, in the child's sentence.
        EnvironmentProblem: the child could not be started.
    """
    stopped = threading.Event()
    with tempfile.TemporaryDirectory(prefix="crmdesk-map-") as made:
        out = Path(made) / f"made{SUFFIX}"
        command = [*_program(), "map", "build", str(extract), "--out", str(out), "--tell"]
        if title.strip():
            command += ["--title", title.strip()]
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise EnvironmentProblem(_("The map cannot be made here: {reason}.").format(
                reason=error.strerror)) from error  # fmt: skip

        def stop() -> None:
            stopped.set()
            child.terminate()

        on_cancel(stop)
        words = _listen(child, tell)
        if stopped.is_set():
            raise Cancelled
        if child.returncode != 0:
            raise UserError(words or _("The map could not be made of this file."))

        def prepared(done: int, of: int) -> None:
            if stopped.is_set():
                raise Cancelled
            tell(STAGES[-1], done, of)

        return add_pack(folder, out, tell=prepared)


def _listen(child: subprocess.Popen[str], tell: Callable[[str, int, int], None]) -> str:
    """Follow the child to its end; returns the last sentence it said beside its stages."""
    words = ""
    with child:
        for line in child.stderr or ():
            if line.startswith(STAGE_MARK):
                stage, _space, count = line[len(STAGE_MARK) :].strip().partition(" ")
                if stage in STAGES:
                    tell(stage, int(count) if count.isdecimal() else 0, 0)
            elif line.strip() and not line.startswith(" "):
                words = words or line.strip().removeprefix("crmdesk: ")[:300]
    return words


def _program() -> list[str]:
    """This program on the command line, also from a bundle."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "crmdesk"]
