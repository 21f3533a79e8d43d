"""``crmdesk plan``: plan a rep's days, give them to other programs, or solve a file's problem."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli.console import DONE
from crmdesk.cli.dates import iso_date
from crmdesk.cli.opening import opened
from crmdesk.cli.plan_export import add_arguments, export_plan
from crmdesk.domain.errors import NotFound, UserError
from crmdesk.i18n import _, format_clock, format_number, ngettext

if TYPE_CHECKING:
    from crmdesk.cli.context import Context

#: Checking, writing and leaving, after the search.
_TO_FINISH_S = 0.25
#: Of customers that are left out so many are named, the others counted.
_NAMES_TOLD = 5
_MOST_SECONDS, _MOST_ITERATIONS = 3600.0, 10_000_000


def register(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands of this group."""
    parser = commands.add_parser("plan", parents=[common], help=_("plan visits and routes"))
    parser.add_argument(
        "step", nargs="?", choices=["export"], help=_("give the plan to another program")
    )
    parser.add_argument("--instance", type=Path, help=_("a problem as a JSON file"))
    parser.add_argument("--user", help=_("code of the rep; without it, the profile's user"))
    parser.add_argument("--from", dest="start", type=iso_date, help=_("first day"))
    parser.add_argument("--days", type=int, default=7, help=_("calendar days"))
    parser.add_argument("--objective", choices=["margin", "coverage"], default="margin")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float)
    limit.add_argument("--iterations", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accept", action="store_true", help=_("write the plan into the profile"))
    parser.add_argument("--out", type=Path)
    add_arguments(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace, context: Context) -> int:
    if chosen.seconds is not None and not 0 < chosen.seconds <= _MOST_SECONDS:
        raise UserError(_("Seconds are above 0 and at most 3600."))
    if chosen.iterations is not None and not 0 <= chosen.iterations <= _MOST_ITERATIONS:
        raise UserError(_("Iterations are between 0 and 10,000,000."))
    if not 1 <= chosen.days <= 62:
        raise UserError(_("Days are between 1 and 62."))
    if chosen.step == "export":
        return export_plan(chosen, context)
    return _instance(chosen, context) if chosen.instance else _days(chosen, context)


def _instance(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.planning.instance import plan_document, read_instance
    from crmdesk.planning.problem import ProblemError
    from crmdesk.planning.solver import solve
    from crmdesk.planning.together import solve_together

    if chosen.out is None:
        raise UserError(_("--out names the file for the plan."))
    document = _read(chosen.instance)
    try:
        instance = read_instance(document)
        problem = instance.problem
        if chosen.iterations is None:
            plan = solve_together(problem, seed=chosen.seed, seconds=_seconds_left(chosen.seconds))
        else:
            plan = solve(problem, seed=chosen.seed, iterations=chosen.iterations)
    except ProblemError as error:
        raise UserError(str(error)) from error
    _write(chosen.out, plan_document(problem, plan, instance.positions))
    facts = {
        "worth": round(plan.worth, 2), "visits": plan.visit_count, "km": round(plan.km, 1),
        "iterations": plan.iterations, "file": str(chosen.out),
        "not_weighed": list(instance.beyond),
    }  # fmt: skip
    context.console.document(facts)
    context.console.say(
        ngettext(
            "{visits} visit, {km} km, worth {worth}; written to {file}.",
            "{visits} visits, {km} km, worth {worth}; written to {file}.",
            plan.visit_count,
        ).format(
            visits=plan.visit_count, km=format_number(plan.km), worth=format_number(plan.worth, 2),
            file=chosen.out,
        )
    )  # fmt: skip
    if instance.beyond:
        _say_beyond(context, [str(i) for i in instance.beyond], len(problem.stops))
    return DONE


def _say_beyond(context: Context, names: Sequence[str], weighed: int) -> None:
    """Who is not planned because there are more customers than one plan weighs."""
    told = ", ".join(names[:_NAMES_TOLD])
    if len(names) > _NAMES_TOLD:
        more = len(names) - _NAMES_TOLD
        told += " " + ngettext("and {count} more", "and {count} more", more).format(
            count=format_number(more)
        )
    context.console.say(
        _(
            "A plan weighs {most} customers, those that bring most in this time. "
            "Not planned: {names}."
        ).format(most=format_number(weighed), names=told)
    )


def _read(file: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise NotFound(_("There is no file {file}.").format(file=file)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(_("{file} cannot be read.").format(file=file), reason) from error
    except (ValueError, RecursionError) as error:
        raise UserError(_("{file} is not a JSON file.").format(file=file)) from error


def _write(file: Path, document: dict[str, Any]) -> None:
    from crmdesk.interchange.whole_files import write_whole

    write_whole(file, json.dumps(document, ensure_ascii=False).encode())


def _seconds_left(seconds: float | None) -> float:
    """What the search may take so that the whole command ends within `seconds`."""
    allowed = 10.0 if seconds is None else seconds
    return max(0.0, allowed - _seconds_since_start() - min(_TO_FINISH_S, 0.2 * allowed))


def _seconds_since_start() -> float:
    """How long this process has been running.

    Where the system does not tell, its processor time: it has computed without waiting so far.
    """
    spent = time.process_time()
    try:
        fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
        began = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(spent, time.clock_gettime(time.CLOCK_BOOTTIME) - began)
    except (OSError, ValueError, IndexError, AttributeError):
        return spent


def _days(chosen: argparse.Namespace, context: Context) -> int:
    from crmdesk.services import plans
    from crmdesk.services.planning_problem import Objective

    with opened(context) as ws:
        user_id = ws.user.id if chosen.user is None else plans.user_id_of(ws, chosen.user)
        start: date = chosen.start or plans.plan_start(ws.today())
        if chosen.seconds is None and chosen.iterations is None:
            chosen.seconds = 3.0
        proposal = plans.propose_plan(
            ws, max(start, ws.today()), chosen.days, user_id=user_id,
            objective=Objective(chosen.objective), seconds=chosen.seconds,
            iterations=chosen.iterations, seed=chosen.seed,
        )  # fmt: skip
        if chosen.accept:
            plans.accept_plan(ws, proposal)
        beyond = [one for one, _due in proposal.source.beyond]
        codes = plans.codes_of(ws, [one.account_id for one in (*proposal.candidates, *beyond)])
    document = _document(proposal, codes)
    if chosen.out is not None:
        _write(chosen.out, document)
    context.console.document(document)
    if beyond:
        _say_beyond(context, [one.name for one in beyond], len(proposal.candidates))
    for day in document["days"]:
        context.console.say(
            ngettext(
                "{date}: {visits} visit, {km} km", "{date}: {visits} visits, {km} km",
                len(day["visits"]),
            ).format(
                date=day["date"], visits=len(day["visits"]), km=format_number(day["km"])
            )
        )  # fmt: skip
        for visit in day["visits"]:
            context.console.say(f"  {visit['start']}  {visit['name']}")
    if document["drives"] == "estimated":
        context.console.say(_("Drives are estimated: no map with roads holds these customers."))
    elif document["off_road"]:
        context.console.say(
            ngettext(
                "Drives are by road; those of {count} customer are estimated.",
                "Drives are by road; those of {count} customers are estimated.",
                document["off_road"],
            ).format(count=document["off_road"])
        )
    else:
        context.console.say(_("Drives are by road."))
    return DONE


def _document(proposal: Any, codes: dict[int, str]) -> dict[str, Any]:
    days = []
    for one in proposal.plan.days:
        visits = [
            {
                "account": codes[proposal.candidates[visit.stop].account_id],
                "name": proposal.candidates[visit.stop].name,
                "start": format_clock(round(visit.timing.start)),
                "expected": round(visit.expected, 2),
            }
            for visit in one.visits
        ]
        days.append(
            {
                "date": proposal.days[one.day].isoformat(), "km": round(one.km, 1),
                "drive_minutes": round(one.drive_minutes), "visits": visits,
            }
        )  # fmt: skip
    travel = proposal.source.problem.travel
    return {
        "days": days, "worth": round(proposal.plan.worth, 2), "seed": proposal.plan.seed,
        "drives": "estimated" if travel.estimated else "roads",
        "not_weighed": [codes[one.account_id] for one, _due in proposal.source.beyond],
        "off_road": sum(stop.place in travel.off_road for stop in proposal.source.problem.stops),
    }  # fmt: skip
