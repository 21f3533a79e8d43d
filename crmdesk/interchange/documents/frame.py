"""What every document has around its matter: letterhead, title, parties, top, foot, mail.

The words come out in the language being spoken (:func:`crmdesk.i18n.speaking`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crmdesk.domain.symbols import code128
from crmdesk.i18n import _, format_date, language
from crmdesk.interchange.documents.content import Address, Company, Head
from crmdesk.interchange.documents.sheet import (
    Bars,
    Block,
    Drawing,
    Letter,
    Picture,
    Piece,
    Raster,
    Sheet,
    paper_of,
)
from crmdesk.interchange.documents.template import PAGE, PAGES, Html, join, plain, template
from crmdesk.interchange.documents.words import kind_word

LOGO_SIZE = (220.0, 64.0)
SECTION_GAP = 18.0
_BARS_SIZE = (210.0, 46.0)
_LINE = ((((0.0, 0.0), (1.0, 0.0)),), 280.0, 5.0)
_STEM = re.compile(r"[^\w-]+")
_MOST_STEM = 80
_MOST_BARS = 24


def sheet_of(
    head: Head,
    pieces: Sequence[Piece],
    *,
    under: str = "",
    mark: str = "",
    facts: Sequence[tuple[str, str]] = (),
    parties: bool = True,
    summary: str = "",
    pictures: Mapping[str, Picture] | None = None,
) -> Sheet:
    """The whole document around its own pieces.

    ``facts`` stand beside the parties; empty ones are left out. ``mark`` says in the title that the
    document does not count yet, or no more. ``summary`` is the line of the mail that says how much.
    """
    drawn: dict[str, Picture] = dict(pictures or {})
    around = _parties(head, facts) if parties else _facts_alone(facts)
    first = (
        Block(_letterhead(head.company, drawn), with_next=True),
        Block(_title(head, under, mark, drawn), 26, with_next=True),
        Block(around, 16, with_next=True),
    )
    title = f"{kind_word(head.kind)} {head.number}".strip()
    fill = template("documents").fill
    return Sheet(
        title=plain(title),
        author=plain(head.company.address.name),
        language=language(),
        paper=paper_of(head.company.address.country),
        style=fill("style"),
        pieces=(*first, *pieces),
        top=fill(
            "top", title=title, customer=head.customer.address.name,
            day=format_date(head.day, year=True),
        ),
        foot=_foot(head),
        stem=stem_of(title),
        letter=_letter(head, title, summary),
        pictures=drawn,
    )  # fmt: skip


def stem_of(title: str) -> str:
    """A name for a file that every system takes: letters, digits and dashes only."""
    return _STEM.sub("-", plain(title)).strip("-")[:_MOST_STEM] or "document"


def place_lines(address: Address, *, home: str = "") -> str:
    """Street, town and region, one below the other; the country where it is another than home."""
    town = " ".join(part for part in (address.postcode, address.city) if part)
    region = address.region if address.region != address.city else ""
    country = address.country if home and address.country != home else ""
    return "\n".join(part for part in (address.street, town, region, country) if part)


def section(label: str, text: str, *, part: str = "section") -> list[Piece]:
    """A paragraph with its label; nothing for an empty text."""
    return (
        [Block(template("documents").fill(part, label=label, text=text), SECTION_GAP)]
        if text
        else []
    )


def signing(left: str, right: str, pictures: dict[str, Picture]) -> Block:
    """Two lines to sign on, with what stands below them."""
    pictures["pen-left"] = pictures["pen-right"] = Drawing(*_LINE)
    return Block(template("documents").fill("signing", left=left, right=right), 64)


def _letterhead(company: Company, drawn: dict[str, Picture]) -> Html:
    if company.logo:
        drawn["logo"] = Raster(company.logo, *LOGO_SIZE)
    tax = _("Tax id {number}").format(number=company.tax_id) if company.tax_id else ""
    reach = (company.phone, company.email, company.website)
    place = place_lines(company.address)
    return template("documents").fill(
        "letterhead", logo="logo" if company.logo else "", bare="" if company.logo else "bare",
        firm=company.address.name, place="\n".join(part for part in (place, tax) if part),
        reach="\n".join(part for part in reach if part),
    )  # fmt: skip


def _title(head: Head, under: str, mark: str, drawn: dict[str, Picture]) -> Html:
    bars = ""
    if 0 < len(head.number) <= _MOST_BARS and head.number.isascii() and head.number.isprintable():
        drawn["number"] = Bars(code128(head.number), *_BARS_SIZE)
        bars = "number"
    title = f"{kind_word(head.kind)} {head.number}".strip()
    return template("documents").fill("title", title=title, under=under, mark=mark, bars=bars)


def _parties(head: Head, facts: Sequence[tuple[str, str]]) -> Html:
    customer, home = head.customer, head.company.address.country
    place = [place_lines(customer.address, home=home)]
    if customer.tax_id:
        place.append(_("Tax id {number}").format(number=customer.tax_id))
    ship = ""
    if customer.ship_to is not None:
        ship = f"{customer.ship_to.name}\n{place_lines(customer.ship_to, home=home)}".strip()
    return template("documents").fill(
        "parties", customer_label=_("Customer {code}").format(code=customer.code),
        customer=customer.address.name, customer_place="\n".join(part for part in place if part),
        ship_label=_("Deliver to"), ship=ship, facts=_facts(facts),
    )  # fmt: skip


def _facts(facts: Sequence[tuple[str, str]]) -> Html:
    fill = template("documents").fill
    rows = [fill("fact", label=label, value=value) for label, value in facts if value]
    return fill("facts", rows=join(rows)) if rows else Html("")


def _facts_alone(facts: Sequence[tuple[str, str]]) -> Html:
    text = "\n".join(f"{label}: {value}" for label, value in facts if value)
    return template("documents").fill("empty", words=text)


def _foot(head: Head) -> Html:
    company = head.company
    words = [company.address.name]
    if company.tax_id:
        words.append(_("Tax id {number}").format(number=company.tax_id))
    words.append(f"{kind_word(head.kind)} {head.number}".strip())
    page = _("Page {page} of {pages}").format(page=PAGE, pages=PAGES)
    return template("documents").fill("foot", words=" · ".join(words), page=Html(page))


def _letter(head: Head, title: str, summary: str) -> Letter:
    company = head.company.address.name
    lines = [
        _("Hello {name},").format(name=head.customer.contact or head.customer.address.name),
        "",
        _("Attached you find {document} of {date}.").format(
            document=title, date=format_date(head.day, year=True)
        ),
    ]
    if summary:
        lines.append(summary)
    lines += ["", _("Kind regards"), *(part for part in (head.rep, company) if part)]
    if head.rep_phone:
        lines.append(head.rep_phone)
    return Letter(
        plain(head.customer.email),
        plain(_("{document} from {company}").format(document=title, company=company)),
        "\n".join(plain(line) for line in lines),
    )
