"""The list of quotes, their figures and sheets, and any history of them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crmdesk.cli.program import Faces, main
from crmdesk.domain.errors import IllegalTransition, UserError
from crmdesk.domain.quote_rules import FollowUp
from crmdesk.domain.states import QUOTE_STEPS, QuoteStatus
from crmdesk.services import orders, quote_decisions, quote_versions, quotes
from crmdesk.services.document_lines import LineInput
from crmdesk.services.queries.quote import quote_sheet
from crmdesk.services.queries.quote_figures import quote_figures
from crmdesk.services.queries.quotes import (
    QuoteFilter,
    QuoteGroup,
    quote_counts,
    quote_keys,
    quote_rows,
)
from crmdesk.services.quote_follow_ups import (
    log_follow_up,
    plan_follow_up,
)
from crmdesk.services.workspace import Workspace
from tests.db.conftest import instant
from tests.db.files import ask
from tests.db.quote_steps import (
    ACCOUNT,
    follow_up,
    lost_reason,
    make_draft,
    priced_products,
    tomorrow,
)


@pytest.fixture
def products(ws: Workspace) -> list[int]:
    return priced_products(ws)


@pytest.fixture
def draft(ws: Workspace, products: list[int]) -> int:
    return make_draft(ws, products)


@pytest.fixture
def sent(ws: Workspace, draft: int) -> int:
    quotes.send_quote(ws, draft)
    return draft


# ------------------------------------------------------------------------------ list, figures


def test_each_chip_counts_what_it_shows_and_the_queue_is_what_waits(
    ws: Workspace, sent: int
) -> None:
    counts = quote_counts(ws)
    for group in QuoteGroup:
        keys = quote_keys(ws, QuoteFilter(group=group))
        assert len(keys) == counts.groups[group], group
        assert set(quote_rows(ws, keys)) == set(keys)
    queue = quote_keys(ws, QuoteFilter())
    rows = quote_rows(ws, quote_keys(ws, QuoteFilter(group=QuoteGroup.ALL)))
    assert set(queue) == {key for key, row in rows.items() if row.state and row.state.waits}
    places = [list(FollowUp).index(rows[key].state or FollowUp.LATER) for key in queue]
    assert places == sorted(places)
    for state, count in counts.queue.items():
        assert sum(row.state is state for row in rows.values()) == count
    assert sent not in queue
    plan_follow_up(ws, sent, ws.today())
    assert sent in quote_keys(ws, QuoteFilter())
    log_follow_up(ws, sent, follow_up(ws, tomorrow(ws, 3)))
    assert sent not in quote_keys(ws, QuoteFilter())
    number = rows[sent].number
    assert quote_keys(ws, QuoteFilter(number, QuoteGroup.ALL)) == [sent]


def test_the_list_and_the_rule_agree_where_a_quote_stands(ws: Workspace, sent: int) -> None:
    """The queue is sorted and counted by SQL, its rows are told by the rule: one meaning."""
    offsets = (None, -2, 0, 3, 7, 8)
    for next_on, until in itertools.product(offsets, offsets):
        days = [None if n is None else tomorrow(ws, n).isoformat() for n in (next_on, until)]
        with ws.database.write(applying=True) as tx:
            tx.connection.exec_driver_sql(
                "UPDATE quote SET next_follow_up = ?, valid_until = ? WHERE id = ?", (*days, sent)
            )
        state = quote_rows(ws, [sent])[sent].state
        assert state is not None
        with_it = quote_counts(ws).queue
        with ws.database.write(applying=True) as tx:
            tx.connection.exec_driver_sql("UPDATE quote SET status = 'won' WHERE id = ?", (sent,))
        without = quote_counts(ws).queue
        with ws.database.write(applying=True) as tx:
            tx.connection.exec_driver_sql("UPDATE quote SET status = 'sent' WHERE id = ?", (sent,))
        assert [s for s in FollowUp if with_it[s] != without[s]] == [state], (next_on, until)
        assert (sent in quote_keys(ws, QuoteFilter())) == state.waits


def test_the_rate_of_quotes_nobody_followed_up_opens_down_to_its_rows(
    ws: Workspace, sent: int
) -> None:
    _value, before = quote_figures(ws)
    quote_decisions.lose_quote(ws, sent, lost_reason(ws))
    _value, after = quote_figures(ws)
    assert (after.lost, after.untouched) == (before.lost + 1, before.untouched + 1)
    keys = quote_keys(ws, QuoteFilter(group=QuoteGroup.UNTOUCHED))
    assert sent in keys and len(keys) == after.untouched
    assert sum(row.net_minor for row in quote_rows(ws, keys).values()) == after.net_minor
    assert after.rate.value == after.untouched / after.lost
    assert sum(one.lost for one in after.by_rep) == after.lost


def test_a_sheet_shows_what_differs_from_the_version_before(
    ws: Workspace, sent: int, products: list[int]
) -> None:
    log_follow_up(ws, sent, follow_up(ws, tomorrow(ws, 3)))
    second = quote_versions.revise_quote(ws, sent).quote_id
    assert quote_sheet(ws, second).changes == ()
    quotes.set_line(ws, second, LineInput(products[0], None, 24))
    quotes.set_line(ws, second, LineInput(products[1], None, 0))
    sheet = quote_sheet(ws, second)
    assert [
        (c.old.packs if c.old else None, c.new.packs if c.new else None) for c in sheet.changes
    ] == [(12, 24), (12, None)]
    assert [(v.id, v.version, v.status) for v in sheet.versions] == [(sent, 1, "sent")]
    assert [f.note for f in sheet.follow_ups] == ["asks the owner"]
    assert sheet.row.name.endswith("/2")
    assert sheet.lost_reasons and sheet.won_reasons


# ---------------------------------------------------------------------------------- any history


class AnyHistory(RuleBasedStateMachine):
    """Whatever a person does with the quotes of a customer, the rules of quotes hold."""

    workspace: Workspace
    product: int

    def __init__(self) -> None:
        super().__init__()
        self.quotes: list[int] = []
        self.before: dict[int, str] = {}
        self.frozen: dict[int, list[tuple[Any, ...]]] = {}

    def teardown(self) -> None:
        with self.workspace.database.write(applying=True) as tx:
            for table in ("quote_follow_up", "quote_line", "quote", "order_line", "sales_order",
                          "journal"):  # fmt: skip
                tx.connection.exec_driver_sql(f"DELETE FROM {table}")

    def tries(self, act: Any) -> Any:
        try:
            return act()
        except (UserError, IllegalTransition):
            return None

    @rule(packs=st.integers(1, 30))
    def starts(self, packs: int) -> None:
        quote = quotes.start_quote(self.workspace, ACCOUNT).quote_id
        quotes.set_line(self.workspace, quote, LineInput(self.product, None, packs))
        self.quotes.append(quote)

    @precondition(lambda self: self.quotes)
    @rule(data=st.data(), step=st.sampled_from(
        ("send", "revise", "line", "back", "win", "lose", "expire", "reopen", "order", "follow",
         "discard")))  # fmt: skip
    def does(self, data: st.DataObject, step: str) -> None:
        ws, quote = self.workspace, data.draw(st.sampled_from(self.quotes))
        acts = {
            "send": lambda: quotes.send_quote(ws, quote),
            "revise": lambda: self.quotes.append(quote_versions.revise_quote(ws, quote).quote_id),
            "line": lambda: quotes.set_line(ws, quote, LineInput(self.product, None, 7)),
            "back": lambda: quote_versions.call_back_quote(ws, quote),
            "win": lambda: quote_decisions.win_quote(ws, quote),
            "lose": lambda: quote_decisions.lose_quote(ws, quote, lost_reason(ws)),
            "expire": lambda: quote_decisions.expire_quote(ws, quote),
            "reopen": lambda: quote_decisions.reopen_quote(ws, quote),
            "order": lambda: orders.submit_order(
                ws, quote_decisions.order_from_quote(ws, quote).order_id
            ),
            "follow": lambda: log_follow_up(ws, quote, follow_up(ws, tomorrow(ws, 2))),
            "discard": lambda: quotes.discard_quote(ws, quote),
        }
        self.called_back = step == "back"
        self.tries(acts[step])
        self.quotes = [q for (q,) in ask(ws, "SELECT id FROM quote ORDER BY id")]

    @precondition(lambda self: self.quotes)
    @rule(data=st.data())
    def goes_through_a_version(self, data: st.DataObject) -> None:
        """Sent, revised and sent again: rare by single steps, and what versions are about."""
        ws, quote = self.workspace, data.draw(st.sampled_from(self.quotes))
        self.called_back = False
        self.tries(lambda: quotes.send_quote(ws, quote))
        made = self.tries(lambda: quote_versions.revise_quote(ws, quote))
        if made is not None:
            self.before.pop(quote, None)
            quotes.send_quote(ws, made.quote_id)
        self.quotes = [q for (q,) in ask(ws, "SELECT id FROM quote ORDER BY id")]

    @invariant()
    def rules_hold(self) -> None:
        ws = self.workspace
        rows = ask(
            ws, "SELECT id, number, version, status, next_follow_up, reason_id, order_uid,"
            " decided_on FROM quote"
        )  # fmt: skip
        waiting: dict[str, int] = {}
        for key, number, _version, now, follow, reason, order, decided in rows:
            if now in ("draft", "sent"):
                assert follow is not None, "a quote that waits has a next date"
            if now == "sent":
                waiting[number] = waiting.get(number, 0) + 1
                assert order is None and decided is None
            if now == "lost":
                assert reason is not None
            old = self.before.get(key)
            if old is not None and old != now and not getattr(self, "called_back", False):
                assert QuoteStatus(now) in QUOTE_STEPS[QuoteStatus(old)]
            if now == "draft":
                self.frozen.pop(key, None)
            else:
                lines = ask(ws, "SELECT * FROM quote_line WHERE parent_id = ?", key)
                assert self.frozen.setdefault(key, lines) == lines
        assert all(count == 1 for count in waiting.values()), "one version of a number waits"
        assert len({(row[1], row[2]) for row in rows}) == len(rows)
        self.before = {row[0]: row[3] for row in rows}


def test_the_rules_hold_in_any_history(ws: Workspace, products: list[int]) -> None:
    with ws.database.write(applying=True) as tx:
        for table in ("quote_follow_up", "quote_line", "quote"):
            tx.connection.exec_driver_sql(f"DELETE FROM {table}")
    AnyHistory.workspace, AnyHistory.product = ws, products[0]
    run_state_machine_as_test(
        AnyHistory,
        settings=settings(
            max_examples=12, stateful_step_count=14, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


# ------------------------------------------------------------------------------- command line


def test_the_command_line_tells_the_queue_and_its_figures(
    ws: Workspace, sent: int, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan_follow_up(ws, sent, ws.today())
    expected = quote_keys(ws, QuoteFilter())
    rows = quote_rows(ws, expected)
    value, untouched = quote_figures(ws)

    faces = Faces(lambda _f: 41, lambda _f, _p: 42, lambda: 43)

    def run(*arguments: str) -> str:
        assert main([*arguments, "--profile", str(folder)], faces, instant) == 0
        return capsys.readouterr().out

    told = json.loads(run("quotes", "--json"))
    assert [one["number"] for one in told["quotes"]] == [rows[key].number for key in expected]
    assert told["open"]["expected_minor"] == value.expected_minor.value
    assert told["untouched"]["rate"] == untouched.rate.value
    assert rows[sent].name in run("quotes")
    file = tmp_path / "lost.csv"
    run("quotes", "untouched", "--out", str(file))
    assert len(file.read_text().splitlines()) == untouched.untouched + 1
