"""Which places there are and in which order, by role.

Owns the list; what a place shows is in ``crmdesk.gui.views.<key>.widget``, whose ``build(context)``
is imported when the place is first opened.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from crmdesk.gui.presenting import PlaceContext, PlaceSpec
from crmdesk.i18n import _

if TYPE_CHECKING:
    from crmdesk.services.workspace import Workspace

_REP = ("today", "customers", "plan", "reorder", "orders", "quotes", "pipeline", "tasks")
_OFFICE = (
    "inbox", "orders", "customers", "reorder", "quotes", "pipeline", "service", "prices", "data",
    "tasks",
)  # fmt: skip
_MANAGER = (
    "coverage", "attention", "value", "goals", "prices", "customers", "plan", "reorder", "inbox",
    "orders", "quotes", "pipeline", "tasks",
)  # fmt: skip
_BY_ROLE = {
    "rep": _REP,
    "office": _OFFICE,
    "manager": _MANAGER,
    "admin": (*_REP, "inbox", "service", "prices", "data", "people", "company", "hq"),
}
_BESIDE = (
    "sync", "customer", "order", "quote", "returning", "collecting", "sampling", "day_end", "visit",
    "accuracy", "company", "service", "lists", "maps", "brief",
)  # fmt: skip
_ALONE = ("accuracy", "coverage", "attention", "rules", "lists", "maps")
_BESIDE_IN_OFFICE = ("cover", "coverage", "attention", "rules")
_WITHIN = {
    "customer": "customers", "order": "orders", "quote": "quotes", "returning": "orders",
    "collecting": "orders", "sampling": "orders", "day_end": "today", "accuracy": "reorder",
    "cover": "inbox", "visit": "today", "maps": "customers", "brief": "today",
}  # fmt: skip
_ICONS = {
    "people": "people",
    "company": "building",
    "maps": "map",
    "rules": "settings",
    "prices": "tag",
    "hq": "server",
    "order": "orders",
    "customer": "customers",
    "returning": "return",
    "collecting": "money",
    "sampling": "box",
    "day_end": "today",
    "accuracy": "goals",
    "quote": "quotes",
    "lists": "filter",
    "tasks": "check-circle",
    "cover": "people",
    "coverage": "map",
    "attention": "eye",
    "visit": "today",
    "brief": "eye",
}


def _waiting_orders(workspace: Workspace) -> int:
    from crmdesk.services.queries.inbox import waiting_count

    return waiting_count(workspace)


def _waiting_quotes(workspace: Workspace) -> int:
    from crmdesk.services.queries.quotes import waiting_count

    return waiting_count(workspace)


def _waiting_tasks(workspace: Workspace) -> int:
    from crmdesk.services.queries.notices import waiting_count

    return waiting_count(workspace)


def _late_tickets(workspace: Workspace) -> int:
    from crmdesk.services.queries.tickets import late_count

    return late_count(workspace)


_BADGES: dict[str, Callable[[Workspace], int]] = {
    "inbox": _waiting_orders, "quotes": _waiting_quotes, "tasks": _waiting_tasks,
    "service": _late_tickets,
}  # fmt: skip


def _lists() -> list[tuple[str, dict[str, str]]]:
    from crmdesk.services.queries.lists.registry import all_lists

    return [(spec.title(), {"list": spec.key}) for spec in all_lists().values()]


def _titles() -> dict[str, str]:
    return {
        "today": _("Today"),
        "customers": _("Customers"),
        "plan": _("Plan"),
        "reorder": _("Reorder"),
        "orders": _("Orders"),
        "inbox": _("Inbox"),
        "quotes": _("Quotes"),
        "pipeline": _("Pipeline"),
        "cover": _("Cover"),
        "coverage": _("Coverage"),
        "attention": _("Attention"),
        "service": _("Service"),
        "data": _("Data"),
        "prices": _("Prices"),
        "value": _("Value"),
        "goals": _("Goals"),
        "people": _("People & territories"),
        "company": _("Company"),
        "rules": _("Rules"),
        "maps": _("Maps"),
        "hq": _("HQ"),
        "sync": _("Sync centre"),
        "customer": _("Customer"),
        "order": _("Order"),
        "quote": _("Quote"),
        "visit": _("Visit"),
        "brief": _("Call brief"),
        "accuracy": _("How good it has been"),
        "returning": _("Return"),
        "collecting": _("Collect"),
        "sampling": _("Samples"),
        "day_end": _("End of day"),
        "lists": _("Lists"),
        "tasks": _("Tasks"),
    }


def title_of(key: str) -> str:
    """A place's name in the person's language."""
    return _titles()[key]


def _builder(key: str) -> Callable[[PlaceContext], Any]:
    def build(context: PlaceContext) -> Any:
        return import_module(f"crmdesk.gui.views.{key}.widget").build(context)

    return build


def _exists(key: str) -> bool:
    package = f"crmdesk.gui.views.{key}"
    return find_spec(package) is not None and find_spec(f"{package}.widget") is not None


def places_for(workspace: Workspace) -> list[PlaceSpec]:
    """The places of the person's role in rail order, then those reached from elsewhere."""
    in_rail = _BY_ROLE.get(str(workspace.user.role), _REP)
    office = () if in_rail is _REP else _BESIDE_IN_OFFICE
    specs = []
    for key in dict.fromkeys((*in_rail, *_BESIDE, *office)):
        if _exists(key):
            specs.append(
                PlaceSpec(
                    key,
                    partial(title_of, key),
                    _ICONS.get(key, key),
                    _builder(key),
                    in_rail=key in in_rail,
                    within=_WITHIN.get(key, ""),
                    alone=key in _ALONE,
                    badge=_BADGES.get(key),
                    inner=_lists if key == "lists" else None,
                )
            )
    return specs
