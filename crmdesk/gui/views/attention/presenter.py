"""What the place of attention does, without Qt: models, proposals, exceptions, and what-if.

Owns which part is shown, what is typed, and what a change would do before it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crmdesk.domain.changes import ChangeSet
from crmdesk.domain.errors import FieldError
from crmdesk.domain.states import Role
from crmdesk.gui.effort_words import CompareRow, change_sentence, compare_rows
from crmdesk.gui.form_meeting import (
    Theirs,
    TypedForm,
    say_theirs,
    theirs_notice,
    theirs_of,
)
from crmdesk.gui.presenting import PlaceContext
from crmdesk.gui.views.attention import words
from crmdesk.gui.views.attention.keeping import keep_model, keep_own, model_of, own_of
from crmdesk.gui.views.attention.words import ModelTyped, OwnTyped
from crmdesk.gui.widgets.items import FactPart
from crmdesk.i18n import _, ngettext
from crmdesk.planning.serving import Exceptions
from crmdesk.services import attention_models as commands
from crmdesk.services import undo
from crmdesk.services.queries import attention as queries
from crmdesk.services.queries.attention import AttentionBoard
from crmdesk.services.queries.serving_facts import CompanyFacts, ServingFacts, serving_facts
from crmdesk.services.queries.what_if import RepMonth, WhatIf, WhatIfRow, what_if

_SHOWN = frozenset({"attention_model", "account", "visit", "sale", "leave", "holiday"})


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """What a change would do: a sentence, the figures, and what is wrong with what was typed."""

    sentence: str
    rows: tuple[CompareRow, ...] = ()
    reps: tuple[RepMonth, ...] = ()
    problem: str = ""
    field: str = ""


class AttentionView(Protocol):
    """What the presenter asks of the widget."""

    def show_heading(self, facts: Sequence[FactPart], modes: Sequence[tuple[str, str]]) -> None:
        """The figures of the whole, and the parts with their counts."""

    def show_part(self, mode: str, rows: Sequence[tuple[int, Any]], title: str) -> None:
        """The rows of a part by key."""

    def show_model(self, typed: ModelTyped, title: str, *, may_change: bool) -> None:
        """The form of a model."""

    def show_customer(self, name: str, facts: str, typed: OwnTyped, usual: OwnTyped) -> None:
        """What is known of a customer and its own figures, with the model's beside them."""

    def model_typed(self) -> ModelTyped:
        """What stands in the form of a model, to the last key."""

    def show_change(self, item: ChangeItem) -> None:
        """What the change that is typed would do."""


