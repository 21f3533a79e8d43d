"""Opportunities of the last two years with their stages, and the leads that new ones came from.

Owns the rows and their words. Every customer has a source of chance of its own, so that what is
written here changes nothing else in the company.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from crmdesk.demo.customer import Customer
from crmdesk.demo.leads import STEPS, qualification
from crmdesk.demo.people import Rep, Staff
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.domain.leads import score
from crmdesk.domain.pipeline import OPEN_STAGES, Stage
from crmdesk.storage.rows import row_maker

_DAYS = 800
_A_YEAR = {"A": 1.0, "B": 0.7, "C": 0.45, "D": 0.2}
_NAMES = (
    ("Coffee with machine on loan", "sale"), ("All cleaning from us", "sale"),
    ("House wine contract", "sale"), ("Drinks for the terrace", "sale"),
    ("Second shop", "sale"), ("Yearly agreement", "resale"), ("Terrace again", "resale"),
    ("Christmas boxes again", "resale"),
)  # fmt: skip
_STAY = {Stage.QUALIFIED: 18, Stage.PROPOSAL: 24, Stage.NEGOTIATION: 14}
"""The usual days in a stage."""
_BREAK = {Stage.QUALIFIED: 0.24, Stage.PROPOSAL: 0.30, Stage.NEGOTIATION: 0.20}
_WHY = {
    Stage.QUALIFIED: ("need", "need", "silent", "timing"),
    Stage.PROPOSAL: ("price", "price", "competitor", "silent", "timing"),
    Stage.NEGOTIATION: ("terms", "price", "competitor"),
}
_WHY_WON = ("price", "service", "service", "range", "trust")
_WHY_ENDED = ("price", "competitor", "quality", "need")
_RIVALS = ("Cash & Carry", "Makro", "Distribuidora Nord")


@dataclass(frozen=True, slots=True)
class Worked:
    """An opportunity and the days (ordinals) in which a quote can belong to it."""

    uid: Uid
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Move:
    day: int
    before: Stage
    after: Stage
    reason: Uid | None


class Deals:
    """Writes opportunities with their stages, and leads of those that began as one."""

    def __init__(self, spec: DemoSpec, staff: Staff, uids: UidMaker, sink: Sink) -> None:
        self._spec, self._staff = spec, staff
        self._today = spec.today.toordinal()
        self._uids, self._sink = uids, sink
        self._deal, self._change = row_maker("opportunity"), row_maker("stage_change")
        self._lead = row_maker("lead")

    def write(self, customer: Customer) -> list[Worked]:
        """The opportunities of one customer, oldest first."""
        rng = Random(f"{self._spec.seed}/deals/{customer.code}")
        lively = _A_YEAR[customer.cls]
        if customer.status == "prospect":
            lively = 2.4
        first = max(self._today - _DAYS, self._spec.first_day.toordinal(), customer.acquired - 45)
        last = min(self._today, customer.ended or self._today)
        worked: list[Worked] = []
        day = first + rng.expovariate(lively / 365)
        while day < last:
            opened = _weekday(int(day))
            if opened < self._today:
                began = not worked and (
                    customer.status == "prospect" or customer.acquired > self._today - _DAYS
                )
                worked.append(
                    self._write(customer, opened, rng, from_lead=began and rng.random() < 0.7)
                )
            day += 40 + rng.expovariate(lively / 365)
        return worked

    def _write(self, customer: Customer, opened: int, rng: Random, *, from_lead: bool) -> Worked:
        fit = min(1.0, max(0.0, rng.gauss(0.55 + _skill(self._staff, customer.rep), 0.25)))
        moves, stage = self._moves(opened, fit, rng)
        end = next((move for move in reversed(moves) if move.after not in OPEN_STAGES), None)
        name, kind = rng.choice(_NAMES[:5] if from_lead else _NAMES)
        uid, lead = self._uids(), self._uids() if from_lead else None
        campaign = rng.choice(self._staff.campaigns) if rng.random() < 0.3 else None
        is_open = end is None
        row = self._deal(
            uid, account=customer.uid, user=customer.rep.uid, name=name, kind=kind,
            stage=stage.value, amount_minor=rng.randrange(8, 240) * 2_500,
            opened_on=date.fromordinal(opened), expected_close=self._expected(opened, moves, rng),
            campaign=campaign, closed_on=None if end is None else date.fromordinal(end.day),
            reason=None if end is None else end.reason, contact=customer.contact or None, lead=lead,
            lost_to=rng.choice(_RIVALS) if stage is Stage.LOST and rng.random() < 0.3 else None,
            splits=self._splits(customer.rep, rng), **self._next(rng, is_open=is_open),
        )  # fmt: skip
        self._sink.add("opportunity", row)
        for move in moves:
            change = self._change(
                self._uids(), account=customer.uid, opportunity=uid, user=customer.rep.uid,
                from_stage=move.before.value, to_stage=move.after.value, reason=move.reason,
                at=instant_text(date.fromordinal(move.day), 16 * 60),
            )  # fmt: skip
            self._sink.add("stage_change", change)
        if lead is not None:
            self._write_lead(customer, lead, uid, opened, campaign, rng)
        closed = self._today if end is None else end.day
        return Worked(uid, opened, closed)

    def _moves(self, opened: int, fit: float, rng: Random) -> tuple[list[_Move], Stage]:
        """What became of an opportunity: the better it fits, the faster and the further it goes."""
        moves: list[_Move] = []
        stage, day = Stage.QUALIFIED, opened
        while stage in OPEN_STAGES:
            broken = rng.random() < _BREAK[stage] * (2.1 - 2.0 * fit)
            pace = (1.7 - fit) * (1.5 if broken else 1.0)
            day = _weekday(day + 1 + int(_STAY[stage] * pace * rng.lognormvariate(0, 0.55)))
            if day >= self._today:
                return moves, stage
            if broken:
                reason = self._staff.reasons["opportunity_lost", rng.choice(_WHY[stage])]
                after = Stage.LOST
            elif stage is Stage.NEGOTIATION:
                if rng.random() < 0.07:
                    reason, after = None, Stage.PROPOSAL
                else:
                    after = Stage.WON
                    reason = self._staff.reasons["opportunity_won", rng.choice(_WHY_WON)]
            else:
                skips = stage is Stage.QUALIFIED and rng.random() < 0.12
                after = Stage.NEGOTIATION if skips or stage is Stage.PROPOSAL else Stage.PROPOSAL
                reason = None
            moves.append(_Move(day, stage, after, reason))
            stage = after
        gone = day + rng.randrange(60, 300)
        if stage is Stage.WON and rng.random() < 0.09 and gone < self._today:
            reason = self._staff.reasons["opportunity_ended", rng.choice(_WHY_ENDED)]
            moves.append(_Move(_weekday(gone), stage, Stage.ENDED, reason))
            stage = Stage.ENDED
        return moves, stage

    def _expected(self, opened: int, moves: list[_Move], rng: Random) -> date:
        since = moves[-1].day if moves else opened
        return date.fromordinal(since + rng.randrange(15, 60))

    def _next(self, rng: Random, *, is_open: bool) -> dict[str, object]:
        if not is_open or rng.random() < 0.12:
            return {}
        day = date.fromordinal(_weekday(self._today + rng.randrange(-4, 15)))
        return {"next_step": rng.choice(STEPS), "next_step_on": day}

    def _splits(self, rep: Rep, rng: Random) -> list[dict[str, object]] | None:
        others = [other for other in self._staff.reps if other is not rep]
        if not others or rng.random() > 0.08:
            return None
        share = rng.choice((5_000, 6_000, 7_000, 8_000))
        other = rng.choice(others)
        return [
            {"user": rep.uid.hex(), "bp": share}, {"user": other.uid.hex(), "bp": 10_000 - share},
        ]  # fmt: skip

    def _write_lead(
        self, customer: Customer, uid: Uid, deal: Uid, opened: int, campaign: Uid | None,
        rng: Random,
    ) -> None:  # fmt: skip
        given = qualification(rng, 0.8)
        row = self._lead(
            uid, user=customer.rep.uid, name=customer.owner, company=customer.name,
            city=customer.place.town, campaign=campaign, status="converted", qualification=given,
            source=rng.choice(("fair", "telephone", "recommended", "web")),
            score=score(given).points, account=customer.uid, opportunity=deal,
            created_on=date.fromordinal(opened - rng.randrange(2, 30)),
            closed_on=date.fromordinal(opened),
        )  # fmt: skip
        self._sink.add("lead", row)


def _skill(staff: Staff, rep: Rep) -> float:
    """Some close better than others: between a little less and a little more."""
    place = next((i for i, other in enumerate(staff.reps) if other is rep), 0)
    return (0.08, -0.05, 0.02, -0.09)[place % 4]


def _weekday(day: int) -> int:
    """The day, or the Monday after it."""
    weekday = date.fromordinal(day).weekday()
    return day if weekday < 5 else day + 7 - weekday
