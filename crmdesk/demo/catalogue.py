"""The catalogue of the demo company: products, packagings, price lists, costs, promotions, stock.

Owns prices by year and list, and the packs of a product. A price rule's ``minimum_quantity`` is in
base units; its ``price_e4`` is for ``price_per`` base units; a ``discount_bp`` comes off the list
price. Who buys what is :mod:`crmdesk.demo.rhythm`'s.
"""

from __future__ import annotations

from datetime import date
from random import Random

from crmdesk.demo.assortment import (
    CATEGORIES,
    DEPARTMENTS,
    SOLD_BY_WEIGHT,
    Variant,
    assortment,
)
from crmdesk.demo.cast import STAPLES
from crmdesk.demo.coming_prices import write_coming
from crmdesk.demo.goods import BREAK_BP, BREAK_CASES, LISTS, Catalogue, Pack, Product, Promo
from crmdesk.demo.sink import Sink, instant_text
from crmdesk.demo.spec import DemoSpec
from crmdesk.domain.ids import Uid, UidMaker
from crmdesk.storage.rows import row_maker

_PIECE_WEIGHT = {"3 kg": 3000, "1,5 kg": 1500}


def gtin(digits: str) -> str:
    """The digits with their GS1 check digit appended (GS1 General Specifications, 7.9)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def write_catalogue(spec: DemoSpec, rng: Random, uids: UidMaker, sink: Sink) -> Catalogue:
    """All rows of the catalogue, and what the history has to know of it."""
    taxes = _write_taxes(uids, sink)
    categories = _write_categories(uids, sink)
    older, lists = _write_lists(spec, uids, sink)
    products = [
        _product(spec, rng, uids, categories, index, variant)
        for index, variant in enumerate(assortment())
    ]
    _delist(spec, rng, products)
    for product, variant in zip(products, assortment(), strict=True):
        _write_product(spec, rng, uids, sink, product, variant, taxes, products)
        _write_prices(spec, uids, sink, product, older, lists)
    promotions = _write_promotions(spec, uids, sink, categories)
    write_coming(spec, uids, sink, products, lists, categories)
    return Catalogue(products, lists, promotions, categories)


def _write_taxes(uids: UidMaker, sink: Sink) -> dict[int, Uid]:
    make = row_maker("tax_rate")
    rates = {0: ("IGI0", "IGI exempt"), 100: ("IGI1", "IGI 1 %"), 450: ("IGI4", "IGI 4.5 %")}
    found = {}
    for rate, (code, name) in rates.items():
        found[rate] = uids()
        row = make(found[rate], code=code, name=name, rate_bp=rate, valid_from=date(2013, 1, 1))
        sink.add("tax_rate", row)
    return found


def _write_categories(uids: UidMaker, sink: Sink) -> dict[str, Uid]:
    make = row_maker("category")
    found: dict[str, Uid] = {}
    for code, name in DEPARTMENTS:
        found[code] = uids()
        sink.add("category", make(found[code], code=code, name=name))
    for code, name, parent in CATEGORIES:
        found[code] = uids()
        sink.add("category", make(found[code], code=code, name=name, parent=found[parent]))
    return found


def _write_lists(spec: DemoSpec, uids: UidMaker, sink: Sink) -> tuple[list[Uid], list[Uid]]:
    """Each list in two versions: that of the years before, and the one in force since January."""
    make = row_maker("price_list")
    older, found = [], []
    year = spec.today.year
    for code, _level in LISTS:
        before, uid = uids(), uids()
        older.append(before)
        found.append(uid)
        sink.add(
            "price_list",
            make(before, code=f"{code}/{year % 100 - 1}", name=f"List {code}", status="retired",
                 valid_from=date(spec.first_day.year, 1, 1), valid_to=date(year - 1, 12, 31)),
        )  # fmt: skip
        sink.add(
            "price_list",
            make(uid, code=code, name=f"List {code}", valid_from=date(year, 1, 1),
                 is_default=code == "B", replaces=before),
        )  # fmt: skip
    return older, found


def _product(
    spec: DemoSpec,
    rng: Random,
    uids: UidMaker,
    categories: dict[str, Uid],
    index: int,
    variant: Variant,
) -> Product:
    by_weight = variant.family in SOLD_BY_WEIGHT
    piece = _PIECE_WEIGHT[variant.size] if by_weight else 1
    packs = [Pack(uids(), "EA", piece)]
    inner = variant.case // 4 if variant.case >= 24 and variant.case % 4 == 0 else 0
    if 2 <= inner <= 30 and rng.random() < 0.4:
        packs.append(Pack(uids(), "IN", inner * piece))
    if variant.case > 1:
        packs.append(Pack(uids(), "CS", variant.case * piece))
    if variant.bulk > variant.case:
        packs.append(Pack(uids(), "BU", variant.bulk * piece))
    if variant.case > 1 and variant.price_cents * variant.case < 6_000:
        packs.append(Pack(uids(), "PL", variant.case * piece * rng.choice((48, 60, 72))))
    prices, costs = _yearly_prices(spec, rng, variant.price_cents)
    brand = "" if variant.family.endswith(variant.brand) else f" {variant.brand}"
    name = f"{variant.family}{brand} {variant.size}"
    launched = spec.first_day.toordinal() - 400
    if rng.random() < 0.12 and name not in STAPLES:
        launched = spec.first_day.toordinal() + rng.randrange(spec.years * 300)
    return Product(
        uid=uids(), sku=f"{variant.category}{1001 + index}",
        name=name, family=variant.family,
        category=categories[variant.category], category_code=variant.category,
        season=variant.season, price_per=1000 if by_weight else 1,
        tax_bp=450 if int(variant.category) in (18, 20, 21, 22, 23) else 100,
        packs=tuple(packs), weight=rng.paretovariate(1.3), prices=prices, costs=costs,
        break_at=BREAK_CASES * variant.case * piece if rng.random() < 0.4 else 0,
        launched=launched, delisted=0,
    )  # fmt: skip


def _yearly_prices(
    spec: DemoSpec, rng: Random, cents: int
) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """Prices by list and year, and costs by year, at 1e-4; the present year has the given price."""
    years = spec.today.year - spec.first_day.year + 1
    present = cents * 100
    level = 1.0
    prices: list[tuple[int, ...]] = []
    costs: list[int] = []
    share = rng.uniform(0.62, 0.79)
    for _year in range(years):
        standard = round(present * level / 100) * 100
        standard = max(standard, 300)
        prices.append(tuple(standard * factor // 10_000 for _code, factor in LISTS))
        costs.append(round(standard * share))
        level /= 1 + rng.uniform(0.0, 0.07)
        share += rng.uniform(-0.015, 0.01)
    prices.reverse()
    costs.reverse()
    return tuple(zip(*prices, strict=True)), tuple(costs)


def _delist(spec: DemoSpec, rng: Random, products: list[Product]) -> None:
    """About one product in fifteen has left the range; most of them have a substitute."""
    first = spec.first_day.toordinal()
    for index, product in enumerate(products):
        stays = product.launched > first or product.name in STAPLES
        if stays or rng.random() > 0.07 or product.season == "christmas":
            continue
        product.delisted = first + rng.randrange(spec.years * 120, spec.years * 350)
        same = [
            i for i, p in enumerate(products)
            if p.category_code == product.category_code and i != index and not p.delisted
            and p.launched <= first
        ]  # fmt: skip
        product.substitute = rng.choice(same) if same else None


def _write_product(
    spec: DemoSpec,
    rng: Random,
    uids: UidMaker,
    sink: Sink,
    product: Product,
    variant: Variant,
    taxes: dict[int, Uid],
    products: list[Product],
) -> None:
    substitute = products[product.substitute].uid if product.substitute is not None else None
    sink.add(
        "product",
        row_maker("product")(
            product.uid, sku=product.sku, name=product.name, brand=variant.brand,
            category=product.category, tax_rate=taxes[product.tax_bp],
            base_unit="g" if product.price_per > 1 else "EA", price_per=product.price_per,
            status="delisted" if product.delisted else "active",
            launched_on=date.fromordinal(product.launched), substitute=substitute,
            delisted_on=date.fromordinal(product.delisted) if product.delisted else None,
        ),
    )  # fmt: skip
    make = row_maker("packaging")
    item = product.sku.rjust(9, "0")
    indicator = {"IN": "1", "CS": "2", "BU": "3", "PL": "4"}
    for pack in product.packs:
        code = gtin("200" + item) if pack.unit == "EA" else gtin(f"{indicator[pack.unit]}200{item}")
        sink.add(
            "packaging",
            make(pack.uid, product=product.uid, unit=pack.unit, factor=pack.factor, gtin=code),
        )
    make = row_maker("stock_snapshot")
    case = product.packs[-1].factor if product.packs[-1].unit != "PL" else product.packs[-2].factor
    on_hand = 0 if product.delisted or rng.random() < 0.04 else case * rng.randrange(4, 160)
    arrival = date.fromordinal(spec.today.toordinal() + rng.randrange(2, 12))
    sink.add(
        "stock_snapshot",
        make(uids(), product=product.uid, on_hand=on_hand, as_of=instant_text(
            date.fromordinal(spec.today.toordinal() - 1), 18 * 60 + 2),
            next_arrival=None if on_hand or product.delisted else arrival),
    )  # fmt: skip


def _write_prices(
    spec: DemoSpec, uids: UidMaker, sink: Sink, product: Product, older: list[Uid],
    lists: list[Uid],
) -> None:  # fmt: skip
    make, cost = row_maker("price_rule"), row_maker("cost_version")
    first = spec.first_day.year
    for year in range(first, spec.today.year + 1):
        starts, ends = date(year, 1, 1), date(year, 12, 31)
        last = None if year == spec.today.year else ends
        for index, price_list in enumerate(lists if year == spec.today.year else older):
            rule = make(
                uids(), price_list=price_list, product=product.uid,
                price_e4=product.prices[index][year - first], valid_from=starts, valid_to=last,
            )  # fmt: skip
            sink.add("price_rule", rule)
        version = cost(
            uids(), product=product.uid, cost_e4=product.costs[year - first], valid_from=starts
        )
        sink.add("cost_version", version)
    if product.break_at:
        for price_list in (*older, *lists):
            rule = make(
                uids(), price_list=price_list, product=product.uid, discount_bp=BREAK_BP,
                minimum_quantity=product.break_at, valid_from=date(first, 1, 1),
            )  # fmt: skip
            sink.add("price_rule", rule)


def _write_promotions(
    spec: DemoSpec,
    uids: UidMaker,
    sink: Sink,
    categories: dict[str, Uid],
) -> list[Promo]:
    make = row_maker("promotion")
    found: list[Promo] = []
    plans = (
        ("PAPER", "November", "21", 800, (11, 1), (11, 30)),
        ("XMAS", "Christmas", "16", 500, (11, 10), (12, 24)),
        ("SUMMER", "Summer drinks", "17", 600, (6, 15), (7, 31)),
        ("CLEAN", "Spring cleaning", "20", 1000, (3, 1), (3, 31)),
        ("SKI", "Ski season", "15", 500, (12, 1), (12, 20)),
    )
    for year in range(spec.first_day.year, spec.today.year + 1):
        for code, name, category, discount, first, last in plans:
            promo = Promo(
                f"{code}{year % 100}", name, discount, categories[category],
                date(year, *first).toordinal(), date(year, *last).toordinal(),
            )  # fmt: skip
            found.append(promo)
            row = make(
                uids(), code=promo.code, name=name, kind="percent", category=promo.category,
                discount_bp=discount, valid_from=date.fromordinal(promo.first),
                valid_to=date.fromordinal(promo.last),
            )  # fmt: skip
            sink.add("promotion", row)
    return found
