"""Bugs planted in what keeps both sides the same: cases 25 to 31."""

from __future__ import annotations

from typing import Any

import pytest

from crmdesk.hq.database import feed
from crmdesk.hq.exchange import pull, push, sums
from crmdesk.storage import profile, resuming
from crmdesk.sync import (
    client,
    downloading,
    facts,
    healing,
    local_sums,
    mending,
    merge,
    restored,
    resyncing,
)
from crmdesk.sync.checksums import Plan
from crmdesk.sync.cursor import keep_cursor
from crmdesk.sync.mending import Fetched, Mender
from crmdesk.sync.versions import OtherColumns
from tests.sync.planted import plant

_VERSIONS = (
    "tests/sync/test_other_versions.py::test_case_25_what_one_side_does_not_know_survives_on_both"
)


@plant(case=25, test=_VERSIONS)
def _hq_drops_what_it_does_not_know(patch: pytest.MonkeyPatch) -> None:
    """Fields of a newer laptop are left out instead of kept."""
    patch.setattr(merge, "_keep_extra", lambda *_: None)


@plant(case=25, test=_VERSIONS)
def _laptop_drops_what_it_does_not_know(patch: pytest.MonkeyPatch) -> None:
    """Columns of a newer HQ are left out instead of kept."""
    patch.setattr(OtherColumns, "keep", lambda *_: None)


@plant(case=25, test=_VERSIONS)
def _what_hq_does_not_send_is_cleared(patch: pytest.MonkeyPatch) -> None:
    """A column that an older HQ does not have gets its default with every row of it."""
    patch.setattr(OtherColumns, "completed", lambda _self, _connection, _name, rows: list(rows))


@plant(
    case=26,
    test="tests/sync/test_restores.py::test_case_26_a_copied_disk_is_found_out_and_overwrites_nothing",
)
def _any_answer_to_a_known_number(patch: pytest.MonkeyPatch) -> None:
    """A sequence number that was answered gets its answer again, whatever it says now."""
    patch.setattr(push, "op_hash", lambda op: op.seq.to_bytes(16, "big"))


@plant(
    case=26,
    test="tests/sync/test_restores.py::test_case_26_a_restored_laptop_counts_on_and_gets_its_own_work_back",
)
def _counts_on_from_the_backup(patch: pytest.MonkeyPatch) -> None:
    """A restored laptop goes on numbering where its backup stood."""
    patch.setattr(resuming, "step_ahead", lambda *_: None)


_RESTORED_HQ = (
    "tests/sync/test_restores.py::test_case_27_what_a_restored_hq_has_lost_is_offered_again"
)


