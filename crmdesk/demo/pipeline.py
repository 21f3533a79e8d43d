"""Quotes with their follow-ups.

Owns the rows and their words; prices come from :mod:`crmdesk.demo.pricing`, the opportunities they
belong to from :mod:`crmdesk.demo.deals`.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.customer import Customer
from crmdesk.demo.deals import Deals, Worked
from crmdesk.demo.documents import Documents, order_lines, totals
from crmdesk.demo.goods import Catalogue
from crmdesk.demo.numbers import Numbers
from crmdesk.demo.people import Staff
from crmdesk.demo.pricing import PricedLine
from crmdesk.demo.rhythm import Pair
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DOCUMENT_DAYS, DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

_TITLES = (
    "Christmas boxes", "Summer terrace", "Breakfast buffet", "Cleaning for a year",
    "Opening order", "House wine", "Coffee with machine", "Paper by the pallet",
)  # fmt: skip
_TERMS = "Payment in 30 days. Delivered free from 150 €; prices without tax."
_FOLLOWED = {"won": (1, 4, 4, 2), "lost": (4, 4, 2, 1), "expired": (6, 3, 1, 0)}
"""How often quotes that ended so had been followed up: weights of none, once, twice, thrice."""

_SAID = {
    "interested": ("Likes it, asks the owner", "Wants to start next month", "Compares prices"),
    "thinking": ("No decision yet", "Has to look at the stock first", "Call after the fair"),
    "changes": ("Wants fewer cases", "Asks for another brand"),
    "unreached": ("Not there", "Left a message"),
}
_WON = ("price", "service", "range", "trust")
_RIVALS = ("Cash & Carry", "Makro", "Distribuidora Nord")
_CAST_QUOTES = {2: ("Christmas boxes", 8, 0, 6), 4: ("Delicatessen shelf", 15, -2, 10),
                7: ("Paper by the pallet", 6, 3, 20)}  # fmt: skip


class Pipeline:
    """Writes quotes, and has the opportunities written that they belong to."""

    def __init__(
        self, spec: DemoSpec, staff: Staff, catalogue: Catalogue, documents: Documents,
        numbers: Numbers, uids: UidMaker, sink: Sink,
    ) -> None:  # fmt: skip
        self._spec, self._staff, self._catalogue = spec, staff, catalogue
        self._documents, self._numbers = documents, numbers
        self._today = spec.today.toordinal()
        self._uids, self._sink = uids, sink
        self._deals = Deals(spec, staff, uids, sink)
        self._worked: list[Worked] = []
        self._quote = row_maker("quote")
        self._followed = row_maker("quote_follow_up")

    def write(self, customer: Customer, habits: list[Pair], rng: Random) -> None:
        """Opportunities and quotes of one customer."""
        self._worked = self._deals.write(customer)
        first = max(
            self._today - DOCUMENT_DAYS, customer.acquired, self._spec.first_day.toordinal()
        )
        lively = {"A": 1.2, "B": 0.8, "C": 0.4, "D": 0.2}[customer.cls]
        if customer.status == "prospect":
            lively = 2.0
        last = min(self._today - 1, customer.ended or self._today)
        day = first + rng.expovariate(lively / 365)
        while day < last:
            self._by_chance(customer, int(day), rng)
            day += rng.expovariate(lively / 365)
        if customer.cast in _CAST_QUOTES:
            title, age, follow, valid = _CAST_QUOTES[customer.cast]
            self._write_quote(
                customer, self._today - age, title, "sent", rng,
                follow=self._today + follow, valid=self._today + valid,
            )  # fmt: skip

    def _by_chance(self, customer: Customer, day: int, rng: Random) -> None:
        title, valid = rng.choice(_TITLES), day + 30
        if day >= self._today - 28:
            if customer.cast is None:
                follow = self._today + rng.randrange(-6, 11)
                self._write_quote(
                    customer, day, title, "sent", rng, follow=max(follow, day + 2), valid=valid
                )
            return
        status = rng.choices(("won", "lost", "expired"), (46, 38, 16))[0]
        if status == "expired":
            valid = min(valid, self._today - 1)
        self._write_quote(customer, day, title, status, rng, follow=None, valid=valid)

    def _write_quote(
        self,
        customer: Customer,
        day: int,
        title: str,
        status: str,
        rng: Random,
        *,
        follow: int | None,
        valid: int,
    ) -> None:
        lines = self._lines(customer, day, rng)
        sums = totals(lines)
        decided = day + rng.randrange(3, 25) if status in ("won", "lost") else None
        reason = None
        if status == "lost":
            code = rng.choice(("price", "price", "competitor", "timing", "need", "silent"))
            reason = self._staff.reasons["quote_lost", code]
        # A source of its own: what is said of a quote changes nothing else in the company.
        own = Random(f"{self._spec.seed} {customer.code} {day} {title}")
        if status == "won" and own.random() < 0.7:
            reason = self._staff.reasons["quote_won", own.choice(_WON)]
        rival = own.choice(_RIVALS) if status == "lost" and own.random() < 0.3 else None
        uid = self._uids()
        row = self._quote(
            uid, order_lines(lines), account=customer.uid,
            number=self._numbers.quote(customer.rep, day), status=status, title=title,
            user=customer.rep.uid, price_list=self._catalogue.lists[customer.price_list],
            quote_date=date.fromordinal(day), valid_until=date.fromordinal(valid),
            next_follow_up=None if follow is None else date.fromordinal(follow),
            sent_at=instant_text(date.fromordinal(day), 17 * 60),
            decided_on=None if decided is None else date.fromordinal(decided), reason=reason,
            net_minor=sums.net, discount_minor=sums.discount, tax_minor=sums.tax,
            total_minor=sums.net + sums.tax, cost_minor=sums.cost, terms=_TERMS, lost_to=rival,
            opportunity=next((deal.uid for deal in self._worked if deal.first <= day <= deal.last),
                             None),
        )  # fmt: skip
        self._sink.add("quote", row)
        self._write_follow_ups(customer, uid, (day, decided or valid, follow), status, own)

    def _write_follow_ups(
        self, customer: Customer, quote: Uid, days: tuple[int, int, int | None], status: str,
        rng: Random,
    ) -> None:  # fmt: skip
        """Follow-ups between sending and the decision, or today; the last says when again."""
        sent, ended, follow = days
        if status in _FOLLOWED:
            times = rng.choices((0, 1, 2, 3), _FOLLOWED[status])[0]
        else:
            ended = self._today
            times = min((ended - sent) // 6, 3) if rng.random() < 0.7 else 0
        ended = min(ended, self._today)
        free = [day for day in range(sent + 2, ended) if date.fromordinal(day).weekday() < 5]
        chosen = sorted(rng.sample(free, min(times, len(free))))
        for place, day in enumerate(chosen):
            result = rng.choice(("interested", "thinking", "thinking", "changes", "unreached"))
            after = chosen[place + 1] if place + 1 < len(chosen) else follow or min(day + 7, ended)
            row = self._followed(
                self._uids(), account=customer.uid, quote=quote, user=customer.rep.uid,
                at=instant_text(date.fromordinal(day), 9 * 60 + rng.randrange(8 * 60)),
                date=date.fromordinal(day), result=result, note=rng.choice(_SAID[result]),
                mode=rng.choice(("call", "call", "visit", "mail", "message")),
                next_on=date.fromordinal(after),
            )  # fmt: skip
            self._sink.add("quote_follow_up", row)

    def _lines(self, customer: Customer, day: int, rng: Random) -> list[PricedLine]:
        ranged = [
            p for p in self._catalogue.products
            if p.launched <= day and not p.delisted
            and (p.season != "christmas" or date.fromordinal(day).month > 9)
        ]  # fmt: skip
        found = []
        for product in rng.sample(ranged, rng.randrange(2, 6)):
            packs = [p for p in product.packs if p.unit in ("CS", "BU")] or [product.packs[0]]
            pack = packs[0]
            year = date.fromordinal(day).year
            quantity = rng.randrange(1, 5)
            found.append(self._documents.pricing.line(customer, product, pack, quantity, day, year))
        return found
