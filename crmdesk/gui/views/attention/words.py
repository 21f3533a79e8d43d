"""What the place of attention says. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from crmdesk.gui.effort_words import every_text, hours_text, km_text, money_text
from crmdesk.gui.widgets.asked import AskedField
from crmdesk.gui.widgets.items import FactPart, Tone
from crmdesk.i18n import _, format_number, format_percent, ngettext
from crmdesk.planning.attention import AttentionModel
from crmdesk.planning.effort import PLANS_WITHIN, Misfit
from crmdesk.planning.serving import VIRTUAL_ONLY_DAYS, Because, Exceptions, ServingModel
from crmdesk.services.queries.attention import AttentionBoard, ProposalRow
from crmdesk.services.queries.serving_facts import ServingFacts
from crmdesk.services.queries.what_if import WhatIf

MODES = ("models", "proposals", "exceptions", "customers")
_NAMED = 3


@dataclass(frozen=True, slots=True)
class ModelTyped:
    """An attention model as it is typed, all of it text."""

    code: str = ""
    name: str = ""
    every: str = "28"
    between: str = "0"
    mode: str = "call"
    visit: str = "20"
    virtual: str = "8"
    classes: str = ""
    segments: str = ""
    objectives: str = ""


@dataclass(frozen=True, slots=True)
class OwnTyped:
    """A customer's own figures as they are typed; empty where the model's hold."""

    every: str = ""
    between: str = ""
    minutes: str = ""


def model_labels() -> dict[str, str]:
    """What stands beside the fields of a model."""
    return {
        "code": _("Code"), "name": _("Name"), "every": _("Every, days"),
        "between": _("Contacts between"), "visit": _("Visit, minutes"),
        "virtual": _("Contact, minutes"), "classes": _("Classes"), "segments": _("Segments"),
        "objectives": _("Objectives"),
    }  # fmt: skip


def own_labels() -> dict[str, str]:
    """What stands beside a customer's own figures."""
    return {
        "every": _("Every, days"), "between": _("Contacts between"), "minutes": _("Visit, minutes"),
    }  # fmt: skip


def model_fields(typed: ModelTyped) -> list[AskedField]:
    """A model by fields, to tell what somebody else has changed."""
    ways = tuple(virtual_words())
    return [
        *(AskedField(key, label, getattr(typed, key)) for key, label in model_labels().items()),
        AskedField("mode", _("Contacts between by"), typed.mode, choices=ways),
    ]


def own_fields(typed: OwnTyped) -> list[AskedField]:
    """A customer's own figures by fields."""
    return [AskedField(key, label, getattr(typed, key)) for key, label in own_labels().items()]


def own_typed(own: Exceptions) -> OwnTyped:
    """Stored figures of a customer's own as they would be typed."""
    figures = (own.interval_days, own.virtual_between, own.visit_minutes)
    return OwnTyped(*("" if one is None else str(one) for one in figures))


def virtual_words() -> list[tuple[str, str]]:
    """The ways of a virtual contact."""
    return [("call", _("Call")), ("video", _("Video")), ("message", _("Message"))]


def heading(board: AttentionBoard, customers: int, currency: str) -> tuple[FactPart, ...]:
    """ "288 customers · 613 h a month needed, 486 h there · 9,678 km · €62,298 margin"."""
    total = board.total
    short = total.hours > board.hours_there
    count = ngettext("{count} customer", "{count} customers", customers)
    return (
        FactPart(count.format(count=format_number(customers)) + "  ·  ", Tone.MUTED),
        FactPart(
            _("{needed} a month needed, {there} there").format(
                needed=hours_text(total.hours), there=hours_text(board.hours_there)
            ),
            Tone.WARNING if short else Tone.MUTED,
        ),
        *_full_part(board),
        FactPart(
            "  ·  " + km_text(total.km) + "  ·  "
            + _("{amount} cost of serving").format(amount=money_text(total.cost, currency)),
            Tone.MUTED,
        ),
    )  # fmt: skip


