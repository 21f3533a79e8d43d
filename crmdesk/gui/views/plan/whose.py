"""Whose plan is shown: read once, chosen by the office, always one's own for a rep. No Qt.

Owns the choice; reading that person's weeks is the presenter's.
"""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.domain.states import Role
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.services.queries.plan_people import PlanPerson, plan_people


class Whose:
    """See the module. ``turned`` is called when another person's plan is to be shown."""

    def __init__(self, standing: Standing, turned: Callable[[], None]) -> None:
        self._at = standing
        self._turned = turned
        self._wanted: int | None = None
        self.people: tuple[PlanPerson, ...] = ()

    def known(self, then: Callable[[], None]) -> bool:
        """True when it is known whose plan to show; otherwise it is read, and ``then`` called."""
        at = self._at
        if self.people:
            return True
        if at.ws.user.role is Role.REP:
            self.people = (at.person,)
            return True

        def done(people: tuple[PlanPerson, ...]) -> None:
            self.people = people
            self._take(self._wanted)
            at.view.show_person(at.person.name if len(people) > 1 else "")
            then()

        at.runner.read(lambda: plan_people(at.ws), done, owner=at)
        return False

    def _take(self, user_id: int | None) -> bool:
        """Stand before the plan of a person, the first one where nobody is named."""
        at = self._at
        named = user_id if user_id is not None else at.person.id
        chosen = next((one for one in self.people if one.id == named), self.people[0])
        other = chosen.id != at.person.id
        at.person = chosen
        return other

    def ask(self) -> None:
        """Offer the people, where there are several."""
        if len(self.people) > 1:
            self._at.view.ask_person([(one.id, one.name) for one in self.people])

    def choose(self, user_id: int) -> None:
        """Turn to the plan of a person."""
        self._wanted = user_id
        if self.people and self._take(user_id):
            self._at.view.show_person(self._at.person.name)
            self._turned()
