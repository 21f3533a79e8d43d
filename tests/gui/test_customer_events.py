"""Every kind of event of the card: it is there, under its filter, and found by what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crmdesk.gui.event_words import event_item
from crmdesk.services import accounts, attachments, visit_reports, visits
from crmdesk.services.queries.customer_timeline import (
    EventGroup,
    EventRow,
    search_timeline,
    timeline_month,
    timeline_months,
)
from crmdesk.services.queries.timeline_sources import SOURCES, Source
from crmdesk.services.workspace import Workspace

_RARE = {"alteration", "handover"}
"""Kinds that the demo company has none of; their own tests make them."""


def _events(ws: Workspace, account: int, group: EventGroup) -> Iterator[EventRow]:
    for month, _count in timeline_months(ws, account, group).months:
        yield from timeline_month(ws, account, month, group)


def _account_with(ws: Workspace, source: Source) -> int | None:
    query = source.query.with_only_columns(source.account).limit(1)
    if source.where is not None:
        query = query.where(source.where)
    with ws.database.read() as connection:
        return connection.execute(query).scalar()


def test_each_kind_is_there_filtered_and_found_by_what_it_says(
    demo: Workspace, tmp_path: Path
) -> None:
    def said(row: EventRow) -> str:
        return event_item(row, demo.currency, demo.today()).title

    (tmp_path / "shelf.txt").write_text("two faces")
    attachments.attach_file(demo, 3, tmp_path / "shelf.txt", kind=attachments.FILE)
    for source in SOURCES:
        account = _account_with(demo, source)
        if account is None:
            assert source.kind in _RARE
            continue
        every = _events(demo, account, EventGroup.ALL)
        event = next(row for row in every if row.kind == source.kind)
        under = {row.kind for row in _events(demo, account, source.group)}
        assert source.kind in under
        assert not under & {one.kind for one in SOURCES if one.group is not source.group}
        item = event_item(event, demo.currency, demo.today())
        assert item.title and item.icon != "dot", source.kind
        found = search_timeline(demo, account, item.title, said=said)
        assert (event.kind, event.id) in {(row.kind, row.id) for row in found}, source.kind


def test_changes_prices_and_promises_of_today_are_told(demo: Workspace) -> None:
    account = 3
    accounts.edit_account(demo, account, {"street": "Calle Nueva 7"})
    (change,) = [
        row for row in _events(demo, account, EventGroup.CHANGES) if "Calle Nueva 7" in row.text
    ]
    assert change.status == demo.user.name and change.day == demo.today()
    assert search_timeline(demo, account, "calle nueva")
    assert any(row.kind == "price" for row in _events(demo, account, EventGroup.PRICES))
    started = visits.start_visit(demo, account).visit_id
    visit_reports.promise_in_visit(demo, started, "Bring the blue crate", demo.today())
    kinds = {row.kind for row in _events(demo, account, EventGroup.ALL) if row.day == demo.today()}
    assert {"visit", "promise", "change"} <= kinds