def _full_part(board: AttentionBoard) -> tuple[FactPart, ...]:
    """That some reps are full, though all together may have time."""
    if board.reps < 2 or not board.full_reps:
        return ()
    text = ngettext("{count} of {all} reps is full", "{count} of {all} reps are full",
                    board.full_reps)  # fmt: skip
    said = text.format(count=format_number(board.full_reps), all=format_number(board.reps))
    return (FactPart("  ·  ", Tone.MUTED), FactPart(said, Tone.WARNING))


def mode_words(board: AttentionBoard) -> list[tuple[str, str]]:
    """The parts of the place with how many each has."""
    return [
        ("models", _("Models {count}").format(count=len(board.models))),
        ("proposals", _("Proposals {count}").format(count=len(board.proposals))),
        ("exceptions", _("Exceptions {count}").format(count=len(board.exceptions))),
        ("customers", _("Customers")),
    ]


def typed_of(model: ServingModel) -> ModelTyped:
    """A stored model as it would be typed."""
    return ModelTyped(
        model.code, model.name, str(round(model.model.interval_days)),
        str(model.model.virtual_between), model.virtual_mode,
        str(round(model.model.visit_minutes)), str(round(model.model.virtual_minutes)),
        ", ".join(sorted(model.classes)), ", ".join(sorted(model.segments)),
        "; ".join(model.objectives),
    )  # fmt: skip


def served_text(facts: ServingFacts) -> str:
    """By which model a customer is served, and why it."""
    source = facts.serving.source
    if source is None:
        return _("the usual figures")
    why = {
        Because.NAMED: _("named"), Because.SEGMENT: _("segment {name}").format(name=facts.segment),
        Because.CLASS: _("class {name}").format(name=facts.account_class),
    }.get(facts.serving.because, "")  # fmt: skip
    return f"{source.code} · {why}" if why else source.code


def own_text(facts: ServingFacts) -> str:
    """What a customer has of its own."""
    own, parts = facts.serving.own, []
    if own.model_id is not None:
        parts.append(_("model by name"))
    if own.interval_days is not None:
        days = ngettext("every {count} day", "every {count} days", own.interval_days)
        parts.append(days.format(count=own.interval_days))
    if own.virtual_between is not None:
        count = own.virtual_between
        parts.append(
            ngettext("{count} contact between", "{count} contacts between", count).format(
                count=count
            )
        )
    if own.visit_minutes is not None:
        minutes = ngettext("{count} min", "{count} min", own.visit_minutes)
        parts.append(minutes.format(count=own.visit_minutes))
    return ", ".join(parts)


def rhythm_text(facts: ServingFacts) -> str:
    """ "buys every 12 days, visited every 28"."""
    buys = "–" if facts.buys_every is None else format_number(facts.buys_every)
    seen = "–" if facts.visited_every is None else format_number(facts.visited_every)
    return _("buys every {buys} days, visited every {seen}").format(buys=buys, seen=seen)


def proposal_text(row: ProposalRow) -> str:
    """What is proposed: "every 28 days, 1 call between instead of every 14 days"."""
    mode = row.facts.serving.virtual_mode
    return _("{wanted} instead of {now}").format(
        wanted=every_text(row.wanted, mode), now=every_text(row.facts.serving.model, mode)
    )


def misfit_text(misfit: Misfit) -> str:
    """Why another rhythm is proposed."""
    return {
        Misfit.BUYS_FASTER: _("buys faster than it is seen"),
        Misfit.BUYS_SLOWER: _("buys slower than it is seen"),
        Misfit.COSTS_MORE: _("the visits cost more than the customer brings"),
    }[misfit]


def facts_text(facts: ServingFacts) -> str:
    """What is known of a customer, and with it how the figures below came about."""
    parts = [
        ngettext(
            "{count} order day in twelve months", "{count} order days in twelve months",
            facts.orders,
        ).format(count=facts.orders),
        ngettext("{count} visit", "{count} visits", facts.visits).format(count=facts.visits),
        ngettext("{count} call", "{count} calls", facts.calls).format(count=facts.calls),
        _("{share} of the orders without a contact").format(
            share=_percent(facts.practice.alone)
        ),
        _("{km} and {minutes} min to it on a route").format(
            km=km_text(facts.practice.km), minutes=format_number(facts.practice.drive_minutes)
        ),
        ngettext(
            "{count} product bought in a rhythm", "{count} products bought in a rhythm",
            len(facts.rhythms),
        ).format(count=len(facts.rhythms)),
    ]  # fmt: skip
    said = rhythm_text(facts)
    return f"{said[:1].upper()}{said[1:]}. " + ", ".join(parts) + "."


