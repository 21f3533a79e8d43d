"""Leads that are still worked on, and those of two years that came to nothing.

Owns their rows. Leads that became an opportunity are written with it by :mod:`crmdesk.demo.deals`.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.names import Namer
from crmdesk.demo.people import Rep, Staff
from crmdesk.demo.sink import Sink
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import UidMaker
from crmdesk.domain.leads import QUESTIONS, score
from crmdesk.storage.rows import row_maker

STEPS = ("Call back", "Send the offer", "Tasting with the owner", "Meet the manager")
_OPEN = 9
_GONE = 22
_DAYS = 700
_WHY = ("need", "small", "area", "supplier", "unreached", "supplier")
_TOWNS = ("Andorra la Vella", "Escaldes", "Encamp", "la Seu d'Urgell", "Puigcerdà", "Ordino")


def write_leads(
    spec: DemoSpec, staff: Staff, rep: Rep, namer: Namer, uids: UidMaker, sink: Sink
) -> None:
    """Leads of one rep: some to work on, more that were disqualified."""
    rng = Random(f"{spec.seed}/leads/{rep.code}")
    today = spec.today.toordinal()
    make = row_maker("lead")
    for index in range(_OPEN + _GONE):
        is_open = index < _OPEN
        age = rng.randrange(2, 60) if is_open else rng.randrange(30, _DAYS)
        created = today - min(age, today - spec.first_day.toordinal())
        status = ("new", "new", "contacted", "contacted", "qualified")[index % 5]
        asked = {"new": 0.0, "contacted": 0.6, "qualified": 1.0}[status] if is_open else 0.7
        given = qualification(rng, 0.6 if is_open else 0.25, asked)
        language = "ca" if rep.country == "AD" else "es"
        row = make(
            uids(), user=rep.uid, name=namer.person(language),
            company=namer.business(namer.channel(), index * 9, rep.country)[0],
            phone=f"+376{rng.randrange(300_000, 399_999)}", city=rng.choice(_TOWNS),
            email=f"lead{index + 1}@{rep.code.lower()}.example",
            campaign=rng.choice(staff.campaigns) if rng.random() < 0.6 else None,
            status=status if is_open else "lost",
            source=rng.choice(("fair", "telephone", "recommended", "web")),
            qualification=given or None, score=score(given).points,
            created_on=date.fromordinal(created),
            next_step=rng.choice(STEPS) if is_open else None,
            next_step_on=date.fromordinal(today + rng.randrange(-3, 12)) if is_open else None,
            reason=None if is_open else staff.reasons["lead_lost", rng.choice(_WHY)],
            closed_on=None if is_open
            else date.fromordinal(min(today - 1, created + rng.randrange(3, 40))),
        )  # fmt: skip
        sink.add("lead", row)


def qualification(rng: Random, fit: float, asked: float = 1.0) -> dict[str, str]:
    """Answers as somebody would have given them; ``asked`` is the share of questions put."""
    given = {}
    for place, question in enumerate(QUESTIONS):
        if place < round(asked * len(QUESTIONS)):
            worse = int(rng.random() > fit) + int(rng.random() > fit + 0.3)
            given[question.key] = question.replies[min(worse, len(question.replies) - 1)].key
    return given