class AttentionPresenter:
    """The logic of the place."""

    def __init__(self, context: PlaceContext, view: AttentionView) -> None:
        self.closed = False
        self.workspace = context.workspace
        self._runner = context.runner
        self._desk = context.desk
        self._view = view
        self.mode = "models"
        self._board: AttentionBoard | None = None
        self._company: CompanyFacts | None = None
        self._model_id: int | None = None
        self._new = False
        self._account_id: int | None = None
        self._behind: tuple[str, tuple[WhatIfRow, ...]] = ("", ())
        self._model = TypedForm(ModelTyped(), ModelTyped())
        self._model_shown: int | None = None
        self._own = TypedForm(OwnTyped(), OwnTyped())
        self._own_first = OwnTyped()
        self._own_shown: tuple[str, int] | None = None
        self._asked = 0
        self._what_if: WhatIf | None = None

    def start(self) -> None:
        """Read for the first time."""
        ws = self.workspace
        self._runner.read(
            lambda: (queries.attention_board(ws), serving_facts(ws)), self._on_read, owner=self
        )

    def close(self) -> None:
        """Drop what is still under way."""
        self.closed = True

    def on_changes(self, changes: ChangeSet) -> None:
        """Read again when models, customers or what they bought were touched."""
        if changes.touches(*_SHOWN):
            self.start()

    @property
    def may_change_models(self) -> bool:
        """Whether this person decides on models."""
        return self.workspace.user.role is not Role.REP

    # -------------------------------------------------------------------------------- showing

    def _on_read(self, found: tuple[AttentionBoard, CompanyFacts]) -> None:
        self._board, self._company = found
        board, currency = self._board, self.workspace.currency
        self._view.show_heading(
            words.heading(board, len(self._company.customers), currency), words.mode_words(board)
        )
        known = [row.model.id for row in board.models if row.model is not None]
        if self._model_id not in known and not self._new:
            self._model_id = known[0] if known else None
        self._show_part()

    def choose_mode(self, mode: str) -> None:
        """Show another part."""
        if mode in words.MODES:
            self.mode = mode
            if mode == "customers":
                self._behind = ("", ())
            self._account_id = None
            self._show_part()

    def _show_part(self) -> None:
        board = self._board
        if board is None:
            return
        rows: list[tuple[int, Any]] = []
        title = ""
        if self.mode == "models":
            rows = [(0 if r.model is None else r.model.id, r) for r in board.models]
        elif self.mode == "proposals":
            rows = [(r.facts.account_id, r) for r in board.proposals]
        elif self.mode == "exceptions":
            rows = [(r.facts.account_id, r) for r in board.exceptions]
        else:
            title, behind = self._behind
            rows = [(r.facts.account_id, r) for r in behind or self._everybody()]
        self._view.show_part(self.mode, rows, title)
        if self.mode == "models":
            self._show_model()
        elif rows:
            keys = [key for key, _row in rows]
            self.choose(self._account_id if self._account_id in keys else keys[0], again=True)

    def _everybody(self) -> tuple[WhatIfRow, ...]:
        company = self._company
        if company is None:
            return ()
        rows = []
        for one in company.customers.values():
            served = queries.effort_of(company, one)
            rows.append(WhatIfRow(one, served, served))
        return tuple(rows)

    def choose(self, key: int | None, *, again: bool = False) -> None:
        """Another row is under the bar."""
        if key is None:
            return
        if self.mode == "models":
            if key != self._model_id or self._new:
                self._model_id, self._new = key, False
                self._show_model()
            return
        if key != self._account_id or again:
            self._account_id = key
            self._show_customer()

    # --------------------------------------------------------------------------------- models

    def _show_model(self) -> None:
        board = self._board
        if board is None:
            return
        models = {row.model.id: row.model for row in board.models if row.model is not None}
        model = models.get(self._model_id or 0)
        shown = 0 if model is None or self._new else model.id
        now = ModelTyped() if model is None or self._new else words.typed_of(model)
        if shown == self._model_shown:
            # The same model after a change of anything: what is being typed stays.
            self._model.typed = self._view.model_typed()
            both = self._model.renew(now)
            self._say_both(theirs_of(words.model_fields(now), both))
        else:
            self._model_shown = shown
            self._model.show(now)
        title = _("New model") if model is None or self._new else model.name
        self._view.show_model(self._model.typed, title, may_change=self.may_change_models)
        self._try_model()

    def _say_both(self, theirs: Theirs) -> None:
        if theirs:
            self._desk.banner(theirs_notice(theirs))

    def new_model(self) -> None:
        """Begin another model."""
        if not self.may_change_models:
            self._desk.banner(
                _("The office decides on attention models."),
                _("Give a customer an exception, or ask the office."),
            )
            return
        self.mode, self._new, self._model_shown = "models", True, None
        self._show_part()

    def type_model(self, typed: ModelTyped) -> None:
        """Something was typed into the form; what comes after it was left is dropped."""
        if self.mode != "models":
            return
        self._model.typed = typed
        self._try_model()

    def _try_model(self) -> None:
        self._asked += 1
        number, ws = self._asked, self.workspace
        fields = model_of(self._model.typed)
        model_id = None if self._new else self._model_id
        if min(fields.interval_days, fields.visit_minutes, fields.virtual_minutes) < 1:
            self._view.show_change(ChangeItem("", problem=_("Days and minutes are whole numbers.")))
            return
        self._runner.read(
            lambda: what_if(ws, model_id, fields),
            lambda found: self._on_tried(number, found),
            owner=self,
        )

    def _on_tried(self, number: int, found: WhatIf) -> None:
        if number != self._asked or self.mode != "models":
            return
        self._what_if = found
        currency = self.workspace.currency
        sentence = words.what_if_text(found)
        before, after = found.before, found.after
        if found.rows:
            sentence = f"{change_sentence(found.change, currency)} {sentence}"
        elif self._board is not None:
            rows = [r for r in self._board.models if r.model and r.model.id == self._model_id]
            before = after = rows[0].effort if rows and not self._new else before
        reps = found.reps if len(found.reps) > 1 else ()
        self._view.show_change(ChangeItem(sentence, compare_rows(before, after, currency), reps))

    def save(self) -> None:
        """Save the model, or the customer's own figures, as typed."""
        ws = self.workspace
        if self.mode != "models":
            self._save_own()
            return
        model_id = None if self._new else self._model_id or None
        filled = self._model.filled
        self._runner.write(
            lambda: keep_model(ws, model_id, filled), self._on_model_saved, self._on_refused,
            owner=self,
        )  # fmt: skip

    def _on_model_saved(self, found: tuple[ChangeSet, Theirs]) -> None:
        changes, theirs = found
        say_theirs(self._desk, theirs)
        # Shown next as it is stored, and nothing of it as still typed.
        self._model_shown = None
        if changes.undo is None:
            self._desk.toast(_("Nothing was changed."))
            return
        if self._new:
            self._new = False
            self._model_id = next(iter(changes.touched["attention_model"]))
        self._said(_("The model holds from now on."), changes)

    # ------------------------------------------------------------------------------ customers

    def _facts(self) -> ServingFacts | None:
        if self._company is None or self._account_id is None:
            return None
        return self._company.customers.get(self._account_id)

    def _show_customer(self) -> None:
        facts = self._facts()
        if facts is None:
            return
        stored = typed = words.own_typed(facts.serving.own)
        said = words.facts_text(facts)
        if self.mode == "proposals" and self._board is not None:
            row = next(r for r in self._board.proposals if r.facts.account_id == facts.account_id)
            typed = OwnTyped(
                str(round(row.wanted.interval_days)), str(row.wanted.virtual_between),
                typed.minutes,
            )  # fmt: skip
            why = words.misfit_text(row.misfit)
            said = f"{why[:1].upper()}{why[1:]}. {said}"
        source = facts.serving.source
        base = facts.serving.model if source is None else source.model
        usual = OwnTyped(
            str(round(base.interval_days)),
            str(base.virtual_between),
            str(round(base.visit_minutes)),
        )
        same = self._own_shown == (self.mode, facts.account_id)
        if same and self._own.typed != self._own_first:
            both = self._own.renew(stored)
            self._say_both(theirs_of(words.own_fields(stored), both))
        else:
            self._own_shown, self._own_first = (self.mode, facts.account_id), typed
            # A proposal counts as typed: what it would change is what is stored.
            self._own.show(typed, stored)
        self._view.show_customer(facts.name, said, self._own.typed, usual)
        self._try_own()

    def type_own(self, typed: OwnTyped) -> None:
        """A figure of the customer's own was typed."""
        self._own.typed = typed
        self._try_own()

    def _try_own(self) -> None:
        self._asked += 1
        facts, company = self._facts(), self._company
        if facts is None or company is None:
            return
        wanted = words.own_model(facts, self._own.typed)
        if wanted is None:
            self._view.show_change(
                ChangeItem("", problem=_("Days, contacts and minutes are whole numbers."))
            )
            return
        before = queries.effort_of(company, facts)
        after = queries.effort_of(company, facts, wanted)
        currency = self.workspace.currency
        sentence = change_sentence(after - before, currency)
        if wanted == facts.serving.model:
            sentence = _("It is served like this now.")
        self._view.show_change(ChangeItem(sentence, compare_rows(before, after, currency)))

    def _save_own(self) -> None:
        facts, ws = self._facts(), self.workspace
        if facts is None:
            return
        name, key = facts.name, facts.account_id
        if own_of(self._own.typed) is None:
            self._desk.banner(_("Days, contacts and minutes are whole numbers."))
            return
        filled = self._own.filled

        def done(found: tuple[ChangeSet, Theirs]) -> None:
            changes, theirs = found
            self._own_shown = None
            say_theirs(self._desk, theirs)
            self._said(_("{name} has figures of its own").format(name=name), changes)

        self._runner.write(lambda: keep_own(ws, key, filled), done, self._on_refused, owner=self)

    def accept(self, keys: Sequence[int]) -> None:
        """Accept proposals: the customers get figures of their own; one undo takes all back."""
        board, ws = self._board, self.workspace
        if board is None or self.mode != "proposals":
            return
        rows = {row.facts.account_id: row for row in board.proposals}
        wanted = {
            key: Exceptions(
                None, round(rows[key].wanted.interval_days), rows[key].wanted.virtual_between
            )
            for key in keys
            if key in rows
        }  # fmt: skip
        if not wanted:
            self._desk.toast(_("There is no proposal here."))
            return
        said = ngettext("{count} proposal accepted", "{count} proposals accepted", len(wanted))
        self._runner.write(
            lambda: commands.set_exceptions(
                ws, wanted, keep=("attention_model_id", "visit_minutes")
            ),
            lambda changes: self._said(said.format(count=len(wanted)), changes),
            self._on_refused,
            owner=self,
        )

    def remove(self, keys: Sequence[int]) -> None:
        """Take customers' own figures away: their model holds again."""
        ws = self.workspace
        wanted = {key: Exceptions() for key in keys}
        if self.mode == "models" or not wanted:
            return
        count = len(wanted)
        said = ngettext(
            "{count} customer follows its model again",
            "{count} customers follow their models again", count,
        )  # fmt: skip
        self._runner.write(
            lambda: commands.set_exceptions(ws, wanted),
            lambda changes: (
                self._said(said.format(count=count), changes)
                if changes.undo is not None
                else self._desk.toast(_("It has no figures of its own."))
            ),
            self._on_refused,
            owner=self,
        )

    # ------------------------------------------------------------------------------- elsewhere

    def open(self, key: int | None) -> None:
        """Open a row: the customers of a model, or the card of a customer."""
        if key is None:
            return
        if self.mode != "models":
            self._desk.go("customer", account=key)
            return
        self.show_behind(of_model=True)

    def show_behind(self, *, of_model: bool = False) -> None:
        """The customers behind the figures: those of the model, or those that would change."""
        if self._company is None or self.mode != "models":
            return
        found = self._what_if
        if not of_model and found is not None and found.rows:
            self._behind = (_("served differently by what is typed"), found.rows)
        else:
            key = None if self._new else self._model_id
            rows = tuple(
                row for row in self._everybody()
                if (row.facts.serving.source.id if row.facts.serving.source else 0) == (key or 0)
            )  # fmt: skip
            self._behind = (_("served by {model}").format(model=self._model.typed.name), rows)
        self.mode, self._account_id = "customers", None
        self._show_part()

    # ------------------------------------------------------------------------------------ undo

    def _on_refused(self, error: Exception) -> None:
        if isinstance(error, FieldError):
            self._view.show_change(ChangeItem("", problem=str(error), field=error.field))
        else:
            self._desk.fail(error)

    def _said(self, text: str, changes: ChangeSet) -> None:
        ws, txn = self.workspace, changes.undo
        if txn is None:
            self._desk.toast(text)
            return

        def take_back() -> None:
            self._runner.write(lambda: undo.undo(ws, txn), owner=self)

        self._desk.toast(text, undo=take_back)
