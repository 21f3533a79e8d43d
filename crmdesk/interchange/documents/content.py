"""What a document says, as plain values: read by the services, turned into pieces by the templates.

Money is in minor units of the document's currency, unit prices at 1e-4 of the major unit per
``price_per`` base units, quantities in packs and base units, rates and discounts in basis points.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

Strokes = tuple[tuple[tuple[float, float], ...], ...]
"""A signature: strokes of points, in any unit; y grows downwards."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody is; empty parts are left out."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """Who sends the document. ``logo`` is a PNG or JPEG; ``terms`` are in the document's language.

    ``bank`` is the account that customers pay to, as people read it.
    """

    address: Address
    tax_id: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    bank: str = ""
    terms: str = ""
    logo: bytes = b""


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom the document is for, where the goods go, and whom to ask there."""

    code: str
    address: Address
    tax_id: str = ""
    ship_to: Address | None = None
    contact: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``reason`` says why the price, or why goods come back; ``condition`` is theirs."""

    sku: str
    name: str
    unit: str
    quantity: int
    factor: int
    base_quantity: int
    base_unit: str = "EA"
    list_price_e4: int = 0
    net_price_e4: int = 0
    price_per: int = 1
    discount_bp: int = 0
    net_minor: int = 0
    tax_bp: int = 0
    tax_minor: int = 0
    reason: str = ""
    condition: str = ""
    note: str = ""
    gtin: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax of one rate: its name where all lines of it agree, on what, and how much."""

    name: str
    rate_bp: int
    on_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, when (local time), and the strokes."""

    by: str
    at: datetime | None
    strokes: Strokes


@dataclass(frozen=True, slots=True)
class Head:
    """What every document has: kind, number, day, currency, who sends it to whom."""

    kind: str
    number: str
    day: date
    currency: str
    company: Company
    customer: Customer
    rep: str = ""
    rep_phone: str = ""
    rep_email: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class TradeDocument:
    """An order, a quote or a return with its lines and totals.

    ``version`` and ``valid_until`` are a quote's, ``delivery`` and ``reference`` an order's,
    ``wish`` a return's; ``terms`` are those of this quote alone.
    """

    head: Head
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    net_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    status: str = ""
    delivery: date | None = None
    reference: str = ""
    terms_days: int | None = None
    title: str = ""
    version: int = 1
    valid_until: date | None = None
    terms: str = ""
    wish: str = ""
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money taken from a customer, or given back when ``reverses`` names the first receipt.

    ``shares`` are what each invoice got, by its number; an empty one is paid ahead.
    """

    head: Head
    amount_minor: int
    method: str
    at: datetime
    reference: str = ""
    cheque_on: date | None = None
    shares: tuple[tuple[str, int], ...] = ()
    reverses: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """One receipt on a day sheet."""

    at: datetime
    number: str
    customer: str
    method: str
    reference: str
    invoice: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DaySheet:
    """What a rep took on one day, by method, beside what was counted (None: not closed yet)."""

    head: Head
    taken: tuple[Taken, ...]
    counted_minor: int | None
    closed_at: datetime | None
    orders: int
    orders_minor: int


@dataclass(frozen=True, slots=True)
class RouteLine:
    """One stop of a route sheet; minutes are after midnight, ``until`` the end of a window.

    ``waiting`` says what is due there, one line each.
    """

    number: str
    at: int | None
    until: int | None
    minutes: int
    customer: str
    place: str
    leg_m: int
    leg_minutes: int
    agreed: bool
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouteSheet:
    """A rep's day on paper: from where to where, how far, the pauses, and every stop."""

    head: Head
    lines: tuple[RouteLine, ...]
    visits: int
    calls: int
    work_minutes: int
    distance_m: int
    start: str
    end: str
    pauses: tuple[tuple[int, int], ...]
    tentative: bool


@dataclass(frozen=True, slots=True)
class BriefLine:
    """One thing to know: ``note`` stands beside it, ``amount`` at the right.

    ``tone`` is plain, danger, warning or good, and never stands alone: the words say it too.
    """

    text: str
    note: str = ""
    amount: str = ""
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class BriefSection:
    """What belongs together; ``key`` is due, debts, tickets, quotes, promises, visits,
    people or talk.
    """

    key: str
    title: str
    lines: tuple[BriefLine, ...]


@dataclass(frozen=True, slots=True)
class CallBrief:
    """All to know in a doorway about one customer: who they are, then what matters today."""

    account_id: int
    code: str
    name: str
    place: str
    under: str
    when: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[BriefSection, ...]


@dataclass(frozen=True, slots=True)
class BriefSheet:
    """One brief, or those of a whole day in the order of its stops."""

    head: Head
    briefs: tuple[CallBrief, ...]
