"""Bugs planted in files: case 35, the attachments' part of 16 and 17, and sync by files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crmdesk.domain.clock import parse_instant
from crmdesk.hq.exchange import blobs, pull
from crmdesk.hq.running import filesync as hq_filesync
from crmdesk.storage import transfers
from crmdesk.sync import attachments, filesync
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

    def everywhere(connection: Any, who: Any, digests: Any, **rest: Any) -> Any:
        return sizes(connection, replace(who, role=type(who.role).ADMIN), digests, **rest)

    patch.setattr(blobs, "_sizes", everywhere)


@plant(
    case=17,
    test="tests/sync/test_attachment_rights.py"
    "::test_case_17_an_account_that_leaves_takes_its_photos_and_transfers_with_it",
)
def _photos_stay(patch: pytest.MonkeyPatch) -> None:
    """The bytes of attachments outlive their rows."""
    patch.setattr(transfers, "clear_up", lambda *_given: 0)


@plant(
    case=12,
    test="tests/sync/test_scopes.py"
    "::test_case_12_a_deletion_is_heard_although_its_customer_moved_within_reach",
)
def _deletions_stay_behind(patch: pytest.MonkeyPatch) -> None:
    """An account that moves brings what is there, not word of what was deleted before."""
    patch.setattr(pull, "_deleted_inside", lambda *_given: [])


@plant(
    case=11,
    test="tests/sync/test_filesync.py"
    "::test_case_11_an_answer_that_the_network_has_overtaken_changes_nothing",
)
def _pages_from_anywhere(patch: pytest.MonkeyPatch) -> None:
    """A file's pages are taken wherever the laptop stands by now."""
    post = filesync._Recorded.post

    def anywhere(self: Any, path: str, body: bytes, token: str = "") -> bytes:
        found = post(self, path, body, token)
        if path == "/v1/pull" and not found and not self._served:
            (label, *_rest) = [one for one in self._places if one.startswith(filesync.PULL)]
            self._served += b'"cursor"' in body
            return b"".join(data for _position, data in self._file.parts(label))
        return found

    patch.setattr(filesync._Recorded, "post", anywhere)


@plant(
    case=24,
    test="tests/sync/test_filesync_refusals.py"
    "::test_case_24_days_on_the_way_do_not_make_an_edit_younger",
)
def _days_on_the_way_are_a_wrong_clock(patch: pytest.MonkeyPatch) -> None:
    """HQ takes the time a file was on its way for an error of the laptop's clock."""
    question = hq_filesync._question

    def measured(*given: Any) -> Any:
        asked = question(*given)
        late = datetime.now(UTC) - parse_instant(asked.at)
        return replace(asked, offset_ms=int(late.total_seconds() * 1000))

    patch.setattr(hq_filesync, "_question", measured)


@plant(
    case=27,
    test="tests/sync/test_filesync_refusals.py"
    "::test_case_27_a_laptop_that_begins_anew_is_overwritten_only_by_the_latest_word",
)
def _any_word_is_the_latest(patch: pytest.MonkeyPatch) -> None:
    """A file overwrites a laptop that begins anew although it has been answered since."""
    patch.setattr(filesync._Recorded, "_nothing_answered_since", lambda *_given: True)
