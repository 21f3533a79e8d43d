"""What was sold: money to the minor unit, prices as the laptop decides them, nothing impossible."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from crmdesk.domain.money import divide_half_even, share_of_minor
from crmdesk.domain.pricing import AgreedPrice, ListRule, Promotion, decide_price, price_line
from crmdesk.domain.states import OrderStatus, QuoteStatus
from crmdesk.storage.rows import Value
from tests.unit.demo.conftest import SMALL, Named

TODAY = SMALL.today.isoformat()

Rows = dict[str, list[Named]]


def _number(value: Value) -> int:
    assert isinstance(value, int)
    return value


def test_documents_are_the_sum_of_their_lines(rows: Rows) -> None:
    for sale in rows["sale"]:
        assert sale["line_count"] == len(sale.lines) > 0
        assert sale["net_minor"] == sum(_number(line["net_minor"]) for line in sale.lines)
        assert sale["cost_minor"] == sum(_number(line["cost_minor"]) for line in sale.lines)
    for document in (*rows["order"], *rows["quote"]):
        for name in ("net_minor", "tax_minor", "cost_minor"):
            assert document[name] == sum(_number(line[name]) for line in document.lines)
        assert document["total_minor"] == document.whole("net_minor") + document.whole("tax_minor")


def test_a_sale_repeats_the_lines_of_its_order_once(rows: Rows) -> None:
    orders = {order.uid: order for order in rows["order"]}
    invoices = {invoice.uid: invoice for invoice in rows["invoice"]}
    sold = [sale for sale in rows["sale"] if sale["order"] is not None]
    assert len({sale["order"] for sale in sold}) == len(sold) > 100
    for sale in sold:
        order, invoice = orders[bytes(sale.values["order"])], invoices[bytes(sale["invoice"])]  # type: ignore[arg-type]
        assert order["status"] in (OrderStatus.INVOICED, OrderStatus.PAID)
        assert order["account"] == sale["account"] == invoice["account"]
        assert order["net_minor"] == sale["net_minor"] == invoice["net_minor"]
        assert invoice["total_minor"] == order["total_minor"]
        for ours, theirs in zip(sale.lines, order.lines, strict=True):
            for name in ("product", "packaging", "quantity", "factor", "net_minor", "cost_minor"):
                assert ours[name] == theirs[name]
    unsold = [order for order in rows["order"] if order.uid not in {s["order"] for s in sold}]
    assert unsold
    for order in unsold:
        assert OrderStatus(order.text("status")) not in (OrderStatus.INVOICED, OrderStatus.PAID)


def test_quantities_keep_their_factor_and_stay_whole(rows: Rows) -> None:
    factors = {pack.uid: (pack["product"], pack["factor"]) for pack in rows["packaging"]}
    for entity in ("sale", "order", "quote", "return_request"):
        for document in rows[entity]:
            for line in document.lines:
                assert factors[bytes(line["packaging"])] == (line["product"], line["factor"])  # type: ignore[arg-type]
                base = _number(line["quantity"]) * _number(line["factor"])
                assert line["base_quantity"] == base != 0


def test_every_order_line_has_the_price_that_the_rules_decide(rows: Rows) -> None:
    products = {product.uid: product for product in rows["product"]}
    accounts = {account.uid: account for account in rows["account"]}
    lists = {price_list.uid: price_list.text("name") for price_list in rows["price_list"]}
    followers = {one["replaces"]: one for one in rows["price_list"] if one["status"] == "active"}
    rules: dict[tuple[Value, Value], list[Named]] = defaultdict(list)
    for rule in rows["price_rule"]:
        rules[rule["price_list"], rule["product"]].append(rule)
    for (listed, goods), found in list(rules.items()):
        # A customer names the version in force; that of the years before ends with them.
        if listed in followers:
            rules[followers[listed].uid, goods] += [
                rule for rule in found if rule["valid_to"] is not None
            ]
    agreed: dict[tuple[Value, Value], list[Named]] = defaultdict(list)
    for row in rows["account_price"]:
        agreed[row["account"], row["product"]].append(row)
    reasons: Counter[str] = Counter()
    for order in rows["order"]:
        day = order.text("order_date")
        account = accounts[bytes(order.values["account"])]  # type: ignore[arg-type]
        for line in order.lines:
            product = products[bytes(line["product"])]  # type: ignore[arg-type]
            price = decide_price(
                _number(line["base_quantity"]),
                [
                    ListRule(r.whole("minimum_quantity"), r["price_e4"], r["discount_bp"])  # type: ignore[arg-type]
                    for r in _in_force(rules[account["price_list"], product.uid], day)
                ],
                [
                    AgreedPrice(1, a.whole("price_e4"), date.fromisoformat(a.text("valid_to")))
                    for a in _in_force(agreed[account.uid, product.uid], day)
                ],
                [
                    Promotion(p.text("code"), p.text("name"), 1, p.whole("discount_bp"))
                    for p in _in_force(rows["promotion"], day)
                    if p["category"] == product["category"]
                ],
                lists[bytes(account.values["price_list"])],  # type: ignore[arg-type]
            )
            assert price is not None
            amounts = price_line(
                price, _number(line["base_quantity"]), price_per=product.whole("price_per"),
                tax_bp=_number(line["tax_bp"]),
            )  # fmt: skip
            assert line["net_price_e4"] == price.net_price_e4
            assert line["list_price_e4"] == price.list_price_e4
            assert line["discount_bp"] == price.discount_bp
            assert (line["net_minor"], line["tax_minor"]) == (amounts.net_minor, amounts.tax_minor)
            reasons[str(price.reason["code"])] += 1
    assert set(reasons) == {"list", "break", "promotion", "agreed"}


def _in_force(found: list[Named], day: str) -> list[Named]:
    return [
        row for row in found
        if (row["valid_from"] is None or row.text("valid_from") <= day)
        and (row["valid_to"] is None or row.text("valid_to") >= day)
    ]  # fmt: skip


def test_cost_is_that_of_the_version_in_force(rows: Rows) -> None:
    products = {product.uid: product for product in rows["product"]}
    versions: dict[Value, dict[str, int]] = defaultdict(dict)
    for version in rows["cost_version"]:
        versions[version["product"]][version.text("valid_from")] = version.whole("cost_e4")
    for sale in rows["sale"]:
        if sale["kind"] == "return" or sale.text("document").endswith("-2"):
            continue
        for line in sale.lines:
            started = max(d for d in versions[line["product"]] if d <= sale.text("date"))
            per = 100 * products[bytes(line["product"])].whole("price_per")  # type: ignore[arg-type]
            expected = versions[line["product"]][started] * _number(line["base_quantity"])
            assert line["cost_minor"] == divide_half_even(expected, per)


def test_nobody_returns_more_than_was_bought(rows: Rows) -> None:
    balance: Counter[tuple[Value, Value]] = Counter()
    for sale in sorted(rows["sale"], key=lambda row: (row.text("date"), row["kind"] == "return")):
        for line in sale.lines:
            quantity = _number(line["base_quantity"])
            assert (quantity < 0) == (sale["kind"] == "return")
            assert (_number(line["net_minor"]) < 0) == (quantity < 0)
            balance[sale["account"], line["product"]] += quantity
            assert balance[sale["account"], line["product"]] >= 0
    assert any(sale["kind"] == "return" for sale in rows["sale"])


def test_debts_are_what_was_invoiced_less_what_was_paid(rows: Rows) -> None:
    paid: Counter[Value] = Counter()
    for payment in rows["payment"]:
        assert payment.text("date") < SMALL.today.isoformat()
        paid[payment["invoice"]] += payment.whole("amount_minor")
    for invoice in rows["invoice"]:
        owed = invoice.whole("total_minor") - paid[invoice.uid]
        assert invoice["open_minor"] == owed >= 0
        assert (invoice["status"] == "open") == (owed > 0)
        assert invoice.text("date") <= SMALL.today.isoformat()
    late = [i for i in rows["invoice"] if i["open_minor"] and i.text("due_on") < "2026-11-24"]
    assert late


def test_products_are_sold_only_while_they_are_in_the_range(rows: Rows) -> None:
    products = {product.uid: product for product in rows["product"]}
    for sale in rows["sale"]:
        for line in sale.lines:
            product = products[bytes(line["product"])]  # type: ignore[arg-type]
            assert product.text("launched_on") <= sale.text("date")
            if product["delisted_on"] is not None and sale["kind"] == "sale":
                assert sale.text("date") <= product.text("delisted_on")
    delisted = [p for p in products.values() if p["status"] == "delisted"]
    assert delisted
    assert any(p["substitute"] in products for p in delisted)


def test_taxes_of_lines_follow_the_product(rows: Rows) -> None:
    rates = {rate.uid: rate.whole("rate_bp") for rate in rows["tax_rate"]}
    products = {product.uid: rates[bytes(product["tax_rate"])] for product in rows["product"]}  # type: ignore[arg-type]
    for order in rows["order"]:
        for line in order.lines:
            rate = products[bytes(line["product"])]  # type: ignore[arg-type]
            assert line["tax_bp"] == rate
            assert line["tax_minor"] == share_of_minor(_number(line["net_minor"]), rate)


def test_quotes_are_decided_or_followed_up(rows: Rows) -> None:
    for quote in rows["quote"]:
        status = QuoteStatus(quote.text("status"))
        assert (quote["next_follow_up"] is not None) == (status is QuoteStatus.SENT)
        if status is not QuoteStatus.WON:
            assert (quote["reason"] is not None) == (status is QuoteStatus.LOST)
        if status is QuoteStatus.EXPIRED:
            assert quote.text("valid_until") < TODAY


def test_quotes_are_followed_up_between_sending_and_deciding(rows: Rows) -> None:
    quotes = {quote.uid: quote for quote in rows["quote"]}
    followed = dict.fromkeys(quotes, 0)
    for follow_up in rows["quote_follow_up"]:
        quote = quotes[bytes(follow_up["quote"])]  # type: ignore[arg-type]
        followed[quote.uid] += 1
        assert follow_up["account"] == quote["account"]
        until = str(quote["decided_on"] or TODAY)
        assert quote.text("quote_date") < follow_up.text("date") <= min(until, TODAY)
    ended = [q for q in quotes.values() if q["status"] in ("lost", "expired")]
    share = sum(followed[q.uid] == 0 for q in ended) / len(ended)
    assert 0.1 < share < 0.8
