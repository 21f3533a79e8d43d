"""Service and memory: tickets with their events, promises, notes, scores, samples, touches.

Owns the words. The customers of today's route have set pieces, so that the first screens have
something to say; everybody else has them by chance.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.customer import Customer
from crmdesk.demo.numbers import Numbers
from crmdesk.demo.people import Staff
from crmdesk.demo.rhythm import Pair
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

_SUBJECTS: tuple[tuple[str, str], ...] = (
    ("incident", "Delivery came a day late"), ("incident", "Case missing from the delivery"),
    ("complaint", "4 dented tins"), ("complaint", "Price on the invoice is not the agreed one"),
    ("return", "Date too near, wants to return a case"), ("incident", "Wrong product delivered"),
    ("complaint", "Driver did not wait at the door"), ("incident", "Invoice not received"),
    ("return", "Torn bags"), ("complaint", "Oil bottle leaked in the case"),
)  # fmt: skip
_MESSAGES = (
    ("in", "The customer telephoned."), ("out", "Looked into it with the warehouse."),
    ("out", "Credit note agreed."), ("out", "Replacement goes with the next delivery."),
)  # fmt: skip
_SOLVED = (
    "Credit note sent.", "Sent what was missing with the next delivery.", "Price corrected.",
    "Exchanged at the door.", "Explained; the customer is content.",
)  # fmt: skip
_ASKED = "Which delivery is it about?"
_BACK = "Not solved: it happened again."
_PROMISES = (
    "Bring a sample of the new coffee", "Send the price list for hotels", "Shelf plan for drinks",
    "Ask for an earlier delivery", "Bring two display stands", "Check the price of 25 kg flour",
    "Call before the long weekend", "Offer for paper by the bulk pack",
)  # fmt: skip
_NOTES = (
    "Asked for Christmas boxes.", "Prefers deliveries before 10.", "New manager starts in spring.",
    "Se queja del precio del aceite; mirar oferta.", "Storeroom is being rebuilt until March.",
    "Buys cola elsewhere at 0.39.", "Wants fewer, larger deliveries.", "Tancat els dimarts.",
    "Terrace opens in June: more drinks.", "Happy with the new detergent.",
    "Pide factura separada para limpieza.", "Son takes over the orders.",
    "Просит звонить после обеда.", "Competitor visited last week with coffee at 9.90.",
)  # fmt: skip
_COMMENTS = (
    "She calls before we run out", "Always on time", "Fine, but prices rise", "Good range",
    "Deliveries too late in the day", "Nobody answered the telephone", None, None,
)  # fmt: skip
_CAST_TICKETS = {
    2: (6, "complaint", "4 dented tins", 11),
    5: (5, "complaint", "Beer arrived warm", 17),
}
_CAST_PROMISES = {
    2: (14, 0, "Bring a sample of Lavamar 3 L"),
    7: (14, 0, "Shelf plan for the drinks"),
    4: (21, -3, "Ask for the price of buckwheat by the bulk pack"),
}  # fmt: skip
_FOR_REP = {3: (1, "Ask who decides on the terrace"), 2: (0, "Agree the Christmas display")}
_FOR_OFFICE = {5: (1, "Send the credit note for the warm beer")}
"""Tasks by the cast of the customer: days from today, and what is to be done."""


class Service:
    """Writes what was said, promised and complained about."""

    def __init__(
        self, spec: DemoSpec, staff: Staff, numbers: Numbers, uids: UidMaker, sink: Sink
    ) -> None:
        self._spec, self._staff, self._numbers = spec, staff, numbers
        self._today, self._first = spec.today.toordinal(), spec.first_day.toordinal()
        self._uids, self._sink = uids, sink
        self._ticket, self._event = row_maker("ticket"), row_maker("ticket_event")
        self._promise, self._note = row_maker("promise"), row_maker("note")
        self._score, self._touch = row_maker("survey_score"), row_maker("touch")
        self._sample = row_maker("sample")
        self._have_put_off: set[Uid] = set()

    def write(
        self, customer: Customer, habits: list[Pair], seen: dict[int, Uid], rng: Random
    ) -> None:
        """All service rows of one customer; ``seen`` has the visit of each day."""
        self._write_tickets(customer, habits, rng)
        self._write_promises(customer, seen, rng)
        self._write_notes(customer, seen, rng)
        self._write_scores(customer, rng)
        if customer.status != "prospect":
            self._write_samples(customer, habits, seen, rng)
        if rng.random() < 0.3:
            self._write_touches(customer, rng)

    def _days(self, customer: Customer, per_year: float, rng: Random) -> list[int]:
        start = max(self._first, customer.acquired)
        end = min(self._today, customer.ended or self._today)
        found, day = [], float(start)
        while per_year > 0:
            day += rng.expovariate(per_year / 365)
            if day >= end:
                break
            if (int(day) - 1) % 7 < 5:
                found.append(int(day))
        return found

    def _write_tickets(self, customer: Customer, habits: list[Pair], rng: Random) -> None:
        rate = {"A": 0.9, "B": 0.5, "C": 0.3, "D": 0.2}[customer.cls]
        for day in self._days(customer, rate, rng):
            kind, subject = rng.choice(_SUBJECTS)
            age = self._today - day
            is_open = age < 4 or (age < 25 and rng.random() < 0.4)
            if customer.cast is None or not is_open:
                product = rng.choice(habits).product.uid if habits else None
                self._one_ticket(customer, day, kind, subject, product, rng, is_open=is_open)
        if customer.cast in _CAST_TICKETS:
            age, kind, subject, hour = _CAST_TICKETS[customer.cast]
            product = habits[0].product.uid if habits else None
            self._one_ticket(
                customer, self._today - age, kind, subject, product, rng, is_open=True, hour=hour
            )

    def _one_ticket(
        self,
        customer: Customer,
        day: int,
        kind: str,
        subject: str,
        product: Uid | None,
        rng: Random,
        *,
        is_open: bool,
        hour: int = 10,
    ) -> None:
        opened = hour * 60 + rng.randrange(50)
        answered = instant_text(date.fromordinal(day), min(1080, opened + rng.randrange(10, 300)))
        resolved_day = min(day + rng.randrange(1, 9), self._today - 1)
        resolved = instant_text(date.fromordinal(max(resolved_day, day + 1)), 17 * 60)
        status = "open" if is_open else rng.choice(("resolved", "closed", "closed"))
        if is_open and customer.cast is None and rng.random() < 0.3:
            status = "waiting"
        local, uid = date.fromordinal(day), self._uids()
        solution = None if is_open else rng.choice(_SOLVED)
        desk = (self._staff.office, self._staff.manager, self._staff.office, None)
        row = self._ticket(
            uid, account=customer.uid, number=self._numbers.ticket(day), kind=kind,
            product=product, priority=rng.choice(("normal", "normal", "high", "low")),
            status=status, subject=subject, opened_at=instant_text(local, opened), date=local,
            due_at=instant_text(date.fromordinal(day + 5), 18 * 60) if status == "open" else None,
            first_response_at=answered, resolved_at=None if is_open else resolved,
            resolution=solution, opened_by=customer.rep.uid,
            assignee=desk[rng.randrange(4)] if is_open else self._staff.office,
            credit_minor=rng.randrange(400, 6_000) if kind != "incident" else None,
        )  # fmt: skip
        self._sink.add("ticket", row)
        for step, (direction, text) in enumerate(_MESSAGES[: rng.randrange(2, 5)]):
            at = instant_text(local, opened) if step == 0 else answered
            row = self._event(
                self._uids(), account=customer.uid, ticket=uid, at=at, direction=direction,
                user=self._staff.office if direction == "out" else customer.rep.uid, text=text,
            )  # fmt: skip
            self._sink.add("ticket_event", row)
        if status == "waiting":
            self._one_step(customer, uid, answered, "waiting", _ASKED)
        elif not is_open:
            self._solve(customer, uid, day, resolved, status, solution or "", rng)

    def _one_step(self, customer: Customer, ticket: Uid, at: str, to: str, text: str) -> None:
        row = self._event(
            self._uids(), account=customer.uid, ticket=ticket, at=at, kind="status",
            user=self._staff.office, text=text or None, to_status=to,
        )  # fmt: skip
        self._sink.add("ticket_event", row)

    def _solve(
        self, customer: Customer, ticket: Uid, day: int, resolved: str, status: str,
        solution: str, rng: Random,
    ) -> None:  # fmt: skip
        """How it came to its end: now and then a wait, or one that came back; then the answer."""
        if rng.random() < 0.1 and resolved[:10] > date.fromordinal(day + 1).isoformat():
            first = instant_text(date.fromordinal(day + 1), 16 * 60)
            self._one_step(customer, ticket, first, "resolved", solution)
            back = instant_text(date.fromordinal(day + 1), 17 * 60)
            self._one_step(customer, ticket, back, "open", _BACK)
        self._one_step(customer, ticket, resolved, "resolved", solution)
        if status == "closed":
            self._one_step(customer, ticket, resolved[:11] + "23:00:00.000Z", "closed", "")
        if rng.random() < 0.4:
            row = self._score(
                self._uids(), account=customer.uid, contact=customer.contact,
                user=self._staff.office, kind="csat", score=rng.choice((5, 5, 4, 4, 4, 3, 2, 1)),
                date=date.fromisoformat(resolved[:10]), about_kind="ticket", about=ticket,
            )  # fmt: skip
            self._sink.add("survey_score", row)

    def _write_promises(self, customer: Customer, seen: dict[int, Uid], rng: Random) -> None:
        if customer.cast in _CAST_PROMISES:
            age, due, text = _CAST_PROMISES[customer.cast]
            self._one_promise(customer, seen, self._today - age, self._today + due, text, None)
        if customer.cast in _FOR_REP:
            self._one_task(customer, _FOR_REP[customer.cast], self._staff.manager, customer.rep.uid)
        if customer.cast in _FOR_OFFICE:
            wanted = _FOR_OFFICE[customer.cast]
            self._one_task(customer, wanted, customer.rep.uid, self._staff.office)
        days = sorted(day for day in seen if day >= self._today - 548)
        for day in days:
            if rng.random() > 0.05:
                continue
            due = day + rng.randrange(3, 22)
            done = instant_text(date.fromordinal(min(due, self._today - 1)), 11 * 60)
            still = due >= self._today - 3 and customer.cast is None
            self._one_promise(
                customer, seen, day, due, rng.choice(_PROMISES), None if still else done
            )

    def _one_task(self, customer: Customer, wanted: tuple[int, str], by: Uid, to: Uid) -> None:
        due, text = wanted
        row = self._promise(
            self._uids(), account=customer.uid, user=by, kind="task", text=text,
            made_on=date.fromordinal(self._today - 1), due_on=date.fromordinal(self._today + due),
            assignee=to,
        )  # fmt: skip
        self._sink.add("promise", row)

    def _one_promise(
        self, customer: Customer, seen: dict[int, Uid], day: int, due: int, text: str,
        done: str | None,
    ) -> None:  # fmt: skip
        uid = self._uids()
        row = self._promise(
            uid, account=customer.uid, user=customer.rep.uid, visit=seen.get(day),
            text=text, made_on=date.fromordinal(day), due_on=date.fromordinal(due), done_at=done,
        )  # fmt: skip
        self._sink.add("promise", row)
        if done is None and due < self._today and customer.cast is None:
            self._put_off(customer.rep.uid, f"promise:{uid.hex()}:{date.fromordinal(due)}")

    def _put_off(self, user: Uid, key: str) -> None:
        """The rep's first late promise waits two days more; the others are in the list."""
        if user not in self._have_put_off:
            self._have_put_off.add(user)
            until = date.fromordinal(self._today + 2)
            self._sink.add(
                "notice_state",
                row_maker("notice_state")(self._uids(), user=user, key=key, snoozed_until=until),
            )

    def _write_notes(self, customer: Customer, seen: dict[int, Uid], rng: Random) -> None:
        for day in sorted(seen):
            if rng.random() < 0.06:
                local = date.fromordinal(day)
                row = self._note(
                    self._uids(), account=customer.uid, user=customer.rep.uid,
                    text=rng.choice(_NOTES), at=instant_text(local, 700), date=local,
                    visit=seen[day],
                )  # fmt: skip
                self._sink.add("note", row)

    def _write_scores(self, customer: Customer, rng: Random) -> None:
        for day in self._days(customer, 0.5, rng):
            kind = rng.choice(("nps", "nps", "csat"))
            score = (
                rng.choice((10, 9, 9, 9, 8, 8, 7, 6, 4))
                if kind == "nps"
                else rng.choice((5, 5, 4, 4, 3, 2))
            )
            row = self._score(
                self._uids(), account=customer.uid, contact=customer.contact,
                user=customer.rep.uid, kind=kind, score=score, comment=rng.choice(_COMMENTS),
                date=date.fromordinal(day),
            )  # fmt: skip
            self._sink.add("survey_score", row)

    def _write_samples(
        self, customer: Customer, habits: list[Pair], seen: dict[int, Uid], rng: Random
    ) -> None:
        for day in sorted(seen):
            if habits and day >= self._today - 548 and rng.random() < 0.02:
                product = rng.choice(habits).product
                row = self._sample(
                    self._uids(), account=customer.uid, user=customer.rep.uid, visit=seen[day],
                    product=product.uid, packaging=product.packs[0].uid,
                    date=date.fromordinal(day),
                )  # fmt: skip
                self._sink.add("sample", row)

    def _write_touches(self, customer: Customer, rng: Random) -> None:
        for campaign, (first, _last) in zip(
            self._staff.campaigns, self._staff.campaign_days, strict=True
        ):
            if rng.random() < 0.5 and self._first <= first < self._today:
                row = self._touch(
                    self._uids(), account=customer.uid, campaign=campaign,
                    date=date.fromordinal(first), kind=rng.choice(("mail", "call", "fair")),
                )  # fmt: skip
                self._sink.add("touch", row)
