"""Bugs planted in the sending of files: case 35, and the attachments' part of 16 and 17."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crmdesk.hq import blobs
from crmdesk.storage import transfers
from crmdesk.sync import attachments
from crmdesk.sync.protocol import BlobState
from tests.sync.planted import plant

_BAD_LINE = (
    "tests/sync/test_attachments.py"
    "::test_case_35_a_large_file_on_a_bad_line_resumes_and_delays_no_order"
)
_KILLED = (
    "tests/sync/test_attachments.py::test_case_35_a_client_killed_in_the_middle_goes_on_where_hq_is"
)


@plant(case=35, test=_BAD_LINE)
def _files_before_orders(patch: pytest.MonkeyPatch) -> None:
    """What is changed while a file is sent waits for the next round."""
    build = attachments.Carrier.__init__

    def without_documents(self: Any, *given: Any, **named: Any) -> None:
        build(self, *given, **(named | {"documents": lambda: None}))

    patch.setattr(attachments.Carrier, "__init__", without_documents)


@plant(case=35, test=_BAD_LINE)
def _every_round_from_the_beginning(patch: pytest.MonkeyPatch) -> None:
    """The laptop does not go on where HQ is."""
    _from_the_beginning(patch)


@plant(case=35, test=_KILLED)
def _a_new_start_after_a_kill(patch: pytest.MonkeyPatch) -> None:
    """The same, seen by a laptop that was killed."""
    _from_the_beginning(patch)


def _from_the_beginning(patch: pytest.MonkeyPatch) -> None:
    send = attachments.Carrier._send

    def from_zero(self: Any, one: Any, state: BlobState | None) -> None:
        known = None if state is None else BlobState(state.sha256, state.known)
        send(self, one, known)

    patch.setattr(attachments.Carrier, "_send", from_zero)


@plant(
    case=16,
    test="tests/sync/test_attachment_rights.py"
    "::test_case_16_a_foreign_attachment_and_none_are_the_same_and_audited",
)
def _any_digest_will_do(patch: pytest.MonkeyPatch) -> None:
    """HQ gives and takes bytes to whoever knows a digest."""
    sizes = blobs._sizes

    def everywhere(connection: Any, who: Any, digests: Any) -> Any:
        return sizes(connection, replace(who, role=type(who.role).ADMIN), digests)

    patch.setattr(blobs, "_sizes", everywhere)


@plant(
    case=17,
    test="tests/sync/test_attachment_rights.py"
    "::test_case_17_an_account_that_leaves_takes_its_photos_and_transfers_with_it",
)
def _photos_stay(patch: pytest.MonkeyPatch) -> None:
    """The bytes of attachments outlive their rows."""
    patch.setattr(transfers, "clear_up", lambda *_given: 0)
