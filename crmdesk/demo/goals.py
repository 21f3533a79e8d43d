"""Goals, metrics, rules and money of the office: reference and office rows about performance.

Owns the numbers a manager has written down; nothing here is computed from the sales.
"""

from __future__ import annotations

from datetime import date, timedelta

from crmdesk.demo.people import Staff
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

_METRICS: tuple[tuple[str, str, str, int, float, float], ...] = (
    ("net_sales", "Net sales", "EUR", 1, 1_980_000.0, 2_300_000.0),
    ("margin_share", "Gross margin share", "%", 1, 30.4, 32.0),
    ("coverage", "Coverage", "%", 1, 84.0, 95.0),
    ("strike_rate", "Strike rate", "%", 1, 66.0, 75.0),
    ("drop_size", "Drop size", "EUR", 1, 292.0, 340.0),
    ("retention", "Customers retained", "%", 1, 91.0, 94.0),
    ("overdue_share", "Debt overdue", "%", 0, 21.0, 12.0),
    ("first_response", "First response", "h", 0, 7.5, 3.0),
    ("nps", "NPS", "points", 1, 38.0, 50.0),
)
_SEGMENTS: tuple[tuple[str, str, dict[str, object], str], ...] = (
    ("KEY", "Key customers", {"all": [["class", "in", ["A"]]]}, "A"),
    ("HORECA", "Hotels, bars, restaurants",
     {"all": [["channel", "in", ["hotel", "bar", "restaurant"]]]}, "B"),
    ("SHOPS", "Shops", {"all": [["channel", "in", ["grocer", "bakery", "drugstore"]]]}, "B"),
    ("SMALL", "Small and far", {"all": [["class", "in", ["D"]]]}, "D"),
)  # fmt: skip


def write_goals(spec: DemoSpec, staff: Staff, uids: UidMaker, sink: Sink) -> None:
    """Metrics with baselines and goals, segment rules, cost pools, spend, CRM cost, pay plan."""
    live = spec.today - timedelta(days=330)
    for code, name, unit, better, value, target in _METRICS:
        metric = uids()
        sink.add(
            "metric_definition",
            row_maker("metric_definition")(
                metric, code=code, name=name, unit=unit, higher_is_better=better
            ),
        )
        sink.add(
            "baseline",
            row_maker("baseline")(
                uids(), metric=metric, value=value, frozen_on=live,
                reason="The day the system went live",
            ),
        )  # fmt: skip
        _write_goals_of(spec, staff, uids, sink, metric, target, per_rep=code == "net_sales")
    for position, (code, name, rule, model) in enumerate(_SEGMENTS):
        row = row_maker("segment_rule")(
            uids(), code=code, name=name, rule=rule, attention_model=staff.models[model],
            position=position,
        )  # fmt: skip
        sink.add("segment_rule", row)
    _write_costs(spec, staff, uids, sink, live)


def _write_goals_of(
    spec: DemoSpec,
    staff: Staff,
    uids: UidMaker,
    sink: Sink,
    metric: Uid,
    target: float,
    *,
    per_rep: bool,
) -> None:
    make = row_maker("goal")
    first, last = date(spec.today.year, 1, 1), date(spec.today.year, 12, 31)
    row = make(
        uids(), metric=metric, team=staff.team, target=target, from_date=first, to_date=last,
        weight=1 / len(_METRICS),
    )  # fmt: skip
    sink.add("goal", row)
    for rep in staff.reps if per_rep else ():
        row = make(
            uids(), metric=metric, user=rep.uid, target=round(target / len(staff.reps), 2),
            from_date=first, to_date=last,
        )  # fmt: skip
        sink.add("goal", row)


def _write_costs(spec: DemoSpec, staff: Staff, uids: UidMaker, sink: Sink, live: date) -> None:
    pool, spend, cost = row_maker("cost_pool"), row_maker("spend"), row_maker("crm_cost")
    for name, amount, minutes in (
        ("Field sales", 13_800_000, 310_000), ("Warehouse and vans", 21_400_000, 520_000),
        ("Office", 9_600_000, 300_000),
    ):  # fmt: skip
        row = pool(
            uids(), name=name, cost_minor=amount, capacity_minutes=minutes,
            valid_from=date(spec.today.year, 1, 1),
        )  # fmt: skip
        sink.add("cost_pool", row)
    for kind, campaign, amount in (
        ("acquisition", 0, 480_000), ("retention", 1, 150_000), ("acquisition", 2, 60_000),
        ("retention", 3, 90_000),
    ):  # fmt: skip
        day = date.fromordinal(staff.campaign_days[campaign][0])
        row = spend(
            uids(), kind=kind, date=day, amount_minor=amount, campaign=staff.campaigns[campaign]
        )
        sink.add("spend", row)
    for kind, amount in (("implementation", 640_000), ("training", 180_000), ("hardware", 390_000)):
        sink.add("crm_cost", cost(uids(), kind=kind, date=live, amount_minor=amount))
    month = live.replace(day=1)
    while month <= spec.today:
        sink.add("crm_cost", cost(uids(), kind="maintenance", date=month, amount_minor=32_000))
        month = (month + timedelta(days=32)).replace(day=1)
    plan = row_maker("compensation_plan")(
        uids(), name="Field sales", valid_from=date(spec.today.year, 1, 1), team=staff.team,
        rule={"base": "paid", "brackets": [[0, 0], [500_000_00, 100], [650_000_00, 180]],
              "marginal": True},
    )  # fmt: skip
    sink.add("compensation_plan", plan)
