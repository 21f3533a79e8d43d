"""The reorder board without Qt: grouped, picked, changed, asked, said, planned."""

import pytest

from crmdesk.domain.changes import ChangeSet
from crmdesk.gui.views.reorder.asking import Ask
from crmdesk.gui.views.reorder.items import (
    Grouping,
    GroupItem,
)
from crmdesk.services.queries.reorder import (
    ReorderSort,
    Urgency,
)
from crmdesk.services.workspace import Workspace
from tests.gui.copied_company import ws
from tests.gui.reorder_stage import Made, made, template

__all__ = ["made", "template", "ws"]


# ---------------------------------------------------------------------------------- presenter


def test_the_board_opens_on_the_urgent_states(made: Made) -> None:
    _presenter, view, _desk = made
    assert [tile.key for tile in view.tiles if tile.on] == ["overdue", "due", "at_risk"]
    assert [group.key for group in view.groups()] == ["overdue", "due", "at_risk"]
    assert view.heading.startswith("as of today · last 90 days: shown ")
    assert view.routes == (5, 25)
    assert view.empty == ("", "")
    assert not any(group.right for group in view.groups())


def test_tiles_switch_states_and_one_stays(made: Made) -> None:
    presenter, view, _desk = made
    for key in ("overdue", "due", "at_risk"):
        presenter.toggle_state(key)
    assert [group.key for group in view.groups()] == ["at_risk"]
    presenter.toggle_state("fine")
    assert [group.key for group in view.groups()] == ["at_risk", "fine"]


def test_filtering_says_how_much_is_shown_and_why_nothing_is(made: Made) -> None:
    presenter, view, _desk = made
    presenter.search("tomate")
    assert all(" of " in group.right for group in view.groups())
    presenter.search("zzzz")
    assert view.empty[0] == "Nothing found"
    assert view.pairs() == []


@pytest.mark.parametrize(("grouping", "part"), [("customer", 0), ("sku", 1)])
def test_grouping_keeps_every_row_under_its_heading(made: Made, grouping: str, part: int) -> None:
    presenter, view, _desk = made
    before = set(view.pairs())
    presenter.choose_grouping(grouping)
    assert set(view.pairs()) == before
    current = ""
    for entry in view.entries:
        if isinstance(entry, GroupItem):
            current = entry.key
        else:
            assert current == f"{grouping}:{entry[part]}"
    assert len({group.key for group in view.groups()}) == len(view.groups())


def test_rows_say_rhythm_quantity_and_next_visit(made: Made) -> None:
    _presenter, view, _desk = made
    item = view.rows[view.pairs()[0]]
    assert item.why.startswith("Buys every ~")
    assert item.why.endswith(f"; usually {item.packs} {item.unit}.")
    assert item.purchases.marks == item.row.purchases
    assert any(row.visit.startswith("today ") for row in view.rows.values())
    assert any(row.visit == "no visit planned" for row in view.rows.values())


def test_quantities_change_margin_and_pick_the_row(made: Made) -> None:
    presenter, view, _desk = made
    key = view.pairs()[0]
    row = view.rows[key].row
    assert presenter.set_packs(key, str(row.packs * 2))
    assert view.rows[key].packs == row.packs * 2
    assert int(view.rows[key].margin) == pytest.approx(row.margin_minor * 2 / 100, abs=1)
    assert presenter.picks() == {key}
    assert view.total[2] == 1
    assert presenter.set_packs(key, "0")
    assert presenter.picks() == frozenset()
    assert not presenter.set_packs(key, "many")
    assert not presenter.set_packs(key, "1000000")
    assert not presenter.set_packs(key, "2²")


def test_the_next_pack_holds_about_the_same_goods(made: Made) -> None:
    presenter, view, _desk = made
    key = next(k for k in view.pairs() if k[1] % 2 == 0)  # sold in units and cases of twelve
    row = view.rows[key].row
    presenter.next_pack(key)
    assert view.rows[key].unit == "units"
    assert view.rows[key].packs == row.packs * 12
    presenter.next_pack(key)
    assert (view.rows[key].packs, view.rows[key].row.pack.unit) == (row.packs, "CS")


def test_picks_survive_a_filter_and_go_into_orders(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    keys = view.pairs()[:3]
    presenter.set_picks(keys)
    presenter.set_packs(keys[0], "7")
    told = view.total
    presenter.search("nothing at all")
    assert presenter.picks() == set(keys)
    assert view.total == told, "what is picked is worth as much while it is not shown"
    presenter.on_changes(ChangeSet(everything=True))
    assert view.total == told
    presenter.add_to_orders(None)
    assert desk.toasts[-1].startswith("3 lines added to ")
    assert presenter.picks() == frozenset()
    with ws.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT o.account_id, l.product_id, l.quantity FROM order_line l"
            " JOIN sales_order o ON o.id = l.parent_id"
        ).all()
    assert {(row[0], row[1]) for row in found} == set(keys)
    assert next(row[2] for row in found if (row[0], row[1]) == keys[0]) == 7


def test_adding_takes_the_current_row_when_nothing_is_picked(made: Made) -> None:
    presenter, view, desk = made
    presenter.add_to_orders(None)
    assert "Space" in desk.toasts[-1]
    presenter.add_to_orders(view.pairs()[0])
    assert desk.toasts[-1].startswith("1 line added to 1 draft order")


def test_not_now_can_be_taken_back(made: Made) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.steps.put_off(key, "Enough in stock")
    presenter.start()
    assert key not in view.pairs()
    assert desk.undo is not None
    desk.undo()
    presenter.start()
    assert key in view.pairs()


