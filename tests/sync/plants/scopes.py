"""Bugs planted where scopes are kept apart: cases 12, 13, 15, 16 and 17."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from crmdesk.hq.database import scopes
from crmdesk.hq.database.store import HqConnection
from crmdesk.hq.exchange import following, judging, pull
from crmdesk.hq.running import endpoints
from crmdesk.storage import profile
from crmdesk.sync import downloading, erasing
from tests.sync.planted import plant


@plant(
    case=12,
    test="tests/sync/test_moving.py::test_case_12_a_moved_customer_leaves_and_arrives_with_all_it_has",
)
def _children_stay_behind(patch: pytest.MonkeyPatch) -> None:
    """Only the account's own row is sent to its new territory."""
    moved = pull._moved_accounts

    def alone(
        connection: HqConnection, page: Any, held: Collection[str]
    ) -> tuple[list[str], list[str]]:
        page.entries.setdefault("account", []).extend(page.entries.get("account*", []))
        return [], moved(connection, page, held)[1]

    patch.setattr(pull, "_moved_accounts", alone)


@plant(
    case=13,
    test="tests/sync/test_scopes.py::test_case_13_an_offline_edit_on_a_customer_that_moved_is_refused_kept_and_handed_over",
)
def _nobody_is_told(patch: pytest.MonkeyPatch) -> None:
    """The words of the former owner are refused and nobody else hears of them."""
    patch.setattr(following.Following, "_tell_new_owners", lambda *_: None)


@plant(
    case=13,
    test="tests/sync/test_scopes.py::test_case_13_an_offline_edit_on_a_customer_that_moved_is_refused_kept_and_handed_over",
)
def _words_go_with_the_customer(patch: pytest.MonkeyPatch) -> None:
    """What was refused is thrown away together with the customer."""
    patch.setattr(downloading, "keep_words", lambda *_: None)


@plant(
    case=15,
    test="tests/sync/test_scopes.py::test_case_15_out_and_back_in_before_the_laptop_syncs_changes_nothing",
)
def _every_departure_is_final(patch: pytest.MonkeyPatch) -> None:
    """Whatever was once announced as leaving is taken away, wherever it is now."""

    def departed(
        _connection: HqConnection, page: Any, _held: Collection[str]
    ) -> tuple[list[str], list[str]]:
        page.entries.pop("account*", None)
        return [], sorted({uid for _account, uid, _scope in page.entries.pop("account", [])})

    patch.setattr(pull, "_moved_accounts", departed)


@plant(case=16, test="tests/sync/test_leaks.py::test_case_16_no_request_brings_a_foreign_byte")
def _scopes_as_asked_for(patch: pytest.MonkeyPatch) -> None:
    """A device gets the snapshot of whatever scopes it names."""

    def everything(connection: HqConnection, _who: scopes.Principal) -> list[str]:
        rows = connection.execute("SELECT scope FROM scope_head").fetchall()
        return sorted(str(row[0]) for row in rows)

    patch.setattr(endpoints, "scopes_of", everything)


@plant(case=16, test="tests/sync/test_leaks.py::test_case_16_no_request_brings_a_foreign_byte")
def _refusals_show_the_row(patch: pytest.MonkeyPatch) -> None:
    """Every refused change is answered with HQ's row."""
    patch.setattr(judging.Judge, "_may_show", lambda *_: True)


@plant(
    case=16,
    test="tests/sync/test_scopes.py::test_case_16_a_crafted_write_is_refused_and_tells_nothing",
)
def _anybody_writes_anything(patch: pytest.MonkeyPatch) -> None:
    """Where a row lies is not looked at."""
    patch.setattr(judging, "check_scope", lambda *_: None)


@plant(
    case=17,
    test="tests/sync/test_purging.py::test_case_17_after_a_purge_no_byte_names_the_customer",
)
def _deleted_is_good_enough(patch: pytest.MonkeyPatch) -> None:
    """Rows are deleted; the log and the index are left as they are."""
    patch.setattr(downloading, "wipe_pages", lambda _database: None)


@plant(
    case=17,
    test="tests/sync/test_purging.py::test_case_17_after_a_purge_no_byte_names_the_customer",
)
def _the_journal_remembers(patch: pytest.MonkeyPatch) -> None:
    """What was answered about the customer stays in journal and conflicts."""
    from crmdesk.sync import applying

    def only_untidy(connection: Any, uids: Any) -> None:
        if uids:
            profile.set_fact(connection, erasing.UNTIDY, "1")

    patch.setattr(applying, "forget_rows", only_untidy)