def formula_text() -> str:
    """How margin follows from contacts."""
    return _(
        "Margin: the reorder model's margin a day × cycle ÷ new cycle. Of a cycle, half the time"
        " between two contacts is waiting (orders without a contact do not wait), half of the"
        " cycle at most; it grows and shrinks with the time between contacts. A call counts for"
        " its share of a visit's orders. Cost: minutes and kilometres at today's rates."
    )


def what_if_text(found: WhatIf) -> str:
    """For whom a change counts, and whether the hours are there."""
    if not found.rows:
        return _("Nobody is served differently by this.")
    count = len(found.rows)
    who = ngettext(
        "{count} customer is served differently.", "{count} customers are served differently.",
        count,
    ).format(count=format_number(count))  # fmt: skip
    needed = _("All models then need {needed} of {there} a month.").format(
        needed=hours_text(found.hours_needed), there=hours_text(found.hours_there)
    )
    return " ".join(part for part in (who, needed, full_text(found), in_plans_text(found)) if part)


def full_text(found: WhatIf) -> str:
    """Who then has more to do than hours, where several share the work; who nobody sees."""
    said = []
    full = [rep for rep in found.reps if rep.after.hours > rep.hours_there]
    if len(found.reps) > 1 and full:
        names = ", ".join(rep.name for rep in full[:_NAMED]) + ("…" if full[_NAMED:] else "")
        said.append(
            ngettext(
                "{count} of {all} reps then has more to do than hours: {names}.",
                "{count} of {all} reps then have more to do than hours: {names}.", len(full),
            ).format(
                count=format_number(len(full)), all=format_number(len(found.reps)), names=names
            )
        )  # fmt: skip
    if found.unserved:
        said.append(
            ngettext(
                "{count} customer has no rep and is in no plan.",
                "{count} customers have no rep and are in no plan.", found.unserved,
            ).format(count=format_number(found.unserved))
        )  # fmt: skip
    return " ".join(said)


def in_plans_text(found: WhatIf) -> str:
    """What plans will make of it, which is less than what is asked for, and how exact that is."""
    now, then = found.plans_before, found.plans_after
    return _(
        "In plans, which drive what fits: about {visits} visits, {hours} and {km} a month instead"
        " of {visits_now}, {hours_now} and {km_now} (± {error}, in nine of ten comparisons)."
    ).format(
        visits=format_number(then.visits), hours=hours_text(then.hours), km=km_text(then.km),
        visits_now=format_number(now.visits), hours_now=hours_text(now.hours),
        km_now=km_text(now.km), error=format_percent(PLANS_WITHIN),
    )  # fmt: skip


def read_whole(text: str, usual: int = -1) -> int:
    """A typed whole number; ``usual`` where nothing was typed, -1 for what is no number."""
    stripped = text.strip()
    if not stripped:
        return usual
    return int(stripped) if stripped.isdecimal() and len(stripped) < 7 else -1


def read_words(text: str, sign: str = ",") -> tuple[str, ...]:
    """Words parted by commas, or by another sign."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(sign) if word.strip()))


def own_model(facts: ServingFacts, typed: OwnTyped) -> AttentionModel | None:
    """The model a customer would have with its own figures as typed; None for what cannot be."""
    usual = facts.serving.source.model if facts.serving.source is not None else None
    now = facts.serving.model
    base = now if usual is None else usual
    every = read_whole(typed.every, round(base.interval_days))
    between = read_whole(typed.between, base.virtual_between)
    minutes = read_whole(typed.minutes, round(base.visit_minutes))
    if not (1 <= every <= VIRTUAL_ONLY_DAYS and 0 <= between <= 30 and 1 <= minutes <= 480):
        return None
    return AttentionModel(float(every), between, float(minutes), now.virtual_minutes)


def _percent(share: float) -> str:
    return format_number(share * 100) + " %"
