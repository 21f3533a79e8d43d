"""Opening the profile a command works on, for as long as it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.cli.program import Context
    from crmdesk.services.workspace import Workspace


@contextmanager
def opened(context: Context) -> Iterator[Workspace]:
    """The workspace of the profile; NotFound when there is none."""
    from crmdesk.services.workspace import open_workspace

    workspace = open_workspace(context.folder, context.instants)
    try:
        yield workspace
    finally:
        workspace.close()


@contextmanager
def opened_or_made(context: Context) -> Iterator[Workspace]:
    """The workspace of the profile, made standalone when there is none yet."""
    import os

    from crmdesk.i18n import _, language
    from crmdesk.services import workspace as spaces
    from crmdesk.storage import crypto, profile

    if profile.exists(context.folder):
        with opened(context) as workspace:
            yield workspace
        return
    passphrase = os.environ.get("CRMDESK_PASSPHRASE")
    way = "passphrase" if passphrase else "keyring"
    if way == "keyring" and not crypto.keyring_available():
        from crmdesk.domain.errors import KeyMissing

        raise KeyMissing(
            _("No keyring answers on this computer."),
            _("Set CRMDESK_PASSPHRASE to protect the new profile with a passphrase."),
        )
    company = spaces.NewCompany(name=_("My company"), user_name=_("Me"), language=language())
    workspace = spaces.start_alone(
        context.folder, context.instants, company, way=way, passphrase=passphrase
    )
    try:
        yield workspace
    finally:
        workspace.close()
