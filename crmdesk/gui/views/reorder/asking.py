"""Questions that one line of typing answers: a count, a par level, another quantity, a substitute.

Owns which question is open, what was typed so far, and what the answer means; no Qt. What an answer
leads to is :mod:`crmdesk.gui.views.reorder.steps`'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from crmdesk.domain.packaging import InvalidAmount, is_weighed, read_amount
from crmdesk.gui.packs import base_text, pack_name
from crmdesk.gui.presenting import JobRunner
from crmdesk.i18n import _
from crmdesk.services.queries.order import FoundProduct, find_products
from crmdesk.services.queries.reorder import PackOption, PairKey
from crmdesk.services.workspace import Workspace

_MOST_DIGITS = 7


class Ask(StrEnum):
    """What can be asked of a SKU at a customer (a promise: of the customer)."""

    COUNT = "count"
    PAR = "par"
    QUANTITY = "quantity"
    SUBSTITUTE = "substitute"
    PROMISE = "promise"


NUMBERS = frozenset({Ask.COUNT, Ask.PAR, Ask.QUANTITY})


@dataclass(frozen=True, slots=True)
class Question:
    """What the line shows: what is asked, what stands in it, and what is said beside it."""

    prompt: str
    text: str = ""
    beside: str = ""
    wrong: bool = False
    number: bool = False
    can_cycle: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what a question is about."""

    key: PairKey
    product: str
    account: str
    base_unit: str
    packs: tuple[PackOption, ...]
    pack: PackOption


class AskingView(Protocol):
    """The line as its owner sees it."""

    def show_question(self, question: Question | None) -> None:
        """Show a question, or take the line away."""

    def show_beside(self, words: str, *, wrong: bool) -> None:
        """Say something beside what is being typed."""


class Asking:
    """One question at a time; ``done(kind, subject, value)`` gets base units, a product or words.

    ``closed`` follows its owner, so that late answers are dropped.
    """

    def __init__(
        self,
        ws: Workspace,
        runner: JobRunner,
        view: AskingView,
        done: Callable[[Ask, Subject, int | str], None],
    ) -> None:
        self.closed = False
        self._ws, self._runner, self._view, self._done = ws, runner, view, done
        self._kind: Ask | None = None
        self._subject: Subject | None = None
        self._place = 0
        self._found: tuple[FoundProduct, ...] = ()
        self._typed = ""

    @property
    def kind(self) -> Ask | None:
        """The question that is open."""
        return self._kind

    def ask(self, kind: Ask, subject: Subject) -> None:
        """Open a question."""
        self._kind, self._subject, self._typed, self._found = kind, subject, "", ()
        places = [option.packaging_id for option in subject.packs]
        here = subject.pack.packaging_id
        self._place = places.index(here) if here in places else 0
        self._view.show_question(
            Question(
                _prompt(kind, subject),
                beside=self._unit() if kind in NUMBERS else "",
                number=kind in NUMBERS,
                can_cycle=self._can_cycle() or kind is Ask.SUBSTITUTE,
            )
        )

    def cycle(self) -> None:
        """The next packaging for a number; the next match for a substitute."""
        if self._subject is None:
            return
        if self._kind is Ask.SUBSTITUTE and self._found:
            self._place = (self._place + 1) % len(self._found)
            self._view.show_beside(self._match(), wrong=False)
        elif self._can_cycle():
            self._place = (self._place + 1) % len(self._subject.packs)
            self.type(self._typed)

    def type(self, text: str) -> None:
        """What stands in the line now."""
        self._typed = text
        if self._subject is None:
            return
        if self._kind is Ask.SUBSTITUTE:
            ws, account = self._ws, self._subject.key[0]
            self._runner.read(lambda: find_products(ws, account, text), self._on_found, owner=self)
        elif self._kind in NUMBERS:
            self._view.show_beside(self._unit(), wrong=False)

    def answer(self, text: str) -> None:
        """Enter was pressed: the answer, or what is wrong with it."""
        kind, subject = self._kind, self._subject
        if kind is None or subject is None:
            return
        value = self._value(kind, subject, text.strip())
        if isinstance(value, _Wrong):
            self._view.show_beside(value.words, wrong=True)
            return
        self.leave()
        self._done(kind, subject, value)

    def leave(self) -> None:
        """Close the question without an answer."""
        self._kind = self._subject = None
        self._view.show_question(None)

    def _value(self, kind: Ask, subject: Subject, text: str) -> int | str | _Wrong:
        if kind is Ask.PROMISE:
            return text or _Wrong(_("A promise needs words."))
        if kind is Ask.SUBSTITUTE:
            if not self._found:
                return _Wrong(_("Type a part of the other product's name."))
            return self._found[self._place].product_id
        base = self._base(subject, text)
        if isinstance(base, int) and base == 0 and kind is Ask.QUANTITY:
            return _Wrong(_("Say how much it will be instead."))
        return base

    def _base(self, subject: Subject, text: str) -> int | _Wrong:
        if is_weighed(subject.base_unit):
            try:
                return read_amount(text, subject.base_unit).base_quantity
            except InvalidAmount:
                return _Wrong(_("Type an amount such as 1.5 kg."))
        if not text.isdecimal() or len(text) > _MOST_DIGITS:
            return _Wrong(_("Type a whole number."))
        return int(text) * self._pack(subject).factor

    def _pack(self, subject: Subject) -> PackOption:
        return subject.packs[self._place] if subject.packs else subject.pack

    def _can_cycle(self) -> bool:
        subject = self._subject
        if subject is None or self._kind not in NUMBERS or is_weighed(subject.base_unit):
            return False
        return len(subject.packs) > 1

    def _unit(self) -> str:
        subject = self._subject
        if subject is None:
            return ""
        if is_weighed(subject.base_unit):
            return _("such as 1.5 kg")
        pack, typed = self._pack(subject), self._typed.strip()
        count = int(typed) if typed.isdecimal() and len(typed) <= _MOST_DIGITS else 0
        name = pack_name(pack.unit, count)
        if pack.factor > 1 and count:
            return f"{name} = {base_text(subject.base_unit, count * pack.factor)}"
        return name

    def _on_found(self, found: tuple[FoundProduct, ...]) -> None:
        subject = self._subject
        if self._kind is not Ask.SUBSTITUTE or subject is None:
            return
        self._found = tuple(one for one in found if one.product_id != subject.key[1])
        self._place = 0
        missing = _("No product is called that.") if self._typed.strip() else ""
        self._view.show_beside(self._match() or missing, wrong=False)

    def _match(self) -> str:
        if not self._found:
            return ""
        one = self._found[self._place]
        if len(self._found) == 1:
            return f"{one.name} · {one.sku}"
        return _("{name} · {place} of {count}").format(
            name=one.name, place=self._place + 1, count=len(self._found)
        )


@dataclass(frozen=True, slots=True)
class _Wrong:
    words: str


def _prompt(kind: Ask, subject: Subject) -> str:
    return {
        Ask.COUNT: _("{product} on the shelf now:"),
        Ask.PAR: _("Par level of {product} (0 takes it away):"),
        Ask.QUANTITY: _("{product} from now on:"),
        Ask.SUBSTITUTE: _("{product} is substituted by:"),
        Ask.PROMISE: _("Promised to {account}:"),
    }[kind].format(product=subject.product, account=subject.account)
