"""A small company for the sync tests: two reps with a territory each, the office, six customers."""

from __future__ import annotations

from collections.abc import Iterator

from crmdesk.domain.ids import compose_uid
from crmdesk.storage.rows import Batch, line_maker, row_maker

_START_MS = 1_760_000_000_000


def uid(kind: int, number: int) -> bytes:
    """The uid of a row of the company, the same in every test."""
    return compose_uid(_START_MS + kind, number)


T1, T2 = uid(1, 1), uid(1, 2)
R1, R2, OFFICE = uid(2, 1), uid(2, 2), uid(2, 3)
PRODUCTS = [uid(3, n) for n in range(5)]
PACKS = [uid(4, n) for n in range(5)]
ACCOUNTS = [uid(5, n) for n in range(6)]
"""The first four lie in T1 (rep R1), the last two in T2 (rep R2)."""

CONTACTS = [uid(6, n) for n in range(6)]
NAMES = ("Café Ñandú", "Bäckerei Groß", "Ταβέρνα Ήλιος", "Кафе Уют", "Bar \\ Tab\t", "茶屋 さくら")


def batches() -> Iterator[Batch]:
    """All rows, parents first."""
    make = row_maker
    yield Batch("organisation", [make("organisation")(uid(0, 1), name="Test & Söhne")])
    yield Batch(
        "user",
        [
            make("user")(R1, code="R1", name="Ruth Rep"),
            make("user")(R2, code="R2", name="Rolf Rep"),
            make("user")(OFFICE, code="O1", name="Olga Office", role="office"),
        ],
    )
    territory = make("territory")
    yield Batch(
        "territory",
        [territory(T1, code="T1", name="North"), territory(T2, code="T2", name="South")],
    )
    link = make("territory_user")
    yield Batch(
        "territory_user",
        [link(uid(7, 1), territory=T1, user=R1), link(uid(7, 2), territory=T2, user=R2)],
    )
    yield Batch("tax_rate", [make("tax_rate")(uid(8, 1), code="S", name="Standard", rate_bp=2100)])
    yield Batch(
        "product",
        [
            make("product")(p, sku=f"SKU{n}", name=f"Product {n}", tax_rate=uid(8, 1))
            for n, p in enumerate(PRODUCTS)
        ],
    )
    yield Batch(
        "packaging",
        [
            make("packaging")(pack, product=product, unit="CS", factor=12)
            for pack, product in zip(PACKS, PRODUCTS, strict=True)
        ],
    )
    account = make("account")
    yield Batch(
        "account",
        [
            account(
                a,
                code=f"C{n}",
                name=NAMES[n],
                territory=T1 if n < 4 else T2,
                latitude=42.5 + n / 7,
                opening_hours={"mon": [[540, 1080]], "note": 'a "quoted" \\ word'},
            )
            for n, a in enumerate(ACCOUNTS)
        ],
    )
    yield Batch(
        "contact",
        [
            make("contact")(c, account=a, name=f"Person {n}", consent_at="2026-01-02T03:04:05.678Z")
            for n, (c, a) in enumerate(zip(CONTACTS, ACCOUNTS, strict=True))
        ],
    )
    sale, line = make("sale"), line_maker("sale")
    yield Batch(
        "sale",
        [
            sale(
                uid(9, 100 * n + k),
                tuple(
                    line(product=p, quantity=2, factor=12, base_quantity=24, net_minor=1999)
                    for p in PRODUCTS[:3]
                ),
                account=a,
                date=f"2026-0{k + 1}-15",
                user=R1 if n < 4 else R2,
            )
            for n, a in enumerate(ACCOUNTS)
            for k in range(3)
        ],
    )
