"""Where a visit was leaves the laptop with the rep's consent only, also when it is taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmdesk.domain.errors import Unreachable, UserError
from crmdesk.domain.states import VisitOutcome
from crmdesk.services import settings, visit_places, visits
from crmdesk.storage import profile
from crmdesk.sync.transport import HttpTransport
from tests.sync.conftest import Headquarters, Laptop
from tests.sync.desks import at
from tests.sync.faults import FaultyTransport

pytestmark = pytest.mark.hq

PLACES = "SELECT v.latitude, v.longitude FROM visit v ORDER BY v.uid"


def visit(laptop: Laptop, typed: str = "") -> int:
    """One visit in person; where it was, where something is typed."""
    ws = at(laptop)
    account = laptop.one("SELECT id FROM account WHERE code = 'C0'")
    key = visits.start_visit(ws, account).visit_id
    if typed:
        visit_places.say_here(ws, key, typed)
    visits.finish_visit(ws, key, VisitOutcome.ABSENT)
    return key


def heard(hq: Headquarters, coordinate: str) -> bool:
    """Whether HQ has ever been told of a coordinate: in rows, log, answers."""
    return any(
        hq.one(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", f"%{coordinate}%")
        for table in ("visit", "change", "op_result")
    )


def test_a_place_reaches_the_office_with_consent_and_not_without(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    with pytest.raises(UserError, match="consent"):
        visit(rep, "42.5063, 1.5218")
    visits.finish_visit(at(rep), rep.one("SELECT id FROM visit"), VisitOutcome.ABSENT)
    visit_places.agree(at(rep))
    visit(rep, "42.5163, 1.5318")
    assert rep.sync().refusals == 0
    office.sync()
    assert office.rows(PLACES) == [(None, None), (42.5163, 1.5318)]
    assert not heard(hq, "42.5063")


def test_what_waits_when_consent_is_taken_back_never_leaves(hq: Headquarters) -> None:
    rep, office = hq.join("R1"), hq.join("O1")
    visit_places.agree(at(rep))
    visit(rep, "42.5163, 1.5318")
    assert rep.sync().refusals == 0
    visit(rep, "42.5263, 1.5418")
    running = visits.start_visit(
        at(rep), rep.one("SELECT id FROM account WHERE code = 'C1'"), place=(42.5363, 1.5518)
    ).visit_id
    visit_places.say_here(at(rep), running, "42.5463, 1.5618")
    with profile.locked(rep.folder, "sync"), pytest.raises(UserError) as caught:
        visit_places.withdraw(at(rep))
    assert caught.value.code == "on-way"
    assert settings.get(at(rep), settings.VISIT_LOCATION) == 0

    assert visit_places.withdraw(at(rep)).touches("visit")
    nothing = [(42.5163, 1.5318), (None, None), (None, None)]
    assert rep.rows(PLACES) == nothing
    visits.finish_visit(at(rep), running, VisitOutcome.ABSENT)
    report = rep.sync()
    assert (report.refusals, report.conflicts, report.waiting) == (0, 0, 0)
    office.sync()
    assert office.rows(PLACES) == rep.rows(PLACES) == nothing
    for coordinate in ("42.5263", "42.5363", "42.5463"):
        assert not heard(hq, coordinate), coordinate
    assert heard(hq, "42.5163")


def test_what_may_have_left_is_left_as_it_is(
    hq: Headquarters, wire: Callable[[str], HttpTransport]
) -> None:
    """Its answer was lost: HQ may have it, and another content under its number ends a device."""
    rep = hq.join("R1")
    visit_places.agree(at(rep))
    visit(rep, "42.5163, 1.5318")
    lossy = FaultyTransport(
        wire(hq.url), lambda path, _nth: "lose-response" if "push" in path else ""
    )
    with pytest.raises(Unreachable):
        rep.sync(lossy)
    visit_places.withdraw(at(rep))
    assert rep.rows(PLACES) == [(42.5163, 1.5318)]
    assert rep.sync().refusals == 0
    assert hq.rows("SELECT status FROM hq_device WHERE status <> 'active'") == []
