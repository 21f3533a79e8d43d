"""Files that are kept with something: added one after the other, opened from where they are kept.

Without Qt. Which row a file belongs to is the caller's, what may be kept the services'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import CrmdeskError
from crmdesk.gui.presenting import PlaceContext
from crmdesk.i18n import _, ngettext
from crmdesk.services import attachments

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Owner


@dataclass(frozen=True, slots=True)
class _Kept:
    """How many files were kept, what that touched, and why the next one was not."""

    count: int
    changes: ChangeSet = field(default_factory=ChangeSet)
    problem: CrmdeskError | None = None


def keep_files(
    context: PlaceContext,
    owner: Owner,
    paths: Sequence[Path],
    keep: Callable[[Path], ChangeSet],
    then: Callable[[], None] = lambda: None,
) -> None:
    """Keep files until one cannot be; says how many were kept, and why that one was not."""
    if not paths:
        return

    def work() -> _Kept:
        changes = ChangeSet()
        for count, path in enumerate(paths):
            try:
                changes |= keep(path)
            except CrmdeskError as problem:
                return _Kept(count, changes, problem)
        return _Kept(len(paths), changes)

    def done(kept: _Kept) -> None:
        if kept.count:
            words = ngettext("{count} file added.", "{count} files added.", kept.count)
            context.desk.toast(words.format(count=kept.count))
            then()
        if kept.problem is not None:
            context.desk.fail(kept.problem)

    context.runner.write(work, done, context.desk.fail, owner=owner)


def open_kept(
    context: PlaceContext, owner: Owner, attachment_id: int, show: Callable[[str, bytes], None]
) -> None:
    """Show a file; where its bytes are not here yet, the next sync fetches them."""
    ws = context.workspace

    def work() -> attachments.Contents | None:
        if attachments.fetch_attachment(ws, attachment_id):
            return None
        return attachments.open_attachment(ws, attachment_id)

    def done(found: attachments.Contents | None) -> None:
        if found is None:
            context.desk.banner(
                _("This file is not on this computer yet."), _("The next sync fetches it.")
            )
        else:
            show(found.name, found.data)

    context.runner.write(work, done, context.desk.fail, owner=owner)
