"""Usual weekdays on the plan: looked for in a job, shown in a strip, taken by a person. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crmdesk.gui.views.plan import words
from crmdesk.gui.views.plan.items import FormField, FormItem
from crmdesk.gui.views.plan.standing import Standing
from crmdesk.i18n import _, ngettext, weekday_short
from crmdesk.services.usual_weekdays import (
    WeekdayFit,
    WeekdayProposal,
    propose_usual_weekdays,
    take_usual_weekdays,
)

if TYPE_CHECKING:
    from crmdesk.gui.jobs import Control, Report

_NAMED = 3
_SECONDS = 3.0


class Weekdays:
    """See the module."""

    def __init__(self, standing: Standing) -> None:
        self._at = standing
        self._found: tuple[WeekdayProposal, ...] = ()
        self._control: Control | None = None

    @property
    def looking(self) -> bool:
        """True while weekdays are looked for."""
        return self._control is not None

    def stop(self) -> None:
        """Stop looking; nothing has changed."""
        if self._control is not None:
            self._control.cancel()
            self._over()

    def _over(self) -> None:
        self._control = None
        self._at.view.show_progress("", 0, 0)

    def look(self) -> None:
        """Look for weekdays that fit the geography."""
        at, text = self._at, _("Looking for usual weekdays")
        if not at.may_change():
            return
        start, _days = at.span()
        control = self._control = at.view.new_control()
        at.view.show_progress(text, 0, 0)

        def work() -> WeekdayFit:
            found = propose_usual_weekdays(
                at.ws, start, user_id=at.person.id, seconds=_SECONDS,
                cancelled=lambda: control.cancelled,
                on_progress=lambda one: control.report(round(one.share * 100), 100),
            )  # fmt: skip
            control.check()
            return found

        def progressed(report: Report) -> None:
            at.view.show_progress(text, report.done, report.total)

        def failed(error: Exception) -> None:
            self._over()
            at.desk.fail(error)

        at.runner.read(
            work, self._on_found, failed, owner=at, control=control, progressed=progressed
        )

    def _on_found(self, fit: WeekdayFit) -> None:
        at = self._at
        self._over()
        self._found = fit.proposals
        if not fit.proposals:
            at.desk.toast(_("The usual weekdays fit the geography as they are."))
            return
        at.view.ask(_form(fit))

    def answer(self, values: Mapping[str, str]) -> None:
        """Take all of them, or those for customers that have none."""
        at = self._at
        if not at.may_change():
            return
        wanted = tuple(one for one in self._found if values["which"] == "all" or one.now is None)
        at.view.ask(None)
        if not wanted:
            return
        text = ngettext(
            "{count} customer has another usual weekday.",
            "{count} customers have another usual weekday.", len(wanted),
        ).format(count=len(wanted))  # fmt: skip
        at.change(lambda: take_usual_weekdays(at.ws, wanted), text)


def _form(fit: WeekdayFit) -> FormItem:
    count = len(fit.proposals)
    title = ngettext(
        "{count} customer fits another weekday", "{count} customers fit another weekday", count
    ).format(count=count)
    named = ", ".join(
        _("{name} on {day}").format(name=one.name, day=weekday_short(one.proposed))
        for one in fit.proposals[:_NAMED]
    )
    about = _("{km} instead of {now} in four weeks. {names}").format(
        km=words.km_words(fit.km_then), now=words.km_words(fit.km_now), names=named
    )
    if count > _NAMED:
        about += "…"
    choices = [("all", _("All of them"))]
    if any(one.now is None for one in fit.proposals):
        choices.append(("without", _("Only customers without one")))
    return FormItem(
        "weekdays", title, about,
        (FormField("which", _("Take"), "all", choices=tuple(choices)),), _("Take them"),
    )  # fmt: skip