@plant(
    case=27,
    test="tests/sync/test_restores.py::test_case_27_a_backup_put_in_place_without_a_word_is_noticed",
)
def _positions_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Who stands ahead of HQ simply gets nothing until HQ has come that far again."""
    patch.setattr(pull, "is_ahead", lambda *_: False)


@plant(case=27, test=_RESTORED_HQ)
def _nothing_offered_again(patch: pytest.MonkeyPatch) -> None:
    """After a restore laptops take what HQ has, and what was answered is done."""

    def start_over(connection: Any, epoch: str, _now: object) -> None:
        keep_cursor(connection, {})
        profile.set_fact(connection, facts.EPOCH, epoch)

    patch.setattr(restored, "start_over", start_over)


@plant(case=27, test=_RESTORED_HQ)
def _refused_at_once(patch: pytest.MonkeyPatch) -> None:
    """What builds on something HQ has lost is refused, although its author may be on the way."""
    patch.setattr(client, "again", lambda *_: 0)


@plant(case=27, test=_RESTORED_HQ)
def _unknown_rows_removed_at_once(patch: pytest.MonkeyPatch) -> None:
    """Rows that HQ has lost are taken for rows that HQ does not have."""
    patch.setattr(mending, "surviving", lambda *_: set())


@plant(
    case=28,
    test="tests/sync/test_retention.py::test_case_28_who_was_silent_longer_than_tombstones_are_kept_starts_anew",
)
def _horizon_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """HQ gives news although its feed has forgotten some of it."""
    patch.setattr(feed, "forgotten", lambda *_: set())


@plant(
    case=28,
    test="tests/sync/test_retention.py::test_case_28_who_was_silent_longer_than_tombstones_are_kept_starts_anew",
)
def _leftovers_stay(patch: pytest.MonkeyPatch) -> None:
    """Rows that the snapshot does not have stay on the laptop."""
    patch.setattr(downloading, "vanished", lambda *_, **_more: {})


@plant(
    case=28,
    test="tests/sync/test_retention.py::test_case_28_who_was_silent_longer_than_tombstones_are_kept_starts_anew",
)
def _journal_starts_anew_too(patch: pytest.MonkeyPatch) -> None:
    """A laptop that starts anew forgets what it had to say."""
    vanished = resyncing.vanished

    def forgetting(connection: Any, anew: Any, *args: Any, **more: Any) -> Any:
        if anew:
            connection.exec_driver_sql("DELETE FROM journal")
        return vanished(connection, anew, *args, **more)

    patch.setattr(downloading, "vanished", forgetting)


@plant(
    case=29,
    test="tests/sync/test_healing.py::test_case_29_a_flipped_row_is_found_and_healed",
)
def _sums_of_revisions_only(patch: pytest.MonkeyPatch) -> None:
    """What a row holds does not count, so one flipped at its right revision is not seen."""
    for module in (sums, local_sums):
        patch.setattr(module, "plan", lambda fields: Plan(tuple(fields)[:1], (), ()))


@plant(
    case=29,
    test="tests/sync/test_healing.py::test_case_29_a_flipped_row_is_found_and_healed",
)
def _no_comparison(patch: pytest.MonkeyPatch) -> None:
    """Whatever HQ's sums are, no bucket differs."""
    patch.setattr(healing, "differing_buckets", lambda *_: [])


@plant(
    case=29,
    test="tests/sync/test_healing.py::test_case_29_a_flipped_row_is_found_and_healed",
)
def _whole_buckets_fetched(patch: pytest.MonkeyPatch) -> None:
    """Every row of a bucket that differs is fetched, not only the one that does."""
    contents = local_sums.contents

    def none_alike(*args: Any) -> Any:
        return {
            scope: {key: (rev, value + 1) for key, (rev, value) in rows.items()}
            for scope, rows in contents(*args).items()
        }

    patch.setattr(healing, "contents", none_alike)


@plant(
    case=30,
    test="tests/sync/test_healing.py::test_case_30_a_heal_that_cannot_succeed_is_bounded_and_reported",
)
def _until_it_fits(patch: pytest.MonkeyPatch) -> None:
    """It is tried again until both sides are the same."""
    patch.setattr(healing, "ATTEMPTS", 40)


@plant(
    case=30,
    test="tests/sync/test_healing.py::test_case_30_a_heal_that_cannot_succeed_is_bounded_and_reported",
)
def _every_round_compares(patch: pytest.MonkeyPatch) -> None:
    """That a comparison was made today is forgotten."""
    patch.setattr(healing, "due", lambda *_: True)


@plant(
    case=31,
    test="tests/sync/test_healing.py::test_case_31_no_divergence_asks_which_side_to_throw_away",
)
def _the_other_side_wins(patch: pytest.MonkeyPatch) -> None:
    """Where the sides differ, HQ's is taken and what waits about it is dropped."""
    mend = Mender.mend

    def taken(self: Mender, fetched: Fetched) -> None:
        mend(self, fetched)
        uids = [row.uid for rows in fetched.rows.values() for row in rows]
        uids += [uid for _name, uid in [*fetched.gone, *fetched.unknown]]
        for uid in uids:
            self._connection.exec_driver_sql(
                "DELETE FROM journal WHERE state = 'waiting' AND (uid = ?1 OR account_uid = ?1)",
                (uid,),
            )

    patch.setattr(Mender, "mend", taken)
