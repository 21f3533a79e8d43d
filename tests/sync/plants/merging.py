"""Bugs planted where two sides meet in a row, and in the clocks: cases 18 to 21 and 24."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crmdesk.hq.exchange import judging, push
from crmdesk.storage import capture
from crmdesk.sync import merge, uploading
from crmdesk.sync.session import Session
from tests.sync.planted import plant

_CASES = "tests/sync/test_hard_cases.py::test_case_"


@plant(case=18, test=f"{_CASES}18_different_fields_on_both_sides_survive")
def _rows_collide_as_wholes(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes second with a row is told that it has changed."""
    apply = judging.Judge._apply

    def whole(self: Any, entity: Any, op: Any, key: Any, image: Any) -> Any:
        if op.op == "U" and image is not None and image.rev > op.base_rev:
            raise merge.RefusedOp("changed", "Somebody else has changed this.")
        return apply(self, entity, op, key, image)

    patch.setattr(judging.Judge, "_apply", whole)


@plant(case=19, test=f"{_CASES}19_of_one_field_the_later_wins_and_the_loser_can_be_put_back")
def _losers_are_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(uploading, "_write_conflicts", lambda *_: None)


@plant(case=20, test=f"{_CASES}20_a_deletion_never_drops_an_edit_silently")
def _deletions_do_not_look(patch: pytest.MonkeyPatch) -> None:
    """A deletion takes away whatever revision HQ has."""
    delete = merge.merge_delete

    def blind(entity: Any, _base_rev: int, image: Any, writer: Any) -> Any:
        return delete(entity, 1 << 60, image, writer)

    patch.setattr(judging, "merge_delete", blind)


@plant(case=21, test=f"{_CASES}21_a_submitted_document_is_not_altered_through_the_file")
def _no_guards_in_the_file(patch: pytest.MonkeyPatch) -> None:
    every = capture.trigger_ddl

    def unguarded() -> list[str]:
        return [s for s in every() if not s.startswith("CREATE TRIGGER guard_")]

    patch.setattr(capture, "trigger_ddl", unguarded)


@plant(case=21, test=f"{_CASES}21_a_submitted_document_is_not_altered_by_sync")
def _hq_takes_what_it_gets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merge, "_check_immutable", lambda *_: None)


@plant(
    case=24,
    test=f"{_CASES}24_a_clock_ten_years_off_syncs_is_told_and_does_not_win_for_ever",
)
def _clocks_are_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(push, "corrected_hlc", lambda hlc, *_: hlc)


@plant(
    case=24,
    test="tests/sync/test_clocks_set_back.py"
    "::test_case_24_what_a_restored_hq_lost_is_settled_by_hqs_clock_not_by_the_laptops",
)
def _the_laptops_clock_judges_what_waits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "hq_now", lambda of: datetime.fromtimestamp(of.now_ms() / 1000, UTC))
