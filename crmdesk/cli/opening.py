"""Opening the profile a command works on, for as long as it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.cli.context import Context
    from crmdesk.services.workspace import Workspace


@contextmanager
def opened(context: Context, *, to_sync: bool = False, whole: bool = True) -> Iterator[Workspace]:
    """The workspace of the profile; NotFound when there is none.

    LeaseEnded when it has been away from HQ for too long, unless it is opened ``to_sync``. What a
    large import left for later is made first, except for those who read sold lines only.
    """
    from crmdesk.services.forecasting import make_whole
    from crmdesk.services.workspace import open_workspace

    workspace = open_workspace(context.folder, context.instants, to_sync=to_sync)
    try:
        if whole and not to_sync:
            make_whole(workspace)
        yield workspace
    finally:
        workspace.close()


@contextmanager
def opened_or_made(context: Context, *, trial: bool = False) -> Iterator[Workspace]:
    """The workspace of the profile, made standalone when there is none yet.

    A profile made here goes again when the block fails or was only a trial.
    """
    from crmdesk.cli.beginning import make_standalone
    from crmdesk.i18n import _
    from crmdesk.storage import profile

    if profile.exists(context.folder):
        with opened(context, whole=False) as workspace:
            yield workspace
        return
    with profile.removed_on_failure(context.folder) as keeping:
        workspace = make_standalone(context.folder, _("My company"), context.instants)
        try:
            yield workspace
        finally:
            workspace.close()
        if not trial:
            keeping.keep()
