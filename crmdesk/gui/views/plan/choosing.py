"""Plans side by side: made, put on the board one at a time, taken or put away. No Qt.

Owns the plans to choose from and which is on the board. Making and taking one are
:mod:`.planner`'s.
"""

from __future__ import annotations

from datetime import date

from crmdesk.gui.views.plan import variant_words
from crmdesk.gui.views.plan.planner import Planner, Search
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import _
from crmdesk.services import plan_variants
from crmdesk.services.plan_drafts import draft_of
from crmdesk.services.plan_variants import Variant
from crmdesk.services.queries.plan import WeekRow


class Choosing:
    """See the module."""

    def __init__(self, standing: Standing, planner: Planner) -> None:
        self._at = standing
        self._planner = planner
        self._variants: tuple[Variant, ...] = ()
        self._chosen = ""
        self._beside: WeekRow | None = None
        planner.before_start = self.discard

    @property
    def comparing(self) -> bool:
        """True while plans stand side by side."""
        return bool(self._variants)

    def compare(self) -> None:
        """Plan the shown weeks by margin and by coverage, beside the plan that is there."""
        ws, user = self._at.ws, self._at.person.id

        def work(search: Search, start: date, days: int) -> tuple[Variant, ...]:
            found = plan_variants.propose_variants(
                ws, start, days, user_id=user, seconds=2 * self._planner.seconds(),
                cancelled=search.over, on_progress=search.progressed,
            )  # fmt: skip
            search.control.check()
            return found

        if self.comparing:
            self.discard()
        else:
            self._planner.search(_("Making plans to compare"), work, self._on_compared)

    def _on_compared(self, variants: tuple[Variant, ...]) -> None:
        at = self._at
        at.view.ask(None)
        at.view.show_outcome("", "", "")
        self._variants, self._beside = variants, at.week
        self.choose(variants[1].key)

    def choose(self, key: str) -> None:
        """Show one of the plans on the board."""
        at = self._at
        chosen = next((one for one in self._variants if one.key == key), None)
        if chosen is None or at.week is None:
            return
        self._chosen = key
        at.view.show_variants(variant_words.items(self._variants, at.ws.currency), key)
        if chosen.proposal is None:
            at.draw(at.week, None)
        else:
            at.draw(draft_of(at.ws, at.week, chosen.proposal), chosen.proposal)

    def step(self, by: int) -> None:
        """Show the plan before or after the one that is shown."""
        keys = [one.key for one in self._variants]
        if self._chosen in keys:
            self.choose(keys[(keys.index(self._chosen) + by) % len(keys)])

    def accept(self) -> None:
        """Take the plan that is shown, or during a search the best one so far."""
        if self._planner.searching:
            self._planner.take_now()
            return
        chosen = next((one for one in self._variants if one.key == self._chosen), None)
        if chosen is None:
            return
        if chosen.proposal is None:
            self.discard()
            self._at.desk.toast(_("The plan stays as it is."))
            return
        self._hide()
        self._planner.take(chosen.proposal)

    def week_read(self, week: WeekRow) -> None:
        """The kept plan was read again: plans made beside another one are put away."""
        if self.comparing and week != self._beside:
            self._hide()
            self._at.undraw()
            self._at.desk.toast(
                _("The plan has changed, so the plans to compare were put away; C makes new ones.")
            )

    def discard(self) -> None:
        """Put the plans away; the plan stays as it is."""
        if self._variants:
            self._hide()
            self._at.undraw()
            self._at.refresh()

    def _hide(self) -> None:
        self._variants, self._chosen, self._beside = (), "", None
        self._at.view.show_variants((), "")
