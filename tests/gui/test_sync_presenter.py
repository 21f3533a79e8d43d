"""What the sync centre does, on a view that notes it: cards, lists, deciding, undoing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crmdesk.domain.errors import FieldError, StaleRevision
from crmdesk.gui.presenting import RoundState
from crmdesk.gui.sync_words import RoundItem
from crmdesk.gui.views.sync.presenter import PROPOSALS, SETTLED
from crmdesk.services import accounts, settling
from crmdesk.services.queries.customer_timeline import search_timeline
from crmdesk.services.queries.sync import sync_centre, sync_status
from crmdesk.services.workspace import Workspace, open_workspace
from crmdesk.storage.entities import entity
from tests.gui.conftest import DirectRunner, FakeDesk
from tests.gui.demo_profile import SPEC
from tests.gui.sync_stage import (
    everything,
    office_of,
    open_conflict,
    presenter_of,
    sql,
    story,
)  # fmt: skip

__all__ = ["everything", "story"]


def test_first_card_is_selected_and_the_bar_moves(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    assert view.item is not None
    keys = [need.key for need in view.item.needs]
    assert view.selected == keys[0]
    presenter.step(1)
    assert view.selected == keys[1]
    presenter.step(9)
    assert view.selected == keys[2]


def test_fine_can_be_undone(story: Workspace, direct_runner: DirectRunner, desk: FakeDesk) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.fine()
    presenter.refresh()
    assert view.item is not None
    assert len(view.item.needs) == 2
    assert desk.undo is not None
    desk.undo()
    presenter.refresh()
    assert len(view.item.needs) == 3


def test_restore_of_a_card_brings_all_its_values_back(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.step(1)
    presenter.restore()
    assert desk.toasts == ["2 values restored"]
    presenter.refresh()
    assert view.item is not None
    assert len(view.item.needs) == 2


def test_a_round_is_asked_for_followed_and_cancelled(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.try_now()
    assert desk.rounds.asked == 1
    running = RoundState(running=True, stage="pull", done=1204, bytes=240_000)
    desk.rounds.tell(running)
    assert view.rounds[-1].words == "Receiving · 1,204 rows · 240.0\xa0kB"
    desk.rounds.tell(replace(running, stage="push", done=3, total=14, bytes=0))
    assert view.rounds[-1].words == "Sending · 3 of 14 changes"
    presenter.cancel()
    assert desk.rounds.cancelled == 1
    desk.rounds.tell(replace(running, stopping=True))
    assert view.rounds[-1].stopping
    desk.rounds.tell(RoundState(next_in_s=250))
    assert view.rounds[-1] == RoundItem(next_try="next try in 4 min")
    presenter.close()
    assert desk.rounds.listeners == []


def test_profile_alone_is_told_how_to_join(
    demo: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, _view = presenter_of(demo, direct_runner, desk)
    presenter.try_now()
    assert len(desk.banners) == 1
    assert desk.rounds.asked == 0


def test_a_refused_order_that_stands_at_hq_is_copied_and_opened(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.open()
    assert view.item is not None
    ((place, args),) = desk.went
    (status, copied) = sql(
        story,
        "SELECT d.status, o.id FROM sales_order d JOIN sales_order o ON o.uid = d.copied_from_uid"
        " WHERE d.id = ?",
        args["order"],
    )[0]
    assert (place, status, copied) == ("order", "draft", view.item.needs[0].copy_id)


def test_a_refused_order_that_is_a_draft_again_is_opened_and_sent_again(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    with story.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE sales_order SET status = 'draft' WHERE uid = (SELECT uid FROM refusal)"
        )
    presenter, view = presenter_of(story, direct_runner, desk)
    assert view.item is not None
    need = view.item.needs[0]
    presenter.open()
    assert desk.went == [("order", {"order": need.order_id})]
    assert need.can_retry
    presenter.retry()
    status = "SELECT status FROM sales_order WHERE id = ?"
    assert sql(story, status, need.order_id) == [("submitted",)]
    assert len(sync_centre(story).needs) == 2


@pytest.mark.parametrize(("side", "minutes"), [("mine", 15), ("theirs", 25)])
def test_a_side_is_kept_for_one_field_and_taken_back(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk, side: str, minutes: int
) -> None:
    with story.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE account SET visit_minutes = 25 WHERE uid ="
            " (SELECT uid FROM conflict WHERE field = 'visit_minutes')"
        )
    presenter, _view = presenter_of(story, direct_runner, desk)
    presenter.step(1)
    presenter.step_field(1)
    presenter.keep(side)
    stands = (
        "SELECT visit_minutes FROM account WHERE uid ="
        " (SELECT uid FROM conflict WHERE field = 'visit_minutes')"
    )
    assert sql(story, stands) == [(minutes,)]
    fields = [row.field for need in sync_centre(story).needs for row in need.collisions]
    assert fields == ["opening_hours", "credit_limit_minor"], "the other field is still open"
    assert desk.undo is not None
    desk.undo()
    assert sql(story, stands) == [(25,)]
    assert len(sync_centre(story).needs[1].collisions) == 2


def test_another_value_is_typed_in_place(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(story, direct_runner, desk)
    presenter.step(1)
    presenter.other_value()
    assert view.asked == [], "opening hours are not typed in a line"
    presenter.step_field(1)
    presenter.other_value()
    assert view.asked == ["25"]
    key = open_conflict(story, "visit_minutes")
    presenter.value_given(key, "soon")
    assert view.complaints == ["Visit length cannot be soon."]
    assert view.asked == ["25"], "it stays to be mended"
    presenter.value_given(key, "18")
    assert view.asked == []
    stands = "SELECT a.visit_minutes FROM account a JOIN conflict c ON c.uid = a.uid WHERE c.id = ?"
    assert sql(story, stands, key) == [(18,)]


@pytest.mark.parametrize("text", ["2,000", "2.000", "much", "1e3x", ""])
def test_unclear_amounts_are_asked_again(text: str) -> None:
    field_spec = entity("account").field("minimum_order_minor")
    if not text:
        assert settling.typed_value(field_spec, text, "EUR") is None
        return
    with pytest.raises(FieldError):
        settling.typed_value(field_spec, text, "EUR")


def test_amounts_are_typed_in_the_major_unit() -> None:
    field_spec = entity("account").field("minimum_order_minor")
    for text, minor in (("2000", 200000), ("2000.5", 200050), ("1.234,50", 123450)):
        assert settling.typed_value(field_spec, text, "EUR") == minor


def test_what_was_settled_is_taken_back_after_a_restart(
    story: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    settling.settle_with(story, open_conflict(story, "visit_minutes"), "18")
    reopened = open_workspace(story.folder, SPEC.instant)
    presenter, view = presenter_of(reopened, direct_runner, desk)
    presenter.show_tab(SETTLED)
    assert view.item is not None
    assert [row.note for row in view.item.settled] == ["Settled by you instead of 25 min"]
    presenter.choosing.reopen()
    assert open_conflict(story, "visit_minutes")
    waiting = sql(
        reopened, "SELECT fields FROM journal WHERE state = 'waiting' ORDER BY seq DESC LIMIT 1"
    )
    assert json.loads(waiting[0][0])["visit_minutes"][0] == 18, "taken back by a change of its own"
    reopened.close()


def test_what_has_changed_since_is_not_taken_back(story: Workspace) -> None:
    key = open_conflict(story, "visit_minutes")
    changes = settling.settle_with(story, key, "18")
    (account,) = changes.touched["account"]
    accounts.edit_account(story, account, {"visit_minutes": 40})
    with pytest.raises(StaleRevision):
        settling.reopen(story, "conflict", [key])
    assert sync_centre(story).settled[0].state == "restored"


def test_every_kind_says_what_happened_and_what_to_do(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    _presenter, view = presenter_of(everything, direct_runner, desk)
    assert view.item is not None
    needs = {need.kind: need for need in view.item.needs}
    assert set(needs) == {"refused", "conflict", "price", "handover", "outcome", "file"}
    assert all(need.title and need.hint for need in needs.values())
    price = needs["price"]
    assert price.sentence.startswith("HQ took the order as you agreed it")
    assert [(f.name, f.mine.value, f.theirs.value) for f in price.fields] == [
        ("OIL-1L", "7.95", "8.20"), ("TUNA-80", "1.25", "1.31"),
    ]  # fmt: skip
    assert needs["handover"].lines == (
        "Note: Ask for Antonio after ten.", "Customer details: Visit length 25 min",
    )  # fmt: skip
    outcome = needs["outcome"]
    assert outcome.sentence == "Inés Pardo dismissed it: Terms stays 30 days; you proposed 45 days."
    assert outcome.hint == "The reason: Pays late already."
    assert needs["file"].sentence == "HQ keeps at most 2 GB of files of one person."
    (upload,) = [line for line in view.item.waiting if line.icon == "photo"]
    assert (upload.words, upload.right) == ("fridge.jpg", "1.2\xa0MB of 3.1\xa0MB")
    assert view.item.sessions[0].note == "Complete, 1 row mended"
    assert "by file" in view.item.sessions[0].more[0]


@pytest.mark.parametrize("kind", ["refused", "price", "handover", "outcome", "file"])
def test_seen_cards_leave_and_come_back(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk, kind: str
) -> None:
    presenter, view = presenter_of(everything, direct_runner, desk)
    assert view.item is not None
    before = {need.key for need in view.item.needs}
    key = next(need.key for need in view.item.needs if need.kind == kind)
    presenter.fine(key)
    presenter.refresh()
    assert {need.key for need in view.item.needs} == before - {key}
    assert sync_status(everything).need == len(before) - 1
    assert desk.undo is not None
    desk.undo()
    presenter.refresh()
    assert {need.key for need in view.item.needs} == before


def test_a_seen_handover_is_told_to_hq_and_stays_on_the_customers_card(
    everything: Workspace,
) -> None:
    need = next(need for need in sync_centre(everything).needs if need.kind == "handover")
    assert need.account_id is not None
    events = search_timeline(everything, need.account_id, "former owner")
    assert [(event.kind, event.number) for event in events] == [("handover", 0)]
    changes = settling.settle(everything, "handover", need.ids)
    fields = json.loads(
        sql(everything, "SELECT fields FROM journal WHERE txn = ?", changes.undo)[0][0]
    )
    assert set(fields) == {"seen_at", "seen_by_id"}
    events = search_timeline(everything, need.account_id, "former owner")
    assert [(event.kind, event.number) for event in events] == [("handover", 1)]


def test_a_rep_sees_his_proposals_and_their_answers_but_does_not_decide(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(everything, direct_runner, desk)
    presenter.show_tab(PROPOSALS)
    assert view.item is not None
    assert not view.item.decides
    notes = [row.note for row in view.item.proposals]
    assert "dismissed by Inés Pardo: Pays late already." in notes
    assert any("waits for the office" in note for note in notes)
    presenter.choosing.pick_all()
    presenter.choosing.accept()
    presenter.choosing.dismiss()
    assert view.selection.picked == frozenset()
    assert view.asked == []
    assert sql(everything, "SELECT count(*) FROM proposal WHERE status = 'accepted'") == [(0,)]


def test_office_picks_accepts_and_takes_back(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(office_of(everything), direct_runner, desk)
    presenter.show_tab(PROPOSALS)
    assert view.item is not None
    warnings = [row.warning for row in view.item.proposals]
    assert any(words.startswith("was ") for words in warnings), "it has changed since"
    opened = "SELECT count(*) FROM proposal WHERE status = 'open'"
    before = sql(everything, opened)[0][0]
    presenter.choosing.pick()
    presenter.choosing.pick()
    assert len(view.selection.picked) == 2
    presenter.choosing.accept()
    assert desk.toasts[-1] == "2 proposals accepted"
    assert sql(everything, opened)[0][0] == before - 2
    assert desk.undo is not None
    desk.undo()
    assert sql(everything, opened)[0][0] == before


def test_office_dismisses_with_a_reason(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(office_of(everything), direct_runner, desk)
    presenter.show_tab(PROPOSALS)
    presenter.choosing.dismiss()
    assert view.asked == ["Why not? Whoever asked reads it."]
    presenter.choosing.reason_given(" ")
    assert view.complaints == ["Say why: the rep reads it."]
    presenter.choosing.reason_given("Not this year.")
    answers = sql(everything, "SELECT answer FROM proposal WHERE status = 'dismissed'")
    assert ("Not this year.",) in answers
    assert desk.toasts == ["1 proposal dismissed"]


def test_who_decides_and_needs_nothing_begins_with_the_proposals(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    ws = office_of(everything)
    for need in sync_centre(ws).needs:
        settling.settle(ws, need.kind, need.ids)
    _presenter, view = presenter_of(ws, direct_runner, desk)
    assert view.selection.tab == PROPOSALS
    status = sync_status(ws)
    assert status.need == status.proposals > 0


def test_a_file_that_was_not_taken_is_sent_again(
    everything: Workspace, direct_runner: DirectRunner, desk: FakeDesk
) -> None:
    presenter, view = presenter_of(everything, direct_runner, desk)
    assert view.item is not None
    presenter.retry(next(need.key for need in view.item.needs if need.kind == "file"))
    assert sql(everything, "SELECT count(*) FROM transfer WHERE state = 'refused'") == [(0,)]
    assert "file" not in {need.kind for need in sync_centre(everything).needs}
