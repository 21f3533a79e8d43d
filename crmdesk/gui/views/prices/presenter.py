"""What the place of prices does, without Qt: which part is shown, its forms, what was done.

Owns the one open form and the way of every command: checked, written, said with Undo, read again.
The parts are in the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import CrmdeskError, FieldError
from crmdesk.gui.form_meeting import Filled, Theirs, keep, say_theirs
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.prices.costs import CostsPart
from crmdesk.gui.views.prices.desk import FieldsNow, PricesDesk, Submit
from crmdesk.gui.views.prices.items import Form, PricesView, Section
from crmdesk.gui.views.prices.lists import ListsPart
from crmdesk.gui.views.prices.margins import MarginsPart
from crmdesk.gui.views.prices.promotions import PromotionsPart
from crmdesk.gui.views.prices.trial import TrialPart
from crmdesk.gui.widgets.items import Tone
from crmdesk.i18n import _
from crmdesk.services import undo

Preview = Callable[[Mapping[str, str]], str]
Part = ListsPart | PromotionsPart | CostsPart | MarginsPart | TrialPart


class PricesPresenter(PricesDesk):
    """See the module."""

    def __init__(self, context: PlaceContext, view: PricesView) -> None:
        self.closed = False
        self.ws = context.workspace
        self.runner = context.runner
        self.view = view
        self._desk = context.desk
        self.section = Section.LISTS
        self.lists = ListsPart(self)
        self.promotions = PromotionsPart(self)
        self.costs = CostsPart(self)
        self.margins = MarginsPart(self)
        self.trial = TrialPart(self)
        self._submit: Submit | None = None
        self._show: Callable[[Mapping[str, str]], None] | None = None
        self._now: FieldsNow = tuple
        self._preview: Preview | None = None

    # -------------------------------------------------------------------------------- life

    def start(self) -> None:
        """Read the part that is shown."""
        self._part().read()

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True
        self.trial.cancel()

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again what is shown and touched."""
        if changes.touches(*self._part().kinds):
            self._part().read()

    def choose(self, section: Section) -> None:
        """Show another part."""
        if section is not self.section:
            self.section = section
            self.close_form()
            self.view.show_section(section)
            self.start()

    def _part(self) -> Part:
        parts: dict[Section, Part] = {
            Section.LISTS: self.lists, Section.PROMOTIONS: self.promotions,
            Section.COSTS: self.costs, Section.MARGINS: self.margins, Section.TRIAL: self.trial,
        }  # fmt: skip
        return parts[self.section]

    def try_out(self, what: str, key: int) -> None:
        """Go to the part where a change is tried, with a draft or a promotion chosen."""
        self.choose(Section.TRIAL)
        self.trial.begin_with(what, key)

    # ------------------------------------------------------------------------------- forms

    def ask(
        self,
        form: Form,
        submit: Submit,
        preview: Preview | None = None,
        now: FieldsNow | None = None,
    ) -> None:
        """Open a form; ``submit`` takes what was typed, ``preview`` says what it means."""
        self._submit, self._preview, self._show = submit, preview, None
        self._now = now or (lambda: form.fields)
        self.view.show_form(form)
        if preview is not None:
            self.typed({one.key: one.text for one in form.fields})

    def look(self, form: Form, show: Callable[[Mapping[str, str]], None]) -> None:
        """Open a form by which nothing is written: something is only shown."""
        self._submit, self._preview, self._show = None, None, show
        self.view.show_form(form)

    def typed(self, values: Mapping[str, str]) -> None:
        """Something was typed into the form."""
        if self._preview is None:
            return
        try:
            self.view.show_preview(self._preview(values), Tone.GOOD)
        except FieldError as error:
            self.view.show_preview(error.message, Tone.MUTED)

    def submit(self, filled: Filled) -> None:
        """The form is to be carried out; what is wrong is said beside its field."""
        submit, now, ws = self._submit, self._now, self.ws
        if self._show is not None:
            try:
                self._show(filled.values)
            except FieldError as error:
                self.view.show_problem(error.field, str(error))
        if submit is None:
            return

        def work() -> tuple[ChangeSet, str, Theirs]:
            (changes, said), theirs = keep(ws, filled, now, submit)
            return changes, said, theirs

        def done(found: tuple[ChangeSet, str, Theirs]) -> None:
            changes, said, theirs = found
            say_theirs(self._desk, theirs)
            self._on_written(changes, said)

        self.runner.write(work, done, self._on_failed, owner=self)

    def close_form(self) -> None:
        """Give the form up."""
        self._submit = self._preview = self._show = None
        self.view.close_form()

    # ---------------------------------------------------------------------------- commands

    def write(self, work: Callable[[], ChangeSet], said: str) -> None:
        """Carry out a command; says what was done with Undo, or what is wrong beside its field."""
        self.runner.write(
            work, lambda changes: self._on_written(changes, said), self._on_failed, owner=self
        )

    def _on_written(self, changes: ChangeSet, said: str) -> None:
        self.close_form()
        if changes.undo is None:
            self._desk.toast(_("Nothing had to be changed."))
            return
        txn, ws = changes.undo, self.ws
        self._desk.toast(said, undo=lambda: _started(self.runner.write(lambda: undo.undo(ws, txn))))

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, FieldError) and self._submit is not None:
            self.view.show_problem(error.field, str(error))
        elif isinstance(error, CrmdeskError):
            self._desk.banner(error.message, error.hint)
        else:
            self._desk.fail(error)

    def exported(self, count: int, path: Path) -> None:
        """Say that a file was written."""
        self._desk.toast(_("{count} rows written to {file}").format(count=count, file=path.name))

    def go(self, place: str, **args: object) -> None:
        """Open another place."""
        self._desk.go(place, **args)


def _started(_job: object) -> None:
    return None
