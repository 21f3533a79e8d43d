"""Money collected: no cent lost, the oldest debt first, and a day's takings that add up."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.domain.collecting import (
    CollectionMethod,
    OpenInvoice,
    allocate,
    cash_difference,
    takings_of,
)

DAY = date(2026, 11, 24)


@st.composite
def invoices(draw: st.DrawFn) -> list[OpenInvoice]:
    found = draw(st.lists(st.tuples(st.integers(0, 10**7), st.integers(-60, 60)), max_size=8))
    return [
        OpenInvoice(n, f"F-{n}", DAY, DAY + timedelta(days=due), amount)
        for n, (amount, due) in enumerate(found)
    ]


@given(st.integers(1, 10**8), invoices())
def test_every_cent_goes_to_the_oldest_debt_first(amount: int, owed: list[OpenInvoice]) -> None:
    shares = allocate(amount, owed)
    assert sum(share.amount_minor for share in shares) == amount
    assert all(share.amount_minor > 0 for share in shares)
    open_of = {invoice.id: invoice for invoice in owed}
    paid = {share.invoice_id: share.amount_minor for share in shares}
    assert len(paid) == len(shares)
    due = [open_of[key].due_on for key in paid if key is not None]
    assert due == sorted(due)
    for key, part in paid.items():
        if key is not None:
            assert part <= open_of[key].open_minor
    # Whatever is left unpaid is due no earlier than anything that is paid.
    for invoice in owed:
        left = invoice.open_minor - paid.get(invoice.id, 0)
        if left > 0 and due:
            assert invoice.due_on >= due[-1]
    ahead = paid.get(None, 0)
    assert ahead == max(amount - sum(invoice.open_minor for invoice in owed), 0)


@given(invoices(), st.lists(st.integers(1, 10**6), max_size=5))
def test_in_parts_or_at_once_is_the_same(owed: list[OpenInvoice], parts: list[int]) -> None:
    left = {invoice.id: invoice.open_minor for invoice in owed}
    ahead = 0
    for part in parts:
        now = [OpenInvoice(i.id, i.number, i.day, i.due_on, left[i.id]) for i in owed]
        for share in allocate(part, now):
            if share.invoice_id is None:
                ahead += share.amount_minor
            else:
                left[share.invoice_id] -= share.amount_minor
    once = {invoice.id: invoice.open_minor for invoice in owed}
    total = sum(parts)
    shares = allocate(total, owed) if total else ()
    for share in shares:
        if share.invoice_id is not None:
            once[share.invoice_id] -= share.amount_minor
    assert left == once
    assert ahead == sum(share.amount_minor for share in shares if share.invoice_id is None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([m.value for m in CollectionMethod]),
            st.sampled_from(["C1", "C2", "C3", "C4"]),
            st.integers(-(10**6), 10**6),
        ),
        max_size=12,
    ),
    st.integers(0, 10**7),
)
def test_takings_add_up(taken: list[tuple[str, str, int]], counted: int) -> None:
    found = takings_of(taken)
    assert sum(one.amount_minor for one in found.values()) == sum(row[2] for row in taken)
    for method, one in found.items():
        assert one.count == len({row[1] for row in taken if row[0] == method})
    cash = sum(row[2] for row in taken if row[0] == "cash")
    assert cash_difference(found, counted) == counted - cash