def test_a_row_opens_the_customer_at_this_product(made: Made) -> None:
    presenter, view, desk = made
    presenter.open(view.pairs()[0])
    account, product = view.pairs()[0]
    assert desk.went == [("customer", {"account": account, "product": product})]


def test_the_export_is_the_windows(made: Made) -> None:
    presenter, _view, desk = made
    presenter.export()
    assert desk.exports == 1


def test_sorting_is_asked_of_the_query(made: Made) -> None:
    presenter, view, _desk = made
    presenter.sort(ReorderSort.MARGIN, descending=False)
    presenter.read_rows(view.pairs())
    overdue = [view.rows[key].row for key in view.pairs()]
    margins = [row.margin_minor for row in overdue if row.state is Urgency.OVERDUE]
    assert margins == sorted(margins)


def test_the_sentence_says_what_is_shown(made: Made) -> None:
    presenter, view, _desk = made
    shown, customers = len(view.pairs()), len({key[0] for key in view.pairs()})
    assert view.sentence.startswith(
        f"{shown} SKUs at {customers} customers, overdue, due or at ris"
    )
    presenter.choose_route("today")
    presenter.search("tomate")
    assert "on today's route, with “tomate” · " in view.sentence


def test_all_of_a_customer_is_picked_and_let_go(made: Made) -> None:
    presenter, view, _desk = made
    account = view.pairs()[0][0]
    members = {key for key in view.pairs() if key[0] == account}
    presenter.pick_group(view.pairs()[0])
    assert presenter.picks() == members
    assert view.total[2] == len(members)
    presenter.pick_group(view.pairs()[0])
    assert presenter.picks() == frozenset()


def test_a_packs_minimum_and_multiple_hold_when_typed(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    key = view.pairs()[0]
    with ws.database.write(applying=True) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE packaging SET minimum = 3, multiple = 2 WHERE product_id = ?", (key[1],)
        )
    presenter.read_rows([key])
    assert presenter.set_packs(key, "1")
    assert view.rows[key].packs == 4
    presenter.detail.look_at(key)
    assert view.detail is not None
    assert view.detail.rounding.startswith("Expected: ")


def test_the_current_row_speaks_of_what_was_said_and_kept(made: Made, ws: Workspace) -> None:
    presenter, view, _desk = made
    key = view.pairs()[0]
    presenter.steps.ask(Ask.PAR, key)
    assert view.question is not None
    assert view.question.number
    presenter.steps.asking.answer("two")
    assert view.beside == ("Type a whole number.", True)
    presenter.steps.asking.answer("2")
    assert view.question is None
    row = view.rows[key].row
    presenter.detail.look_at(key)
    assert view.detail is not None
    assert f"par level {2 * row.pack.factor} units" in view.detail.facts


def test_a_question_about_packs_can_be_answered_in_another(made: Made) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.steps.ask(Ask.PAR, key)
    asking = presenter.steps.asking
    asking.type("3")
    assert view.beside == ("cases = 36 units", False)
    names = set()
    for _press in range(3):
        asking.cycle()
        names.add(view.beside[0])
    assert "units" in names
    asking.leave()
    assert view.question is None
    assert desk.toasts == []


def test_a_substitute_is_found_by_its_name(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.steps.ask(Ask.SUBSTITUTE, key)
    asking = presenter.steps.asking
    asking.answer("")
    assert view.beside[1]
    asking.type("zzzz")
    assert view.beside == ("No product is called that.", False)
    asking.type("lavamar")
    assert " of " in view.beside[0]
    asking.cycle()
    asking.answer("lavamar")
    assert "is substituted at" in desk.toasts[-1]
    presenter.start()
    assert key not in view.pairs()
    assert desk.undo is not None
    desk.undo()
    presenter.start()
    assert key in view.pairs()


def test_a_contact_is_planned_and_promised_for_who_slips_away(made: Made, ws: Workspace) -> None:
    presenter, view, desk = made
    presenter.choose_grouping("losses")
    assert view.mode is Grouping.LOSSES
    assert view.losses
    assert "a month at stake" in view.sentence
    account = view.losses[0]
    presenter.losses.read_rows(view.losses)
    item = view.loss_rows[account]
    assert "(at risk)" in item.skus or "(lapsed)" in item.skus
    presenter.steps.ask_day(account, "call")
    day = view.days[1].day
    presenter.steps.plan_contact(account, day, "call")
    assert desk.toasts[-1].startswith(f"Call to {item.account} planned")
    presenter.steps.ask_promise(account)
    presenter.steps.asking.answer("bring the new list")
    presenter.losses.read_rows([account])
    assert "bring the new list" in view.loss_rows[account].agreed
    presenter.open(account)
    assert desk.went[-1] == ("customer", {"account": account})


def test_a_sku_of_the_card_is_found_in_any_state(made: Made) -> None:
    presenter, view, _desk = made
    presenter.toggle_state("fine")
    fine = next(key for key in view.pairs() if view.rows.get(key) is None)
    presenter.toggle_state("fine")
    presenter.show_account(*fine)
    assert view.selected == [fine]
    assert {key[0] for key in view.pairs()} == {fine[0]}
    assert "in any state" in view.sentence


def test_the_order_of_the_current_customer_opens(made: Made) -> None:
    presenter, view, desk = made
    key = view.pairs()[0]
    presenter.add_to_orders(key, then_open=True)
    assert desk.went[-1][0] == "order"


def test_accuracy_is_asked_for_the_current_customer(made: Made) -> None:
    presenter, view, desk = made
    presenter.detail.look_at(view.pairs()[0])
    presenter.show_accuracy()
    assert desk.went[-1] == ("accuracy", {"account": view.pairs()[0][0]})
